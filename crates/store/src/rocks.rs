//! The store on a local disk.

mod acknowledged;
mod database;
mod layout;
mod listing;
mod sorted;
mod tuning;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use rocksdb::WriteOptions;
use tlog::{SignedCheckpoint, TileKind, TilePath, TreeHead};

use crate::error::StoreError;
use crate::rules::check_commit;
use crate::store::{Batch, Store};
use database::Database;
pub use tuning::RocksSettings;

/// A log on a local disk, in RocksDB. One process at a time has it open.
///
/// A commit is one synced write batch with the objects and the head; of one with very many objects most
/// are written as sorted files first. What waits for the disk runs on the blocking threads of the runtime;
/// reads are answered in place, mostly from memory, and so is the publication of a remembered checkpoint.
///
/// After a failed write the handle serves reads only, because after a failed sync nobody knows what
/// the kernel kept.
pub struct RocksStore {
    database: Arc<Database>,
}

impl RocksStore {
    /// Makes a new, empty log in a directory and opens it. Blocks.
    ///
    /// A creation that was cut short may be repeated.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the directory holds a log or a part of one;
    /// [`StoreError::Corrupt`] if it held one once and lost it;
    /// [`StoreError::Io`] if the disk or the directory does not allow it.
    pub fn create(dir: impl AsRef<Path>) -> Result<RocksStore, StoreError> {
        let database = Database::create(dir.as_ref(), &RocksSettings::default())?;
        Ok(RocksStore { database: Arc::new(database) })
    }

    /// Opens the log in a directory with default settings. Blocks; never creates.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is no log; [`StoreError::Corrupt`] if it is damaged or
    /// older than what was acknowledged; [`StoreError::Layout`] if another version of this program
    /// wrote it; [`StoreError::Io`] if another process has it open, or the disk fails.
    pub fn open(dir: impl AsRef<Path>) -> Result<RocksStore, StoreError> {
        RocksStore::open_with(dir, &RocksSettings::default())
    }

    /// Opens the log in a directory. Blocks; never creates.
    ///
    /// # Errors
    /// As [`open`](RocksStore::open).
    pub fn open_with(
        dir: impl AsRef<Path>,
        settings: &RocksSettings,
    ) -> Result<RocksStore, StoreError> {
        let database = Database::open(dir.as_ref(), settings)?;
        Ok(RocksStore { database: Arc::new(database) })
    }

    /// Every stored tile and bundle at its widest, for a check of the whole store: tiles level by
    /// level, then bundles. Blocks while it reads all of them.
    ///
    /// # Errors
    /// An item is [`StoreError::Corrupt`] if it is no tile or bundle of any width, [`StoreError::Io`]
    /// if it can not be read.
    pub fn objects(&self) -> impl Iterator<Item = Result<TilePath, StoreError>> + '_ {
        self.database.objects()
    }

    /// Runs a write where it may block. It goes on to its end even if the caller stops waiting.
    async fn write(
        &self,
        change: impl FnOnce(&Database) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let database = Arc::clone(&self.database);
        tokio::task::spawn_blocking(move || change(&database))
            .await
            .map_err(|error| self.database.halt.halt(error))?
    }
}

#[async_trait]
impl Store for RocksStore {
    async fn head(&self) -> Result<TreeHead, StoreError> {
        self.database.halt.check()?;
        self.database.head()
    }

    async fn get(&self, path: &TilePath) -> Result<Option<Bytes>, StoreError> {
        self.database.get(path)
    }

    async fn get_part(
        &self,
        kind: TileKind,
        index: u64,
        places: Range<u16>,
    ) -> Result<Option<Bytes>, StoreError> {
        self.database.get_part(kind, index, places)
    }

    async fn commit(
        &self,
        prev: &TreeHead,
        batch: Batch,
        next: &TreeHead,
    ) -> Result<(), StoreError> {
        check_commit(prev, &batch, next)?;
        let (prev, next) = (*prev, *next);
        self.write(move |database| database.commit(&prev, batch, &next)).await
    }

    async fn publish(&self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError> {
        let checkpoint = checkpoint.clone();
        self.write(move |database| database.publish(&checkpoint, &tuning::synced())).await
    }

    async fn publish_remembered(&self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError> {
        self.database.publish(checkpoint, &WriteOptions::default())
    }

    async fn checkpoint(&self) -> Result<Option<Bytes>, StoreError> {
        self.database.checkpoint()
    }
}
