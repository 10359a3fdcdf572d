//! Hashes that many proofs share.

use std::collections::HashMap;

use tlog::Hash;

/// Hashes, each once, with their places. Some of them may have been sent already.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    places: HashMap<Hash, u32>,
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
