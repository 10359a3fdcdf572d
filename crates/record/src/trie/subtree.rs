//! What is known of a part of the map without its pairs.

use super::builder::OrderError;
use super::{bits, hash};
use crate::digest::MapRoot;
use crate::map::MapKey;

/// All pairs of the map whose keys share their first bits, in short: enough to join it with others.
///
/// Its [`hash`](Subtree::hash) is the root of the map that has these pairs alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtree<K = MapKey> {
    key: K,
    top: Option<u8>,
    hash: MapRoot,
}

impl<K: AsRef<[u8]>> Subtree<K> {
    /// A single pair.
    pub fn leaf(key: K, value: &impl AsRef<[u8]>) -> Subtree<K> {
        let hash = hash::leaf(key.as_ref(), value.as_ref());
        Subtree { key, top: None, hash }
    }

    /// Takes what was kept of a subtree made before, as [`key`](Subtree::key), [`top`](Subtree::top)
    /// and [`hash`](Subtree::hash) gave it.
    ///
    /// Nothing is checked here: wrong parts lead to a wrong root or to an [`OrderError`].
    pub const fn from_parts(key: K, top: Option<u8>, hash: MapRoot) -> Subtree<K> {
        Subtree { key, top, hash }
    }

    /// One of its keys; which one does not matter.
    pub const fn key(&self) -> &K {
        &self.key
    }

    /// The first bit in which its keys differ; `None` if it has one key.
    pub const fn top(&self) -> Option<u8> {
        self.top
    }

    /// Hash of its top node.
    pub const fn hash(&self) -> MapRoot {
        self.hash
    }

    /// Whether all its keys are the same in their first bits.
    pub(super) fn shares(&self, bits: usize) -> bool {
        self.top.is_none_or(|top| usize::from(top) >= bits)
    }

    /// The first bit in which the keys of two neighbours differ, the left one being `self`.
    pub(super) fn parting(&self, next: &Subtree<K>) -> Result<u8, OrderError> {
        let (key, next_key) = (self.key.as_ref(), next.key.as_ref());
        let bit = bits::first_difference(key, next_key).ok_or(OrderError::NotAscending)?;
        if bits::bit(key, bit) {
            return Err(OrderError::NotAscending);
        }
        let above = |top: Option<u8>| top.is_none_or(|top| top > bit);
        if above(self.top) && above(next.top) { Ok(bit) } else { Err(OrderError::Overlapping) }
    }

    /// The node above two neighbours that part at `bit`.
    pub(super) fn join(bit: u8, left: Subtree<K>, right: &Subtree<K>) -> Subtree<K> {
        let hash = hash::inner(bit, &left.hash, &right.hash);
        Subtree { key: left.key, top: Some(bit), hash }
    }
}
