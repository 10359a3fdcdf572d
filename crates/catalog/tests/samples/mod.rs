//! A log to catalogue.
#![allow(clippy::unwrap_used, dead_code, reason = "test data; each test file uses some of it")]

use std::collections::BTreeMap;
use std::path::Path;

use catalog::{Catalog, Settings};
use record::{
    ContentEntry, Digest, Entry, EpochEntry, FileEntry, MapBuilder, MapKey, MapRoot, Parsed,
    ProjectName, RemovedEntry, Timestamp, map_value,
};
use tlog::{LeafIndex, TreeSize};

pub(crate) const ORIGIN: &str = "log.example/indelible";

/// The catalog in a directory, with small buffers: files are being written all the time.
pub(crate) fn open_small(dir: &Path) -> Catalog {
    let settings = Settings { block_cache: 64 << 10, write_buffer: 64 << 10 };
    Catalog::open_with(dir, ORIGIN, &settings).unwrap()
}

pub(crate) fn index(position: u64) -> LeafIndex {
    LeafIndex::new(position).unwrap()
}

pub(crate) fn size(entries: u64) -> TreeSize {
    TreeSize::new(entries).unwrap()
}

/// The first entries of a log.
pub(crate) fn first(log: &[Vec<u8>], count: u64) -> &[Vec<u8>] {
    &log[..usize::try_from(count).unwrap()]
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

/// What a catalog must answer, by definition: every key with its positions.
pub(crate) fn definition(entries: &[Vec<u8>]) -> BTreeMap<MapKey, Vec<LeafIndex>> {
    let mut positions: BTreeMap<MapKey, Vec<LeafIndex>> = BTreeMap::new();
    for (at, entry) in (0..).zip(entries) {
        if let Parsed::Known(entry) = Entry::parse(entry).unwrap() {
            for key in entry.map_keys() {
                positions.entry(key).or_default().push(index(at));
            }
        }
    }
    positions
}

/// Root of the map over these entries, by definition.
pub(crate) fn root(entries: &[Vec<u8>]) -> MapRoot {
    let mut builder = MapBuilder::new();
    for (key, positions) in definition(entries) {
        builder.push(key, &map_value(&positions).unwrap()).unwrap();
    }
    builder.root()
}
