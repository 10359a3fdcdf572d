//! Tiles checked against a tree head, and the proofs they give.
//!
//! ```
//! use tlog::{LeafIndex, RightEdge, Verified, leaf_hash};
//!
//! let log = RightEdge::empty().append(&["first", "second", "third"])?;
//! let head = log.edge.head();
//! let index = LeafIndex::new(1)?;
//!
//! let plan = head.plan_inclusion(index)?;
//! let stored = log.objects.into_iter().filter(|(path, _)| plan.tiles().contains(path));
//! let proof = Verified::new(head, stored)?.inclusion(index)?;
//! head.verify_inclusion(index, &leaf_hash(b"second"), &proof)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use thiserror::Error;

use crate::assemble::{self, Nodes};
use crate::compact::CompactRange;
use crate::hash::Hash;
use crate::hash_tile::{HashTile, edge_tiles, parent_of, tile_of_node};
use crate::head::{LeafIndex, TreeHead, TreeSize};
use crate::plan::{PlanError, check_index, check_size};
use crate::proof::{ConsistencyProof, InclusionProof};
use crate::tile::{FULL_WIDTH, TILE_HEIGHT, TileKind, TilePath};

/// Why tiles are not accepted.
///
/// [`HashMismatch`](Self::HashMismatch) and [`RootMismatch`](Self::RootMismatch) say that the tiles
/// are not those of the head, the others that nothing could be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TileError {
    /// The tile does not hash to what its parent says: it is not part of the tree.
    #[error("{0} is not the tile of this tree: its hashes do not lead to the tree head")]
    HashMismatch(TilePath),
    /// The bytes are not as many hashes as the path says.
    #[error("{0} has the wrong length")]
    Length(TilePath),
    /// A tile that authenticates others was not given.
    #[error("{0} is missing: without it other tiles cannot be checked")]
    Missing(TilePath),
    /// The path is of a bundle, beyond the tree, or narrower than the tree's tile.
    #[error("{0} is not the path of a tile of this tree")]
    NotOfThisTree(TilePath),
    /// The right edge does not hash to the head's root.
    #[error("the tiles at the right edge hash to {computed}, the tree head says {expected}")]
    RootMismatch {
        /// The head's root.
        expected: Hash,
        /// What the tiles hash to.
        computed: Hash,
    },
}

/// Why verified tiles do not answer a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LookupError {
    /// A tile that the answer needs is not among those verified: plan and question differ.
    #[error("{0} is needed and was not loaded")]
    MissingTile(TilePath),
    /// The tree cannot answer the question.
    #[error(transparent)]
    OutOfRange(#[from] PlanError),
}

/// Tiles of a tree, all of them checked against its head. There is no other way to their hashes.
#[derive(Clone, Debug)]
pub struct Verified {
    head: TreeHead,
    /// The roots of the perfect subtrees of the whole tree, from the right edge.
    range: CompactRange,
    tiles: BTreeMap<TilePath, HashTile>,
}

impl Verified {
    /// Checks tiles against `head`: first the right edge, then each tile against its parent.
    ///
    /// Needed are the tiles of a [`Plan`](crate::Plan). A wider version of a tile than the tree has is
    /// cut to what the head vouches for.
    ///
    /// # Errors
    /// [`TileError`] if a single tile cannot be checked or is wrong; nothing is kept then.
    pub fn new<B: AsRef<[u8]>>(
        head: TreeHead,
        tiles: impl IntoIterator<Item = (TilePath, B)>,
    ) -> Result<Verified, TileError> {
        let mut read = BTreeMap::new();
        for (path, bytes) in tiles {
            let (path, tile) = read_tile(head.size, path, bytes.as_ref())?;
            read.insert(path, tile);
        }
        let range = verify_edge(head, &read)?;
        for (path, tile) in &read {
            if path.is_full() {
                verify_child(head.size, *path, tile, &read)?;
            }
        }
        Ok(Verified { head, range, tiles: read })
    }

    /// The head that all tiles were checked against.
    pub const fn head(&self) -> TreeHead {
        self.head
    }

    /// The verified tiles with their bytes, fit for a cache.
    pub fn tiles(&self) -> impl Iterator<Item = (&TilePath, &[u8])> {
        self.tiles.iter().map(|(path, tile)| (path, tile.bytes()))
    }

