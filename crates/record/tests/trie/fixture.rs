//! Maps to test with, whole and in buckets.

use std::collections::BTreeMap;

use proptest::prelude::*;
use record::{
    Digest, MapBuilder, MapKey, MapProof, MapRoot, MapTrie, MapValue, PrefixProof, Subtree,
};

use crate::oracle;

/// A key of this log's map and its value.
pub(crate) type Pair = (MapKey, MapValue);

/// A map of this log.
pub(crate) type Map = BTreeMap<MapKey, MapValue>;

/// The map of `count` keys that are hashes.
pub(crate) fn spread(count: u32) -> Map {
    (0..count)
        .map(|n| {
            let value = Digest::sha256(format!("value {n}").as_bytes());
            (MapKey::file(&n.to_string()), MapValue::from(*value.as_bytes()))
        })
        .collect()
}

/// Maps whose keys differ in their first bits, in their last, or in few anywhere.
pub(crate) fn any_map() -> impl Strategy<Value = Map> {
    prop::collection::btree_map(any_key(), any::<[u8; 32]>().prop_map(MapValue::from), 0..40)
}

/// A key as the maps of [`any_map`] have them, and often has in common with others.
pub(crate) fn any_key() -> impl Strategy<Value = MapKey> {
    let sparse = prop::collection::vec(0..256_usize, 0..3).prop_map(|bits| {
        let mut key = [0; 32];
        for bit in bits {
            key[bit / 8] |= 0x80 >> (bit % 8);
        }
        key
    });
    let neighbours = any::<u8>().prop_map(|last| {
        let mut key = [0x5a; 32];
        key[31] = last;
        key
    });
    prop_oneof![any::<[u8; 32]>(), sparse, neighbours].prop_map(MapKey::from)
}

/// The pairs for the oracle.
pub(crate) fn plain(map: &Map) -> Vec<oracle::Pair> {
    map.iter().map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
}

/// The pairs in ascending order of their keys.
pub(crate) fn pairs(map: &Map) -> Vec<Pair> {
    map.iter().map(|(key, value)| (*key, *value)).collect()
}

/// The root in one pass.
pub(crate) fn root(map: &Map) -> MapRoot {
    summary(&pairs(map)).map_or(MapRoot::EMPTY, |top| top.hash())
}

/// Pairs in ascending order, in short; `None` if there are none.
pub(crate) fn summary(pairs: &[Pair]) -> Option<Subtree> {
    let mut builder = MapBuilder::new();
    for (key, value) in pairs {
        builder.push(*key, value).unwrap();
    }
    builder.finish()
}

/// A map in buckets: those pairs together whose keys have the same first `width` bits.
pub(crate) struct Buckets {
    width: u32,
    pairs: BTreeMap<u32, Vec<Pair>>,
}

impl Buckets {
    pub(crate) fn new(map: &Map, width: u32) -> Buckets {
        let mut buckets = Buckets { width, pairs: BTreeMap::new() };
        for (key, value) in map {
            buckets.pairs.entry(buckets.number(key)).or_default().push((*key, *value));
        }
        buckets
    }

    fn number(&self, key: &MapKey) -> u32 {
        let start = key.as_bytes().first_chunk().unwrap();
        u32::from_be_bytes(*start).checked_shr(u32::BITS - self.width).unwrap_or(0)
    }

    /// All buckets that have pairs, in short, after a stay in a cache.
    pub(crate) fn summaries(&self) -> Vec<Subtree> {
        let summaries = self.pairs.values().filter_map(|pairs| summary(pairs));
        summaries.map(|it| Subtree::from_parts(*it.key(), it.top(), it.hash())).collect()
    }

    pub(crate) fn trie(&self) -> MapTrie {
        MapTrie::join(self.summaries()).unwrap()
    }

    /// The pairs that a plan asks for.
    pub(crate) fn load(&self, part: Option<&Subtree>) -> &[Pair] {
        part.map_or(&[], |part| &self.pairs[&self.number(part.key())])
    }

    pub(crate) fn lookup(&self, key: MapKey) -> MapProof {
        let trie = self.trie();
        let plan = trie.plan_lookup(key);
        let pairs = self.load(plan.part());
        plan.finish(pairs).unwrap()
    }

    pub(crate) fn prefix(&self, prefix: &[u8]) -> PrefixProof {
        let trie = self.trie();
        let plan = trie.plan_prefix(prefix);
        let pairs = self.load(plan.part());
        plan.finish(pairs).unwrap()
    }
}
