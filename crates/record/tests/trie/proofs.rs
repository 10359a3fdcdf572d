//! Proofs show what they should, and nothing else: every bit of them counts.

use record::{MapAnswer, MapKey, MapProof, MapRoot, MapTrie, MapValue, PrefixProof, Subtree};

use crate::fixture::{Buckets, Map, root, spread};

/// Places in a key where those of the small universe differ: next to each other and far away.
const PLACES: [usize; 6] = [0, 1, 7, 8, 128, 255];

/// The keys with all combinations of bits at [`PLACES`].
fn universe() -> Vec<MapKey> {
    let key = |choice: usize| {
        let mut key = [0; 32];
        for (_, place) in PLACES.iter().enumerate().filter(|(n, _)| choice >> n & 1 == 1) {
            key[place / 8] |= 0x80 >> (place % 8);
        }
        MapKey::from(key)
    };
    (0..1 << PLACES.len()).map(key).collect()
}

#[test]
fn every_key_of_a_small_universe_is_present_or_absent() {
    let universe = universe();
    for seed in 0..200_u64 {
        // One bit for each key of the universe, set for about half, few or none of them.
        let members = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let members = if seed % 2 == 0 { members } else { members & members >> 7 & members >> 13 };
        let map: Map = (0..universe.len())
            .filter(|n| members >> n & 1 == 1)
            .map(|n| (universe[n], MapValue::from([u8::try_from(n).unwrap(); 32])))
            .collect();
        let (root, buckets) = (root(&map), Buckets::new(&map, 2));
        for key in &universe {
            let expected = map.get(key).map_or(MapAnswer::Absent, |v| MapAnswer::Present(*v));
            let proof = buckets.lookup(*key);
            assert_eq!(root.verify_lookup(key, &proof), Ok(expected));
            assert_eq!(MapProof::parse(expected, &proof.to_bytes()).unwrap(), proof);
            assert_eq!(MapProof::from_parts(expected, proof.to_parts()).unwrap(), proof);
        }
    }
}

/// The bytes with each of their bits flipped, cut off at each place, and with each byte appended.
fn damaged(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let flipped = (0..8 * bytes.len()).map(move |bit| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    });
    let cut = (0..bytes.len()).map(move |length| bytes[..length].to_vec());
    let longer = (0..=255).map(move |byte| [bytes, &[byte]].concat());
    flipped.chain(cut).chain(longer)
}

/// The 32 bytes with each bit flipped.
fn flipped(bytes: &[u8; 32]) -> impl Iterator<Item = [u8; 32]> {
    (0..256).map(|bit| {
        let mut bytes = *bytes;
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    })
}

fn shows(root: &MapRoot, key: &MapKey, claim: MapAnswer, bytes: &[u8]) -> bool {
    let proof = MapProof::parse(claim, bytes);
    proof.is_ok_and(|proof| root.verify_lookup(key, &proof) == Ok(claim))
}

#[test]
fn every_bit_of_a_presence_counts() {
    for count in [1, 2, 3, 40] {
        let map = spread(count);
        let (root, buckets) = (root(&map), Buckets::new(&map, 2));
        for (key, value) in map.iter().step_by(7) {
            let (claim, bytes) = (MapAnswer::Present(*value), buckets.lookup(*key).to_bytes());
            assert!(shows(&root, key, claim, &bytes));
            assert!(!shows(&root, key, MapAnswer::Absent, &bytes));
            assert!(damaged(&bytes).all(|bytes| !shows(&root, key, claim, &bytes)));
            assert!(flipped(root.as_bytes()).all(|root| !shows(&root.into(), key, claim, &bytes)));
            assert!(flipped(key.as_bytes()).all(|key| !shows(&root, &key.into(), claim, &bytes)));
            let mut others = flipped(value.as_bytes()).map(|it| MapAnswer::Present(it.into()));
            assert!(others.all(|claim| !shows(&root, key, claim, &bytes)));
        }
    }
}

#[test]
fn every_bit_of_an_absence_counts() {
    let key = MapKey::file("absent");
    for count in [0, 1, 2, 3, 40] {
        let map = spread(count);
        let (root, bytes) = (root(&map), Buckets::new(&map, 2).lookup(key).to_bytes());
        assert!(shows(&root, &key, MapAnswer::Absent, &bytes));
        assert!(damaged(&bytes).all(|bytes| !shows(&root, &key, MapAnswer::Absent, &bytes)));
        let mut roots = flipped(root.as_bytes());
        assert!(roots.all(|root| !shows(&root.into(), &key, MapAnswer::Absent, &bytes)));
        let present = MapAnswer::Present([0; 32].into());
        assert!(!shows(&root, &key, present, &bytes));
        // The same way cannot show that the other leaf's key is absent too.
        if let Some((_, rest)) = bytes.split_first() {
            let other: MapKey = rest[..32].try_into().unwrap();
            assert!(!shows(&root, &other, MapAnswer::Absent, &bytes));
        }
    }
}

#[test]
fn every_bit_about_a_prefix_counts() {
    let map = spread(40);
    let (root, buckets) = (root(&map), Buckets::new(&map, 2));
    let shows = |root: &MapRoot, prefix: &[u8], subtree: MapRoot, bytes: &[u8]| {
        let proof: Result<PrefixProof, _> = PrefixProof::parse(subtree, bytes);
        proof.is_ok_and(|proof| root.verify_prefix(prefix, &proof) == Ok(subtree))
    };
    for first in 0..=255_u8 {
        let prefix = [first];
        let proof = buckets.prefix(&prefix);
        let (subtree, bytes) = (proof.subtree(), proof.to_bytes());
        assert!(shows(&root, &prefix, subtree, &bytes));
        let none = map.keys().all(|key| key.as_bytes()[0] != first);
        assert_eq!(subtree == MapRoot::EMPTY, none);
        assert!(damaged(&bytes).all(|bytes| !shows(&root, &prefix, subtree, &bytes)));
        let mut others = flipped(subtree.as_bytes());
        assert!(others.all(|other| !shows(&root, &prefix, other.into(), &bytes)));
        assert!(!shows(&root, &prefix, if none { root } else { MapRoot::EMPTY }, &bytes));
    }
}

#[test]
fn an_empty_value_is_not_absence() {
    let pairs = [(vec![0xab], vec![])];
    let trie = MapTrie::join(pairs.iter().map(|(k, v)| Subtree::leaf(k.clone(), v))).unwrap();
    let (root, key) = (trie.root(), vec![0xab]);
    let proof: MapProof<Vec<u8>, Vec<u8>> = trie.plan_lookup(key.clone()).finish(&pairs).unwrap();
    assert_eq!(root.verify_lookup(&key, &proof), Ok(MapAnswer::Present(vec![])));
    assert_eq!(proof.to_bytes(), b"");
    let absent: MapProof<Vec<u8>, Vec<u8>> = MapProof::parse(MapAnswer::Absent, b"").unwrap();
    assert!(root.verify_lookup(&key, &absent).is_err());
    let own_leaf = MapProof::parse(MapAnswer::Absent, &[1, 0xab, 0]).unwrap();
    assert!(root.verify_lookup::<Vec<u8>, Vec<u8>>(&key, &own_leaf).is_err());
}
