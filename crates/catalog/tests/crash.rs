//! A process that applies entries and commits maps is killed; what it leaves is a complete catalog of
//! fewer entries, from which the same maps are made.
#![allow(clippy::unwrap_used)]

mod samples;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use catalog::Catalog;
use record::{Entry, Parsed};
use samples::{entries, entry, first, index, open_small, root, size};

/// Names the directory in the process that is to be killed.
const VICTIM: &str = "CATALOG_CRASH_DIR";

/// Applies batches of growing and shrinking length until it is killed, and commits maps if `maps`.
fn apply_for_ever(dir: &Path, maps: bool) {
    let catalog = open_small(dir);
    for length in (1..50).cycle() {
        let cursor = catalog.cursor().get();
        let batch: Vec<_> = (cursor..cursor + length).map(entry).collect();
        catalog.apply(index(cursor), &batch).unwrap();
        if maps && length % 3 == 0 {
            // Not over all that was applied: marks are left over.
            let prepared = catalog.prepare_map(size(cursor + length / 2)).unwrap();
            catalog.commit_map(prepared).unwrap();
        }
    }
}

fn assert_complete_prefix(catalog: &Catalog) {
    let below = catalog.cursor();
    for position in (0..below.get()).step_by(7) {
        let Parsed::Known(entry) = Entry::parse(&entry(position)).unwrap() else { continue };
        for key in entry.map_keys() {
            let after = position.checked_sub(1).map(index);
            let found = catalog.positions(&key, below, after, 1).unwrap();
            assert_eq!(found, [index(position)], "of {below}");
        }
    }
}

fn assert_same_maps(catalog: &Catalog) {
    let (committed, cursor) = (catalog.map_size(), catalog.cursor());
    let log = entries(cursor.get());
    assert_eq!(catalog.map().root(), root(first(&log, committed.get())), "of {committed}");
    let next = catalog.prepare_map(cursor).unwrap();
    assert_eq!(next.root(), root(&log), "of {cursor}, after {committed}");
}

/// Runs this test again as a process that works on `dir` until it is killed after `lifetime`.
fn kill(test: &str, dir: &Path, lifetime: Duration) {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(VICTIM, dir)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(lifetime);
    victim.kill().unwrap();
    victim.wait().unwrap();
}

fn killed_again_and_again(test: &str, maps: bool, assert: fn(&Catalog)) {
    if let Some(dir) = std::env::var_os(VICTIM) {
        apply_for_ever(Path::new(&dir), maps);
    }
    let dir = tempfile::tempdir().unwrap();
    let mut reached = (size(0), size(0));
    for round in 1..=5 {
        kill(test, dir.path(), Duration::from_millis(150 + 70 * round));
        let catalog = open_small(dir.path());
        let (cursor, committed) = (catalog.cursor(), catalog.map_size());
        assert!(cursor >= reached.0 && committed >= reached.1, "went back: {reached:?}");
        reached = (cursor, committed);
        assert(&catalog);
    }
    assert!(reached.0 > size(0), "no victim came as far as its first batch");
    assert_eq!(reached.1 > size(0), maps, "no victim came as far as its first map");
}

#[test]
fn a_kill_leaves_a_complete_prefix() {
    killed_again_and_again("a_kill_leaves_a_complete_prefix", false, assert_complete_prefix);
}

#[test]
fn a_kill_changes_no_map() {
    killed_again_and_again("a_kill_changes_no_map", true, assert_same_maps);
}
