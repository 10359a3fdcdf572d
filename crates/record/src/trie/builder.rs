//! From pairs in ascending order to the trie, in one pass.

use alloc::vec::Vec;

use thiserror::Error;

use super::subtree::Subtree;
use crate::digest::MapRoot;
use crate::map::MapKey;

/// What was given next does not come after what was given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OrderError {
    /// A key is not above the one before it.
    #[error("the keys of a map come in strictly ascending order")]
    NotAscending,
    /// A key has its place inside a subtree that was given as a whole.
    #[error("a key belongs into a subtree that was given as a whole")]
    Overlapping,
}

/// Hashes pairs in ascending order of their keys: each node once, and no more kept than a path.
///
/// ```
/// use record::{MapBuilder, MapKey, MapRoot};
///
/// let mut builder = MapBuilder::new();
/// assert_eq!(builder.clone().root(), MapRoot::EMPTY);
/// builder.push(MapKey::from([0x00; 32]), &[0x11; 32])?;
/// builder.push(MapKey::from([0x80; 32]), &[0x22; 32])?;
/// assert!(builder.push(MapKey::from([0x7f; 32]), &[0x33; 32]).is_err());
/// assert_eq!(builder.finish().and_then(|all| all.top()), Some(0));
/// # Ok::<(), record::OrderError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MapBuilder<K = MapKey> {
    spine: Spine<Subtree<K>>,
}

impl<K: AsRef<[u8]>> MapBuilder<K> {
    /// Starts with no pairs.
    pub const fn new() -> MapBuilder<K> {
        MapBuilder { spine: Spine::new() }
    }

    /// Adds a pair.
    ///
    /// # Errors
    /// [`OrderError`] unless the key is above all before it; the builder is then unchanged.
    pub fn push(&mut self, key: K, value: &impl AsRef<[u8]>) -> Result<(), OrderError> {
        self.push_subtree(Subtree::leaf(key, value))
    }

    /// Adds all pairs of a subtree.
    ///
    /// # Errors
    /// [`OrderError`] unless its keys are above all before it; the builder is then unchanged.
    pub fn push_subtree(&mut self, subtree: Subtree<K>) -> Result<(), OrderError> {
        self.spine.push(subtree)
    }

    /// The subtree of all that was added; `None` if that is nothing.
    pub fn finish(self) -> Option<Subtree<K>> {
        self.spine.finish()
    }

    /// Root of the map of all that was added.
    pub fn root(self) -> MapRoot {
        self.finish().map_or(MapRoot::EMPTY, |top| top.hash())
    }
}

impl<K: AsRef<[u8]>> Default for MapBuilder<K> {
    fn default() -> MapBuilder<K> {
        MapBuilder::new()
    }
}

/// A node while the trie grows from left to right.
pub(super) trait Joinable: Sized {
    type Key: AsRef<[u8]>;

    /// The node and all below it, in short.
    fn subtree(&self) -> &Subtree<Self::Key>;

    /// The node above two neighbours that part at `bit`.
    fn join(bit: u8, left: Self, right: Self) -> Self;
}

impl<K: AsRef<[u8]>> Joinable for Subtree<K> {
    type Key = K;

    fn subtree(&self) -> &Subtree<K> {
        self
    }

    fn join(bit: u8, left: Subtree<K>, right: Subtree<K>) -> Subtree<K> {
        Subtree::join(bit, left, &right)
    }
}

/// The right edge of a growing trie: nodes whose right neighbour may still gain keys.
///
/// Each node of `open` parts from what follows it at the bit beside it; the bits ascend.
#[derive(Clone, Debug)]
pub(super) struct Spine<N> {
    open: Vec<(N, u8)>,
    last: Option<N>,
}

impl<N: Joinable> Spine<N> {
    pub(super) const fn new() -> Spine<N> {
        Spine { open: Vec::new(), last: None }
    }

    /// Adds a node at the right; on an error nothing changes.
    pub(super) fn push(&mut self, node: N) -> Result<(), OrderError> {
        if let Some(last) = &self.last {
            let bit = last.subtree().parting(node.subtree())?;
            let complete = self.close(|parting| parting > bit);
            self.open.extend(complete.map(|left| (left, bit)));
        }
        self.last = Some(node);
        Ok(())
    }

    /// The top node; `None` if nothing was added.
    pub(super) fn finish(mut self) -> Option<N> {
        self.close(|_| true)
    }

    /// Joins the last node with those left of it, as long as they part from it where `below` says.
    fn close(&mut self, below: impl Fn(u8) -> bool) -> Option<N> {
        let mut node = self.last.take()?;
        while let Some((left, bit)) = self.open.pop_if(|(_, bit)| below(*bit)) {
            node = N::join(bit, left, node);
        }
        Some(node)
    }
}
