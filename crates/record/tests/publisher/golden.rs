//! The frozen texts and signatures, in `tests/vectors/publisher` at the top of the repository.
//! `INDELIBLE_BLESS=1` writes the file anew, for deliberate additions only.

use std::fs;
use std::path::PathBuf;

use record::{Entry, KeyAction};
use serde_json::{Value, json};
use tlog::leaf_hash;

use crate::fixture::{History, ORIGIN, digest, expectation, expected, key, public};

/// What `by` signed, and the entry that logs it.
fn vector(name: &str, text: &str, entry: &Entry) -> Value {
    let bytes = entry.to_bytes().unwrap();
    let entry = String::from_utf8(bytes.clone()).unwrap();
    let leaf = leaf_hash(&bytes).to_string();
    json!({ "name": name, "origin": ORIGIN, "text": text, "entry": entry, "leaf": leaf })
}

#[test]
fn statements_keep_their_bytes() {
    let mut history = History::new();
    let mut vectors = Vec::new();
    let changes = [
        ("enrol", KeyAction::Enrol, 1, 1),
        ("add", KeyAction::Add, 2, 1),
        ("complete", KeyAction::Complete, 2, 2),
        ("rotate", KeyAction::Rotate, 3, 1),
        ("partial", KeyAction::Partial, 3, 3),
        ("revoke", KeyAction::Revoke, 2, 3),
    ];
    for (name, action, which, by) in changes {
        let entry = history.signed(action, &key(which), &key(by));
        let text = record::KeyChange::of(&entry, history.state.ring().last()).text(ORIGIN);
        vectors.push(vector(name, &text, &entry.clone().into()));
        history.push_key(entry).unwrap();
    }
    for (name, file, version) in [
        ("expect", "example-1.0.tar.gz", "1.0"),
        ("expect, no version", "example-1.0.tar.gz", ""),
        ("expect, strange text", "ex ample\u{2028}-1.0.zip", "1.0 \"é\""),
    ] {
        let what =
            record::Expectation { version: version.into(), ..expectation(file, digest(0x11)) };
        let text = what.text(ORIGIN);
        let entry = expected(&key(3), what, ORIGIN);
        vectors.push(vector(name, &text, &entry.clone().into()));
        history.push(entry).unwrap();
    }
    let keys = [1, 2, 3].map(|number| public(&key(number)).to_string());
    vectors.push(json!({ "keys": keys }));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors/publisher/statements.json");
    let current = serde_json::to_string_pretty(&vectors).unwrap() + "\n";
    if std::env::var_os("INDELIBLE_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &current).unwrap();
    }
    assert_eq!(current, fs::read_to_string(&path).unwrap(), "{} differs", path.display());
}
