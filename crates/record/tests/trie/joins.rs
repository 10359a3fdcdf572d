//! Buckets joined to the whole give what the whole gives: its root and its proofs.

use proptest::prelude::*;
use record::{
    BucketTree, MapAnswer, MapBucket, MapKey, MapRoot, MapTrie, OrderError, PairsError, Subtree,
};

use crate::fixture::{Buckets, Map, any_key, any_map, pairs, plain, root, spread, summary};
use crate::oracle;

/// Widths of buckets, in bits, that all tests go through.
const WIDTHS: std::ops::RangeInclusive<u32> = 0..=16;

fn answer(map: &Map, key: &MapKey) -> MapAnswer {
    map.get(key).map_or(MapAnswer::Absent, |value| MapAnswer::Present(*value))
}

fn check(map: &Map, keys: &[MapKey]) {
    let (whole, pairs) = (root(map), plain(map));
    assert_eq!(*whole.as_bytes(), oracle::root(&pairs));
    for width in WIDTHS {
        let buckets = Buckets::new(map, width);
        assert_eq!(buckets.trie().root(), whole, "{width} bits");
        for key in keys {
            let proof = buckets.lookup(*key);
            assert_eq!(proof.to_bytes(), oracle::proof(&pairs, key.as_bytes()), "{width} bits");
            assert_eq!(whole.verify_lookup(key, &proof), Ok(answer(map, key)), "{width} bits");
        }
    }
    check_tree(map, keys);
}

/// Proofs from the tree of the buckets, and from smaller parts of a bucket.
fn check_tree(map: &Map, keys: &[MapKey]) {
    let pairs = plain(map);
    for bits in (0..=15).step_by(BucketTree::FAN_BITS.into()) {
        let buckets = Buckets::new(map, bits.into());
        let parts = Buckets::new(map, u32::from(bits) + 3);
        let tree = BucketTree::empty(bits).with(&buckets.summaries()).unwrap();
        assert_eq!(tree.root(), root(map));
        for key in keys {
            let expected = oracle::proof(&pairs, key.as_bytes());
            let mut plan = tree.plan_lookup(*key);
            let proof = plan.clone().finish(buckets.load(plan.part())).unwrap();
            assert_eq!(proof.to_bytes(), expected, "{bits} bits");
            if let Some(part) = plan.part() {
                let bucket = MapBucket::of(part.key(), bits);
                let inside = parts.summaries().into_iter();
                plan.enter(inside.filter(|part| bucket.contains(part.key()))).unwrap();
            }
            let proof = plan.clone().finish(parts.load(plan.part())).unwrap();
            assert_eq!(proof.to_bytes(), expected, "parts of {bits} bits");
        }
    }
}

#[test]
fn other_parts_than_those_of_the_bucket_are_refused() {
    let map = spread(300);
    let tree = BucketTree::empty(5).with(&Buckets::new(&map, 5).summaries()).unwrap();
    let key = *map.keys().nth(123).unwrap();
    let mut plan = tree.plan_lookup(key);
    let bucket = MapBucket::of(&key, 5);
    let parts = Buckets::new(&map, 8).summaries();
    let mut inside: Vec<_> = parts.iter().copied().filter(|it| bucket.contains(it.key())).collect();
    for wrong in [&parts[..], &inside[1..], &inside[..1], &[]] {
        assert!(matches!(plan.enter(wrong.to_vec()), Err(PairsError::HashMismatch { .. })));
    }
    inside.swap(0, 1);
    let swapped = plan.enter(inside.clone());
    assert_eq!(swapped, Err(PairsError::Order(OrderError::NotAscending)));
    inside.swap(0, 1);
    assert_eq!(plan.part().map(Subtree::hash), tree.get(&key).map(Subtree::hash));
    plan.enter(inside).unwrap();
}

