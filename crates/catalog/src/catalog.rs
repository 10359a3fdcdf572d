//! The catalog itself.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use record::{Entry, Kind, MapKey, Parsed};
use rocksdb::{ColumnFamily, DB, Direction, IteratorMode, ReadOptions, WriteBatch, WriteOptions};
use tlog::{LeafIndex, TreeSize};

use crate::error::CatalogError;
use crate::map::Committed;
use crate::newest::Newest;
use crate::rows::{
    self, BUCKETS, CURRENT_FORMAT, CURSOR, EPOCHS, FORMAT, MAP, MARKS, META, ORIGIN, PARTS, ROWS,
};
use crate::settings::{Settings, database};
use crate::spill::Writer;

/// What the catalog takes from an entry. Of an entry of an unknown kind that is nothing.
#[derive(Clone, Debug, Default)]
pub struct Indexed {
    pub(crate) keys: Vec<MapKey>,
    pub(crate) is_epoch: bool,
}

impl Indexed {
    /// What it takes from an entry that is at hand.
    pub fn of(entry: &Entry) -> Indexed {
        Indexed { keys: entry.map_keys(), is_epoch: entry.kind() == Kind::Epoch }
    }

    /// Reads the entry at a position.
    pub(crate) fn parse(position: LeafIndex, entry: &[u8]) -> Result<Indexed, CatalogError> {
        let parsed =
            Entry::parse(entry).map_err(|source| CatalogError::Entry { position, source })?;
        Ok(match parsed {
            Parsed::Known(entry) => Indexed::of(&entry),
            Parsed::Unknown => Indexed::default(),
        })
    }
}

/// A log's catalog in a directory of its own.
///
/// Readers and the one writer may use it at the same time: rows are only ever added, and a reader says
/// below which position it wants them.
#[derive(Debug)]
pub struct Catalog {
    db: DB,
    /// Number of entries applied; written only under `writer`, after their rows can be found.
    cursor: AtomicU64,
    pub(crate) writer: Mutex<Writer>,
    newest: RwLock<Newest>,
    pub(crate) settings: Settings,
    pub(crate) map: Committed,
}

impl Catalog {
    /// Opens the catalog of the log `origin`, with default settings; an absent one is created, empty.
    ///
    /// # Errors
    /// [`CatalogError::OtherLog`] or [`CatalogError::Format`] if the directory holds another catalog,
    /// [`CatalogError::Damaged`] or [`CatalogError::Database`] if it can not be read.
    pub fn open(dir: &Path, origin: &str) -> Result<Catalog, CatalogError> {
        Catalog::open_with(dir, origin, &Settings::default())
    }

    /// As [`Catalog::open`], with other settings.
    ///
    /// # Errors
    /// As [`Catalog::open`].
    pub fn open_with(
        dir: &Path,
        origin: &str,
        settings: &Settings,
    ) -> Result<Catalog, CatalogError> {
        let db = DB::open_cf_descriptors(&database(), dir, settings.families())?;
        let mut catalog = Catalog {
            db,
            cursor: AtomicU64::new(0),
            writer: Mutex::default(),
            newest: RwLock::new(Newest::none_after(TreeSize::ZERO)),
            settings: settings.clone(),
            map: Committed::default(),
        };
        catalog.forget_bulk()?;
        catalog.forget_spill()?;
        match catalog.meta(FORMAT)? {
            None => catalog.initialise(origin)?,
            Some(found) => catalog.resume(&found, origin)?,
        }
        Ok(catalog)
    }

