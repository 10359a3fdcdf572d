//! What is worth keeping of a full tile: its upper nodes, which check any small part of it again.

use alloc::boxed::Box;
use core::ops::Range;

use crate::hash::{Hash, node_hash};
use crate::hash_tile::HashTile;
use crate::tile::{FULL_WIDTH, TILE_HEIGHT, TileKind, TilePath};
use crate::verified::TileError;

/// Height in a level-0 tile from which on its nodes are kept. Of other tiles, of which there is one
/// to 256 of those, all nodes are kept.
pub(crate) const KEPT_FROM: u32 = 3;

/// Hashes of a level-0 tile under one of the lowest nodes that are kept.
pub(crate) const PART_WIDTH: usize = 1 << KEPT_FROM;

/// The nodes of a full tile, of a level-0 tile without the lowest: 2 KB instead of 16.
///
/// They are what the bytes hash to. Whether those are of some tree shows when the tile takes its
/// place in a [`Trail`](crate::Trail), which compares its root with the tile above, each time anew:
/// so it may be kept for as long as one likes, and under any tree head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTile {
    path: TilePath,
    /// Nodes of the lowest height that is kept, then those of the next, up to the root.
    nodes: Box<[[u8; Hash::SIZE]]>,
}

/// A few neighbouring hashes of a full level-0 tile, and the nodes between them and a kept one.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    nodes: [[u8; Hash::SIZE]; 2 * PART_WIDTH - 1],
}

impl KeptTile {
    /// Hashes the bytes of a full tile.
    ///
    /// # Errors
    /// [`TileError::NotOfThisTree`] for the path of a bundle or of a partial tile,
    /// [`TileError::Length`] if the bytes are not as many hashes as the path says.
    pub fn new(path: TilePath, bytes: &[u8]) -> Result<KeptTile, TileError> {
        let TileKind::Hashes(level) = path.kind() else {
            return Err(TileError::NotOfThisTree(path));
        };
        if !path.is_full() {
            return Err(TileError::NotOfThisTree(path));
        }
        if bytes.len() != usize::from(FULL_WIDTH) * Hash::SIZE {
            return Err(TileError::Length(path));
        }
        let tile = HashTile::new(bytes, FULL_WIDTH).ok_or(TileError::Length(path))?;
        Ok(KeptTile { path, nodes: tile.nodes_from(kept_from(level)).into() })
    }

    /// Which tile it is.
    pub const fn path(&self) -> TilePath {
        self.path
    }

    /// Bytes of memory that it takes.
    pub fn memory(&self) -> usize {
        size_of::<KeptTile>() + size_of_val(&*self.nodes)
    }

    /// Root of all its hashes.
    pub(crate) fn root(&self) -> Hash {
        Hash::new(self.nodes[self.nodes.len() - 1])
    }

    /// Node `place` of those `height` above the hashes; `None` if it is not kept or there is none.
    pub(crate) fn node(&self, height: u32, place: usize) -> Option<Hash> {
        let from = TILE_HEIGHT + 1 - self.nodes.len().trailing_ones();
        let (lowest, count) = (FULL_WIDTH >> from, FULL_WIDTH.checked_shr(height)?);
        if height < from || place >= usize::from(count) {
            return None;
        }
        // All nodes of the heights between: twice the lowest less twice those of this height.
        let first = 2 * usize::from(lowest) - 2 * usize::from(count);
        self.nodes.get(first + place).copied().map(Hash::new)
    }

    /// Which hashes of the tile have to be read again for one of them; `None` if all are kept.
    pub(crate) fn part_of(&self, place: usize) -> Option<Range<u16>> {
        if self.node(0, place).is_some() {
            return None;
        }
        let first = u16::try_from(place - place % PART_WIDTH).ok()?;
        Some(first..first + (1 << KEPT_FROM))
    }

    /// Checks hashes of the tile, those of [`part_of`](KeptTile::part_of), against what is kept.
    pub(crate) fn check(&self, first: u16, bytes: &[u8]) -> Result<Part, TileError> {
        let part = Part::new(bytes).ok_or(TileError::Length(self.path))?;
        let place = usize::from(first) / PART_WIDTH;
        if Some(part.root()) != self.node(KEPT_FROM, place) {
            return Err(TileError::HashMismatch(self.path));
        }
        Ok(part)
    }
}

impl Part {
    /// `None` unless the bytes are as many hashes as a part has.
    fn new(bytes: &[u8]) -> Option<Part> {
        let (hashes, []) = bytes.as_chunks::<{ Hash::SIZE }>() else { return None };
        let mut nodes = [[0; Hash::SIZE]; 2 * PART_WIDTH - 1];
        if hashes.len() != PART_WIDTH {
            return None;
        }
        nodes[..PART_WIDTH].copy_from_slice(hashes);
        for next in PART_WIDTH..nodes.len() {
            let left = 2 * (next - PART_WIDTH);
            let node = node_hash(&Hash::new(nodes[left]), &Hash::new(nodes[left + 1]));
            nodes[next] = *node.as_bytes();
        }
        Some(Part { nodes })
    }

    fn root(&self) -> Hash {
        Hash::new(self.nodes[self.nodes.len() - 1])
    }

    /// Node `place` of those `height` above the hashes, counted within the part.
    pub(crate) fn node(&self, height: u32, place: usize) -> Option<Hash> {
        let count = PART_WIDTH.checked_shr(height).filter(|count| place < *count)?;
        Some(Hash::new(self.nodes[2 * PART_WIDTH - 2 * count + place]))
    }
}

/// Height from which on the nodes of tiles of a level are kept.
const fn kept_from(level: u8) -> u32 {
    if level == 0 { KEPT_FROM } else { 0 }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn full(level: u8) -> (TilePath, Vec<u8>) {
        let path = TilePath::new(TileKind::Hashes(level), 7, FULL_WIDTH).unwrap();
        (path, (0..=u8::MAX).flat_map(|byte| [byte; Hash::SIZE]).collect())
    }

    #[test]
    fn the_nodes_are_those_of_the_tile() {
        for (level, from) in [(0, KEPT_FROM), (1, 0), (5, 0)] {
            let (path, bytes) = full(level);
            let whole = HashTile::new(&bytes, FULL_WIDTH).unwrap();
            let kept = KeptTile::new(path, &bytes).unwrap();
            assert_eq!(Some(kept.root()), whole.node(TILE_HEIGHT, 0));
            for height in 0..=TILE_HEIGHT + 1 {
                for place in 0..=usize::from(FULL_WIDTH) {
                    let expected = whole.node(height, place).filter(|_| height >= from);
                    assert_eq!(kept.node(height, place), expected, "{height} {place}");
                }
            }
        }
    }

    #[test]
    fn a_part_has_the_lower_nodes() {
        let (path, bytes) = full(0);
        let whole = HashTile::new(&bytes, FULL_WIDTH).unwrap();
        let kept = KeptTile::new(path, &bytes).unwrap();
        for place in 0..usize::from(FULL_WIDTH) {
            let range = kept.part_of(place).unwrap();
            assert!(range.contains(&u16::try_from(place).unwrap()));
            let at = |end: u16| usize::from(end) * Hash::SIZE;
            let part = kept.check(range.start, &bytes[at(range.start)..at(range.end)]).unwrap();
            for height in 0..KEPT_FROM {
                let within = (place % PART_WIDTH) >> height;
                assert_eq!(part.node(height, within), whole.node(height, place >> height));
            }
        }
    }
}
