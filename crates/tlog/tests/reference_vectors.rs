//! Reference vectors made by others, read where `INDELIBLE_REFERENCE_VECTORS` says they are.
//!
//! The data is not part of this repository. Unset, the tests say so and pass; set, every file must
//! be there.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tlog::{
    Bundle, ConsistencyProof, CosigningKey, Hash, InclusionProof, LeafIndex, Policy, ProofFile,
    RightEdge, SignedCheckpoint, SigningKey, TileKind, TilePath, TreeHead, TreeSize, Verified,
    VerifyingKey, cosign, leaf_hash,
};

/// The folder of the vectors; `None`, and a word about it, if it is not configured.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("INDELIBLE_REFERENCE_VECTORS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: INDELIBLE_REFERENCE_VECTORS is not set");
    }
    folder
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&read(path)).unwrap()
}

/// All JSON files of a folder and those below it.
fn json_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files.extend(json_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files
}

/// A base64 value of 32 bytes; `None` for the wrong lengths that the vectors contain on purpose.
fn hash(value: &Value) -> Option<Hash> {
    Hash::try_from(STANDARD.decode(value.as_str()?).unwrap().as_slice()).ok()
}

fn hashes(value: &Value) -> Option<Vec<Hash>> {
    if value.is_null() {
        return Some(Vec::new());
    }
    value.as_array()?.iter().map(hash).collect()
}

fn size(value: &Value) -> Option<TreeSize> {
    TreeSize::new(value.as_u64().unwrap()).ok()
}

fn index(value: &Value) -> Option<LeafIndex> {
    LeafIndex::new(value.as_u64().unwrap()).ok()
}

/// Whether the case verifies; whatever does not even make the types is refused.
fn inclusion(case: &Value) -> Option<()> {
    let head = TreeHead { size: size(&case["treeSize"])?, root: hash(&case["root"])? };
    let proof = InclusionProof::new(hashes(&case["proof"])?);
    head.verify_inclusion(index(&case["leafIdx"])?, &hash(&case["leafHash"])?, &proof).ok()
}

/// As [`inclusion`]; these vectors leave the older size 0 to the caller and refuse it.
fn consistency(case: &Value) -> Option<()> {
    let older = TreeHead { size: size(&case["size1"])?, root: hash(&case["root1"])? };
    let newer = TreeHead { size: size(&case["size2"])?, root: hash(&case["root2"])? };
    let proof = ConsistencyProof::new(hashes(&case["proof"])?);
    if older.size == TreeSize::ZERO {
        return None;
    }
    newer.verify_consistency(&older, &proof).ok()
}

fn run_cases(folder: &Path, verify: fn(&Value) -> Option<()>, skipped: &str) -> (usize, usize) {
    let (mut positive, mut negative) = (0, 0);
    for path in json_files(folder) {
        if !skipped.is_empty() && path.ends_with(skipped) {
            continue;
        }
        let case = read_json(&path);
        let refused = case["wantErr"].as_bool().unwrap();
        assert_eq!(verify(&case).is_none(), refused, "{}: {}", path.display(), case["desc"]);
        if refused {
            negative += 1;
        } else {
            positive += 1;
        }
    }
    (positive, negative)
}

#[test]
fn transparency_dev_merkle() {
    let Some(folder) = folder() else { return };
    let testdata = folder.join("transparency-dev-merkle/testdata");
    let counts = run_cases(&testdata.join("inclusion"), inclusion, "");
    assert_eq!(counts, (6, 92));
    // Equal roots of 12 bytes, which a type for hashes cannot hold.
    let skipped = "additional/sizes-are-equal-one-and-proof-is-empty.json";
    let counts = run_cases(&testdata.join("consistency"), consistency, skipped);
    assert_eq!(counts, (5, 92));
}

