//! Proofs about one position from the few hashes that they need, each checked against the tree head.
//!
//! A [`Verified`](crate::Verified) checks whole tiles. Who proves often keeps the upper nodes of tiles
//! it has checked and reads but a small part of one tile for each proof:
//!
//! ```
//! use tlog::{Hash, KeptTile, LeafIndex, RightEdge, VerifiedEdge, leaf_hash};
//!
//! let entries: Vec<_> = (0..300_u32).map(u32::to_be_bytes).collect();
//! let log = RightEdge::empty().append(&entries)?;
//! let head = log.edge.head();
//! let load = |path| &log.objects.iter().find(|(stored, _)| *stored == path).expect("stored").1;
//!
//! let edge = VerifiedEdge::new(head, head.plan_edge().tiles().iter().map(|path| (*path, load(*path))))?;
//! let index = LeafIndex::new(42)?;
//! let mut trail = edge.trail_of_entry(index)?;
//! while let Some(path) = trail.next_tile() {
//!     trail.push(KeptTile::new(path, load(path))?.into())?;
//! }
//! if let Some((path, places)) = trail.missing_part() {
//!     let bytes = &load(path)[usize::from(places.start) * Hash::SIZE..usize::from(places.end) * Hash::SIZE];
//!     trail.push_part(bytes)?;
//! }
//! let proof = trail.inclusion(index, edge.range())?;
//! head.verify_inclusion(index, &leaf_hash(&42_u32.to_be_bytes()), &proof)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::ops::Range;

use crate::assemble::{self, Nodes};
use crate::compact::CompactRange;
use crate::hash::Hash;
use crate::hash_tile::{HashTile, tile_of_node};
use crate::head::{LeafIndex, TreeHead, TreeSize};
use crate::kept_tile::{KeptTile, PART_WIDTH, Part};
use crate::plan::{PlanError, check_index, check_size};
use crate::proof::{ConsistencyProof, InclusionProof, last_leaf};
use crate::tile::{FULL_WIDTH, TILE_HEIGHT, TileKind, TilePath};
use crate::verified::{LookupError, TileError, read_tile, verify_edge};

/// Levels that a tree can have full tiles of.
const LEVELS: usize = (u64::BITS / TILE_HEIGHT) as usize;

/// The partial tiles at the right edge of a tree, checked against its head.
#[derive(Clone, Debug)]
pub struct VerifiedEdge {
    head: TreeHead,
    range: CompactRange,
    /// By level.
    tiles: [Option<(TilePath, HashTile)>; LEVELS],
}

/// The tiles through which the way from a node up to the right edge leads, each checked against the
/// one above it. There is no other way to their hashes.
#[derive(Clone, Debug)]
pub struct Trail<'a> {
    edge: &'a VerifiedEdge,
    /// Where the way begins: a leaf under the node, and the height of the node.
    leaf: u64,
    height: u32,
    /// By level.
    tiles: [Option<Arc<KeptTile>>; LEVELS],
    part: Option<Part>,
}

impl VerifiedEdge {
    /// Checks the tiles of [`TreeHead::plan_edge`] against `head`.
    ///
    /// # Errors
    /// [`TileError`] if one of them is missing or wrong.
    pub fn new<B: AsRef<[u8]>>(
        head: TreeHead,
        tiles: impl IntoIterator<Item = (TilePath, B)>,
    ) -> Result<VerifiedEdge, TileError> {
        let read = |(path, bytes): (TilePath, B)| read_tile(head.size, path, bytes.as_ref());
        let read = tiles.into_iter().map(read).collect::<Result<BTreeMap<_, _>, _>>()?;
        let range = verify_edge(head, &read)?;
        let mut tiles = [const { None }; LEVELS];
        for (path, tile) in read {
            if let (TileKind::Hashes(level), false) = (path.kind(), path.is_full()) {
                tiles[usize::from(level)] = Some((path, tile));
            }
        }
        Ok(VerifiedEdge { head, range, tiles })
    }

    /// The head that it was checked against.
    pub const fn head(&self) -> TreeHead {
        self.head
    }

    /// The compact range of the whole tree.
    pub const fn range(&self) -> &CompactRange {
        &self.range
    }

