//! Reading rows bucket by bucket.

use record::{MapBucket, MapKey};
use rocksdb::{DBRawIterator, ReadOptions};
use tlog::{LeafIndex, TreeSize};

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
    entered: Option<MapBucket>,
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
        Scan { rows, below, entered: None }
    }

    /// Goes to the first key of a bucket; the one entered before was read to its end.
    pub(crate) fn enter(&mut self, bucket: MapBucket) {
        let start = bucket.start();
        let ascends = self.entered.replace(bucket).is_some_and(|last| last < bucket);
        // After the end of a bucket comes the first row of the next one that has any.
        let is_there = ascends && self.rows.key().is_some_and(|row| row >= start.as_slice());
        if !is_there {
            self.rows.seek(start);
        }
    }

    /// The next key of the bucket that was entered; `positions` becomes those of its entries.
    ///
    /// Keys that have entries beyond the size only are passed over.
    pub(crate) fn next_key(
        &mut self,
        bucket: MapBucket,
        positions: &mut Vec<LeafIndex>,
    ) -> Result<Option<MapKey>, CatalogError> {
        positions.clear();
        let mut found = None;
        while let Some(row) = self.rows.key() {
            let (key, position) =
                rows::parse_row(row).ok_or(CatalogError::Damaged("a row is misshapen"))?;
            let other = found.is_some_and(|found| found != key);
            if !bucket.contains(&key) || other {
                break;
            }
            if self.below.contains(position) {
                found = Some(key);
                positions.push(position);
            }
            self.rows.next();
        }
        self.rows.status()?;
        Ok(found)
    }
}
