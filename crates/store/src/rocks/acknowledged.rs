//! The newest acknowledged head, kept beside the database.
//!
//! RocksDB recovers from a damaged log of writes by forgetting what follows the damage. For the head
//! that is a rollback, and signing on top of it a fork. The head is therefore written down a second
//! time after each commit; if the database comes back with an older one it is not opened.
//!
//! The file is not synced: it need only survive the process. After a power cut it may be old, never
//! newer than what was durable before it was written.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use tlog::TreeHead;

use super::layout::{HEAD_LEN, head_bytes, parse_head};
use crate::error::StoreError;

/// The file that remembers the head.
pub(super) struct Acknowledged {
    file: File,
}

impl Acknowledged {
    /// Opens the file, or starts one if a copy of the database came without it.
    pub(super) fn open(path: &Path) -> io::Result<Acknowledged> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Acknowledged { file })
    }

    /// Refuses a head older than the remembered one, or another one of the same size.
    pub(super) fn check(&self, head: &TreeHead) -> Result<(), StoreError> {
        let mut bytes = [0; HEAD_LEN];
        match self.file.read_exact_at(&mut bytes, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            result => result.map_err(|error| StoreError::Io(error.into()))?,
        }
        // A file torn by a power cut remembers nothing.
        match parse_head(&bytes) {
            Some(newest) if newest.size >= head.size && newest != *head => {
                Err(StoreError::Corrupt(format!(
                    "the tree of size {} was acknowledged, but the newest one found has size {}",
                    newest.size, head.size
                )))
            }
            _ => Ok(()),
        }
    }

    /// Remembers a head that has just become durable.
    pub(super) fn remember(&self, head: &TreeHead) -> io::Result<()> {
        self.file.write_all_at(&head_bytes(head), 0)
    }
}
