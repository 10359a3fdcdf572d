//! Which keys have entries at all: one question after the other, quickly.

use record::MapKey;
use rocksdb::{DBRawIterator, ReadOptions};
use tlog::{LeafIndex, TreeSize};

use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::newest::Newest;
use crate::rows::{self, ROWS};

/// Answers for the entries that were applied when it was made.
pub struct KnownKeys<'a> {
    rows: DBRawIterator<'a>,
    newest: Newest,
    below: TreeSize,
}

impl Catalog {
    /// Which keys the entries below `below` have.
    ///
    /// # Errors
    /// [`CatalogError::Behind`] if they were not applied yet.
    pub fn known_keys(&self, below: TreeSize) -> Result<KnownKeys<'_>, CatalogError> {
        self.require(below)?;
        let newest = self.newest();
        let mut options = ReadOptions::default();
        options.set_prefix_same_as_start(true);
        let rows = self.db().raw_iterator_cf_opt(self.family(ROWS), options);
        Ok(KnownKeys { rows, newest, below })
    }
}

impl KnownKeys<'_> {
    /// Whether some entry has this key.
    ///
    /// # Errors
    /// [`CatalogError`] if the catalog can not be read.
    pub fn has(&mut self, key: &MapKey) -> Result<bool, CatalogError> {
        Ok(self.newest.has(key, self.below) || self.first_stored(key)?.is_some())
    }

    /// The same of each of these keys, in their order. Neighbours are looked for one after the other, which costs
    /// less.
    ///
    /// # Errors
    /// [`CatalogError`] if the catalog can not be read.
    pub fn has_each(&mut self, keys: &[MapKey]) -> Result<Vec<bool>, CatalogError> {
        let mut by_key: Vec<usize> = (0..keys.len()).collect();
        by_key.sort_unstable_by_key(|place| keys[*place]);
        let mut found = vec![false; keys.len()];
        for place in by_key {
            found[place] = self.has(&keys[place])?;
        }
        Ok(found)
    }

    /// Position of the first entry that has this key.
    ///
    /// # Errors
    /// [`CatalogError`] if the catalog can not be read.
    pub fn first(&mut self, key: &MapKey) -> Result<Option<LeafIndex>, CatalogError> {
        let stored = self.first_stored(key)?;
        Ok(stored.or_else(|| self.newest.first(key, self.below)))
    }

    /// As [`first`](Self::first), among the entries that are in the database.
    fn first_stored(&mut self, key: &MapKey) -> Result<Option<LeafIndex>, CatalogError> {
        let below = self.newest.stored.min(self.below);
        if below == TreeSize::ZERO {
            return Ok(None);
        }
        self.rows.seek(rows::row(key, 0));
        let Some(row) = self.rows.key() else {
            self.rows.status()?;
            return Ok(None);
        };
        let (found, position) =
            rows::parse_row(row).ok_or(CatalogError::Damaged("a row is misshapen"))?;
        Ok((found == *key && below.contains(position)).then_some(position))
    }
}
