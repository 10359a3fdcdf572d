//! The blocking side: one RocksDB database, one writer at a time.

use std::fs::{self, File};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rocksdb::{
    ColumnFamily, DB, DBPinnableSlice, Direction, Error, ErrorKind, IteratorMode, WriteBatch,
};
use tlog::{FULL_WIDTH, TileKind, TilePath, TreeHead};

use super::acknowledged::Acknowledged;
use super::layout::{
    BUNDLES, CHECKPOINT, HEAD, REGISTER, TILES, checkpoint_bytes, head_bytes, object_key,
    parse_checkpoint, parse_head, parse_object,
};
use super::sorted::{SortedFiles, first_absent, take_new};
use super::tuning::{self, RocksSettings};
use crate::error::StoreError;
use crate::halt::Halt;
use crate::rules::check_publish;
use crate::store::Batch;
use crate::width::prefix_len;

/// Directory of RocksDB within the store's.
const DATABASE_DIR: &str = "rocksdb";
/// File of the acknowledged head within the store's directory.
const ACKNOWLEDGED_FILE: &str = "acknowledged-head";
/// Directory of files that RocksDB is about to take over, within the store's.
const SORTED_DIR: &str = "sorted";
/// RocksDB's own marker of a complete database.
const CURRENT_FILE: &str = "CURRENT";

/// An open database.
pub(super) struct Database {
    db: DB,
    /// Whoever holds it may write; what it guards is written after the database.
    writer: Mutex<Acknowledged>,
    settings: RocksSettings,
    sorted: SortedFiles,
    pub(super) halt: Halt,
}

impl Database {
    /// Makes an empty log; finishes a creation that was cut short.
    pub(super) fn create(dir: &Path, settings: &RocksSettings) -> Result<Database, StoreError> {
        fs::create_dir_all(dir).map_err(io_error)?;
        let database = Database::open_files(dir, true, settings)?;
        if !database.is_blank()? {
            return Err(StoreError::AlreadyExists);
        }
        let mut batch = WriteBatch::default();
        batch.put_cf(database.family(REGISTER), HEAD, head_bytes(&TreeHead::EMPTY));
        database.write_synced(batch)?;
        sync_names(dir).map_err(io_error)?;
        Ok(database)
    }

    /// Opens a log that exists and is not older than what was acknowledged.
    pub(super) fn open(dir: &Path, settings: &RocksSettings) -> Result<Database, StoreError> {
        if !dir.join(DATABASE_DIR).join(CURRENT_FILE).exists() {
            return Err(StoreError::Missing);
        }
        let database = Database::open_files(dir, false, settings)?;
        if database.is_blank()? {
            return Err(StoreError::Missing);
        }
        let head = database.head()?;
        database.lock().check(&head)?;
        database.discard_beyond(&head)?;
        Ok(database)
    }

