//! Reference vectors made by others, read where `INDELIBLE_REFERENCE_VECTORS` says they are.
//!
//! The data is not part of this repository. Unset, the tests say so and pass; set, every file must
//! be there.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use record::{
    Digest, MapAnswer, MapBuilder, MapKey, MapProof, MapRoot, MapValue, PrefixProof, ProjectName,
    map_value,
};
use serde_json::Value;
use tlog::LeafIndex;

use crate::fixture::{Buckets, Map, root};
use crate::oracle;

/// A file of the vectors; `None`, and a word about it, if they are not configured.
fn read(file: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("INDELIBLE_REFERENCE_VECTORS") else {
        println!("skipped: INDELIBLE_REFERENCE_VECTORS is not set");
        return None;
    };
    let path = Path::new(&folder).join(file);
    Some(fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The lines that say something, each as its first word and the others.
fn commands(text: &str) -> Vec<(String, Vec<String>)> {
    let text = text.replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let mut words = line.split_whitespace().map(str::to_owned);
            (words.next().unwrap(), words.collect())
        })
        .collect()
}

/// Hex in one word or several; `''` is zero bytes.
fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !b"' ".contains(byte)).collect();
    let pairs = digits.chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[test]
fn torchwood_tree_hashes() {
    let Some(text) = read("torchwood-mpt/treehash-subset.txt") else { return };
    let mut pairs: Vec<oracle::Pair> = Vec::new();
    let mut checked = 0;
    for (command, arguments) in commands(&text) {
        match command.as_str() {
            "kv" => pairs.push((unhex(&arguments[0]), unhex(&arguments[1]))),
            "hash" => {
                pairs.sort_by_key(|(key, _)| oracle::bits(key));
                let mut builder = MapBuilder::new();
                for (key, value) in pairs.drain(..) {
                    builder.push(key, &value).unwrap();
                }
                assert_eq!(builder.root().to_string(), arguments[0]);
                checked += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(checked, 23);
}

/// What the lines before a verdict said last, by their first word.
type State = BTreeMap<String, String>;

fn root_of(state: &State, name: &str) -> MapRoot {
    MapRoot::parse(&state[name]).unwrap()
}

fn lookup(state: &State) -> bool {
    let claim = match state["val"].as_str() {
        "-" => MapAnswer::Absent,
        value => MapAnswer::Present(unhex(value)),
    };
    let proof: Result<MapProof<Vec<u8>, Vec<u8>>, _> =
        MapProof::parse(claim.clone(), &unhex(&state["proof"]));
    let key = unhex(&state["key"]);
    proof.is_ok_and(|proof| root_of(state, "snap").verify_lookup(&key, &proof) == Ok(claim))
}

fn prefix(state: &State) -> bool {
    let subtree = root_of(state, "hash");
    let proof: Result<PrefixProof<Vec<u8>, Vec<u8>>, _> =
        PrefixProof::parse(subtree, &unhex(&state["proof"]));
    let prefix = unhex(&state["prefix"]);
    proof.is_ok_and(|proof| root_of(state, "snap").verify_prefix(&prefix, &proof) == Ok(subtree))
}

#[test]
fn torchwood_proofs() {
    let Some(text) = read("torchwood-mpt/verify-subset.txt") else { return };
    let mut state = State::new();
    let mut checked = 0;
    for (n, (command, arguments)) in commands(&text).into_iter().enumerate() {
        let accepted = match command.as_str() {
            "verify" => lookup(&state),
            "verifyprefix" => prefix(&state),
            _ => {
                state.insert(command, arguments.join(" "));
                continue;
            }
        };
        assert_eq!(accepted.to_string(), arguments[0], "command {n}: {state:?}");
        checked += 1;
    }
    assert_eq!(checked, 33);
}

fn derived() -> Option<Value> {
    read("derived/derived.json").map(|text| serde_json::from_str(&text).unwrap())
}

fn hex(value: &Value) -> Vec<u8> {
    unhex(value.as_str().unwrap())
}

fn key(value: &Value) -> MapKey {
    hex(value).as_slice().try_into().unwrap()
}

fn claim(value: &Value) -> MapAnswer {
    value.as_str().map_or(MapAnswer::Absent, |text| {
        MapAnswer::Present(MapValue::try_from(unhex(text).as_slice()).unwrap())
    })
}

/// The map of `derived.json`: a thousand projects, the entries going round among them.
fn thousand() -> Map {
    (0..1000_u64)
        .map(|n| {
            let positions = (n..70_000).step_by(1000).map(|at| LeafIndex::new(at).unwrap());
            let name = ProjectName::parse(&format!("p{n}")).unwrap();
            (MapKey::project(&name), map_value(positions).unwrap())
        })
        .collect()
}

#[test]
fn derived_proofs() {
    let Some(derived) = derived() else { return };
    let (mpt, map) = (&derived["mpt"], thousand());
    let (root, buckets) = (root(&map), Buckets::new(&map, 8));
    assert_eq!(root.to_string(), mpt["root_hex"].as_str().unwrap());
    let lookups = mpt["lookups"].as_array().unwrap();
    assert_eq!(lookups.len(), 5);
    for case in lookups {
        let proof = buckets.lookup(key(&case["key_hex"]));
        assert_eq!(proof.to_bytes(), hex(&case["proof_hex"]));
        let answer = root.verify_lookup(&key(&case["key_hex"]), &proof);
        assert_eq!(answer, Ok(claim(&case["value_hex"])));
    }
    let prefixes = mpt["prefixes"].as_array().unwrap();
    assert_eq!(prefixes.len(), 5);
    for case in prefixes {
        let prefix = hex(&case["prefix_hex"]);
        let proof = buckets.prefix(&prefix);
        assert_eq!(proof.to_bytes(), hex(&case["proof_hex"]));
        let subtree = MapRoot::parse(case["subtree_hash_hex"].as_str().unwrap()).unwrap();
        assert_eq!(root.verify_prefix(&prefix, &proof), Ok(subtree));
    }
    let rejected = mpt["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), 11);
    for case in rejected {
        let proof = MapProof::parse(claim(&case["value_hex"]), &hex(&case["proof_hex"]));
        let answer = proof.map(|proof| root.verify_lookup(&key(&case["key_hex"]), &proof));
        assert!(!matches!(answer, Ok(Ok(_))), "{}", case["why"]);
    }
}

#[test]
fn derived_map_keys() {
    let Some(derived) = derived() else { return };
    let keys = derived["map_keys"].as_object().unwrap();
    assert_eq!(keys.len(), 3);
    for (preimage, expected) in keys {
        let computed = match preimage.split_once(':').unwrap() {
            ("file", name) => MapKey::file(name),
            ("project", name) => MapKey::project(&ProjectName::parse(name).unwrap()),
            ("sha256", digest) => MapKey::sha256(&Digest::parse(digest).unwrap()),
            (other, _) => panic!("{other}"),
        };
        assert_eq!(computed, key(expected), "{preimage}");
    }
}
