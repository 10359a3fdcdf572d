//! Entries by position, read from the bundles of the store.

use std::sync::Arc;

use bytes::Bytes;
use store::{Store, StoreError};
use thiserror::Error;
use tlog::{
    Bundle, EdgeError, FULL_WIDTH, Hash, InvalidBundle, LeafIndex, RightEdge, TileError, TileKind,
    TilePath, TreeHead, TreeSize, Verified,
};

/// Entries up to this far from each other are read together.
const NEAR: u64 = 16;

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
    /// The right edge is not that of the head.
    #[error("the store does not hold the tree that its head names")]
    Edge(#[from] EdgeError),
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
    /// A tile is not part of the tree.
    #[error("a tile of the store is damaged")]
    Tile(#[from] TileError),
}

impl EntryReader {
    /// Reads from `store`.
    pub fn new(store: Arc<dyn Store>) -> EntryReader {
        EntryReader { store }
    }

    /// The entries at `positions` in a tree of `size`, in the order asked for.
    ///
    /// Neighbours are read together, and of a bundle no more than what is asked for.
    ///
    /// # Errors
    /// [`ReadError`] if one of them can not be read.
    pub async fn entries(
        &self,
        positions: &[LeafIndex],
        size: TreeSize,
    ) -> Result<Vec<Bytes>, ReadError> {
        let mut entries = Vec::with_capacity(positions.len());
        for neighbours in positions.chunk_by(|one, next| are_neighbours(*one, *next)) {
            self.read(neighbours, size, &mut entries).await?;
        }
        Ok(entries)
    }

    /// Adds the entries at ascending positions in one bundle.
    async fn read(
        &self,
        positions: &[LeafIndex],
        size: TreeSize,
        entries: &mut Vec<Bytes>,
    ) -> Result<(), ReadError> {
        let [first, ..] = positions else { return Ok(()) };
        let last = positions.last().unwrap_or(first);
        let path = bundle_of(*last, size)?;
        let (start, end) = (place(*first), place(*last) + 1);
        let bytes = self.store.get_part(TileKind::Entries, path.index(), start..end).await?;
        let bytes = bytes.ok_or(ReadError::Missing(path))?;
        let part = Bundle::parse(&bytes, end - start)
            .map_err(|source| ReadError::Damaged { path, source })?;
        for position in positions {
            let entry = part.get(usize::from(place(*position) - start));
            entries.push(bytes.slice_ref(entry.expect("it is between the first and the last")));
        }
        Ok(())
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
        let path = bundle_of(position, size)?;
        let bytes = self.store.get(&path).await?.ok_or(ReadError::Missing(path))?;
        Ok((path, bytes))
    }
}

/// The bundle that holds `position` in a tree of `size`.
fn bundle_of(position: LeafIndex, size: TreeSize) -> Result<TilePath, ReadError> {
    TilePath::at_size(TileKind::Entries, split(position).0, size)
        .filter(|_| size.contains(position))
        .ok_or(ReadError::OutOfRange { index: position, size })
}

/// Place of an entry in its bundle.
fn place(position: LeafIndex) -> u16 {
    position.get().to_le_bytes()[0].into()
}

/// Whether one entry comes before another in the same bundle, and not much is between them.
fn are_neighbours(one: LeafIndex, next: LeafIndex) -> bool {
    let are_near = (1..=NEAR).contains(&next.get().saturating_sub(one.get()));
    are_near && split(one).0 == split(next).0
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

/// The right edge of the tree of `head`, from which it can grow.
///
/// # Errors
/// [`ReadError`] if the store does not hold it.
pub async fn right_edge(store: &dyn Store, head: TreeHead) -> Result<RightEdge, ReadError> {
    let objects = load(store, &RightEdge::plan(head.size)).await?;
    Ok(RightEdge::open(head, objects)?)
}

/// Root of the tree of `head` when it had `size` entries, which is no more than it has.
///
/// # Errors
/// [`ReadError`] if the store does not hold the tree.
pub async fn root_at(store: &dyn Store, head: TreeHead, size: TreeSize) -> Result<Hash, ReadError> {
    if size == head.size {
        return Ok(head.root);
    }
    let plan = head.plan_consistency(size).expect("a size below the head's can be planned");
    let tiles = load(store, plan.tiles()).await?;
    let verified = Verified::new(head, tiles)?;
    Ok(verified.root_at(size).expect("the plan names the tiles of this root"))
}

/// Index of the bundle that holds a position, and the place in it.
pub(crate) fn split(position: LeafIndex) -> (u64, usize) {
    let width = u64::from(FULL_WIDTH);
    let place = position.get() % width;
    (position.get() / width, usize::try_from(place).expect("a place in a bundle is below 256"))
}
