//! Properties of entries and of the state they fold into, over generated values.
#![allow(clippy::unwrap_used)]

mod samples;

use proptest::option;
use proptest::prelude::*;
use record::{
    ContentFact, Digest, Entry, Fact, FileEntry, FileState, ListedFile, Parsed, ProjectName,
    ProjectState, RemovedEntry, Status, StatusEntry, StatusFact, Timestamp, canonical_version,
    split_filename, version_of,
};
use samples::{digest, project, time};

fn any_digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::from)
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    (0_u64..=253_402_300_799).prop_map(time)
}

fn any_name() -> impl Strategy<Value = ProjectName> {
    "[a-zA-Z0-9]([a-zA-Z0-9._-]{0,20}[a-zA-Z0-9])?"
        .prop_map(|raw| ProjectName::normalise(&raw).unwrap())
}

prop_compose! {
    fn any_file()(
        project in any_name(),
        (version, filename) in (r"\PC{0,20}", r"\PC{1,40}"),
        (sha256, blake2b, metadata) in
            (any_digest(), option::of(any_digest()), option::of(any_digest())),
        size in option::of(0..=record::MAX_NUMBER),
        (uploaded, via) in (option::of("[0-9:TZ.-]{1,40}"), option::of("[ -~]{1,40}")),
        yanked in option::of(".{0,40}|[\0-\u{ff}]{0,20}"),
        (provenance, observed) in (any::<bool>(), any_time()),
    ) -> Entry {
        FileEntry { project, version, filename, sha256, size, blake2b, metadata, uploaded, yanked,
            provenance, via, observed }.into()
    }
}

prop_compose! {
    fn any_other()(
        project in any_name(),
        (version, filename) in (r"\PC{0,20}", r"\PC{1,40}"),
        (sha256, observed) in (any_digest(), any_time()),
        (via, reason) in (option::of("[ -~]{1,40}"), option::of("(?s:.{1,40})")),
        yank in any::<bool>(),
    ) -> Entry {
        if yank {
            StatusEntry { project, version: Some(version), filename: Some(filename),
                status: Status::Yanked, reason, via, observed }.into()
        } else {
            RemovedEntry { project, version, filename, sha256, via, observed }.into()
        }
    }
}

/// A sample, or a generated entry, as bytes.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let samples: Vec<Entry> = samples::entries().into_iter().map(|(_, entry)| entry).collect();
    prop_oneof![any_file(), any_other(), prop::sample::select(samples)]
        .prop_map(|entry| entry.to_bytes().unwrap())
}

/// Whatever is accepted is written again as it was read.
fn assert_canonical(bytes: &[u8]) {
    if let Ok(Parsed::Known(entry)) = Entry::parse(bytes) {
        assert_eq!(entry.to_bytes().unwrap(), bytes);
    }
}

/// Facts about one file or its release, of few values, so that they often repeat and contradict.
fn any_fact() -> impl Strategy<Value = Fact> {
    let page = prop::sample::select(vec!["example", "other"]).prop_map(project);
    let filename = || String::from("example-1.0.zip");
    let reason = option::of(prop::sample::select(vec!["", "bad", "worse"]).prop_map(String::from));
    (page, 0_u8..3, 0_u8..3, option::of(0_u8..2), reason, 0..6).prop_map(
        move |(project, sha256, got, metadata, reason, kind)| {
            let (version, sha256) = (String::from("1.0"), digest(sha256));
            match kind {
                0 => Fact::Unlisted { project, filename: filename() },
                1 => Fact::Content(ContentFact {
                    project,
                    version,
                    filename: filename(),
                    sha256,
                    got: digest(got),
                }),
                2 => {
                    let status = if got == 0 { Status::Unyanked } else { Status::Yanked };
                    let (version, filename) = (Some(version), Some(filename()));
                    Fact::Status(StatusFact { project, version, filename, status, reason })
                }
                _ => Fact::Listed(ListedFile {
                    project,
                    version,
                    filename: filename(),
                    sha256,
                    size: None,
                    blake2b: None,
                    metadata: metadata.map(digest),
                    uploaded: None,
                    yanked: reason,
                    provenance: false,
                }),
            }
        },
    )
}

proptest! {
    #[test]
    fn entries_round_trip(entry in prop_oneof![any_file(), any_other()]) {
        let bytes = entry.to_bytes().unwrap();
        prop_assert_eq!(Entry::parse(&bytes), Ok(Parsed::Known(entry)));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "(?s:.{0,60})") {
        assert_canonical(&bytes);
        assert_canonical(format!(r#"{{"v":1,"kind":"file"{text}"#).as_bytes());
        split_filename(&text, None);
        split_filename(&format!("{text}.tar.gz"), Some(&project("example")));
        version_of(&format!("example-{text}.whl"), &project("example"), std::slice::from_ref(&text));
        canonical_version(&text);
    }

    #[test]
    fn other_bytes_are_another_entry_or_none(
        bytes in any_bytes(), at in any::<prop::sample::Index>(), byte in any::<u8>(), edit in 0..3,
    ) {
        let at = at.index(bytes.len());
        let mut changed = bytes.clone();
        match edit {
            0 => changed[at] = byte,
            1 => changed.insert(at, byte),
            _ => { changed.remove(at); }
        }
        assert_canonical(&changed);
        if changed != bytes {
            prop_assert_ne!(Entry::parse(&changed), Entry::parse(&bytes));
        }
    }

    #[test]
    fn what_was_admitted_is_known(
        facts in prop::collection::vec((any_fact(), option::weighted(0.3, Just("data"))), 1..40),
    ) {
        let (mut state, mut of_project) = (FileState::default(), ProjectState::default());
        let mut log = Vec::new();
        for (fact, via) in &facts {
            let news = state.admit(fact, time(0), *via);
            prop_assert!(news.len() <= 1);
            for entry in news {
                prop_assert!(entry.to_bytes().is_ok());
                state.apply(&entry);
                log.push(entry);
            }
            prop_assert_eq!(state.admit(fact, time(0), *via), []);
        }
        let mut replayed = FileState::default();
        for entry in &log {
            replayed.apply(entry);
        }
        prop_assert_eq!(&replayed, &state);

        // A project's state knows of its files what they know of its page.
        let example = project("example");
        for entry in log.iter().filter(|entry| entry.project() == Some(&example)) {
            of_project.apply(entry);
        }
        let page = state.pages().iter().find(|page| *page.project() == example);
        let file = of_project.file("example-1.0.zip").and_then(FileState::current);
        prop_assert_eq!(file, page);
    }
}

/// Every single byte of every sample, replaced by each of those that mean most in JSON.
#[test]
fn every_byte_counts() {
    for (name, entry) in samples::entries() {
        let bytes = entry.to_bytes().unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            for byte in [b'"', b',', b' ', b'0', b'1', b'a', b'A', b'\\', b'{', 0x00, 0xff] {
                changed[at] = byte;
                assert_canonical(&changed);
                let same = Entry::parse(&changed) == Ok(Parsed::Known(entry.clone()));
                assert_eq!(same, changed == bytes, "{name}, byte {at} as {byte:#x}");
            }
        }
    }
}