/// A complete log of fifteen entries with a checkpoint of each size.
#[test]
fn tessera_test_log() {
    let Some(folder) = folder() else { return };
    let log = folder.join("tessera-testlog/testdata/log");
    let vkey = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    let policy = Policy::single(VerifyingKey::parse(vkey).unwrap()).unwrap();
    let mut edge = RightEdge::empty();
    let mut older = TreeHead::EMPTY;
    for n in 0..=15_u64 {
        let bytes = read(&log.join(format!("checkpoint.{n}")));
        let signed = SignedCheckpoint::parse(&bytes).unwrap();
        assert_eq!(signed.to_bytes(), bytes);
        let head = policy.verify(&signed).unwrap().head();
        assert_eq!(head.size.get(), n);
        let objects: Vec<(TilePath, Vec<u8>)> = RightEdge::plan(head.size)
            .into_iter()
            .map(|path| (path, read(&log.join(path.to_string()))))
            .collect();
        assert_eq!(RightEdge::open(head, objects.clone()).unwrap().head(), head);
        if let Some((path, bundle)) = objects.first() {
            let bundle = Bundle::parse(bundle, path.width()).unwrap();
            let last = bundle.entries().last().unwrap();
            let integrated = edge.append(&[last]).unwrap();
            assert_eq!(integrated.objects, objects, "the objects of size {n}");
            edge = integrated.edge;
        }
        assert_eq!(edge.head(), head);
        check_growth(older, head, &objects);
        older = head;
    }
    assert_eq!(read(&log.join("checkpoint")), read(&log.join("checkpoint.15")));
}

fn check_growth(older: TreeHead, head: TreeHead, objects: &[(TilePath, Vec<u8>)]) {
    let tiles = objects.iter().filter(|(path, _)| path.kind() != TileKind::Entries);
    let tiles = tiles.map(|(path, bytes)| (*path, bytes));
    let verified = Verified::new(head, tiles).unwrap();
    let proof = verified.consistency(older.size).unwrap();
    head.verify_consistency(&older, &proof).unwrap();
}

fn derived() -> Option<Value> {
    folder().map(|folder| read_json(&folder.join("derived/derived.json")))
}

