//! Databases of those who read the whole log.

use std::fs;
use std::path::Path;

use redb::Database;

use crate::error::Undecided;

/// Memory for pages in bytes; a log of any length is read with it.
const CACHE_SIZE: usize = 64 << 20;

/// Opens a database in `dir`; both are made if they do not exist. Only one process has it open at a time.
pub(crate) fn open(dir: &Path, name: &str) -> Result<Database, Undecided> {
    fs::create_dir_all(dir).map_err(|error| Undecided::state(dir, error))?;
    let path = dir.join(name);
    let database = Database::builder().set_cache_size(CACHE_SIZE).create(&path);
    database.map_err(|error| Undecided::state(path, error))
}