#[test]
fn no_bucket_one_bucket_or_one_key_each() {
    let key = |first: u8, last: u8| {
        let mut key = [first; 32];
        key[31] = last;
        MapKey::from(key)
    };
    let maps: [&[MapKey]; 6] = [
        &[],
        &[key(0, 0)],
        &[key(0xff, 0xff)],
        // All in the first, the last, or a middle bucket.
        &[key(0, 0), key(0, 1), key(0, 0x80)],
        &[key(0xff, 0), key(0xff, 0xfe), key(0xff, 0xff)],
        &[key(0, 0), key(0, 1), key(0x5a, 7), key(0xff, 0), key(0xff, 1)],
    ];
    let asked = [key(0, 0), key(0, 2), key(0x5a, 7), key(0x5a, 8), key(0x80, 0), key(0xff, 0xff)];
    for keys in maps {
        let map: Map = keys.iter().map(|key| (*key, (*key.as_bytes()).into())).collect();
        check(&map, &asked);
    }
}

#[test]
fn a_recomputed_bucket_takes_its_place() {
    let mut map = spread(300);
    let mut summaries = Buckets::new(&map, 4).summaries();
    let touched = *map.keys().nth(123).unwrap();
    map.insert(touched, [0x77; 32].into());
    let first = |key: &MapKey| key.as_bytes()[0] >> 4;
    let bucket: Vec<_> =
        pairs(&map).into_iter().filter(|(key, _)| first(key) == first(&touched)).collect();
    let place = summaries.iter_mut().find(|it| first(it.key()) == first(&touched)).unwrap();
    *place = summary(&bucket).unwrap();
    assert_eq!(MapTrie::join(summaries).unwrap().root(), root(&map));
}

#[test]
fn parts_out_of_order_are_refused() {
    let mut parts = Buckets::new(&spread(100), 3).summaries();
    let twice = [parts[0], parts[0]];
    assert_eq!(MapTrie::join(twice).unwrap_err(), OrderError::NotAscending);
    parts.swap(3, 4);
    assert_eq!(MapTrie::join(parts).unwrap_err(), OrderError::NotAscending);
}

#[test]
fn other_pairs_than_those_asked_for_are_refused() {
    let map = spread(100);
    let buckets = Buckets::new(&map, 3);
    let trie = buckets.trie();
    let key = *map.keys().next().unwrap();
    let plan = trie.plan_lookup(key);
    let loaded = buckets.load(plan.part()).to_vec();
    let mut changed = loaded.clone();
    changed[1].1 = [0; 32].into();
    let mut added = loaded.clone();
    added.push((MapKey::from([0x1f; 32]), [0; 32].into()));
    let other = buckets.load(trie.plan_lookup(*map.keys().last().unwrap()).part());
    let expected = plan.part().unwrap().hash();
    for pairs in [&changed, &added, &loaded[1..], &[], other] {
        let computed = summary(pairs).map_or(MapRoot::EMPTY, |top| top.hash());
        let error = PairsError::HashMismatch { expected, computed };
        assert_eq!(plan.clone().finish(pairs), Err(error));
    }
    let mut swapped = loaded.clone();
    swapped.swap(0, 1);
    assert_eq!(plan.clone().finish(&swapped), Err(PairsError::Order(OrderError::NotAscending)));
    assert!(plan.finish(&loaded).is_ok());
}

#[test]
fn pairs_where_none_are_needed_are_refused() {
    let pairs = pairs(&spread(1));
    let empty: MapTrie = MapTrie::join([]).unwrap();
    assert_eq!(empty.plan_lookup(pairs[0].0).part(), None);
    assert!(empty.plan_lookup(pairs[0].0).finish(&pairs).is_err());
    let single = MapTrie::join([Subtree::leaf(pairs[0].0, &pairs[0].1)]).unwrap();
    assert_eq!(single.plan_prefix(b"").part(), None);
    assert!(single.plan_prefix(b"").finish(&pairs).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_width_gives_the_same(map in any_map(), absent in prop::collection::vec(any_key(), 5)) {
        let members = map.keys().step_by(4).copied();
        check(&map, &absent.iter().copied().chain(members).collect::<Vec<_>>());
    }

    #[test]
    fn prefixes_give_the_same(map in any_map(), key in any_key(), length in 0..33_usize) {
        let prefix = &key.as_bytes()[..length];
        let with: Map =
            map.iter().filter(|(key, _)| key.as_bytes().starts_with(prefix)).map(|(k, v)| (*k, *v)).collect();
        for width in WIDTHS {
            let proof = Buckets::new(&map, width).prefix(prefix);
            prop_assert_eq!(root(&map).verify_prefix(prefix, &proof), Ok(root(&with)));
        }
    }
}
