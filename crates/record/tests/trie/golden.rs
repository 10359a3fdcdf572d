//! The frozen bytes: every change of a root, of a proof's bytes, or of a refusal's reason shows here.
//! `INDELIBLE_BLESS=1` writes the files anew.

use std::fs;
use std::path::PathBuf;

use record::{Digest, MapAnswer, MapKey, MapProof, MapValue, ProjectName, map_value};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tlog::LeafIndex;

use crate::fixture::{Buckets, Map, root};

/// Compares with the file under `tests/vectors/trie`, or writes it.
fn check(file: &str, vectors: &[Value]) {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/trie");
    let path = directory.join(file);
    let current = serde_json::to_string_pretty(vectors).unwrap() + "\n";
    if std::env::var_os("INDELIBLE_BLESS").is_some() {
        fs::create_dir_all(&directory).unwrap();
        fs::write(&path, &current).unwrap();
    }
    let frozen = fs::read_to_string(&path).unwrap();
    assert_eq!(current, frozen, "{} differs", path.display());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn key(n: u64) -> MapKey {
    MapKey::project(&ProjectName::parse(&format!("project-{n}")).unwrap())
}

/// Keys `project:project-N`, each with the positions N, N+count, N+2*count.
fn map(count: u64) -> Map {
    let positions = |n: u64| (0..3).map(move |round| LeafIndex::new(n + round * count).unwrap());
    (0..count).map(|n| (key(n), map_value(positions(n)).unwrap())).collect()
}

fn shown(claim: MapAnswer) -> Option<String> {
    match claim {
        MapAnswer::Absent => None,
        MapAnswer::Present(value) => Some(hex(value.as_bytes())),
    }
}

#[test]
fn maps_keep_their_roots_and_proofs() {
    let mut vectors = Vec::new();
    for count in [0, 1, 2, 3, 17, 300] {
        let map = map(count);
        let (root, buckets) = (root(&map), Buckets::new(&map, 4));
        let mut lookups = Vec::new();
        for n in [0, count / 2, count] {
            let proof = buckets.lookup(key(n));
            let answer = root.verify_lookup(&key(n), &proof).unwrap();
            lookups.push(json!({
                "key": hex(key(n).as_bytes()), "value": shown(answer), "proof": hex(&proof.to_bytes()),
            }));
        }
        let (first, mut prefixes) = (key(0), Vec::new());
        for length in [0, 1, 2, 32] {
            let prefix = &first.as_bytes()[..length];
            let proof = buckets.prefix(prefix);
            let subtree = root.verify_prefix(prefix, &proof).unwrap();
            prefixes.push(json!({
                "prefix": hex(prefix), "subtree": subtree, "proof": hex(&proof.to_bytes()),
            }));
        }
        vectors.push(json!({
            "count": count, "root": root, "lookups": lookups, "prefixes": prefixes,
        }));
    }
    check("maps.json", &vectors);
}

/// The root after each of two thousand pairs, all hashed into one.
#[test]
fn a_growing_map_keeps_its_roots() {
    let (mut map, mut all) = (Map::new(), Sha256::new());
    for n in 0..2000_u64 {
        let value = MapValue::from(*Digest::sha256(&n.to_be_bytes()).as_bytes());
        map.insert(key(n % 1500), value);
        if n % 10 == 0 {
            all.update(root(&map).as_bytes());
        }
    }
    check("growth.json", &[json!({ "last": root(&map), "all": hex(&all.finalize()) })]);
}

#[test]
fn refusals_keep_their_reasons() {
    let map = map(17);
    let (root, buckets) = (root(&map), Buckets::new(&map, 4));
    let (there, missing) = (key(5), key(17));
    let present = buckets.lookup(there);
    let (claim, steps) = (present.claim(), present.to_bytes());
    let absence = buckets.lookup(missing).to_bytes();
    let first = steps[0];
    let other_root = root.as_bytes().map(|byte| !byte);
    let none = MapAnswer::Absent;
    let value = MapAnswer::Present([0; 32].into());
    let cases = [
        ("another value", there, value, steps.clone()),
        ("another key", missing, claim, steps.clone()),
        ("absent, by the steps alone", there, none, steps.clone()),
        ("absent, by nothing", missing, none, Vec::new()),
        ("absent, by the own leaf", absence[1..33].try_into().unwrap(), none, absence.clone()),
        ("absent, by a leaf elsewhere", key(6), none, absence.clone()),
        ("present, by an absence", missing, value, absence.clone()),
        ("cut off", there, claim, steps[..steps.len() - 1].to_vec()),
        ("trailing byte", there, claim, [steps.as_slice(), &[0]].concat()),
        ("first step missing", there, claim, steps[33..].to_vec()),
        ("last step missing", there, claim, steps[..steps.len() - 33].to_vec()),
        ("first step twice", there, claim, [&steps[..33], &steps].concat()),
        ("overlong bit", there, claim, [&[first | 0x80, 0x00], &steps[1..]].concat()),
        ("bit 256", there, claim, [&[0x80, 0x02], &steps[1..]].concat()),
        ("sibling changed", there, claim, [&[first], &other_root[..], &steps[33..]].concat()),
        ("short key", missing, none, [&[31], &absence[2..]].concat()),
    ];
    let vectors: Vec<Value> = cases
        .into_iter()
        .map(|(name, key, claim, bytes)| {
            let reason = match MapProof::parse(claim, &bytes) {
                Err(invalid) => invalid.to_string(),
                Ok(proof) => root.verify_lookup(&key, &proof).expect_err(name).to_string(),
            };
            json!({
                "name": name, "root": root, "key": hex(key.as_bytes()), "value": shown(claim),
                "proof": hex(&bytes), "reason": reason,
            })
        })
        .collect();
    check("refusals.json", &vectors);
}
