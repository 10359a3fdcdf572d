//! Hashes of the trie's nodes.

use sha2::{Digest as _, Sha256};

use super::uvarint;
use crate::digest::MapRoot;

/// Hash of a leaf: `SHA-256(00 || uvarint(len key) || key || uvarint(len value) || value)`.
pub(super) fn leaf(key: &[u8], value: &[u8]) -> MapRoot {
    // The map's own words: one call of the hash function is quicker than many.
    if let (Ok(key), Ok(value)) = (<&[u8; 32]>::try_from(key), <&[u8; 32]>::try_from(value)) {
        let mut preimage = [32; 1 + 2 * (1 + 32)];
        preimage[0] = 0x00;
        preimage[2..34].copy_from_slice(key);
        preimage[35..].copy_from_slice(value);
        return MapRoot::from(<[u8; MapRoot::SIZE]>::from(Sha256::digest(preimage)));
    }
    let mut hasher = Sha256::new_with_prefix([0x00]);
    for word in [key, value] {
        uvarint::bytes(word.len()).for_each(|byte| hasher.update([byte]));
        hasher.update(word);
    }
    MapRoot::from(<[u8; MapRoot::SIZE]>::from(hasher.finalize()))
}

/// Hash of an inner node: `SHA-256(01 || uvarint(bit) || left || right)`.
pub(super) fn inner(bit: u8, left: &MapRoot, right: &MapRoot) -> MapRoot {
    let mut preimage = [0x01; 1 + 2 + 2 * MapRoot::SIZE];
    let mut end = 1;
    for byte in uvarint::bytes(bit.into()) {
        preimage[end] = byte;
        end += 1;
    }
    for part in [left, right] {
        preimage[end..end + MapRoot::SIZE].copy_from_slice(part.as_bytes());
        end += MapRoot::SIZE;
    }
    MapRoot::from(<[u8; MapRoot::SIZE]>::from(Sha256::digest(&preimage[..end])))
}
