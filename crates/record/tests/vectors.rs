//! The frozen bytes: every change of an accepted entry's bytes, leaf hash or map keys, and of a refusal's
//! reason, shows here. `INDELIBLE_BLESS=1` writes the files anew.
#![allow(clippy::unwrap_used)]

mod samples;

use std::fs;
use std::path::PathBuf;

use record::{Digest, Entry, EntryError, Parsed};
use serde_json::{Value, json};

/// Compares with the file under `tests/vectors/record`, or writes it.
fn check(file: &str, vectors: &[Value]) {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/record");
    let path = directory.join(file);
    let current = serde_json::to_string_pretty(vectors).unwrap() + "\n";
    if std::env::var_os("INDELIBLE_BLESS").is_some() {
        fs::create_dir_all(&directory).unwrap();
        fs::write(&path, &current).unwrap();
    }
    let frozen = fs::read_to_string(&path).unwrap();
    assert_eq!(current, frozen, "{} differs", path.display());
}

#[test]
fn entries_keep_their_bytes() {
    let mut vectors = Vec::new();
    for (name, entry) in samples::entries() {
        let bytes = entry.to_bytes().unwrap();
        let keys: Vec<String> =
            entry.map_keys().iter().map(|key| Digest::from(*key.as_bytes()).to_string()).collect();
        vectors.push(json!({
            "name": name,
            "entry": String::from_utf8(bytes.clone()).unwrap(),
            "leaf": tlog::leaf_hash(&bytes).to_string(),
            "keys": keys,
        }));
        assert_eq!(Entry::parse(&bytes), Ok(Parsed::Known(entry)), "{name}");
    }
    check("entries.json", &vectors);
}

/// A file entry with a part of its text replaced.
fn edited(from: &str, to: &str) -> String {
    let text = String::from_utf8(Entry::from(samples::full_file()).to_bytes().unwrap()).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1)
}

/// Why an entry is refused, in words of our own, and because of which field.
fn reason(error: EntryError) -> (&'static str, Option<String>) {
    match error {
        EntryError::Field { problem, .. } => ("rule", Some(problem.field.into())),
        EntryError::Malformed { field, .. } => ("malformed", field),
        EntryError::NotAnEntry(_) => ("not an entry", None),
        EntryError::NotCanonical { field, .. } => ("not canonical", field),
        EntryError::TooLong(_) => ("too long", None),
    }
}

#[test]
fn refusals_keep_their_reasons() {
    let digest = "1".repeat(64);
    let cases = [
        ("empty", String::new()),
        ("not JSON", "file".into()),
        ("no object", "[1,2]".into()),
        ("no fields", "{}".into()),
        ("kind before v", r#"{"kind":"file","v":1}"#.into()),
        ("v as text", r#"{"v":"1","kind":"file"}"#.into()),
        ("v negative", r#"{"v":-1,"kind":"file"}"#.into()),
        ("no kind", r#"{"v":1}"#.into()),
        ("kind not text", r#"{"v":1,"kind":1}"#.into()),
        ("nothing but kind", r#"{"v":1,"kind":"file"}"#.into()),
        ("unknown kind, v twice", r#"{"v":2,"kind":"file","v":1}"#.into()),
        ("unknown kind, broken", r#"{"v":1,"kind":"new","x":}"#.into()),
        ("unknown kind, trailing bytes", r#"{"v":1,"kind":"new"}{}"#.into()),
        ("comma missing", edited(r#""file","#, r#""file""#)),
        ("two commas", edited(r#""file","#, r#""file",,"#)),
        ("truncated", edited("Z\"}", "Z\"")),
        ("trailing newline", edited("Z\"}", "Z\"}\n")),
        ("trailing comma", edited("Z\"}", "Z\",}")),
        ("space before v", edited("{\"v\"", "{ \"v\"")),
        ("space after kind", edited(r#""kind":"file","#, r#""kind":"file", "#)),
        ("space in a field", edited(r#""size":110794"#, r#""size": 110794"#)),
        ("space at the end", edited("Z\"}", "Z\" }")),
        ("escaped kind", edited(r#""kind":"file""#, r#""kind":"\u0066ile""#)),
        ("escaped key", edited(r#""size""#, r#""s\u0069ze""#)),
        ("escaped letter", edited("example-1.0", r"\u0065xample-1.0")),
        ("escaped solidus", edited("2023-05-22T", r"2023\/05-22T")),
        ("escape in upper case", edited(r"\u0001", r"\u000B")),
        ("long escape", edited(r"\n", r"\u000a")),
        ("escaped delete", edited("\u{7f}", r"\u007f")),
        ("raw control character", edited(r"\u0001", "\u{1}")),
        ("lone surrogate", edited("wheel", r"\ud800")),
        (
            "order",
            edited(r#""size":110794,"#, "")
                .replace(r#""project":"example","#, r#""size":110794,"project":"example","#),
        ),
        ("field twice", edited(r#""size":110794,"#, r#""size":110794,"size":110794,"#)),
        ("unknown field", edited(r#""size":110794,"#, r#""size":110794,"sizes":110794,"#)),
        ("null", edited("110794", "null")),
        ("number with a fraction", edited("110794", "110794.0")),
        ("number with an exponent", edited("110794", "1e5")),
        ("number with a leading zero", edited("110794", "0110794")),
        ("negative number", edited("110794", "-1")),
        ("negative zero", edited("110794", "-0")),
        ("number as text", edited("110794", r#""110794""#)),
        ("number 2^53", edited("110794", "9007199254740992")),
        ("number 2^64", edited("110794", "18446744073709551616")),
        ("upper-case digest", edited("b2b2", "B2B2")),
        ("short digest", edited("b2b2", "b2")),
        ("no sha256", edited(&format!(r#""sha256":"{digest}","#), "")),
        ("provenance false", edited("true", "false")),
        ("provenance as text", edited("true", r#""true""#)),
        ("project not normalised", edited(r#""example""#, r#""Example""#)),
        ("project empty", edited(r#""example""#, r#""""#)),
        ("filename empty", edited("example-1.0.tar.gz", "")),
        ("filename with a newline", edited("example-1.0", r"example\n1.0")),
        ("via empty", edited("bigquery", "")),
        ("uploaded empty", edited("2023-05-22T15:12:44.175051Z", "")),
        ("time with an offset", edited("58Z\"}", "58+00:00\"}")),
        ("time with a fraction", edited("58Z\"}", "58.0Z\"}")),
        ("29 February", edited("2026-11-21T", "2026-02-29T")),
        ("leap second", edited("58Z\"}", "60Z\"}")),
    ];
    let vectors: Vec<Value> = cases
        .iter()
        .map(|(name, entry)| {
            let (error, field) = reason(Entry::parse(entry.as_bytes()).expect_err(name));
            json!({ "name": name, "entry": entry, "error": error, "field": field })
        })
        .collect();
    check("refusals.json", &vectors);
}

#[test]
fn unknown_kinds_and_versions_are_kept() {
    let file = edited("\"v\":1", "\"v\":2");
    for entry in [r#"{"v":1,"kind":"new"}"#, r#"{"v":1,"kind":"","x":[{"v":1}]}"#, &file] {
        assert_eq!(Entry::parse(entry.as_bytes()), Ok(Parsed::Unknown), "{entry}");
    }
}

#[test]
fn what_is_unknown_is_still_utf_8() {
    let entry = b"{\"v\":1,\"kind\":\"new\",\"x\":\"\xff\"}";
    assert!(matches!(Entry::parse(entry), Err(EntryError::NotAnEntry(_))));
}
