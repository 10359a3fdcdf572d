//! What the verifiable map costs in a log of so many map keys, built in a directory of its own.
//!
//! ```text
//! cargo bench -p catalog --bench map -- 1000000 [directory]
//! ```
//!
//! Two keys are about each file, one about each of a twenty-seventh as many projects, a few of them
//! large. The directory, in the system's place for temporary files unless named, is deleted at the end.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use catalog::{Catalog, Settings};
use record::{Digest, Entry, FileEntry, MapKey, ProjectName, Timestamp};
use tlog::{LeafIndex, TreeSize};

const ORIGIN: &str = "log.example/indelible";

/// Files for each project, as on the package index: 20 million of 750,000 projects.
const FILES_PER_PROJECT: u64 = 27;

/// Entries that are applied at a time.
const BATCH: u64 = 1_000;

/// Proofs of which the median is taken.
const PROOFS: u64 = 1_001;

fn size(entries: u64) -> TreeSize {
    TreeSize::new(entries).unwrap()
}

/// The entry at a position of a log with so many projects.
fn entry(position: u64, projects: u64) -> Vec<u8> {
    // One file in eight is that of one of a hundred large projects.
    let large = position.is_multiple_of(8);
    let project = if large { position / 8 % 100 } else { position % projects };
    let name = format!("project-{project}");
    let entry = FileEntry {
        version: format!("1.{position}"),
        filename: format!("{name}-1.{position}.tar.gz"),
        project: ProjectName::parse(&name).unwrap(),
        sha256: Digest::sha256(&position.to_be_bytes()),
        size: Some(position),
        blake2b: None,
        metadata: None,
        uploaded: None,
        yanked: None,
        provenance: false,
        via: None,
        observed: Timestamp::from_unix(1_795_223_638).unwrap(),
    };
    Entry::File(entry).to_bytes().unwrap()
}

/// Applies entries up to `end`; the time does not count making them.
fn apply(catalog: &Catalog, end: u64, projects: u64) -> Duration {
    let mut spent = Duration::ZERO;
    while catalog.cursor().get() < end {
        let first = catalog.cursor().get();
        let entries: Vec<_> =
            (first..end.min(first + BATCH)).map(|at| entry(at, projects)).collect();
        let start = Instant::now();
        catalog.apply(LeafIndex::new(first).unwrap(), &entries).unwrap();
        spent += start.elapsed();
    }
    spent
}

fn report(what: &str, spent: Duration) {
    println!("{what:<44} {:>12.3} ms", spent.as_secs_f64() * 1e3);
}

/// Waits until the database does nothing more by itself; what it wrote last costs reads meanwhile.
fn settle(dir: &Path) -> Duration {
    let files = || {
        let files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
        files.filter(|file| file.extension().is_some_and(|name| name == "sst")).collect()
    };
    let start = Instant::now();
    let mut last: BTreeSet<PathBuf> = files();
    loop {
        std::thread::sleep(Duration::from_secs(5));
        let now = files();
        if now == last {
            return start.elapsed();
        }
        last = now;
    }
}

/// Prepares and commits the map over all entries applied.
fn next_map(catalog: &Catalog, what: &str) {
    let start = Instant::now();
    let prepared = catalog.prepare_map(catalog.cursor()).unwrap();
    report(&format!("{what}: prepare"), start.elapsed());
    let start = Instant::now();
    catalog.commit_map(prepared).unwrap();
    report(&format!("{what}: commit"), start.elapsed());
}

fn proofs(catalog: &Catalog, what: &str, key: impl Fn(u64) -> MapKey) {
    let map = catalog.map();
    let mut spent: Vec<Duration> = (0..PROOFS)
        .map(|n| {
            let key = key(n);
            let start = Instant::now();
            map.prove(&key, usize::MAX).unwrap();
            start.elapsed()
        })
        .collect();
    spent.sort_unstable();
    report(&format!("proof of {what}: median"), spent[spent.len() / 2]);
    report(&format!("proof of {what}: 99 of 100 below"), spent[spent.len() * 99 / 100]);
    report(&format!("proof of {what}: longest"), spent[spent.len() - 1]);
}

fn main() {
    // Cargo passes an option of its own.
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let keys: u64 = words.next().map_or(100_000, |word| word.parse().unwrap());
    let parent = words.next().map_or_else(std::env::temp_dir, Into::into);
    let dir = tempfile::tempdir_in(parent).unwrap();
    let entries = keys * FILES_PER_PROJECT / (2 * FILES_PER_PROJECT + 1);
    let projects = entries.div_ceil(FILES_PER_PROJECT);
    println!("{keys} keys of {entries} entries");

    let settings = Settings::default();
    let catalog = Catalog::open_with(dir.path(), ORIGIN, &settings).unwrap();
    report("applying the entries", apply(&catalog, entries, projects));
    next_map(&catalog, "first map");
    report("until files are merged", settle(dir.path()));
    for new in [1, 1, 1, 100, 10_000] {
        let spent = apply(&catalog, catalog.cursor().get() + new, projects);
        report(&format!("{new} more: applying"), spent);
        next_map(&catalog, &format!("{new} more"));
    }
    proofs(&catalog, "a content", |n| {
        let position = n * (entries / PROOFS);
        MapKey::sha256(&Digest::sha256(&position.to_be_bytes()))
    });
    proofs(&catalog, "an absent file", |n| MapKey::file(&format!("absent-{n}")));
    drop(catalog);
    let start = Instant::now();
    let catalog = Catalog::open_with(dir.path(), ORIGIN, &settings).unwrap();
    report("opening", start.elapsed());
    let start = Instant::now();
    catalog.map_at(size(entries / 2)).unwrap();
    report("map over the first half", start.elapsed());
}
