//! Why a proof is refused: bytes that are none, and those that do not show what is claimed.

use record::{
    Digest, InvalidMapProof, MapAnswer, MapKey, MapProof, MapProofError, MapProofParts, MapRoot,
    MapValue, PrefixProof,
};

use crate::fixture::{Buckets, root, spread};

const SIBLING: [u8; 32] = [7; 32];

/// A step about a bit that is written as these bytes.
fn step(bit: &[u8]) -> Vec<u8> {
    [bit, &SIBLING].concat()
}

#[test]
fn steps_have_one_form() {
    let present = |bytes: &[u8]| -> Result<MapProof, InvalidMapProof> {
        MapProof::parse(MapAnswer::Present([0; 32].into()), bytes)
    };
    let descending = |below, bit| InvalidMapProof::BitsNotDescending { below, bit };
    let cases = [
        ("cut number", vec![0x80], InvalidMapProof::Number),
        ("overlong", step(&[0x8b, 0x00]), InvalidMapProof::Number),
        ("three bytes", step(&[0x80, 0x80, 0x01]), InvalidMapProof::Number),
        ("bit 256", step(&[0x80, 0x02]), InvalidMapProof::BitBeyondKey(256)),
        ("bit 16383", step(&[0xff, 0x7f]), InvalidMapProof::BitBeyondKey(16383)),
        ("no sibling", vec![0x00], InvalidMapProof::Truncated),
        ("cut sibling", step(&[0x09])[..32].to_vec(), InvalidMapProof::Truncated),
        ("trailing", [step(&[0x09]), vec![0x08]].concat(), InvalidMapProof::Truncated),
        ("same bit", [step(&[0x09]), step(&[0x09])].concat(), descending(9, 9)),
        ("ascending", [step(&[0x09]), step(&[0xff, 0x01])].concat(), descending(9, 255)),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(present(&bytes), Err(expected), "{name}");
    }
    let highest = [step(&[0xff, 0x01]), step(&[0x00])].concat();
    assert_eq!(present(&highest).unwrap().to_bytes(), highest);
}

#[test]
fn the_other_leaf_has_one_form() {
    let word = |length: u8| [vec![length], vec![7; length.into()]].concat();
    let leaf = |key: u8, value: u8| [word(key), word(value)].concat();
    let overlong = [vec![0xa0, 0x00], vec![7; 32], word(32)].concat();
    let cases = [
        ("key of 31 bytes", leaf(31, 32), InvalidMapProof::Length(31)),
        ("key of 33 bytes", leaf(33, 32), InvalidMapProof::Length(33)),
        ("no key", leaf(0, 32), InvalidMapProof::Length(0)),
        ("value of 31 bytes", leaf(32, 31), InvalidMapProof::Length(31)),
        ("no value", leaf(32, 0), InvalidMapProof::Length(0)),
        ("overlong", overlong, InvalidMapProof::Number),
        ("key only", word(32), InvalidMapProof::Number),
        ("cut key", word(32)[..32].to_vec(), InvalidMapProof::Truncated),
        ("cut value", leaf(32, 32)[..65].to_vec(), InvalidMapProof::Truncated),
        ("long key", [0xff, 0x7f].to_vec(), InvalidMapProof::Truncated),
        ("cut step", [leaf(32, 32), vec![0x00]].concat(), InvalidMapProof::Truncated),
    ];
    for (name, bytes, expected) in cases {
        let absent: Result<MapProof, _> = MapProof::parse(MapAnswer::Absent, &bytes);
        assert_eq!(absent, Err(expected), "{name}");
        let none: Result<PrefixProof, _> = PrefixProof::parse(MapRoot::EMPTY, &bytes);
        assert_eq!(none, Err(expected), "{name}");
    }
    let whole: MapProof = MapProof::parse(MapAnswer::Absent, &leaf(32, 32)).unwrap();
    assert_eq!(whole.to_bytes(), leaf(32, 32));
}

