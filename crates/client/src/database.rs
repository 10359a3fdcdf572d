//! Databases of those who read the whole log.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use redb::{Builder, Database};

use crate::error::Undecided;

/// Memory for pages in bytes; a log of any length is read with it.
const CACHE_SIZE: usize = 64 << 20;

/// Opens a database in `dir`; both are made if they do not exist. Only one process has it open at a time.
pub(crate) fn open(dir: &Path, name: &str) -> Result<Database, Undecided> {
    fs::create_dir_all(dir).map_err(|error| Undecided::state(dir, error))?;
    let path = dir.join(name);
    let open = || -> Result<Database, redb::Error> {
        if !fs::exists(&path)? {
            create(dir, &path)?;
        }
        Ok(builder().open(&path)?)
    };
    open().map_err(|error| Undecided::state(&path, error))
}

/// Makes an empty database under another name first: one that is cut off cannot be opened.
fn create(dir: &Path, path: &Path) -> Result<(), redb::Error> {
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => drop(builder().create(&new)?),
    }
    fs::rename(&new, path)?;
    Ok(File::open(dir)?.sync_all()?)
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_SIZE);
    builder
}
