//! The content of a tile: its hashes and every node of the tree above them.

use alloc::vec::Vec;

use crate::hash::{Hash, node_hash};
use crate::head::TreeSize;
use crate::tile::{MAX_LEVEL, TILE_HEIGHT, TileKind, TilePath};

/// The hashes of a tile and all perfect subtrees over them, each hashed once.
#[derive(Clone, Debug)]
pub(crate) struct HashTile {
    width: usize,
    /// The hashes, then the nodes of height 1, of height 2 and so on.
    nodes: Vec<[u8; Hash::SIZE]>,
}

impl HashTile {
    /// Reads `width` hashes; further bytes are ignored. `None` if there are fewer.
    pub(crate) fn new(bytes: &[u8], width: u16) -> Option<HashTile> {
        let width = usize::from(width);
        let (hashes, _) = bytes.as_chunks();
        let mut nodes = Vec::with_capacity(2 * width);
        nodes.extend_from_slice(hashes.get(..width)?);
        let (mut first, mut count) = (0, width);
        while count > 1 {
            for pair in 0..count / 2 {
                let left = Hash::new(nodes[first + 2 * pair]);
                let right = Hash::new(nodes[first + 2 * pair + 1]);
                nodes.push(*node_hash(&left, &right).as_bytes());
            }
            first += count;
            count /= 2;
        }
        Some(HashTile { width, nodes })
    }

    /// The hashes as they are stored.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.nodes[..self.width].as_flattened()
    }

    /// All nodes from a height on, those of the height first.
    pub(crate) fn nodes_from(&self, height: u32) -> &[[u8; Hash::SIZE]] {
        &self.nodes[self.first(height)..]
    }

    /// Node `place` of those `height` above the hashes, if it is a perfect subtree of the tile.
    pub(crate) fn node(&self, height: u32, place: usize) -> Option<Hash> {
        if place >= self.width.checked_shr(height)? {
            return None;
        }
        self.nodes.get(self.first(height) + place).copied().map(Hash::new)
    }

    /// Where the nodes of a height begin.
    fn first(&self, height: u32) -> usize {
        (0..height).map(|below| self.width >> below).sum()
    }

    /// The roots of the perfect subtrees that cover the hashes, largest first.
    pub(crate) fn roots(&self) -> impl Iterator<Item = Hash> + '_ {
        let heights = (0..=TILE_HEIGHT).rev().filter(|height| self.width >> height & 1 == 1);
        heights.filter_map(|height| self.node(height, (self.width >> height) - 1))
    }
}

/// The partial tiles at the right edge of a tree of `size`, highest level first.
pub(crate) fn edge_tiles(size: TreeSize) -> impl Iterator<Item = TilePath> {
    let levels = (0..=MAX_LEVEL).rev().map(TileKind::Hashes);
    levels.filter_map(move |kind| TilePath::partial_at_size(kind, size))
}

/// The tile of a tree of `size` that holds node `place` of those at `height`.
pub(crate) fn tile_of_node(size: TreeSize, height: u32, place: u64) -> Option<TilePath> {
    let level = u8::try_from(height / TILE_HEIGHT).ok()?;
    let tile = place >> (TILE_HEIGHT - height % TILE_HEIGHT);
    TilePath::at_size(TileKind::Hashes(level), tile, size)
}

/// The tile that holds the root of a full tile, and so authenticates it.
pub(crate) fn parent_of(size: TreeSize, tile: TilePath) -> Option<TilePath> {
    match tile.kind() {
        TileKind::Hashes(level) if tile.is_full() => {
            tile_of_node(size, TILE_HEIGHT * (u32::from(level) + 1), tile.index())
        }
        _ => None,
    }
}
