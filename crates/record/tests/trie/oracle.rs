//! The trie as its definition says it, slowly: no order, no spine, no shared code.

use sha2::{Digest as _, Sha256};

/// Bits that are looked at: more than the longest key of these tests has.
const BITS: usize = 320;

/// A key and its value.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// The root of a map whose pairs may come in any order.
pub(crate) fn root(pairs: &[Pair]) -> [u8; 32] {
    let pairs: Vec<&Pair> = pairs.iter().collect();
    if pairs.is_empty() { Sha256::digest(b"").into() } else { hash(&pairs, 0) }
}

/// The bytes of the proof about `key`.
pub(crate) fn proof(pairs: &[Pair], key: &[u8]) -> Vec<u8> {
    let mut steps = Vec::new();
    let mut pairs: Vec<&Pair> = pairs.iter().collect();
    for bit in 0..BITS {
        let (ones, zeros) = split(&pairs, bit);
        if !ones.is_empty() && !zeros.is_empty() {
            let (next, other) = if bit_of(key, bit) { (ones, zeros) } else { (zeros, ones) };
            steps.push([uvarint(bit), hash(&other, bit + 1).to_vec()].concat());
            pairs = next;
        }
    }
    let leaf = match pairs[..] {
        [(other, value)] if other != key => {
            [uvarint(other.len()), other.clone(), uvarint(value.len()), value.clone()].concat()
        }
        _ => Vec::new(),
    };
    steps.push(leaf);
    steps.reverse();
    steps.concat()
}

/// A key as the bits that order it.
pub(crate) fn bits(key: &[u8]) -> Vec<bool> {
    (0..BITS).map(|bit| bit_of(key, bit)).collect()
}

fn hash(pairs: &[&Pair], bit: usize) -> [u8; 32] {
    if let [(key, value)] = pairs {
        let words = [uvarint(key.len()), key.clone(), uvarint(value.len()), value.clone()];
        return Sha256::digest([vec![0x00], words.concat()].concat()).into();
    }
    let (ones, zeros) = split(pairs, bit);
    if ones.is_empty() || zeros.is_empty() {
        return hash(pairs, bit + 1);
    }
    let children = [hash(&zeros, bit + 1), hash(&ones, bit + 1)].concat();
    Sha256::digest([vec![0x01], uvarint(bit), children].concat()).into()
}

fn split<'a>(pairs: &[&'a Pair], bit: usize) -> (Vec<&'a Pair>, Vec<&'a Pair>) {
    pairs.iter().partition(|(key, _)| bit_of(key, bit))
}

fn bit_of(key: &[u8], bit: usize) -> bool {
    match key.get(bit / 8) {
        Some(byte) => byte & (0x80 >> (bit % 8)) != 0,
        None => bit / 8 > key.len(),
    }
}

fn uvarint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 128 {
        bytes.push(u8::try_from(number % 128).unwrap() + 128);
        number /= 128;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}
