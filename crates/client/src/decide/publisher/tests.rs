//! What publishers say decides, and only if they are the project's.

use std::sync::Arc;

use record::{
    Digest, Entry, Expectation, FileEntry, KeyAction, KeyChange, MapKey, ProjectName, PublicKey,
    RemovedEntry, Timestamp,
};
use tlog::{Hash, LeafIndex, SigningKey, leaf_hash};

use super::super::{Artifact, Finding, Known, decide};
use crate::entry::VerifiedEntry;
use crate::publish::{Publisher, Signer};
use crate::verdict::Verdict::{self, Conflict, Match, NotYetObserved, Unexpected};

const ORIGIN: &str = "log.example/pypi";
const SDIST: &str = "a-1.0.tar.gz";

fn time(minute: u64) -> Timestamp {
    Timestamp::from_unix(1_795_223_638 + 60 * minute).unwrap()
}

fn project(name: &str) -> ProjectName {
    ProjectName::normalise(name).unwrap()
}

fn signer(seed: u8) -> Signer {
    let key = SigningKey::from_seed(&format!("release-{seed}"), &[seed; 32]).unwrap();
    Signer::Note(Box::new(key))
}

fn key(seed: u8) -> PublicKey {
    signer(seed).public_key()
}

fn expects_in(origin: &str, seed: u8, name: &str, content: &str) -> Entry {
    let expectation = Expectation {
        project: project(name),
        version: "1.0".into(),
        filename: SDIST.into(),
        sha256: Digest::sha256(content.as_bytes()),
    };
    signer(seed).expect(expectation, origin).unwrap().into_entry(time(0)).into()
}

fn expects(seed: u8, content: &str) -> Entry {
    expects_in(ORIGIN, seed, "a", content)
}

/// The expectation of one key with the name of another on it.
fn forged(seed: u8, content: &str) -> Entry {
    let Entry::Expected(mut entry) = expects(9, content) else { unreachable!() };
    entry.key = key(seed);
    entry.into()
}

fn listed(content: &str, minute: u64) -> Entry {
    Entry::File(FileEntry {
        project: project("a"),
        version: "1.0".into(),
        filename: SDIST.into(),
        sha256: Digest::sha256(content.as_bytes()),
        size: None,
        blake2b: None,
        metadata: None,
        uploaded: None,
        yanked: None,
        provenance: false,
        via: None,
        observed: time(minute),
    })
}

fn imported(content: &str) -> Entry {
    let Entry::File(file) = listed(content, 0) else { unreachable!() };
    Entry::File(FileEntry { via: Some("elsewhere".into()), ..file })
}

fn removed(content: &str) -> Entry {
    Entry::Removed(RemovedEntry {
        project: project("a"),
        version: "1.0".into(),
        filename: SDIST.into(),
        sha256: Digest::sha256(content.as_bytes()),
        via: None,
        observed: time(2),
    })
}

/// Key entries, each after the one before.
fn keys(name: &str, changes: &[(KeyAction, u8, u8)]) -> Vec<Entry> {
    let mut after: Option<Hash> = None;
    let mut entries = Vec::new();
    for (action, about, by) in changes {
        let change = KeyChange { project: project(name), action: *action, key: key(*about), after };
        let signed = signer(*by).change_keys(change, ORIGIN).unwrap();
        let entry = Entry::Key(signed.into_entry(time(0)));
        after = Some(leaf_hash(&entry.to_bytes().unwrap()));
        entries.push(entry);
    }
    entries
}

fn enrolled() -> Vec<Entry> {
    keys("a", &[(KeyAction::Enrol, 1, 1)])
}

fn complete() -> Vec<Entry> {
    keys("a", &[(KeyAction::Enrol, 1, 1), (KeyAction::Complete, 1, 1)])
}

fn with(mut log: Vec<Entry>, more: impl IntoIterator<Item = Entry>) -> Vec<Entry> {
    log.extend(more);
    log
}

/// Judges the sdist with the content "ours", as the log stands at this minute.
fn judge(log: &[Entry], as_of: Option<u64>) -> Finding {
    let verified = |(index, entry): (u64, &Entry)| {
        let bytes = entry.to_bytes().unwrap().into();
        VerifiedEntry::new(LeafIndex::new(index).unwrap(), bytes)
    };
    let entries: Vec<VerifiedEntry> = (0..).zip(log).map(verified).collect();
    let of = |key: MapKey| -> Vec<VerifiedEntry> {
        entries.iter().filter(|entry| entry.has_key(&key)).cloned().collect()
    };
    let sha256 = Digest::sha256(b"ours");
    let publishers = ["a", "evil"].map(|name| {
        let entries = of(MapKey::project(&project(name)));
        Arc::new(Publisher::read(ORIGIN, project(name), &entries).state)
    });
    let artifact = Artifact {
        filename: Some(SDIST.into()),
        sha256: Some(sha256),
        project: Some(project("a")),
        version: Some("1.0".into()),
        from_index: None,
    };
    let (filename, sha256) = (of(MapKey::file(SDIST)), of(MapKey::sha256(&sha256)));
    let known = Known {
        filename: &filename,
        sha256: &sha256,
        publishers: &publishers,
        as_of: as_of.map(time),
        ..Known::default()
    };
    decide(&artifact, &known)
}

