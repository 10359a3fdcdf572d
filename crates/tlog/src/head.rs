//! Coordinates of a log (position, size) and its head.

use core::fmt;

use thiserror::Error;

use crate::hash::Hash;

/// Sizes and positions stop here on the wire: existing implementations read signed 64-bit integers.
pub const MAX_SIZE: u64 = i64::MAX as u64;

/// A size or position above [`MAX_SIZE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0} is beyond 2^63-1, the largest tree size")]
pub struct TooLarge(pub u64);

/// Number of entries of a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeSize(u64);

/// Position of an entry, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(u64);

impl TreeSize {
    /// The tree without entries.
    pub const ZERO: TreeSize = TreeSize(0);

    /// Takes a count of entries.
    ///
    /// # Errors
    /// [`TooLarge`] above [`MAX_SIZE`].
    pub const fn new(size: u64) -> Result<TreeSize, TooLarge> {
        if size > MAX_SIZE {
            return Err(TooLarge(size));
        }
        Ok(TreeSize(size))
    }

    /// The count.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether the entry at `index` is part of a tree of this size.
    pub const fn contains(self, index: LeafIndex) -> bool {
        index.0 < self.0
    }
}

impl LeafIndex {
    /// Takes a position.
    ///
    /// # Errors
    /// [`TooLarge`] above [`MAX_SIZE`].
    pub const fn new(index: u64) -> Result<LeafIndex, TooLarge> {
        if index > MAX_SIZE {
            return Err(TooLarge(index));
        }
        Ok(LeafIndex(index))
    }

    /// The position as a number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for LeafIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Size and root hash of a tree, unsigned. The signed form is [`Checkpoint`](crate::Checkpoint).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TreeHead {
    /// Number of entries.
    pub size: TreeSize,
    /// `MTH` of the entries (RFC 6962 section 2.1).
    pub root: Hash,
}

impl TreeHead {
    /// Head of the tree without entries.
    pub const EMPTY: TreeHead = TreeHead { size: TreeSize::ZERO, root: Hash::EMPTY_ROOT };
}
