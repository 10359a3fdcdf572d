//! What is known of a part of the map without its pairs.

use alloc::vec::Vec;

use super::builder::OrderError;
use super::{bits, hash};
use crate::digest::MapRoot;
use crate::map::MapKey;

/// In place of the bit at which the keys of a subtree part, if there is one key.
const ONE_KEY: [u8; 2] = [0, 0];

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

    /// Reads what [`to_bytes`](Subtree::to_bytes) wrote; `None` for what it never writes.
    ///
    /// The hash is believed, as by [`from_parts`](Subtree::from_parts).
    pub fn parse(bytes: &[u8]) -> Option<Subtree<K>>
    where
        K: From<[u8; MapKey::SIZE]>,
    {
        let (key, rest) = bytes.split_first_chunk::<{ MapKey::SIZE }>()?;
        let (parting, hash) = rest.split_first_chunk()?;
        let top = match *parting {
            ONE_KEY => None,
            [1, bit] => Some(bit),
            _ => return None,
        };
        let hash = MapRoot::from(<[u8; MapRoot::SIZE]>::try_from(hash).ok()?);
        Some(Subtree { key: K::from(*key), top, hash })
    }

    /// What has to be kept of it: a key, the bit at which its keys part, its hash.
    pub fn to_bytes(&self) -> Vec<u8> {
        let parting = self.top.map_or(ONE_KEY, |bit| [1, bit]);
        [self.key.as_ref(), parting.as_slice(), self.hash.as_bytes()].concat()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let (key, hash) = (MapKey::from([7; 32]), MapRoot::from([9; 32]));
        for top in [None, Some(0), Some(255)] {
            let subtree = Subtree::from_parts(key, top, hash);
            let mut bytes = subtree.to_bytes();
            assert_eq!(Subtree::parse(&bytes), Some(subtree));
            assert_eq!(Subtree::<MapKey>::parse(&bytes[1..]), None);
            bytes[MapKey::SIZE] = 2;
            assert_eq!(Subtree::<MapKey>::parse(&bytes), None);
        }
    }
}