#[test]
fn a_proof_of_something_else_says_why() {
    let map = spread(20);
    let (root, buckets) = (root(&map), Buckets::new(&map, 3));
    let (first, last) = (*map.keys().next().unwrap(), *map.keys().last().unwrap());
    let absent = MapKey::from([0x00; 32]);
    let proof = buckets.lookup(absent);
    let there: MapKey = proof.to_bytes()[1..33].try_into().unwrap();
    assert_eq!(there, first, "the bits of zero lead to the first leaf");
    assert_eq!(root.verify_lookup(&first, &proof), Err(MapProofError::NotAbsent));
    let elsewhere = root.verify_lookup(&last, &proof).unwrap_err();
    assert!(matches!(elsewhere, MapProofError::OffPath { .. }), "{elsewhere}");
    let mismatch = MapRoot::EMPTY.verify_lookup(&absent, &proof).unwrap_err();
    assert_eq!(mismatch, MapProofError::RootMismatch { expected: MapRoot::EMPTY, computed: root });

    let deep = buckets.prefix(&first.as_bytes()[..4]);
    let shallow = root.verify_prefix(b"", &deep).unwrap_err();
    assert!(matches!(shallow, MapProofError::InsidePrefix { .. }), "{shallow}");
    let none = buckets.prefix(&[0x00; 32]);
    assert_eq!(root.verify_prefix(b"", &none), Err(MapProofError::NotAbsent));
    assert_eq!(root.verify_prefix(&first.as_bytes()[..2], &none), Err(MapProofError::NotAbsent));
}

/// Hash of the pair of a key and a value of sevens.
fn leaf(key: &MapKey) -> MapRoot {
    let preimage = [&[0x00, 32], key.as_bytes().as_slice(), &[32], &[7; 32]].concat();
    MapRoot::from(*Digest::sha256(&preimage).as_bytes())
}

/// Hash of the node above two others, at a bit below 128.
fn inner(bit: u8, left: MapRoot, right: MapRoot) -> MapRoot {
    let preimage = [&[0x01, bit], left.as_bytes().as_slice(), right.as_bytes()].concat();
    MapRoot::from(*Digest::sha256(&preimage).as_bytes())
}

#[test]
fn a_leaf_in_the_wrong_place_shows_no_absence() {
    // Who makes such a map hides the key that belongs where the other one is.
    let (low, high) = (MapKey::from([0x00; 32]), MapKey::from([0x80; 32]));
    let root = inner(0, leaf(&high), leaf(&low));
    let other = [&[32], high.as_bytes().as_slice(), &[32], &[7; 32]].concat();
    let step = [&[0], leaf(&low).as_bytes().as_slice()].concat();
    let proof: MapProof = MapProof::parse(MapAnswer::Absent, &[other, step].concat()).unwrap();
    assert_eq!(root.verify_lookup(&low, &proof), Err(MapProofError::OffPath { bit: 0 }));
}

#[test]
fn half_of_the_keys_with_a_prefix_are_not_all_of_them() {
    let [mut left, mut right] = [[0x00; 32]; 2];
    (left[0], right[0], right[1]) = (0x5a, 0x5a, 0x80);
    let [left, right] = [left, right].map(|key| leaf(&MapKey::from(key)));
    let root = inner(8, left, right);
    let step = [&[8], right.as_bytes().as_slice()].concat();
    let half: PrefixProof = PrefixProof::parse(left, &step).unwrap();
    assert_eq!(root.verify_prefix(&[0x5a], &half), Err(MapProofError::InsidePrefix { bit: 8 }));
    assert_eq!(root.verify_prefix(&[0x5a, 0x00], &half), Ok(left));
    let all: PrefixProof = PrefixProof::parse(root, b"").unwrap();
    assert_eq!(root.verify_prefix(&[0x5a], &all), Ok(root));
}

#[test]
fn parts_fit_their_claim() {
    let value = MapValue::from([0; 32]);
    let (present, absent) = (MapAnswer::Present(value), MapAnswer::Absent);
    let leaf = || Some((MapKey::from([1; 32]), [2; 32].into()));
    let step = |bit: u8| (bit, MapRoot::from(SIBLING));
    let refused = |claim, other_leaf, steps: Vec<(u8, MapRoot)>| {
        MapProof::from_parts(claim, MapProofParts { other_leaf, steps }).err()
    };
    let descending = |below, bit| Some(InvalidMapProof::BitsNotDescending { below, bit });
    assert_eq!(refused(present, leaf(), vec![]), Some(InvalidMapProof::OtherLeaf));
    assert_eq!(refused(absent, None, vec![step(3)]), Some(InvalidMapProof::OtherLeaf));
    assert_eq!(refused(absent, leaf(), vec![step(3), step(3)]), descending(3, 3));
    assert_eq!(refused(present, None, vec![step(3), step(9)]), descending(3, 9));
    assert_eq!(refused(absent, None, vec![]), None);
    assert_eq!(refused(present, None, vec![step(9), step(3)]), None);
}