    fn initialise(&self, origin: &str) -> Result<(), CatalogError> {
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family(META), FORMAT, CURRENT_FORMAT);
        batch.put_cf(self.family(META), ORIGIN, origin);
        batch.put_cf(self.family(META), CURSOR, 0_u64.to_be_bytes());
        self.write(batch)
    }

    /// Checks that the directory is this log's and reads the cursor and the map.
    fn resume(&mut self, format: &[u8], origin: &str) -> Result<(), CatalogError> {
        if format != CURRENT_FORMAT.as_bytes() {
            let found = String::from_utf8_lossy(format).into_owned();
            return Err(CatalogError::Format { expected: CURRENT_FORMAT, found });
        }
        let found = self.meta(ORIGIN)?.ok_or(CatalogError::Damaged("the origin is missing"))?;
        if found != origin.as_bytes() {
            let found = String::from_utf8_lossy(&found).into_owned();
            return Err(CatalogError::OtherLog { expected: origin.into(), found });
        }
        let cursor = self.meta(CURSOR)?.and_then(|bytes| rows::parse_size(&bytes));
        let cursor = cursor.ok_or(CatalogError::Damaged("the cursor is missing or no number"))?;
        self.go_on_at(cursor);
        self.map = self.load_map()?;
        Ok(())
    }

    /// Number of entries applied; the next to apply has this position.
    pub fn cursor(&self) -> TreeSize {
        TreeSize::new(self.cursor.load(Ordering::Acquire))
            .expect("the cursor was a TreeSize when it was stored")
    }

    /// Applies the next entries of the log, the first of which has position `first`: all or none.
    ///
    /// Entries of an unknown kind count and have no rows. Rows reach the disk when enough have gathered, or
    /// when the catalog is closed: after a kill the cursor may stand some hundred thousand entries further
    /// back, and what is below it is complete.
    ///
    /// # Errors
    /// [`CatalogError::NotNext`] unless `first` is the cursor, [`CatalogError::Entry`] for bytes that are
    /// no entry; nothing is changed then, nor after [`CatalogError::Database`].
    pub fn apply(
        &self,
        first: LeafIndex,
        entries: &[impl AsRef<[u8]>],
    ) -> Result<(), CatalogError> {
        let parse = |(position, entry): (u64, &_)| {
            Indexed::parse(LeafIndex::new(position)?, AsRef::<[u8]>::as_ref(entry))
        };
        let indexed: Vec<Indexed> =
            (first.get()..).zip(entries).map(parse).collect::<Result<_, CatalogError>>()?;
        self.apply_indexed(first, &indexed)
    }

    /// As [`Catalog::apply`], by whoever has the entries at hand.
    ///
    /// # Errors
    /// As [`Catalog::apply`].
    pub fn apply_indexed(&self, first: LeafIndex, entries: &[Indexed]) -> Result<(), CatalogError> {
        let mut writer = self.writer();
        let cursor = self.cursor();
        if first.get() != cursor.get() {
            return Err(CatalogError::NotNext { cursor, first });
        }
        let next = TreeSize::new(first.get() + entries.len() as u64)?;
        self.make_room(&mut writer)?;
        let mut epochs = WriteBatch::default();
        for (place, _) in (first.get()..).zip(entries).filter(|(_, entry)| entry.is_epoch) {
            epochs.put_cf(self.family(EPOCHS), place.to_be_bytes(), []);
        }
        if !epochs.is_empty() {
            self.write(epochs)?;
        }
        self.newest().extend(entries, next);
        self.advance(next);
        Ok(())
    }

    /// Shows that the entries below `next`, whose rows can be found, are applied.
    fn advance(&self, next: TreeSize) {
        self.cursor.store(next.get(), Ordering::Release);
    }

    /// The first `cursor` entries are applied, and in the database.
    pub(crate) fn go_on_at(&self, cursor: TreeSize) {
        self.replace_newest(|newest| *newest = Newest::none_after(cursor));
        self.advance(cursor);
    }

    /// Writes what entries add, and with it that those below `stored` are in the database.
    pub(crate) fn store(
        &self,
        mut batch: WriteBatch,
        stored: TreeSize,
    ) -> Result<(), CatalogError> {
        batch.put_cf(self.family(META), CURSOR, stored.get().to_be_bytes());
        self.write(batch)
    }

    /// What is not in the database, to be asked together with it: see [`Newest`].
    pub(crate) fn newest(&self) -> Newest {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Moves the line between what is in the database and what is not.
    pub(crate) fn replace_newest(&self, change: impl FnOnce(&mut Newest)) {
        change(&mut self.newest.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Positions below `below` of the entries with this key, ascending: the first `limit` of those after
    /// `after`. Fewer than `limit` are all that there are.
    ///
    /// # Errors
    /// [`CatalogError::Behind`] if entries below `below` were not applied yet.
    pub fn positions(
        &self,
        key: &MapKey,
        below: TreeSize,
        after: Option<LeafIndex>,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, CatalogError> {
        self.require(below)?;
        let start = after.map_or(0, |after| after.get() + 1);
        if start >= below.get() {
            return Ok(Vec::new());
        }
        let newest = self.newest();
        let mut positions = self.stored(key, start..below.min(newest.stored).get(), limit)?;
        let rest = limit - positions.len();
        positions.extend(newest.positions(key, start..below.get(), rest));
        Ok(positions)
    }

    /// Positions within `range` of the entries in the database with this key, ascending: the first `limit`.
    fn stored(
        &self,
        key: &MapKey,
        range: Range<u64>,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, CatalogError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let mut options = ReadOptions::default();
        options.set_prefix_same_as_start(true);
        options.set_iterate_upper_bound(rows::row(key, range.end));
        let start = rows::row(key, range.start);
        let mode = IteratorMode::From(&start, Direction::Forward);
        let rows = self.db.iterator_cf_opt(self.family(ROWS), options, mode);
        let position = |row: Result<(Box<[u8]>, _), rocksdb::Error>| {
            let row = rows::parse_row(&row?.0).ok_or(CatalogError::Damaged("a row is misshapen"));
            Ok(row?.1)
        };
        rows.take(limit).map(position).collect()
    }

    /// Position of the newest `epoch` entry below `below`.
    ///
    /// # Errors
    /// [`CatalogError::Behind`] if entries below `below` were not applied yet.
    pub fn newest_epoch(&self, below: TreeSize) -> Result<Option<LeafIndex>, CatalogError> {
        self.require(below)?;
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(below.get().to_be_bytes());
        let mut epochs = self.db.iterator_cf_opt(self.family(EPOCHS), options, IteratorMode::End);
        let Some(newest) = epochs.next() else { return Ok(None) };
        let position = rows::parse_position(&newest?.0);
        position.map(Some).ok_or(CatalogError::Damaged("a position of an epoch is misshapen"))
    }

    /// Refuses what is not applied yet.
    pub(crate) fn require(&self, below: TreeSize) -> Result<(), CatalogError> {
        let cursor = self.cursor();
        if below > cursor { Err(CatalogError::Behind { cursor, below }) } else { Ok(()) }
    }

    /// Forgets everything, so that the log can be applied again from its first entry.
    ///
    /// # Errors
    /// [`CatalogError::Database`]; nothing is changed then.
    pub fn clear(&mut self) -> Result<(), CatalogError> {
        self.writer().cancel();
        // Everything has a shorter key, or one that begins with fewer ones.
        let end = [0xff; MapKey::SIZE + size_of::<u64>()];
        let mut batch = WriteBatch::default();
        for name in [BUCKETS, EPOCHS, MARKS, PARTS, ROWS] {
            batch.delete_range_cf(self.family(name), [].as_slice(), &end);
        }
        batch.delete_cf(self.family(META), MAP);
        batch.put_cf(self.family(META), CURSOR, 0_u64.to_be_bytes());
        self.write(batch)?;
        self.go_on_at(TreeSize::ZERO);
        self.map = Committed::default();
        Ok(())
    }

    /// Writes without the log of writes: what is lost with the memory is derived once more, and rows, cursor
    /// and map reach the disk together.
    pub(crate) fn write(&self, batch: WriteBatch) -> Result<(), CatalogError> {
        let mut options = WriteOptions::default();
        options.disable_wal(true);
        Ok(self.db.write_opt(batch, &options)?)
    }

    pub(crate) const fn db(&self) -> &DB {
        &self.db
    }

    /// A word about the whole.
    pub(crate) fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, CatalogError> {
        Ok(self.db.get_cf(self.family(META), name)?)
    }

    pub(crate) fn family(&self, name: &str) -> &ColumnFamily {
        self.db.cf_handle(name).expect("all families are created when the database is opened")
    }
}
