//! Directories of what is only on its way into the database.

use std::fs;
use std::io;
use std::path::Path;

/// Makes a directory that is there and empty.
pub(crate) fn create_empty(dir: &Path) -> io::Result<()> {
    remove(dir)?;
    fs::create_dir(dir)
}

/// Removes a directory that need not be there.
pub(crate) fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