    /// Leaf hash of the entry at `index`.
    ///
    /// # Errors
    /// [`LookupError`] if the tree has no such entry or its tile was not loaded.
    pub fn leaf(&self, index: LeafIndex) -> Result<Hash, LookupError> {
        check_index(index, self.head.size)?;
        self.node(0, index.get())
    }

    /// Proves that the entry at `index` is in the tree.
    ///
    /// # Errors
    /// [`LookupError`] if the tree has no such entry or a tile was not loaded.
    pub fn inclusion(&self, index: LeafIndex) -> Result<InclusionProof, LookupError> {
        assemble::inclusion(self, index, &self.range)
    }

    /// Proves that the tree of size `older` is the beginning of this one.
    ///
    /// # Errors
    /// [`LookupError`] if this tree is smaller or a tile was not loaded.
    pub fn consistency(&self, older: TreeSize) -> Result<ConsistencyProof, LookupError> {
        assemble::consistency(self, older, &self.range)
    }

    /// Root that the tree had when it was of size `older`.
    ///
    /// # Errors
    /// [`LookupError`] if this tree is smaller or a tile was not loaded.
    pub fn root_at(&self, older: TreeSize) -> Result<Hash, LookupError> {
        Ok(self.range_at(older)?.root())
    }

    /// The compact range of the first `older` leaves, from which the rest of the tree can be grown.
    ///
    /// # Errors
    /// As [`root_at`](Self::root_at).
    pub fn range_at(&self, older: TreeSize) -> Result<CompactRange, LookupError> {
        check_size(older, self.head.size)?;
        assemble::range_at(self, older)
    }
}

impl Nodes for Verified {
    fn node(&self, height: u32, place: u64) -> Result<Hash, LookupError> {
        let path = tile_of_node(self.head.size, height, place)
            .expect("a perfect subtree of the tree is in one of its tiles");
        let tile = self.tiles.get(&path).ok_or(LookupError::MissingTile(path))?;
        let above = height % TILE_HEIGHT;
        let in_tile = place & (u64::from(FULL_WIDTH >> above) - 1);
        let node = usize::try_from(in_tile).ok().and_then(|place| tile.node(above, place));
        Ok(node.expect("a tile holds the perfect subtrees over its hashes"))
    }
}

/// Reads a tile as wide as the tree has it.
pub(crate) fn read_tile(
    size: TreeSize,
    path: TilePath,
    bytes: &[u8],
) -> Result<(TilePath, HashTile), TileError> {
    let own = match path.kind() {
        TileKind::Entries => None,
        TileKind::Hashes(_) => TilePath::at_size(path.kind(), path.index(), size),
    };
    let own = own.filter(|own| own.width() <= path.width());
    let own = own.ok_or(TileError::NotOfThisTree(path))?;
    if bytes.len() != usize::from(path.width()) * Hash::SIZE {
        return Err(TileError::Length(path));
    }
    let tile = HashTile::new(bytes, own.width()).ok_or(TileError::Length(path))?;
    Ok((own, tile))
}

/// Checks the partial tiles of all levels, which no other tile vouches for, against the root.
pub(crate) fn verify_edge(
    head: TreeHead,
    tiles: &BTreeMap<TilePath, HashTile>,
) -> Result<CompactRange, TileError> {
    let mut roots = Vec::new();
    for path in edge_tiles(head.size) {
        roots.extend(tiles.get(&path).ok_or(TileError::Missing(path))?.roots());
    }
    let range = CompactRange::from_roots(head.size, roots)
        .expect("the tiles of a size have one root for each of its set bits");
    if range.root() != head.root {
        return Err(TileError::RootMismatch { expected: head.root, computed: range.root() });
    }
    Ok(range)
}

/// Checks a full tile against its parent, which is checked likewise.
fn verify_child(
    size: TreeSize,
    path: TilePath,
    tile: &HashTile,
    tiles: &BTreeMap<TilePath, HashTile>,
) -> Result<(), TileError> {
    let parent = parent_of(size, path).ok_or(TileError::NotOfThisTree(path))?;
    let parent = tiles.get(&parent).ok_or(TileError::Missing(parent))?;
    let place = usize::from(path.index().to_le_bytes()[0]);
    if tile.node(TILE_HEIGHT, 0) != parent.node(0, place) {
        return Err(TileError::HashMismatch(path));
    }
    Ok(())
}
