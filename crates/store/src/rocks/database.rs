//! The blocking side: one RocksDB database, one writer at a time.

use std::fs::{self, File};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rocksdb::{
    ColumnFamily, DB, DBPinnableSlice, Direction, Error, ErrorKind, IteratorMode, ReadOptions,
    WriteBatch, WriteOptions,
};
use tlog::{SignedCheckpoint, TileKind, TilePath, TreeHead};

use super::acknowledged::Acknowledged;
use super::layout::{
    BUNDLES, CHECKPOINT, CURRENT_LAYOUT, HEAD, LAYOUT, REGISTER, TILES, checkpoint_bytes,
    head_bytes, object_rows, parse_checkpoint, parse_head, row_of, row_width,
};
use super::listing::Listing;
use super::sorted::{SortedFiles, first_absent, take_new};
use super::tuning::{self, RocksSettings};
use crate::error::StoreError;
use crate::halt::Halt;
use crate::rules::check_publish;
use crate::store::Batch;
use crate::width::{narrowest, part};

/// Directory of RocksDB within the store's.
const DATABASE_DIR: &str = "rocksdb";
/// File of the acknowledged head within the store's directory.
const ACKNOWLEDGED_FILE: &str = "acknowledged-head";
/// Directory of files that RocksDB is about to take over, within the store's.
const SORTED_DIR: &str = "sorted";
/// RocksDB's own marker of a complete database.
const CURRENT_FILE: &str = "CURRENT";

