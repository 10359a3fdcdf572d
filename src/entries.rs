//! Entries by position, read from the bundles of the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use store::{Store, StoreError};
use thiserror::Error;
use tlog::{Bundle, FULL_WIDTH, InvalidBundle, LeafIndex, TileKind, TilePath, TreeSize};

/// Reads entries of a tree of some size. What comes back is what the store holds, unverified.
#[derive(Clone)]
pub struct EntryReader {
    store: Arc<dyn Store>,
}

/// An entry that must be there can not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The bundle is there and is not a bundle.
    #[error("{path} is damaged")]
    Damaged {
        /// Which bundle.
        path: TilePath,
        /// What is wrong with it.
        source: InvalidBundle,
    },
    /// The tree has the object, the store does not.
    #[error("{0} is missing from the store")]
    Missing(TilePath),
    /// The tree has no such entry: a defect of the program.
    #[error("entry {index} is beyond the tree of size {size}")]
    OutOfRange {
        /// The position asked for.
        index: LeafIndex,
        /// The size of the tree.
        size: TreeSize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EntryReader {
    /// Reads from `store`.
    pub fn new(store: Arc<dyn Store>) -> EntryReader {
        EntryReader { store }
    }

    /// The entries at `positions` in a tree of `size`, in the order asked for.
    ///
    /// Each bundle is read once, however many of its entries are asked for.
    ///
    /// # Errors
    /// [`ReadError`] if one of them can not be read.
    pub async fn entries(
        &self,
        positions: &[LeafIndex],
        size: TreeSize,
    ) -> Result<Vec<Bytes>, ReadError> {
        let mut bundles: BTreeMap<u64, (TilePath, Bytes)> = BTreeMap::new();
        let mut entries = Vec::with_capacity(positions.len());
        for &position in positions {
            let (index, place) = split(position);
            if let std::collections::btree_map::Entry::Vacant(slot) = bundles.entry(index) {
                slot.insert(self.bundle(position, size).await?);
            }
            let (path, bytes) = &bundles[&index];
            let bundle = Bundle::parse(bytes, path.width())
                .map_err(|source| ReadError::Damaged { path: *path, source })?;
            let entry = bundle.get(place).ok_or(ReadError::OutOfRange { index: position, size })?;
            entries.push(bytes.slice_ref(entry));
        }
        Ok(entries)
    }

    /// The bundle that holds `position` in a tree of `size`.
    ///
    /// # Errors
    /// [`ReadError`] if it can not be read.
    pub async fn bundle(
        &self,
        position: LeafIndex,
        size: TreeSize,
    ) -> Result<(TilePath, Bytes), ReadError> {
        let (index, _) = split(position);
        let path = TilePath::at_size(TileKind::Entries, index, size)
            .filter(|_| size.contains(position))
            .ok_or(ReadError::OutOfRange { index: position, size })?;
        let bytes = self.store.get(&path).await?.ok_or(ReadError::Missing(path))?;
        Ok((path, bytes))
    }
}

/// Tiles and bundles of the store, unverified, in the order asked for.
///
/// # Errors
/// [`ReadError`] if one of them is missing or can not be read.
pub async fn load(
    store: &dyn Store,
    paths: &[TilePath],
) -> Result<Vec<(TilePath, Bytes)>, ReadError> {
    let mut objects = Vec::with_capacity(paths.len());
    for path in paths {
        let bytes = store.get(path).await?.ok_or(ReadError::Missing(*path))?;
        objects.push((*path, bytes));
    }
    Ok(objects)
}

/// Index of the bundle that holds a position, and the place in it.
pub(crate) fn split(position: LeafIndex) -> (u64, usize) {
    let width = u64::from(FULL_WIDTH);
    let place = position.get() % width;
    (position.get() / width, usize::try_from(place).expect("a place in a bundle is below 256"))
}
