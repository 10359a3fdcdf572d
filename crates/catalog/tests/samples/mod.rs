//! A log to catalogue.
#![allow(clippy::unwrap_used, dead_code, reason = "test data; each test file uses some of it")]

use record::{
    ContentEntry, Digest, Entry, EpochEntry, FileEntry, MapRoot, ProjectName, RemovedEntry,
    Timestamp,
};
use tlog::{LeafIndex, TreeSize};

pub(crate) const ORIGIN: &str = "log.example/indelible";

pub(crate) fn index(position: u64) -> LeafIndex {
    LeafIndex::new(position).unwrap()
}

pub(crate) fn size(entries: u64) -> TreeSize {
    TreeSize::new(entries).unwrap()
}

fn project(name: &str) -> ProjectName {
    ProjectName::parse(name).unwrap()
}

fn time() -> Timestamp {
    Timestamp::from_unix(1_795_223_638).unwrap()
}

pub(crate) fn file(name: &str, filename: &str, content: u8) -> Vec<u8> {
    let entry = FileEntry {
        project: project(name),
        version: "1.0".into(),
        filename: filename.into(),
        sha256: Digest::from([content; 32]),
        size: None,
        blake2b: None,
        metadata: None,
        uploaded: None,
        yanked: None,
        provenance: false,
        via: None,
        observed: time(),
    };
    Entry::File(entry).to_bytes().unwrap()
}

/// The first entries of a log that has files of few projects, few names and few contents, removals,
/// mismatches, epochs and an unknown kind.
pub(crate) fn entries(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(entry).collect()
}

pub(crate) fn entry(position: u64) -> Vec<u8> {
    let name = ["a", "b", "c"][usize::try_from(position % 3).unwrap()];
    let filename = format!("{name}-{}.tar.gz", position % 101);
    let sha256 = Digest::from([u8::try_from(position % 13).unwrap(); 32]);
    let (project, version, observed) = (project(name), String::new(), time());
    let entry: Entry = match position % 10 {
        0 => return br#"{"v":2,"kind":"file","project":"a"}"#.to_vec(),
        1 => {
            let map = MapRoot::from([0; 32]);
            EpochEntry { epoch: position, map, serial: None, swept: None, time: observed }.into()
        }
        2 => {
            let got = Digest::from([0xff; 32]);
            ContentEntry { project, version, filename, sha256, got, observed }.into()
        }
        3 => RemovedEntry { project, version, filename, sha256, via: None, observed }.into(),
        _ => return file(name, &filename, sha256.as_bytes()[0]),
    };
    entry.to_bytes().unwrap()
}