    /// The way of the entry at `index`, for its proof in this tree or in a smaller one.
    ///
    /// # Errors
    /// [`PlanError::IndexOutOfRange`] if the tree has no such entry.
    pub fn trail_of_entry(&self, index: LeafIndex) -> Result<Trail<'_>, PlanError> {
        check_index(index, self.head.size)?;
        Ok(self.trail(index.get(), 0))
    }

    /// The way of the last subtree of the first `older` entries, for their compact range and for the
    /// proof that they are the beginning of this tree or of a smaller one.
    ///
    /// # Errors
    /// [`PlanError::SizeOutOfRange`] if the tree is smaller.
    pub fn trail_of_size(&self, older: TreeSize) -> Result<Trail<'_>, PlanError> {
        check_size(older, self.head.size)?;
        let start = older.get().trailing_zeros();
        Ok(match last_leaf(older) {
            Some(last) => self.trail(last.get(), start),
            None => Trail { height: u64::BITS, ..self.trail(0, 0) },
        })
    }

    fn trail(&self, leaf: u64, height: u32) -> Trail<'_> {
        Trail { edge: self, leaf, height, tiles: [const { None }; LEVELS], part: None }
    }

    fn node(&self, level: usize, tile: u64, above: u32, place: usize) -> Option<Hash> {
        let (path, hashes) = self.tiles.get(level)?.as_ref()?;
        if path.index() == tile { hashes.node(above, place) } else { None }
    }
}

impl Trail<'_> {
    /// The full tile that has to be pushed next, from the right edge downwards; `None` when all are
    /// there.
    pub fn next_tile(&self) -> Option<TilePath> {
        let lowest = usize::try_from(self.height / TILE_HEIGHT).ok()?;
        let next = |level: &usize| self.tiles[*level].is_none().then(|| self.full_tile(*level));
        (lowest..LEVELS).rev().find_map(|level| next(&level).flatten())
    }

    /// The tile of a level, if it is a full one.
    fn full_tile(&self, level: usize) -> Option<TilePath> {
        let kind = TileKind::Hashes(u8::try_from(level).ok()?);
        let above = TILE_HEIGHT * u32::try_from(level + 1).ok()?;
        let index = self.leaf.checked_shr(above).unwrap_or(0);
        TilePath::at_size(kind, index, self.edge.head.size).filter(TilePath::is_full)
    }

    /// Adds the tile that is [next](Trail::next_tile), wherever it was kept.
    ///
    /// # Errors
    /// [`TileError::NotOfThisTree`] if it is another one, [`TileError::HashMismatch`] if its hashes do
    /// not lead to the tree head; the trail is unchanged.
    pub fn push(&mut self, tile: Arc<KeptTile>) -> Result<(), TileError> {
        let path = tile.path();
        let TileKind::Hashes(level) = path.kind() else {
            return Err(TileError::NotOfThisTree(path));
        };
        if self.next_tile() != Some(path) {
            return Err(TileError::NotOfThisTree(path));
        }
        let above = self.node(TILE_HEIGHT * (u32::from(level) + 1), path.index());
        if above != Ok(tile.root()) {
            return Err(TileError::HashMismatch(path));
        }
        self.tiles[usize::from(level)] = Some(tile);
        Ok(())
    }

    /// What is missing yet when all tiles are there: a tile, and which of its hashes.
    pub fn missing_part(&self) -> Option<(TilePath, Range<u16>)> {
        let lowest = self.tiles[0].as_ref().filter(|_| self.part.is_none())?;
        let place = usize::from(self.leaf.to_le_bytes()[0]);
        let is_kept = lowest.node(self.height, place >> self.height).is_some();
        let part = lowest.part_of(place).filter(|_| !is_kept)?;
        Some((lowest.path(), part))
    }

    /// Adds the hashes that are [missing](Trail::missing_part).
    ///
    /// # Errors
    /// [`TileError`] if these are not they; the trail is unchanged.
    pub fn push_part(&mut self, bytes: &[u8]) -> Result<(), TileError> {
        if let (Some((_, places)), Some(tile)) = (self.missing_part(), &self.tiles[0]) {
            self.part = Some(tile.check(places.start, bytes)?);
        }
        Ok(())
    }

    /// Proves that the entry at `index`, to which the trail belongs, or another whose hash was
    /// [missing](Trail::missing_part) with its own, is in the tree of `range`: that
    /// of the [edge](VerifiedEdge::range), or a [smaller one](Trail::range_at).
    ///
    /// # Errors
    /// [`LookupError`] if that tree has no such entry or the trail is that of another.
    pub fn inclusion(
        &self,
        index: LeafIndex,
        range: &CompactRange,
    ) -> Result<InclusionProof, LookupError> {
        check_size(range.size(), self.edge.head.size)?;
        assemble::inclusion(self, index, range)
    }

    /// Proves that the tree of size `older`, to which the trail belongs, is the beginning of the tree
    /// of `range`: that of the [edge](VerifiedEdge::range), or a [smaller one](Trail::range_at).
    ///
    /// # Errors
    /// [`LookupError`] if that tree is smaller or the trail is that of another.
    pub fn consistency(
        &self,
        older: TreeSize,
        range: &CompactRange,
    ) -> Result<ConsistencyProof, LookupError> {
        check_size(range.size(), self.edge.head.size)?;
        assemble::consistency(self, older, range)
    }

    /// The compact range of the first `older` leaves, to which the trail belongs.
    ///
    /// # Errors
    /// [`LookupError`] if the tree is smaller or the trail is that of another.
    pub fn range_at(&self, older: TreeSize) -> Result<CompactRange, LookupError> {
        check_size(older, self.edge.head.size)?;
        assemble::range_at(self, older)
    }
}

