//! Making the next map.

use std::sync::{Arc, PoisonError};

use record::MapRoot;
use tlog::TreeSize;

use super::hashing::Hashed;
use super::scan::Extent;
use super::{Map, bucket};
use crate::catalog::Catalog;
use crate::error::CatalogError;

/// A map that may become the committed one: [`Catalog::commit_map`]. Dropped, it was never there.
#[derive(Debug)]
pub struct PreparedMap {
    pub(super) base: Arc<Map>,
    pub(super) map: Arc<Map>,
    /// Buckets that `base` does not have so; all if it divides the keys otherwise.
    pub(super) changed: Vec<Hashed>,
}

impl PreparedMap {
    /// How many entries it is over: the first ones of the log.
    pub fn size(&self) -> TreeSize {
        self.map.size
    }

    /// Its root.
    pub fn root(&self) -> MapRoot {
        self.map.tree.root()
    }
}

impl Catalog {
    /// Makes the map over the first `size` entries, from the committed one and the entries since.
    ///
    /// Entries may be applied and maps be read meanwhile. It costs the parts of buckets that those entries
    /// touch, some keys each with all their rows; but all rows are read for the first map of a large
    /// log, and a few times in a log's life when it has outgrown its buckets.
    ///
    /// # Errors
    /// [`CatalogError::Behind`] if entries below `size` were not applied yet,
    /// [`CatalogError::Backwards`] if the committed map is over more entries: see [`Catalog::map_at`].
    pub fn prepare_map(&self, size: TreeSize) -> Result<PreparedMap, CatalogError> {
        self.require(size)?;
        let base = self.map.newest();
        if size < base.size {
            return Err(CatalogError::Backwards { committed: base.size, size });
        }
        self.store_all(&mut self.writer())?;
        let bits = bucket::bits_for(size);
        if bits != base.tree.bits() {
            let (map, changed) = Map::of_all_rows(self, size)?;
            return Ok(PreparedMap { base, map: Arc::new(map), changed });
        }
        let touched = self.touched(base.size, size, bucket::part_bits_for(size))?;
        let (map, changed) = Map::next(self, &base.tree, &touched, size, Extent::Parts)?;
        Ok(PreparedMap { base, map: Arc::new(map), changed })
    }

    /// Makes a prepared map the committed one: what [`Catalog::map`] reads from, and what the next map
    /// is made from. Entries beyond its size keep their marks.
    ///
    /// The write is not synced: after a loss of power an older map may be the committed one again.
    ///
    /// # Errors
    /// [`CatalogError::Superseded`] if another map was committed since it was prepared, or if it is of
    /// another catalog. Then, and after [`CatalogError::Database`], the committed map is as before.
    pub fn commit_map(&self, prepared: PreparedMap) -> Result<(), CatalogError> {
        let _writer = self.map.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&prepared.base, &self.map.newest()) {
            return Err(CatalogError::Superseded);
        }
        self.store_map(&prepared)?;
        self.map.replace(prepared.map);
        Ok(())
    }

    /// How many entries the committed map is over.
    pub fn map_size(&self) -> TreeSize {
        self.map.newest().size
    }
}