#[test]
fn the_publisher_decides() {
    let cases: Vec<(Verdict, &str, Vec<Entry>)> = vec![
        (
            Match,
            "; its publisher expects it",
            with(enrolled(), [listed("ours", 0), expects(1, "ours")]),
        ),
        (
            Match,
            "; its publisher expects it",
            with(enrolled(), [expects(1, "ours"), listed("ours", 0)]),
        ),
        (Verdict::MatchRemoved, "; its publisher expects it", {
            with(enrolled(), [expects(1, "ours"), listed("ours", 0), removed("ours")])
        }),
        (Unexpected, "this file has", with(enrolled(), [listed("ours", 0), expects(1, "theirs")])),
        (Unexpected, "this file has", with(enrolled(), [expects(1, "theirs")])),
        (NotYetObserved, "expects exactly these bytes", with(enrolled(), [expects(1, "ours")])),
        (Conflict, "the log has others", {
            with(enrolled(), [expects(1, "ours"), listed("theirs", 0)])
        }),
        (Unexpected, "contradicts itself", {
            with(enrolled(), [listed("ours", 0), expects(1, "ours"), expects(1, "theirs")])
        }),
        (Unexpected, "contradicts itself", {
            with(enrolled(), [expects(1, "theirs"), expects(1, "ours")])
        }),
    ];
    for (verdict, detail, log) in cases {
        let finding = judge(&log, None);
        assert_eq!(finding.verdict, verdict, "{log:?}");
        assert!(finding.detail.contains(detail), "{}", finding.detail);
        assert!(finding.entries.is_sorted() && !finding.entries.is_empty(), "{finding:?}");
    }
}

#[test]
fn what_does_not_count_decides_nothing() {
    let evil = keys("evil", &[(KeyAction::Enrol, 2, 2)]);
    let revoked = keys("a", &[(KeyAction::Enrol, 1, 1), (KeyAction::Revoke, 1, 1)]);
    let cases: Vec<Vec<Entry>> = vec![
        // No key at all, one that was never enrolled, and one that was revoked before.
        vec![listed("ours", 0), expects(1, "theirs")],
        with(enrolled(), [listed("ours", 0), expects(2, "theirs")]),
        with(revoked, [listed("ours", 0), expects(1, "theirs")]),
        // Signed by somebody else, and for another log.
        with(enrolled(), [listed("ours", 0), forged(1, "theirs")]),
        with(enrolled(), [listed("ours", 0), expects_in("other.example", 1, "a", "theirs")]),
        // Another project's key, in its own name and in this project's.
        with(evil.clone(), [listed("ours", 0), expects_in(ORIGIN, 2, "evil", "theirs")]),
        with(evil, [listed("ours", 0), expects(2, "theirs")]),
    ];
    for log in cases {
        let finding = judge(&log, Some(600));
        let listing = log.iter().position(|entry| matches!(entry, Entry::File(_))).unwrap();
        assert_eq!(finding.verdict, Match, "{log:?}");
        assert_eq!(finding.entries, [LeafIndex::new(listing as u64).unwrap()], "{log:?}");
        assert!(!finding.detail.contains("expect"), "{}", finding.detail);
    }
}

#[test]
fn only_what_is_foreign_is_no_sighting() {
    let evil = keys("evil", &[(KeyAction::Enrol, 2, 2)]);
    let log = with(evil, [expects_in(ORIGIN, 2, "evil", "ours")]);
    let finding = judge(&log, Some(600));
    assert_eq!((finding.verdict, finding.entries), (NotYetObserved, Vec::new()));
}

#[test]
fn a_key_that_replaces_a_revoked_one_settles_it() {
    let changes = [(KeyAction::Enrol, 1, 1), (KeyAction::Add, 2, 1), (KeyAction::Revoke, 1, 2)];
    let all = keys("a", &changes);
    let (before, after) = all.split_at(2);
    let both = [expects(1, "ours"), expects(1, "theirs"), listed("ours", 0)];
    let log = with(with(before.to_vec(), both), after.to_vec());
    assert_eq!(judge(&log, None).verdict, Unexpected);
    let settled = judge(&with(log, [expects(2, "ours")]), None);
    assert_eq!(settled.verdict, Match);
    let either =
        with(before.to_vec(), [expects(1, "ours"), expects(2, "theirs"), listed("ours", 0)]);
    assert_eq!(judge(&either, None).verdict, Match);
}

#[test]
fn a_file_that_is_not_expected_although_every_file_is() {
    let undeclared = with(complete(), [listed("ours", 0)]);
    for (verdict, as_of) in [
        (NotYetObserved, None),
        (NotYetObserved, Some(0)),
        (NotYetObserved, Some(59)),
        (Unexpected, Some(60)),
        (Unexpected, Some(6000)),
    ] {
        assert_eq!(judge(&undeclared, as_of).verdict, verdict, "{as_of:?}");
    }
    let partial =
        [(KeyAction::Enrol, 1, 1), (KeyAction::Complete, 1, 1), (KeyAction::Partial, 1, 1)];
    let mut before = enrolled();
    before.push(listed("ours", 0));
    before.push(complete().pop().unwrap());
    for log in [
        with(complete(), [listed("ours", 0), expects(1, "ours")]),
        with(complete(), [imported("ours")]),
        with(keys("a", &partial), [listed("ours", 0)]),
        before,
    ] {
        assert_eq!(judge(&log, Some(6000)).verdict, Match, "{log:?}");
    }
}
