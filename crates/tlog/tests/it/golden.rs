//! Our own golden files, in `tests/vectors/tlog` at the top of the repository.
//!
//! `INDELIBLE_BLESS=1 cargo test -p tlog` writes them anew; that is for deliberate additions only,
//! since the formats are frozen. Every other run compares, and verifies what the files say.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tlog::{
    Checkpoint, ConsistencyProof, CosigningKey, Hash, InclusionProof, LeafIndex, Note, Policy,
    ProofFile, SignedCheckpoint, SigningKey, TilePath, TreeHead, TreeSize, cosign, leaf_hash,
};

use crate::fixture::{TestLog, entry, flip, index, leaves, size};

const SIZE: usize = 70_000;

/// Reads a golden file, after writing `content` to it if that is asked for.
fn kept(name: &str, content: &str) -> String {
    let folder = [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "vectors", "tlog"];
    let path = folder.iter().collect::<PathBuf>().join(name);
    if std::env::var_os("INDELIBLE_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
    }
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn golden(name: &str, content: &str) {
    assert!(kept(name, content) == content, "{name} is not what this code writes");
}

/// The values count, not the order of their names.
fn golden_json(name: &str, content: &Value) {
    let text = serde_json::to_string_pretty(content).unwrap() + "\n";
    let kept: Value = serde_json::from_str(&kept(name, &text)).unwrap();
    assert!(kept == *content, "{name} is not what this code writes");
}

fn texts(hashes: &[Hash]) -> Value {
    hashes.iter().map(ToString::to_string).collect()
}

fn log_key() -> SigningKey {
    SigningKey::from_seed("log.example/pypi", &[0x11; 32]).unwrap()
}

fn witness() -> CosigningKey {
    CosigningKey::from_seed("witness.example/w1", &[0x22; 32]).unwrap()
}

fn policy() -> Policy {
    let text = format!(
        "log {} https://log.example/pypi\nwitness w1 {} https://witness.example\nquorum w1\n",
        log_key().verifying_key(),
        witness().verifying_key(),
    );
    Policy::parse(&text).unwrap()
}

fn cosigned(log: &TestLog) -> SignedCheckpoint {
    let checkpoint = Checkpoint::new("log.example/pypi", log.head()).unwrap();
    let line = cosign(&checkpoint.to_string(), &witness(), 1_767_225_600);
    SignedCheckpoint::sign(&checkpoint, &log_key()).with_cosignature(line).unwrap()
}

#[test]
fn keys_policy_checkpoint_and_proof_file() {
    let log = TestLog::new(SIZE);
    golden_json(
        "keys.json",
        &json!({
            "log": {
                "seed": "11".repeat(32),
                "secret": log_key().secret_text().as_str(),
                "vkey": log_key().verifying_key().to_string(),
            },
            "witness": {
                "seed": "22".repeat(32),
                "secret": witness().secret_text().as_str(),
                "vkey": witness().verifying_key().to_string(),
            },
        }),
    );
    golden("policy.txt", &policy().to_string());
    golden("checkpoint.txt", &cosigned(&log).to_string());

    let file = ProofFile {
        extra: Some(entry(12_345)),
        index: index(12_345),
        proof: log
            .verified(&log.head().plan_inclusion(index(12_345)).unwrap())
            .inclusion(index(12_345))
            .unwrap(),
        checkpoint: cosigned(&log),
    };
    golden("12345.tlog-proof", &file.to_string());
    let verified = file.verify(&policy(), &leaf_hash(&entry(12_345))).unwrap();
    assert_eq!(verified.cosigned_at(), [("witness.example/w1".to_string(), 1_767_225_600)]);
}

#[test]
fn tiles_and_bundles() {
    let log = TestLog::new(SIZE);
    let paths = [
        "tile/0/000",
        "tile/0/272",
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
        "tile/entries/000",
        "tile/entries/273.p/112",
    ];
    let tiles = paths.map(|path| {
        let bytes = log.load(&path.parse::<TilePath>().unwrap());
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        json!({ "path": path, "len": bytes.len(), "sha256": Hash::new(digest).to_string() })
    });
    golden_json("tiles.json", &json!({ "size": SIZE, "tiles": tiles }));
}

#[test]
fn proofs_of_several_sizes() {
    let mut inclusion = Vec::new();
    for n in [1, 2, 3, 7, 8, 255, 256, 257, 511, 65_535, 65_536, 65_537, SIZE] {
        let log = TestLog::new(n);
        for m in [0, n / 3, n / 2, n - 1] {
            let tree = log.verified(&log.head().plan_inclusion(index(m)).unwrap());
            let (leaf, proof) = (tree.leaf(index(m)).unwrap(), tree.inclusion(index(m)).unwrap());
            log.head().verify_inclusion(index(m), &leaf, &proof).unwrap();
            inclusion.push(inclusion_case(m, log.head(), &leaf, proof.hashes()));
        }
    }
    let log = TestLog::new(SIZE);
    let consistency: Vec<Value> = [0, 1, 2, 3, 255, 256, 257, 4096, 65_535, 65_536, 69_999, SIZE]
        .map(|m| {
            let tree = log.verified(&log.head().plan_consistency(size(m)).unwrap());
            let older = TreeHead { size: size(m), root: tree.root_at(size(m)).unwrap() };
            let proof = tree.consistency(size(m)).unwrap();
            log.head().verify_consistency(&older, &proof).unwrap();
            consistency_case(older, log.head(), proof.hashes())
        })
        .into();
    golden_json("proofs.json", &json!({ "inclusion": inclusion, "consistency": consistency }));
}

fn inclusion_case(m: usize, head: TreeHead, leaf: &Hash, proof: &[Hash]) -> Value {
    json!({
        "index": m,
        "size": head.size.get(),
        "root": head.root.to_string(),
        "leaf": leaf.to_string(),
        "proof": texts(proof),
    })
}

fn consistency_case(older: TreeHead, newer: TreeHead, proof: &[Hash]) -> Value {
    json!({
        "older": { "size": older.size.get(), "root": older.root.to_string() },
        "newer": { "size": newer.size.get(), "root": newer.root.to_string() },
        "proof": texts(proof),
    })
}

/// Spoilt lists of hashes with what was done to them.
fn spoilt(proof: &[Hash]) -> Vec<(&'static str, Vec<Hash>)> {
    let mut cases = vec![
        ("one hash more at the end", [proof, &[Hash::EMPTY_ROOT]].concat()),
        ("one hash more at the start", [&[Hash::EMPTY_ROOT], proof].concat()),
    ];
    if let Some((last, rest)) = proof.split_last() {
        cases.push(("no hashes", Vec::new()));
        cases.push(("last hash missing", rest.to_vec()));
        cases.push(("first hash missing", proof[1..].to_vec()));
        cases.push(("one bit of the last hash", [rest, &[flip(last, 7)]].concat()));
        cases.push(("one bit of the first hash", [&[flip(&proof[0], 0)], &proof[1..]].concat()));
    }
    if proof.len() > 1 {
        let mut swapped = proof.to_vec();
        swapped.swap(0, 1);
        cases.push(("first two hashes swapped", swapped));
    }
    cases
}

#[test]
fn proofs_to_refuse() {
    let mut cases = Vec::new();
    for (m, n) in [(0, 1), (0, 2), (2, 3), (3, 7), (5, 8), (255, 257), (12_345, SIZE)] {
        let log = TestLog::new(n);
        let head = log.head();
        let tree = log.verified(&head.plan_inclusion(index(m)).unwrap());
        let (leaf, proof) = (tree.leaf(index(m)).unwrap(), tree.inclusion(index(m)).unwrap());
        let mut refuse = |m: usize, head: TreeHead, leaf: &Hash, proof: &[Hash], why: &str| {
            let mut case = inclusion_case(m, head, leaf, proof);
            case["why"] = why.into();
            cases.push(case);
        };
        for (why, hashes) in spoilt(proof.hashes()) {
            refuse(m, head, &leaf, &hashes, why);
        }
        refuse(m + 1, head, &leaf, proof.hashes(), "next position");
        refuse(m + n, head, &leaf, proof.hashes(), "position beyond the tree");
        refuse(m, head, &flip(&leaf, 1), proof.hashes(), "one bit of the leaf");
        let other = TreeHead { root: flip(&head.root, 255), ..head };
        refuse(m, other, &leaf, proof.hashes(), "one bit of the root");
        let empty = TreeHead { size: TreeSize::ZERO, ..head };
        refuse(m, empty, &leaf, proof.hashes(), "size 0");
    }
    golden_json("refused-inclusion.json", &cases.clone().into());
    for case in &cases {
        assert!(verify_inclusion(case).is_err(), "{}", case["why"]);
    }
}

#[test]
fn growth_to_refuse() {
    let log = TestLog::new(SIZE);
    let mut cases = Vec::new();
    for m in [0, 1, 256, 300, 65_536, 69_999, SIZE] {
        let head = log.head();
        let tree = log.verified(&head.plan_consistency(size(m)).unwrap());
        let older = TreeHead { size: size(m), root: tree.root_at(size(m)).unwrap() };
        let proof = tree.consistency(size(m)).unwrap();
        let mut refuse = |older: TreeHead, newer: TreeHead, proof: &[Hash], why: &str| {
            let mut case = consistency_case(older, newer, proof);
            case["why"] = why.into();
            cases.push(case);
        };
        for (why, hashes) in spoilt(proof.hashes()) {
            refuse(older, head, &hashes, why);
        }
        let larger = TreeHead { size: size(m + 1), ..older };
        refuse(larger, head, proof.hashes(), "older size one more");
        let other = TreeHead { root: flip(&older.root, 9), ..older };
        refuse(other, head, proof.hashes(), "one bit of the older root");
        if m > 0 {
            let other = TreeHead { root: flip(&head.root, 9), ..head };
            refuse(older, other, proof.hashes(), "one bit of the newer root");
            let smaller = TreeHead { size: size(m - 1), ..head };
            refuse(older, smaller, proof.hashes(), "newer tree smaller");
        }
    }
    golden_json("refused-consistency.json", &cases.clone().into());
    for case in &cases {
        assert!(verify_consistency(case).is_err(), "{}", case["why"]);
    }
}

fn hash(value: &Value) -> Hash {
    Hash::parse(value.as_str().unwrap()).unwrap()
}

fn head(value: &Value) -> TreeHead {
    let size = TreeSize::new(value["size"].as_u64().unwrap()).unwrap();
    TreeHead { size, root: hash(&value["root"]) }
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

fn verify_inclusion(case: &Value) -> Result<(), tlog::ProofError> {
    let index = LeafIndex::new(case["index"].as_u64().unwrap()).unwrap();
    let proof = InclusionProof::new(hashes(&case["proof"]));
    head(case).verify_inclusion(index, &hash(&case["leaf"]), &proof)
}

fn verify_consistency(case: &Value) -> Result<(), tlog::ProofError> {
    let proof = ConsistencyProof::new(hashes(&case["proof"]));
    head(&case["newer"]).verify_consistency(&head(&case["older"]), &proof)
}

/// Texts that look right. Each is refused by the parser it names.
#[test]
fn texts_to_refuse() {
    let checkpoint = cosigned(&TestLog::new(5)).to_string();
    let root = leaves(1)[0].to_string();
    let cases = [
        ("note", "carriage returns", checkpoint.replace('\n', "\r\n")),
        ("note", "tab", checkpoint.replacen("pypi", "py\tpi", 1)),
        ("note", "no final line feed", checkpoint.trim_end().to_string()),
        ("note", "no blank line", checkpoint.replace("\n\n", "\n")),
        ("note", "no-break space in a key name", checkpoint.replace("— log", "— \u{a0}log")),
        ("note", "plus sign in a key name", checkpoint.replace("— log", "— +log")),
        ("note", "hyphen instead of em dash", checkpoint.replace('—', "-")),
        ("checkpoint", "sign before the size", checkpoint.replacen("\n5\n", "\n+5\n", 1)),
        ("checkpoint", "leading zero", checkpoint.replacen("\n5\n", "\n05\n", 1)),
        ("checkpoint", "size 2^63", checkpoint.replacen("\n5\n", "\n9223372036854775808\n", 1)),
        ("checkpoint", "empty tree with a root", format!("a\n0\n{root}\n\n— a AAAAAAA=\n")),
        ("checkpoint", "no origin", format!("\n1\n{root}\n\n— a AAAAAAA=\n")),
        (
            "checkpoint",
            "root of 31 bytes",
            "a\n1\n".to_owned() + &"A".repeat(40) + "AA==\n\n— a AAAAAAA=\n",
        ),
        ("policy", "no log", "quorum none\n".to_string()),
        ("policy", "two quorums", format!("{}quorum none\n", policy())),
        (
            "policy",
            "trailing comment",
            policy().to_string().replace("quorum w1", "quorum w1 # one"),
        ),
        ("policy", "group before its members", format!("group g any w1\n{}", policy())),
        ("policy", "witness key for a log", policy().to_string().replacen("log ", "witness x ", 1)),
        ("proof", "first line missing", format!("index 0\n\n{checkpoint}")),
        ("proof", "leading zero", format!("c2sp.org/tlog-proof@v1\nindex 00\n\n{checkpoint}")),
        (
            "proof",
            "empty extra",
            format!("c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n{checkpoint}"),
        ),
        ("path", "group of zeros", "tile/0/x000/001".to_string()),
        ("path", "sign", "tile/0/+01".to_string()),
        ("path", "width 0", "tile/0/000.p/0".to_string()),
        ("path", "width 256", "tile/0/000.p/256".to_string()),
        ("path", "level 64", "tile/64/000".to_string()),
    ];
    for (parser, why, text) in &cases {
        let refused = match *parser {
            "note" => Note::parse(text.as_bytes()).is_err(),
            "checkpoint" => SignedCheckpoint::parse(text.as_bytes()).is_err(),
            "policy" => Policy::parse(text).is_err(),
            "proof" => ProofFile::parse(text.as_bytes()).is_err(),
            _ => text.parse::<TilePath>().is_err(),
        };
        assert!(refused, "{parser}: {why}");
    }
    let cases =
        cases.map(|(parser, why, text)| json!({ "parser": parser, "why": why, "text": text }));
    golden_json("refused-texts.json", &json!(cases));
}