/// Bytes that are read at once when several rows are joined: most bundles.
const READ_AHEAD: usize = 64 << 10;

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
        batch.put_cf(database.family(REGISTER), LAYOUT, CURRENT_LAYOUT);
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
        database.check_layout()?;
        let head = database.head()?;
        database.lock().check(&head)?;
        database.discard_beyond(&head)?;
        Ok(database)
    }

    /// Removes what a large commit that was cut short has left.
    fn discard_beyond(&self, head: &TreeHead) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        for kind in [TileKind::Entries, TileKind::Hashes(0)] {
            let (family, first) = row_of(kind, first_absent(head), 0);
            let (_, end) = row_of(kind, u64::MAX, 0);
            let mut rows = self
                .db
                .iterator_cf(self.family(family), IteratorMode::From(&first, Direction::Forward));
            let found = rows.next().transpose().map_err(read_error)?;
            if found.is_some_and(|(key, _)| *key < end[..]) {
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

    /// Refuses what another version of this program has laid out otherwise.
    fn check_layout(&self) -> Result<(), StoreError> {
        let found = self.read(REGISTER, LAYOUT)?;
        let found = found.as_deref().unwrap_or_default();
        if found == CURRENT_LAYOUT.as_bytes() {
            return Ok(());
        }
        let found = String::from_utf8_lossy(found).into_owned();
        Err(StoreError::Layout { expected: CURRENT_LAYOUT, found })
    }

    /// The bytes of an object at the width of `path`.
    pub(super) fn get(&self, path: &TilePath) -> Result<Option<Bytes>, StoreError> {
        self.get_part(path.kind(), path.index(), 0..path.width())
    }

    /// The bytes of the hashes or entries at `places` of an object.
    pub(super) fn get_part(
        &self,
        kind: TileKind,
        index: u64,
        places: Range<u16>,
    ) -> Result<Option<Bytes>, StoreError> {
        if narrowest(kind, index, &places).is_none() {
            return Ok(None);
        }
        let (family, key) = row_of(kind, index, places.start);
        if row_of(kind, index, places.end - 1) != (family, key) {
            return self.join(kind, index, places);
        }
        let first = places.start - places.start % row_width(kind);
        let places = places.start - first..places.end - first;
        let row = self.read(family, &key)?;
        Ok(row.and_then(|row| Some(Bytes::copy_from_slice(&row[part(kind, places, &row)?]))))
    }

    /// The same from several rows.
    fn join(
        &self,
        kind: TileKind,
        index: u64,
        places: Range<u16>,
    ) -> Result<Option<Bytes>, StoreError> {
        let (family, start) = row_of(kind, index, places.start);
        let mut options = ReadOptions::default();
        let (_, last) = row_of(kind, index, places.end - 1);
        // The least key above the last.
        options.set_iterate_upper_bound([&last[..], &[0]].concat());
        options.set_readahead_size(READ_AHEAD);
        // Who reads several rows at once mostly reads the whole log, once.
        options.fill_cache(false);
        let mut rows = self.db.raw_iterator_cf_opt(self.family(family), options);
        rows.seek(start);
        let width = row_width(kind);
        let count = usize::from(places.end.div_ceil(width) - places.start / width);
        let mut joined = Vec::new();
        while let Some(row) = rows.value() {
            if joined.is_empty() {
                // Rows are about as long as the first; some room for those that are longer.
                joined.reserve(row.len() * count * 5 / 4);
            }
            joined.extend_from_slice(row);
            rows.next();
        }
        rows.status().map_err(read_error)?;
        let before = places.start - places.start % width;
        let wanted = places.start - before..places.end - before;
        Ok(part(kind, wanted, &joined).map(|part| Bytes::from(joined).slice(part)))
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
            let rows = self.db.iterator_cf(self.family(family), IteratorMode::Start);
            Listing::new(family, rows.map(|row| row.map_err(read_error)))
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
            let before = TilePath::at_size(path.kind(), path.index(), prev.size);
            let before = before.map_or(0, |before| before.width());
            for row in object_rows(&path, &bytes).filter(|row| row.places.end > before) {
                write.put_cf(self.family(row.family), row.key, row.value);
            }
        }
        write.put_cf(self.family(REGISTER), HEAD, head_bytes(next));
        self.write_synced(write)?;
        acknowledged.remember(next).map_err(|error| self.halt.halt(error))
    }

    /// Takes in the many new objects of a large commit; they count when the head has moved.
    fn ingest(&self, objects: Vec<(TilePath, Bytes)>) -> Result<(), StoreError> {
        let (bundles, tiles) = (tuning::bundles(&self.settings), tuning::tiles(&self.settings));
        let options = [(BUNDLES, &bundles), (TILES, &tiles)];
        let taken = self.sorted.ingest(&self.db, options, objects);
        taken.map_err(|error| self.halt.halt(error))
    }

    /// Replaces the published checkpoint.
    pub(super) fn publish(
        &self,
        checkpoint: &SignedCheckpoint,
        how: &WriteOptions,
    ) -> Result<(), StoreError> {
        let offered = checkpoint.checkpoint().head();
        let _writer = self.lock();
        self.halt.check()?;
        let published = self.published(|head, _| head)?;
        check_publish(&self.head()?, published.as_ref(), &offered)?;
        let value = checkpoint_bytes(&offered, &checkpoint.to_bytes());
        let mut write = WriteBatch::default();
        write.put_cf(self.family(REGISTER), CHECKPOINT, value);
        self.write(write, how)
    }

    fn write_synced(&self, batch: WriteBatch) -> Result<(), StoreError> {
        self.write(batch, &tuning::synced())
    }

    fn write(&self, batch: WriteBatch, how: &WriteOptions) -> Result<(), StoreError> {
        self.db.write_opt(batch, how).map_err(|error| self.halt.halt(error))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_layout_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let settings = RocksSettings::default();
        let database = Database::create(dir.path(), &settings).unwrap();
        database.db.delete_cf(database.family(REGISTER), LAYOUT).unwrap();
        drop(database);
        let refused = Database::open(dir.path(), &settings).map(drop);
        assert!(
            matches!(&refused, Err(StoreError::Layout { found, .. }) if found.is_empty()),
            "{refused:?}"
        );
        let again = Database::create(dir.path(), &settings).map(drop);
        assert!(matches!(again, Err(StoreError::AlreadyExists)), "{again:?}");
    }
}
