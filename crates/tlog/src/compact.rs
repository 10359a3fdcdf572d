//! Compact ranges: the few roots that cover the first entries of a tree (RFC 6962 section 2.1).

use alloc::vec::Vec;

use crate::hash::{Hash, node_hash};
use crate::head::{TooLarge, TreeHead, TreeSize};

/// The roots of the perfect subtrees that cover `[0, size)`, largest first.
///
/// There is one for each set bit of the size, so appending hashes each inner node exactly once.
///
/// ```
/// use tlog::{CompactRange, leaf_hash, node_hash};
///
/// let mut range = CompactRange::new();
/// range.append(leaf_hash(b"a"))?;
/// range.append(leaf_hash(b"b"))?;
/// assert_eq!(range.root(), node_hash(&leaf_hash(b"a"), &leaf_hash(b"b")));
/// # Ok::<(), tlog::TooLarge>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactRange {
    size: TreeSize,
    roots: Vec<Hash>,
}

impl CompactRange {
    /// Covers nothing.
    pub const fn new() -> CompactRange {
        CompactRange { size: TreeSize::ZERO, roots: Vec::new() }
    }

    /// Takes the roots of `[0, size)`, largest first; `None` unless there is one for each set bit of
    /// the size. Whether they belong to a tree shows when [`root`](Self::root) is compared with its.
    pub fn from_roots(size: TreeSize, roots: Vec<Hash>) -> Option<CompactRange> {
        let complete = usize::try_from(size.get().count_ones()) == Ok(roots.len());
        complete.then_some(CompactRange { size, roots })
    }

    /// Roots of the perfect subtrees that cover the leaves, largest first.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Number of leaves covered.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// Adds a leaf.
    ///
    /// # Errors
    /// [`TooLarge`] at [`MAX_SIZE`](crate::MAX_SIZE); the range is then unchanged.
    pub fn append(&mut self, leaf: Hash) -> Result<(), TooLarge> {
        self.append_with(leaf, |_, _| ())
    }

    /// Adds a leaf and reports each node this completes with its height, the leaf first.
    pub(crate) fn append_with(
        &mut self,
        leaf: Hash,
        mut completed: impl FnMut(u32, &Hash),
    ) -> Result<(), TooLarge> {
        let size = TreeSize::new(self.size.get() + 1)?;
        let mut node = leaf;
        completed(0, &node);
        for height in 1..=self.size.get().trailing_ones() {
            let left = self.roots.pop().expect("one root for each set bit of the size");
            node = node_hash(&left, &node);
            completed(height, &node);
        }
        self.roots.push(node);
        self.size = size;
        Ok(())
    }

    /// `MTH` of the leaves.
    pub fn root(&self) -> Hash {
        fold(&self.roots).unwrap_or(Hash::EMPTY_ROOT)
    }

    /// Root of the leaves right of the last multiple of `2^height`; `None` if there are none.
    pub(crate) fn remainder_root(&self, height: u32) -> Option<Hash> {
        let remainder = self.size.get() & ((1 << height) - 1);
        let first = self.roots.len() - remainder.count_ones() as usize;
        fold(&self.roots[first..])
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }
}

/// Combines neighbouring roots, largest first, from the right.
fn fold(roots: &[Hash]) -> Option<Hash> {
    let (last, rest) = roots.split_last()?;
    Some(rest.iter().rev().fold(*last, |right, left| node_hash(left, &right)))
}
