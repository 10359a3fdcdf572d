//! Entries of every kind, shared by the tests.
#![allow(clippy::unwrap_used, dead_code, reason = "test data; each test file uses some of it")]

use record::{
    ContentEntry, Digest, Entry, EpochEntry, ExpectedEntry, FileEntry, KeyAction, KeyEntry,
    MapRoot, ProjectName, PublicKey, RemovedEntry, Signature, Status, StatusEntry, Timestamp,
};

pub(crate) fn project(name: &str) -> ProjectName {
    ProjectName::parse(name).unwrap()
}

/// A digest that is recognised by its first byte.
pub(crate) fn digest(byte: u8) -> Digest {
    Digest::from([byte; 32])
}

pub(crate) fn time(seconds: u64) -> Timestamp {
    Timestamp::from_unix(seconds).unwrap()
}

const NOW: u64 = 1_795_223_638;
const KEY: &str = "example-release+f2d5e3c1+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

pub(crate) fn file() -> FileEntry {
    FileEntry {
        project: project("example"),
        version: "1.0".into(),
        filename: "example-1.0.tar.gz".into(),
        sha256: digest(0x11),
        size: None,
        blake2b: None,
        metadata: None,
        uploaded: None,
        yanked: None,
        provenance: false,
        via: None,
        observed: time(NOW),
    }
}

pub(crate) fn full_file() -> FileEntry {
    FileEntry {
        size: Some(110_794),
        blake2b: Some(digest(0xb2)),
        metadata: Some(digest(0x3e)),
        uploaded: Some("2023-05-22T15:12:44.175051Z".into()),
        yanked: Some("broken: \"wheel\"\n\u{1f40d} \u{7f}\u{1}".into()),
        provenance: true,
        via: Some("bigquery".into()),
        ..file()
    }
}

pub(crate) fn removed() -> RemovedEntry {
    RemovedEntry {
        project: project("example"),
        version: String::new(),
        filename: "example-1.0.tar.gz".into(),
        sha256: digest(0x11),
        via: None,
        observed: time(NOW),
    }
}

pub(crate) fn status() -> StatusEntry {
    StatusEntry {
        project: project("example"),
        version: None,
        filename: None,
        status: Status::Archived,
        reason: None,
        via: None,
        observed: time(NOW),
    }
}

pub(crate) fn yank() -> StatusEntry {
    StatusEntry {
        version: Some("1.0".into()),
        filename: Some("example-1.0.tar.gz".into()),
        status: Status::Yanked,
        reason: Some("does not import".into()),
        via: Some("versions".into()),
        ..status()
    }
}

pub(crate) fn content() -> ContentEntry {
    ContentEntry {
        project: project("example"),
        version: "1.0".into(),
        filename: "example-1.0.tar.gz".into(),
        sha256: digest(0x11),
        got: digest(0x22),
        observed: time(NOW),
    }
}

pub(crate) fn expected() -> ExpectedEntry {
    ExpectedEntry {
        project: project("example"),
        version: "1.0".into(),
        filename: "example-1.0.tar.gz".into(),
        sha256: digest(0x11),
        key: PublicKey::parse(KEY).unwrap(),
        signature: Signature::new((0..64).collect()).unwrap(),
        received: time(NOW),
    }
}

pub(crate) fn key() -> KeyEntry {
    KeyEntry {
        project: project("example"),
        action: KeyAction::Enrol,
        key: PublicKey::parse(KEY).unwrap(),
        by: "operator".into(),
        signature: None,
        received: time(NOW),
    }
}

pub(crate) fn epoch() -> EpochEntry {
    EpochEntry {
        epoch: 0,
        map: MapRoot::from([0xe3; 32]),
        serial: None,
        swept: None,
        time: time(NOW),
    }
}

/// A name and an entry for every kind, with few and with all fields.
pub(crate) fn entries() -> Vec<(&'static str, Entry)> {
    let rotation = KeyEntry {
        action: KeyAction::Rotate,
        by: KEY.into(),
        signature: Some(Signature::new((0..64).rev().collect()).unwrap()),
        ..key()
    };
    let declared = |action| KeyEntry { action, ..rotation.clone() };
    let (complete, partial) = (declared(KeyAction::Complete), declared(KeyAction::Partial));
    let swept = EpochEntry {
        epoch: record::MAX_NUMBER,
        serial: Some(25_900_000),
        swept: Some(time(NOW - 3600)),
        ..epoch()
    };
    let quarantine = StatusEntry {
        version: Some("1.0".into()),
        status: Status::Quarantined,
        reason: Some("malware".into()),
        ..status()
    };
    let strange = FileEntry {
        version: "1.0 \"é\" \\ /".into(),
        filename: "ex ample\u{2028}-1.0.zip".into(),
        yanked: Some(String::new()),
        ..file()
    };
    vec![
        ("content", content().into()),
        ("epoch", epoch().into()),
        ("epoch with coverage", swept.into()),
        ("expected", expected().into()),
        ("file", file().into()),
        ("file with every field", full_file().into()),
        ("file with strange text", strange.into()),
        ("key enrolled", key().into()),
        ("key declares that every file is expected", complete.into()),
        ("key takes that back", partial.into()),
        ("key rotated", rotation.into()),
        ("removed", removed().into()),
        ("removed, imported", RemovedEntry { via: Some("versions".into()), ..removed() }.into()),
        ("status of a project", status().into()),
        ("status of a release", quarantine.into()),
        ("yanked", yank().into()),
    ]
}
