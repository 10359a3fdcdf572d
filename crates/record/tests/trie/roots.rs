//! Roots in one pass: against the oracle, in any composition, and in ascending order only.

use proptest::prelude::*;
use record::{Digest, MapBuilder, MapKey, MapRoot, MapValue, OrderError, Subtree};

use crate::fixture::{self, Map, any_map, pairs, plain, root, spread, summary};
use crate::oracle;

#[test]
fn the_empty_map() {
    assert_eq!(MapRoot::EMPTY.as_bytes(), Digest::sha256(b"").as_bytes());
    assert_eq!(root(&Map::new()), MapRoot::EMPTY);
    assert_eq!(MapBuilder::<MapKey>::default().finish(), None);
}

#[test]
fn known_roots() {
    let cases = [
        (
            vec![(vec![0xab], 0xcd)],
            "e2803f59293564e96b6c5c16157cec731a294631aefb5d08d18630ed6a27184c",
        ),
        (
            vec![(vec![0xab, 0x00, 0xff], 0x22), (vec![0xab], 0x21)],
            "a14eef717d6b534afafafceff9fb28bfc56f5b5a01e98055939091d0d10e149f",
        ),
    ];
    for (pairs, expected) in cases {
        let mut builder = MapBuilder::new();
        for (key, value) in &pairs {
            builder.push(key, &[*value]).unwrap();
        }
        assert_eq!(builder.root().to_string(), expected, "{pairs:x?}");
    }
}

#[test]
fn every_size_agrees_with_the_oracle() {
    let mut map = Map::new();
    for (key, value) in spread(150) {
        map.insert(key, value);
        assert_eq!(*root(&map).as_bytes(), oracle::root(&plain(&map)), "{} pairs", map.len());
    }
}

#[test]
fn keys_out_of_order_are_refused_and_change_nothing() {
    let (low, middle, high) = ([0x10; 32], [0x20; 32], [0x30; 32]);
    for refused in [low, middle] {
        let mut builder = MapBuilder::new();
        for key in [low, middle] {
            builder.push(MapKey::from(key), &[1; 32]).unwrap();
        }
        let error = builder.push(MapKey::from(refused), &[2; 32]);
        assert_eq!(error, Err(OrderError::NotAscending));
        builder.push(MapKey::from(high), &[1; 32]).unwrap();
        let map: Map =
            [low, middle, high].map(|key| (MapKey::from(key), MapValue::from([1; 32]))).into();
        assert_eq!(builder.root(), root(&map));
    }
}

#[test]
fn keys_that_belong_inside_a_given_subtree_are_refused() {
    let key = |first: u8| MapKey::from([first; 32]);
    let subtree = |firsts: [u8; 2]| {
        summary(&firsts.map(|first| (key(first), MapValue::from([0; 32])))).unwrap()
    };
    // 0x10 and 0x17 part at bit 5, so the subtree is the only place for keys from 0x10 to 0x17.
    let inside = subtree([0x10, 0x17]);
    assert_eq!(inside.top(), Some(5));
    let cases = [
        (inside, Subtree::leaf(key(0x12), &[0; 32])),
        (inside, subtree([0x13, 0x18])),
        (subtree([0x0f, 0x16]), Subtree::leaf(key(0x17), &[0; 32])),
        (Subtree::leaf(key(0x11), &[0; 32]), subtree([0x12, 0x16])),
    ];
    for (first, then) in cases {
        let mut builder = MapBuilder::new();
        builder.push_subtree(first).unwrap();
        let before = builder.clone().root();
        assert!(builder.push_subtree(then).is_err(), "{first:?} {then:?}");
        assert_eq!(builder.root(), before);
    }
    let mut builder = MapBuilder::new();
    builder.push_subtree(inside).unwrap();
    let error = builder.push(MapKey::from([0x12; 32]), &[0; 32]);
    assert_eq!(error, Err(OrderError::Overlapping));
    builder.push(key(0x18), &[0; 32]).unwrap();
}

#[test]
fn keys_of_other_lengths_that_are_alike_too_long_are_refused() {
    let mut builder = MapBuilder::new();
    builder.push(vec![7; 40], b"").unwrap();
    assert_eq!(builder.push(vec![7; 41], b""), Err(OrderError::NotAscending));
}

/// Keys of few bytes, rich in those that the end of a key is like.
fn any_short_map() -> impl Strategy<Value = Vec<oracle::Pair>> {
    let byte = prop::sample::select(vec![0x00, 0x01, 0x7f, 0x80, 0xab, 0xfe, 0xff]);
    let key = prop::collection::vec(byte, 0..6);
    let value = prop::collection::vec(any::<u8>(), 0..200);
    prop::collection::btree_map(key, value, 0..30).prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn order_of_arrival_does_not_matter(
        shuffled in any_map().prop_flat_map(|map| Just(plain(&map)).prop_shuffle())
    ) {
        let sorted: Map = shuffled
            .iter()
            .map(|(key, value)| (key.as_slice().try_into().unwrap(), value.as_slice().try_into().unwrap()))
            .collect();
        prop_assert_eq!(*root(&sorted).as_bytes(), oracle::root(&shuffled));
    }

    #[test]
    fn keys_of_any_length_agree_with_the_oracle(mut pairs in any_short_map()) {
        let expected = oracle::root(&pairs);
        pairs.sort_by_key(|(key, _)| oracle::bits(key));
        let mut builder = MapBuilder::new();
        for (key, value) in &pairs {
            builder.push(key, value).unwrap();
        }
        prop_assert_eq!(*builder.root().as_bytes(), expected);
    }

    #[test]
    fn subtrees_and_pairs_mix(map in any_map(), width in 0..=16_u32, whole in any::<u64>()) {
        let buckets = fixture::Buckets::new(&map, width);
        let mut builder = MapBuilder::new();
        for (n, summary) in buckets.summaries().into_iter().enumerate() {
            if whole >> (n % 64) & 1 == 1 {
                builder.push_subtree(summary).unwrap();
            } else {
                for (key, value) in buckets.load(Some(&summary)) {
                    builder.push(*key, value).unwrap();
                }
            }
        }
        prop_assert_eq!(builder.root(), summary(&pairs(&map)).map_or(MapRoot::EMPTY, |s| s.hash()));
    }
}