fn unhex(text: &Value) -> Vec<u8> {
    let digits = text.as_str().unwrap().as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn derived_roots_of_the_classic_leaves() {
    let Some(derived) = derived() else { return };
    let reference = &derived["ct_reference"];
    let leaves: Vec<Vec<u8>> =
        reference["leaves_hex"].as_array().unwrap().iter().map(unhex).collect();
    let roots = reference["roots_hex"].as_array().unwrap();
    assert_eq!((leaves.len(), roots.len()), (8, 9));
    for (n, root) in roots.iter().enumerate() {
        let head = RightEdge::empty().append(&leaves[..n]).unwrap().edge.head();
        assert_eq!(head.root.as_bytes().as_slice(), unhex(root), "size {n}");
    }
}

/// Objects and head of the tree whose leaf `i` is `i` as eight big-endian bytes.
fn numbered(n: u64) -> (Vec<(TilePath, Vec<u8>)>, TreeHead) {
    let entries: Vec<[u8; 8]> = (0..n).map(u64::to_be_bytes).collect();
    let integrated = RightEdge::empty().append(&entries).unwrap();
    let head = integrated.edge.head();
    (integrated.objects, head)
}

fn verified(n: u64) -> Verified {
    let (objects, head) = numbered(n);
    let tiles = objects.into_iter().filter(|(path, _)| path.kind() != TileKind::Entries);
    Verified::new(head, tiles).unwrap()
}

#[test]
fn derived_roots_and_tiles_of_numbered_leaves() {
    let Some(derived) = derived() else { return };
    let tree = &derived["tree_u64be"];
    let roots = tree["roots_b64"].as_object().unwrap();
    assert_eq!(roots.len(), 16);
    for (n, root) in roots {
        let (_, head) = numbered(n.parse().unwrap());
        assert_eq!(head.root.to_string(), text(root), "size {n}");
    }
    let (objects, _) = numbered(70_000);
    let tiles = tree["tiles_at_70000"].as_array().unwrap();
    assert_eq!(tiles.len(), 6);
    for expected in tiles.iter().chain([&tree["last_bundle"]]) {
        let path: TilePath = text(&expected["path"]).parse().unwrap();
        let (_, bytes) = objects.iter().find(|(written, _)| *written == path).unwrap();
        assert_eq!(bytes.len() as u64, expected["len"].as_u64().unwrap(), "{path}");
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        assert_eq!(digest.to_vec(), unhex(&expected["sha256"]), "{path}");
    }
    let paths = derived["tile_paths"].as_object().unwrap();
    assert_eq!(paths.len(), 9);
    for (index, groups) in paths {
        let path = TilePath::new(TileKind::Hashes(0), index.parse().unwrap(), 256).unwrap();
        assert_eq!(path.to_string(), format!("tile/0/{}", text(groups)));
    }
}

#[test]
fn derived_proofs_of_numbered_leaves() {
    let Some(derived) = derived() else { return };
    let inclusion = derived["tree_u64be"]["inclusion"].as_array().unwrap();
    assert_eq!(inclusion.len(), 11);
    for case in inclusion {
        let (position, tree) = (index(&case["index"]).unwrap(), &case["size"]);
        let tree = verified(tree.as_u64().unwrap());
        let proof = InclusionProof::new(hashes(&case["proof_b64"]).unwrap());
        assert_eq!(tree.inclusion(position).unwrap(), proof, "{position}");
        let leaf = leaf_hash(&position.get().to_be_bytes());
        tree.head().verify_inclusion(position, &leaf, &proof).unwrap();
    }
    let consistency = derived["tree_u64be"]["consistency"].as_array().unwrap();
    assert_eq!(consistency.len(), 14);
    for case in consistency {
        let (from, to) = (case["from"].as_u64().unwrap(), case["to"].as_u64().unwrap());
        let tree = verified(to);
        let (_, older) = numbered(from);
        let proof = ConsistencyProof::new(hashes(&case["proof_b64"]).unwrap());
        assert_eq!(tree.consistency(older.size).unwrap(), proof, "{from} to {to}");
        assert_eq!(tree.root_at(older.size).unwrap(), older.root);
        tree.head().verify_consistency(&older, &proof).unwrap();
    }
}

#[test]
fn derived_notes() {
    let Some(derived) = derived() else { return };
    let note = &derived["note"];
    let (log_vkey, witness_vkey) = (text(&note["log_vkey"]), text(&note["witness_vkey"]));
    let log = VerifyingKey::parse(log_vkey).unwrap();
    let log_seed: [u8; 32] = unhex(&note["log_seed_hex"]).try_into().unwrap();
    let log_key = SigningKey::from_seed(log.name(), &log_seed).unwrap();
    assert_eq!(log_key.verifying_key(), &log);
    let witness = VerifyingKey::parse(witness_vkey).unwrap();
    let witness_seed: [u8; 32] = unhex(&note["witness_seed_hex"]).try_into().unwrap();
    let witness_key = CosigningKey::from_seed(witness.name(), &witness_seed).unwrap();
    assert_eq!(witness_key.verifying_key(), &witness);

    let received = SignedCheckpoint::parse(text(&note["checkpoint"]).as_bytes()).unwrap();
    let time = note["timestamp"].as_u64().unwrap();
    let line = cosign(&received.checkpoint().to_string(), &witness_key, time);
    let ours = SignedCheckpoint::sign(received.checkpoint(), &log_key);
    assert_eq!(ours.with_cosignature(line).unwrap(), received, "signatures are deterministic");

    let policy = format!("log {log_vkey}\nwitness w {witness_vkey}\nquorum w\n");
    let policy = Policy::parse(&policy).unwrap();
    let file = ProofFile::parse(text(&note["tlog_proof"]).as_bytes()).unwrap();
    let leaf = leaf_hash(&file.index.get().to_be_bytes());
    let accepted = file.verify(&policy, &leaf).unwrap();
    assert_eq!(accepted.cosigned_at(), [(witness.name().to_string(), time)]);
    assert_eq!(file.to_string(), text(&note["tlog_proof"]));
    let empty = Hash::EMPTY_ROOT.to_string();
    assert_eq!(empty, text(&note["empty_tree_root_b64"]));
}
