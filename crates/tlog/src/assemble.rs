//! Proofs put together from the nodes of a tree, wherever those are read.

use alloc::vec::Vec;

use crate::compact::CompactRange;
use crate::hash::Hash;
use crate::head::{LeafIndex, TreeSize};
use crate::plan::{check_index, check_size};
use crate::proof::{ConsistencyProof, InclusionProof, Path, last_leaf};
use crate::verified::LookupError;

/// The checked hashes of a tree, or of a part of it.
pub(crate) trait Nodes {
    /// Root of the perfect subtree over leaves `place * 2^height` and the next `2^height - 1`; it is
    /// one of the tree.
    fn node(&self, height: u32, place: u64) -> Result<Hash, LookupError>;
}

/// Proves that the entry at `index` is in the tree of `range`.
pub(crate) fn inclusion(
    nodes: &impl Nodes,
    index: LeafIndex,
    range: &CompactRange,
) -> Result<InclusionProof, LookupError> {
    check_index(index, range.size())?;
    Ok(InclusionProof::new(siblings(nodes, index, 0, range, Vec::new())?))
}

/// Proves that the tree of size `older` is the beginning of the one of `range`.
pub(crate) fn consistency(
    nodes: &impl Nodes,
    older: TreeSize,
    range: &CompactRange,
) -> Result<ConsistencyProof, LookupError> {
    check_size(older, range.size())?;
    let Some(last) = last_leaf(older).filter(|_| older != range.size()) else {
        return Ok(ConsistencyProof::default());
    };
    let start = older.get().trailing_zeros();
    let mut hashes = Vec::new();
    if !older.get().is_power_of_two() {
        hashes.push(nodes.node(start, last.get() >> start)?);
    }
    Ok(ConsistencyProof::new(siblings(nodes, last, start, range, hashes)?))
}

/// The compact range of the first `older` leaves, which are leaves of the tree.
pub(crate) fn range_at(nodes: &impl Nodes, older: TreeSize) -> Result<CompactRange, LookupError> {
    let node = |height| nodes.node(height, (older.get() >> height) - 1);
    let mut roots = set_bits(older.get()).map(node).collect::<Result<Vec<_>, _>>()?;
    roots.reverse();
    Ok(CompactRange::from_roots(older, roots).expect("one root for each set bit of the size"))
}

/// Appends to `hashes` the siblings of the path from a leaf, those at `start` and above.
fn siblings(
    nodes: &impl Nodes,
    index: LeafIndex,
    start: u32,
    range: &CompactRange,
    mut hashes: Vec<Hash>,
) -> Result<Vec<Hash>, LookupError> {
    let path = Path::new(index, range.size());
    hashes.reserve_exact(path.siblings_from(start));
    for height in start..path.inner {
        hashes.push(subtree(nodes, height, index.get() >> height ^ 1, range)?);
    }
    for height in set_bits(index.get()).filter(|height| *height >= path.inner) {
        hashes.push(nodes.node(height, (index.get() >> height) - 1)?);
    }
    Ok(hashes)
}

/// Root of a subtree that the right edge may cut.
fn subtree(
    nodes: &impl Nodes,
    height: u32,
    place: u64,
    range: &CompactRange,
) -> Result<Hash, LookupError> {
    if place < range.size().get() >> height {
        return nodes.node(height, place);
    }
    Ok(range.remainder_root(height).expect("a sibling below the edge has leaves"))
}

/// Places of the set bits, lowest first.
fn set_bits(number: u64) -> impl Iterator<Item = u32> {
    (0..u64::BITS).filter(move |bit| number >> bit & 1 == 1)
}
