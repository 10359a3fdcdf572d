//! Hashes that many proofs share.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use tlog::Hash;

/// Hashes, each once, with their places. Some of them may have been sent already.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    places: HashMap<Hash, u32, BuildHasherDefault<FirstBytes>>,
    new: Vec<Hash>,
}

impl Nodes {
    /// The places of the hashes; those that have none yet get the next ones.
    pub(super) fn places(&mut self, hashes: &[Hash]) -> Vec<u32> {
        hashes.iter().map(|hash| self.place(*hash)).collect()
    }

    /// The place of a hash.
    pub(super) fn place(&mut self, hash: Hash) -> u32 {
        let next = u32::try_from(self.places.len()).expect("an answer has fewer than 2^32 hashes");
        *self.places.entry(hash).or_insert_with(|| {
            self.new.push(hash);
            next
        })
    }

    /// The hashes that got their places since this was called last, in the order of the places.
    pub(super) fn take_new(&mut self) -> Vec<Hash> {
        std::mem::take(&mut self.new)
    }

    /// How many hashes have a place.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }
}

/// Takes the first bytes of a hash for its hash: it is as spread as can be already.
#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        // The length of the hash comes first, then the hash.
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
