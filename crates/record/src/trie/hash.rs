//! Hashes of the trie's nodes.

use sha2::{Digest as _, Sha256};

use super::uvarint;
use crate::digest::MapRoot;

/// Longest preimage that is put together before it is hashed, which is faster than word by word. All
/// of this log's are shorter.
const SHORT: usize = 128;

/// Bytes that are to be hashed, put together.
struct Preimage {
    bytes: [u8; SHORT],
    length: usize,
}

impl Preimage {
    fn new(first: u8) -> Preimage {
        let mut bytes = [0; SHORT];
        bytes[0] = first;
        Preimage { bytes, length: 1 }
    }

    fn push(&mut self, word: &[u8]) {
        self.bytes[self.length..self.length + word.len()].copy_from_slice(word);
        self.length += word.len();
    }

    fn push_number(&mut self, number: usize) {
        uvarint::bytes(number).for_each(|byte| self.push(&[byte]));
    }

    fn hash(&self) -> MapRoot {
        MapRoot::from(<[u8; MapRoot::SIZE]>::from(Sha256::digest(&self.bytes[..self.length])))
    }
}

/// Hash of a leaf: `SHA-256(00 || uvarint(len key) || key || uvarint(len value) || value)`.
pub(super) fn leaf(key: &[u8], value: &[u8]) -> MapRoot {
    if key.len() + value.len() > SHORT / 2 {
        return long_leaf(key, value);
    }
    let mut preimage = Preimage::new(0x00);
    for word in [key, value] {
        preimage.push_number(word.len());
        preimage.push(word);
    }
    preimage.hash()
}

/// The same, word by word.
fn long_leaf(key: &[u8], value: &[u8]) -> MapRoot {
    let mut hasher = Sha256::new_with_prefix([0x00]);
    for word in [key, value] {
        uvarint::bytes(word.len()).for_each(|byte| hasher.update([byte]));
        hasher.update(word);
    }
    MapRoot::from(<[u8; MapRoot::SIZE]>::from(hasher.finalize()))
}

/// Hash of an inner node: `SHA-256(01 || uvarint(bit) || left || right)`.
pub(super) fn inner(bit: u8, left: &MapRoot, right: &MapRoot) -> MapRoot {
    let mut preimage = Preimage::new(0x01);
    preimage.push_number(bit.into());
    preimage.push(left.as_bytes());
    preimage.push(right.as_bytes());
    preimage.hash()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_has_one_hash_however_long_it_is() {
        let bytes = [0x5a; 100];
        for key in [0, 1, 31, 32, 33, 64] {
            for value in [0, 1, 31, 32, 33, 64, 100] {
                let (key, value) = (&bytes[..key], &bytes[..value]);
                assert_eq!(leaf(key, value), long_leaf(key, value));
            }
        }
    }
}