    /// Removes what a large commit that was cut short has left.
    fn discard_beyond(&self, head: &TreeHead) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        for kind in [TileKind::Entries, TileKind::Hashes(0)] {
            let [(family, first), (_, end)] = [first_absent(head), u64::MAX].map(|index| {
                let path = TilePath::new(kind, index, FULL_WIDTH);
                object_key(&path.expect("a kind of tile and a width that there are"))
            });
            let mut rows = self
                .db
                .iterator_cf(self.family(family), IteratorMode::From(&first, Direction::Forward));
            let found = rows.next().transpose().map_err(read_error)?;
            if found.is_some_and(|(key, _)| *key < *end) {
                batch.delete_range_cf(self.family(family), first, end);
            }
        }
        if batch.is_empty() { Ok(()) } else { self.write_synced(batch) }
    }

    fn open_files(
        dir: &Path,
        create: bool,
        settings: &RocksSettings,
    ) -> Result<Database, StoreError> {
        let options = tuning::database(create);
        let families = tuning::families(settings);
        let db = DB::open_cf_descriptors(&options, dir.join(DATABASE_DIR), families)
            .map_err(read_error)?;
        let acknowledged = Acknowledged::open(&dir.join(ACKNOWLEDGED_FILE)).map_err(io_error)?;
        let sorted = SortedFiles::open(dir.join(SORTED_DIR)).map_err(io_error)?;
        let (writer, settings) = (Mutex::new(acknowledged), settings.clone());
        Ok(Database { db, writer, settings, sorted, halt: Halt::default() })
    }

    /// Whether nothing was ever stored: no head, and no remains of a log that lost its head either.
    fn is_blank(&self) -> Result<bool, StoreError> {
        for name in [REGISTER, TILES, BUNDLES] {
            let first = self.db.iterator_cf(self.family(name), IteratorMode::Start).next();
            if first.transpose().map_err(read_error)?.is_some() {
                return Ok(false);
            }
        }
        self.lock().check(&TreeHead::EMPTY)?;
        Ok(true)
    }

    /// The committed head. RocksDB shows a batch only once it is synced.
    pub(super) fn head(&self) -> Result<TreeHead, StoreError> {
        self.read(REGISTER, HEAD)?
            .as_deref()
            .and_then(parse_head)
            .ok_or_else(|| StoreError::Corrupt("the head is gone or no head".to_owned()))
    }

    /// The bytes of an object at the width of `path`.
    pub(super) fn get(&self, path: &TilePath) -> Result<Option<Bytes>, StoreError> {
        let (family, key) = object_key(path);
        let stored = self.read(family, &key)?;
        Ok(stored
            .and_then(|bytes| Some(Bytes::copy_from_slice(&bytes[..prefix_len(path, &bytes)?]))))
    }

    /// The published note.
    pub(super) fn checkpoint(&self) -> Result<Option<Bytes>, StoreError> {
        self.published(|_, note| Bytes::copy_from_slice(note))
    }

    /// What `take` makes of the published checkpoint.
    fn published<T>(
        &self,
        take: impl FnOnce(TreeHead, &[u8]) -> T,
    ) -> Result<Option<T>, StoreError> {
        let Some(stored) = self.read(REGISTER, CHECKPOINT)? else {
            return Ok(None);
        };
        match parse_checkpoint(&stored) {
            Some((head, note)) => Ok(Some(take(head, note))),
            None => Err(StoreError::Corrupt("the published checkpoint is none".to_owned())),
        }
    }

    /// Every object at its widest.
    pub(super) fn objects(&self) -> impl Iterator<Item = Result<TilePath, StoreError>> + '_ {
        [TILES, BUNDLES].into_iter().flat_map(move |family| {
            self.db.iterator_cf(self.family(family), IteratorMode::Start).map(move |row| {
                let (key, bytes) = row.map_err(read_error)?;
                parse_object(family, &key, &bytes)
            })
        })
    }

    /// Compare-and-swap of the head together with the objects of the next one.
    pub(super) fn commit(
        &self,
        prev: &TreeHead,
        mut batch: Batch,
        next: &TreeHead,
    ) -> Result<(), StoreError> {
        let acknowledged = self.lock();
        self.halt.check()?;
        let found = self.head()?;
        if found != *prev {
            return Err(StoreError::Conflict { expected: *prev, found });
        }
        let new = take_new(prev, &mut batch.objects);
        if !new.is_empty() {
            self.ingest(new)?;
        }
        let mut write = WriteBatch::default();
        for (path, bytes) in batch.objects {
            let (family, key) = object_key(&path);
            write.put_cf(self.family(family), key, bytes);
        }
        write.put_cf(self.family(REGISTER), HEAD, head_bytes(next));
        self.write_synced(write)?;
        acknowledged.remember(next).map_err(|error| self.halt.halt(error))
    }

    /// Takes in the many new objects of a large commit; they count when the head has moved.
    fn ingest(&self, objects: Vec<(TilePath, Bytes)>) -> Result<(), StoreError> {
        let (bundles, tiles) =
            (tuning::sorted_bundles(&self.settings), tuning::tiles(&self.settings));
        let options = [(BUNDLES, &bundles), (TILES, &tiles)];
        let taken = self.sorted.ingest(&self.db, options, objects);
        taken.map_err(|error| self.halt.halt(error))
    }

    /// Replaces the published checkpoint.
    pub(super) fn publish(&self, offered: &TreeHead, note: &[u8]) -> Result<(), StoreError> {
        let _writer = self.lock();
        self.halt.check()?;
        let published = self.published(|head, _| head)?;
        check_publish(&self.head()?, published.as_ref(), offered)?;
        let mut write = WriteBatch::default();
        write.put_cf(self.family(REGISTER), CHECKPOINT, checkpoint_bytes(offered, note));
        self.write_synced(write)
    }

    fn write_synced(&self, batch: WriteBatch) -> Result<(), StoreError> {
        self.db.write_opt(batch, &tuning::synced()).map_err(|error| self.halt.halt(error))
    }

    fn read(&self, family: &str, key: &[u8]) -> Result<Option<DBPinnableSlice<'_>>, StoreError> {
        self.db.get_pinned_cf(self.family(family), key).map_err(read_error)
    }

    fn family(&self, name: &str) -> &ColumnFamily {
        self.db.cf_handle(name).expect("the database was opened with this column family")
    }

    /// Becomes the writer. A panic of the last one left a complete batch or none.
    fn lock(&self) -> MutexGuard<'_, Acknowledged> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the names of the new directories survive a power cut.
fn sync_names(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()?;
    File::open(dir.canonicalize()?.parent().unwrap_or(dir))?.sync_all()
}

fn io_error(error: std::io::Error) -> StoreError {
    StoreError::Io(error.into())
}

fn read_error(error: Error) -> StoreError {
    match error.kind() {
        ErrorKind::Corruption => StoreError::Corrupt(error.into_string()),
        _ => StoreError::Io(error.into()),
    }
}
