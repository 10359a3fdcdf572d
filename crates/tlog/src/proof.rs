//! Inclusion and consistency proofs and their verification (RFC 6962 section 2.1, RFC 9162 section 2.1).
//!
//! Position and size fix the number of hashes of a proof, and which of them are left of the path.
//! That is checked first: folding "until the proof ends" would accept wrong positions.

use alloc::vec::Vec;

use thiserror::Error;

use crate::hash::{Hash, node_hash};
use crate::head::{LeafIndex, TreeHead, TreeSize};

/// Why a proof does not show what it should.
///
/// [`RootMismatch`](Self::RootMismatch) and [`WrongLength`](Self::WrongLength) refuse the proof; that
/// alone does not show which side is wrong. The others are questions that have no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The tree has no entry at this position.
    #[error("position {index} is not in a tree of {size} entries")]
    IndexOutOfRange {
        /// The position asked for.
        index: LeafIndex,
        /// Entries of the tree.
        size: TreeSize,
    },
    /// The proof leads to another root hash: what it should show is not so.
    #[error("the proof leads to the root {computed}, not to {expected}")]
    RootMismatch {
        /// Root of the tree head.
        expected: Hash,
        /// Root the proof leads to.
        computed: Hash,
    },
    /// The head said to be the older one has more entries.
    #[error("a tree of {newer} entries cannot contain one of {older}")]
    SizesReversed {
        /// Size said to be the older one.
        older: TreeSize,
        /// Size said to be the newer one.
        newer: TreeSize,
    },
    /// The proof has too many or too few hashes.
    #[error("the proof has {got} hashes instead of {expected}")]
    WrongLength {
        /// Number that position and sizes demand.
        expected: usize,
        /// Number given.
        got: usize,
    },
}

/// Shows that an entry is in a tree: the siblings on the way from leaf to root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InclusionProof(Vec<Hash>);

/// Shows that a tree is the beginning of a larger one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsistencyProof(Vec<Hash>);

impl InclusionProof {
    /// Takes the hashes, the leaf's sibling first.
    pub const fn new(hashes: Vec<Hash>) -> InclusionProof {
        InclusionProof(hashes)
    }

    /// The hashes, the leaf's sibling first.
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }
}

impl ConsistencyProof {
    /// Takes the hashes in the order of RFC 6962.
    pub const fn new(hashes: Vec<Hash>) -> ConsistencyProof {
        ConsistencyProof(hashes)
    }

    /// The hashes in the order of RFC 6962.
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }
}

impl TreeHead {
    /// Verifies that the entry at `index` has this leaf hash (RFC 9162 section 2.1.3.2).
    ///
    /// Compute `leaf` from the entry itself: a leaf hash from elsewhere says nothing about it.
    ///
    /// # Errors
    /// [`ProofError`] if the proof does not show that.
    pub fn verify_inclusion(
        &self,
        index: LeafIndex,
        leaf: &Hash,
        proof: &InclusionProof,
    ) -> Result<(), ProofError> {
        if !self.size.contains(index) {
            return Err(ProofError::IndexOutOfRange { index, size: self.size });
        }
        let path = Path::new(index, self.size);
        let hashes = proof.hashes();
        check_length(path.siblings_from(0), hashes)?;
        let (inner, border) = hashes.split_at(path.inner as usize);
        let mut node = *leaf;
        for (height, sibling) in (0..).zip(inner) {
            node = if path.is_right(height) {
                node_hash(sibling, &node)
            } else {
                node_hash(&node, sibling)
            };
        }
        check_root(&self.root, left_fold(node, border))
    }

    /// Verifies that the tree of `older` is the beginning of this one (RFC 9162 section 2.1.4.2).
    ///
    /// Equal sizes need equal roots and an empty proof. The empty tree is the beginning of every tree:
    /// its root is checked, the proof is empty.
    ///
    /// # Errors
    /// [`ProofError`] if the proof does not show that.
    pub fn verify_consistency(
        &self,
        older: &TreeHead,
        proof: &ConsistencyProof,
    ) -> Result<(), ProofError> {
        let hashes = proof.hashes();
        if older.size > self.size {
            return Err(ProofError::SizesReversed { older: older.size, newer: self.size });
        }
        if older.size == self.size {
            check_length(0, hashes)?;
            check_root(&self.root, older.root)?;
        }
        match last_leaf(older.size) {
            None => {
                check_length(0, hashes)?;
                check_root(&older.root, Hash::EMPTY_ROOT)
            }
            Some(_) if older.size == self.size => Ok(()),
            Some(last) => self.verify_growth(older, Path::new(last, self.size), hashes),
        }
    }

    /// The general case: `path` leads from the last leaf of `older`, which is smaller and not empty.
    fn verify_growth(
        &self,
        older: &TreeHead,
        path: Path,
        hashes: &[Hash],
    ) -> Result<(), ProofError> {
        let start = older.size.get().trailing_zeros();
        let siblings = path.siblings_from(start);
        // A perfect older tree is itself where the path starts; otherwise the proof says what is.
        let (seed, siblings_given) = if older.size.get().is_power_of_two() {
            check_length(siblings, hashes)?;
            (older.root, hashes)
        } else {
            check_length(siblings + 1, hashes)?;
            (hashes[0], &hashes[1..])
        };
        let (inner, border) = siblings_given.split_at((path.inner - start) as usize);
        let (mut old, mut new) = (seed, seed);
        for (height, sibling) in (start..).zip(inner) {
            if path.is_right(height) {
                old = node_hash(sibling, &old);
                new = node_hash(sibling, &new);
            } else {
                new = node_hash(&new, sibling);
            }
        }
        check_root(&older.root, left_fold(old, border))?;
        check_root(&self.root, left_fold(new, border))
    }
}

/// The way from a leaf to the root of a tree.
///
/// Below height `inner` every node of it has a sibling. From there on it runs along the right edge,
/// where there are left siblings only, one for each set bit of the position.
#[derive(Clone, Copy)]
pub(crate) struct Path {
    index: u64,
    pub(crate) inner: u32,
}

impl Path {
    /// `index` must be in a tree of `size`.
    pub(crate) fn new(index: LeafIndex, size: TreeSize) -> Path {
        debug_assert!(size.contains(index));
        let differing = index.get() ^ (size.get() - 1);
        Path { index: index.get(), inner: u64::BITS - differing.leading_zeros() }
    }

    /// Whether the node at this height is a right child.
    pub(crate) const fn is_right(&self, height: u32) -> bool {
        self.index >> height & 1 == 1
    }

    /// Number of siblings of the nodes at `height` and above; the path must not end below.
    pub(crate) fn siblings_from(&self, height: u32) -> usize {
        let border = (self.index >> self.inner).count_ones();
        (self.inner - height + border) as usize
    }
}

/// Position of the last leaf; `None` in the empty tree.
pub(crate) fn last_leaf(size: TreeSize) -> Option<LeafIndex> {
    let last = size.get().checked_sub(1)?;
    LeafIndex::new(last).ok()
}

/// Combines a node with its left siblings, nearest first.
fn left_fold(node: Hash, siblings: &[Hash]) -> Hash {
    siblings.iter().fold(node, |right, left| node_hash(left, &right))
}

fn check_length(expected: usize, hashes: &[Hash]) -> Result<(), ProofError> {
    if hashes.len() != expected {
        return Err(ProofError::WrongLength { expected, got: hashes.len() });
    }
    Ok(())
}

fn check_root(expected: &Hash, computed: Hash) -> Result<(), ProofError> {
    if computed != *expected {
        return Err(ProofError::RootMismatch { expected: *expected, computed });
    }
    Ok(())
}