impl Nodes for Trail<'_> {
    fn node(&self, height: u32, place: u64) -> Result<Hash, LookupError> {
        let above = height % TILE_HEIGHT;
        let level = usize::try_from(height / TILE_HEIGHT).unwrap_or(LEVELS);
        let tile = place >> (TILE_HEIGHT - above);
        let in_tile = place & (u64::from(FULL_WIDTH >> above) - 1);
        let in_tile = usize::try_from(in_tile).expect("a place in a tile is below 256");
        let own = || {
            let kept =
                self.tiles.get(level)?.as_ref().filter(|kept| kept.path().index() == tile)?;
            kept.node(above, in_tile).or_else(|| self.in_part(above, in_tile))
        };
        own().or_else(|| self.edge.node(level, tile, above, in_tile)).ok_or_else(|| {
            let path = tile_of_node(self.edge.head.size, height, place);
            LookupError::MissingTile(path.expect("a perfect subtree is in a tile of the tree"))
        })
    }
}

impl Trail<'_> {
    /// A node of the lowest tile, if it is in the part that was read.
    fn in_part(&self, height: u32, place: usize) -> Option<Hash> {
        let width = PART_WIDTH.checked_shr(height).filter(|width| *width > 0)?;
        let own = usize::from(self.leaf.to_le_bytes()[0]) / PART_WIDTH;
        let part = self.part.as_ref().filter(|_| place / width == own)?;
        part.node(height, place % width)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::edge::RightEdge;

    #[test]
    fn a_trail_takes_no_more_than_it_needs() {
        let entries: Vec<_> = (0..66_000_u32).map(u32::to_be_bytes).collect();
        let log = RightEdge::empty().append(&entries).expect("they are short");
        let load = |path: &TilePath| {
            let (_, bytes) = log.objects.iter().find(|(stored, _)| stored == path).expect("stored");
            bytes
        };
        let head = log.edge.head();
        let tiles = head.plan_edge();
        let edge =
            VerifiedEdge::new(head, tiles.tiles().iter().map(|path| (*path, load(path)))).unwrap();
        let tiles_of = |older: u64| {
            let mut trail = edge.trail_of_size(TreeSize::new(older).unwrap()).unwrap();
            let mut count = 0;
            while let Some(path) = trail.next_tile() {
                trail.push(KeptTile::new(path, load(&path)).unwrap().into()).unwrap();
                count += 1;
            }
            (count, trail.missing_part().map(|(_, places)| places))
        };
        assert_eq!(tiles_of(0), (0, None));
        assert_eq!(tiles_of(1), (2, Some(0..8)));
        assert_eq!(tiles_of(12), (2, Some(8..16)));
        assert_eq!(tiles_of(40), (2, None), "its last subtree is a kept node");
        assert_eq!(tiles_of(512), (1, None), "its last subtree is two level-1 hashes");
        assert_eq!(tiles_of(65_536), (0, None), "its root is at the edge");
        assert_eq!(tiles_of(65_700), (1, Some(160..168)), "a full tile below a partial one");
        assert_eq!(tiles_of(66_000), (0, None), "the edge itself");
    }
}
