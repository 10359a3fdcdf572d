//! Hashes of the trie's nodes.

use sha2::{Digest as _, Sha256};

use super::uvarint;
use crate::digest::MapRoot;

/// Hash of a leaf: `SHA-256(00 || uvarint(len key) || key || uvarint(len value) || value)`.
pub(super) fn leaf(key: &[u8], value: &[u8]) -> MapRoot {
    let mut hasher = Sha256::new_with_prefix([0x00]);
    for word in [key, value] {
        uvarint::bytes(word.len()).for_each(|byte| hasher.update([byte]));
        hasher.update(word);
    }
    MapRoot::from(<[u8; MapRoot::SIZE]>::from(hasher.finalize()))
}

/// Hash of an inner node: `SHA-256(01 || uvarint(bit) || left || right)`.
pub(super) fn inner(bit: u8, left: &MapRoot, right: &MapRoot) -> MapRoot {
    let mut hasher = Sha256::new_with_prefix([0x01]);
    uvarint::bytes(bit.into()).for_each(|byte| hasher.update([byte]));
    hasher.update(left.as_bytes());
    hasher.update(right.as_bytes());
    MapRoot::from(<[u8; MapRoot::SIZE]>::from(hasher.finalize()))
}
