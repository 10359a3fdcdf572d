//! Tiles that were checked, kept for the next proof.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use store::Store;
use tlog::{KeptTile, TilePath, Trail};

use super::AnswerError;
use super::counts::Counts;
use crate::entries::ReadError;

/// Bytes that the cache needs for each tile beside the tile itself.
const OVERHEAD: usize = 96;

/// Checked tiles, bounded by the memory they take. Nothing gets in that was not found to be part of a
/// published tree, and each is compared with the tree again when it is used.
pub(super) struct KeptTiles(Cache<TilePath, Arc<KeptTile>, Memory>);

#[derive(Clone)]
struct Memory;

impl Weighter<TilePath, Arc<KeptTile>> for Memory {
    fn weight(&self, _: &TilePath, tile: &Arc<KeptTile>) -> u64 {
        (tile.memory() + OVERHEAD) as u64
    }
}

impl KeptTiles {
    /// Keeps up to so many bytes.
    pub(super) fn new(bytes: usize) -> KeptTiles {
        let usual = size_of::<KeptTile>() + (2 << 10) + OVERHEAD;
        KeptTiles(Cache::with_weighter(bytes / usual, bytes as u64, Memory))
    }

    /// Puts the tiles that are missing into a trail, from what is kept or from the store.
    pub(super) async fn tiles(
        &self,
        store: &dyn Store,
        trail: &mut Trail<'_>,
        counts: &Counts,
    ) -> Result<(), AnswerError> {
        while let Some(path) = trail.next_tile() {
            if self.0.get(&path).is_some_and(|tile| trail.push(tile).is_ok()) {
                counts.kept.increment(1);
            } else {
                self.load(store, path, trail).await?;
                counts.loaded.increment(1);
            }
        }
        Ok(())
    }

    /// Puts a tile from the store into a trail, and keeps it if it belongs there.
    async fn load(
        &self,
        store: &dyn Store,
        path: TilePath,
        trail: &mut Trail<'_>,
    ) -> Result<(), AnswerError> {
        let bytes = store.get(&path).await?.ok_or(ReadError::Missing(path))?;
        let tile = Arc::new(KeptTile::new(path, &bytes)?);
        trail.push(Arc::clone(&tile))?;
        self.0.insert(path, tile);
        Ok(())
    }
}
