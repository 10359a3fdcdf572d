//! Reading rows bucket by bucket.

use std::mem;

use record::{MapBucket, MapKey, MapValue, MapValueBuilder};
use rocksdb::{DBRawIterator, ReadOptions};
use tlog::{LeafIndex, TreeSize};

use super::damaged;
use super::long::{LONG, LongKeys};
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::rows::{self, ROWS};

/// Bytes that are read ahead when all rows are read.
const READ_AHEAD: usize = 1 << 20;

/// How much of the rows a scan is going to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All; they would only push other blocks out of the cache.
    All,
    /// Some buckets.
    Parts,
}

/// Rows below a size, key by key.
pub(crate) struct Scan<'a> {
    rows: DBRawIterator<'a>,
    below: TreeSize,
    long: &'a LongKeys,
    entered: Option<MapBucket>,
    wanted: Option<Wanted>,
}

/// A key whose positions are kept as they are met, unless there are more than the limit.
pub(crate) struct Wanted {
    pub(crate) key: MapKey,
    pub(crate) limit: usize,
    pub(crate) positions: Vec<LeafIndex>,
}

impl Wanted {
    fn push(&mut self, position: LeafIndex) -> Result<(), CatalogError> {
        if self.positions.len() == self.limit {
            return Err(CatalogError::TooManyPositions { limit: self.limit });
        }
        self.positions.push(position);
        Ok(())
    }
}

impl Scan<'_> {
    /// Starts before the first row. Of later rows it sees those that are there now.
    pub(crate) fn new(catalog: &Catalog, below: TreeSize, extent: Extent) -> Scan<'_> {
        let mut options = ReadOptions::default();
        // A bucket has many prefixes: the filter must not be asked.
        options.set_total_order_seek(true);
        if extent == Extent::All {
            options.set_readahead_size(READ_AHEAD);
            options.fill_cache(false);
        }
        let rows = catalog.db().raw_iterator_cf_opt(catalog.family(ROWS), options);
        Scan { rows, below, long: &catalog.map.long, entered: None, wanted: None }
    }

    /// From now on keeps the positions of a key that is met; `None`: of no key. Returns those kept until
    /// now.
    pub(crate) fn want(&mut self, wanted: Option<Wanted>) -> Option<Wanted> {
        mem::replace(&mut self.wanted, wanted)
    }

    /// Goes to the first key of a bucket; the one entered before was read to its end.
    pub(crate) fn enter(&mut self, bucket: MapBucket) {
        let start = bucket.start();
        let follows = |last: MapBucket| last.bits() == bucket.bits() && last < bucket;
        let ascends = self.entered.replace(bucket).is_some_and(follows);
        // After the end of a bucket comes the first row of the next one that has any.
        let is_there = ascends && self.rows.key().is_some_and(|row| row >= start.as_slice());
        if !is_there {
            self.rows.seek(start);
        }
    }

    /// The next key of the bucket that was entered, with its value.
    ///
    /// Keys that have entries beyond the size only are passed over. It is an error if more positions are
    /// wanted than there may be.
    pub(crate) fn next_pair(
        &mut self,
        bucket: MapBucket,
    ) -> Result<Option<(MapKey, MapValue)>, CatalogError> {
        let mut value = MapValueBuilder::default();
        let mut found = None;
        while let Some((key, position)) = self.row()? {
            let other = found.is_some_and(|found| found != key);
            if !bucket.contains(&key) || other {
                break;
            }
            if self.below.contains(position) {
                found = Some(key);
                value.push(position).map_err(damaged)?;
                if let Some(wanted) = self.wanted.as_mut().filter(|wanted| wanted.key == key) {
                    wanted.push(position)?;
                }
            }
            if value.count() == LONG && self.skip_known(&key, &mut value) {
                continue;
            }
            self.rows.next();
        }
        self.rows.status()?;
        let Some(key) = found else { return Ok(None) };
        if value.count() > LONG {
            self.long.keep(key, value.clone());
        }
        Ok(Some((key, value.finish().map_err(damaged)?)))
    }

    /// The row that is next.
    fn row(&self) -> Result<Option<(MapKey, LeafIndex)>, CatalogError> {
        let parse = |row| rows::parse_row(row).ok_or(CatalogError::Damaged("a row is misshapen"));
        self.rows.key().map(parse).transpose()
    }

    /// Whether more of a long key is known, and so its next row is one that is not.
    fn skip_known(&mut self, key: &MapKey, value: &mut MapValueBuilder) -> bool {
        if self.wanted.as_ref().is_some_and(|wanted| wanted.key == *key) {
            return false;
        }
        let Some(known) = self.long.beyond(key, value.count(), self.below) else { return false };
        let next = known.last().map_or(0, |last| last.get() + 1);
        *value = known;
        self.rows.seek(rows::row(key, next));
        true
    }
}
