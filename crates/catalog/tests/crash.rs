//! A process that applies entries is killed; what it leaves is a complete catalog of fewer entries.
#![allow(clippy::unwrap_used)]

mod samples;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use catalog::{Catalog, Settings};
use record::{Entry, Parsed};
use samples::{ORIGIN, entry, index};

/// Names the directory in the process that is to be killed.
const VICTIM: &str = "CATALOG_CRASH_DIR";

fn open(dir: &Path) -> Catalog {
    // Small buffers: files are being written all the time, not only the journal.
    let settings = Settings { block_cache: 64 << 10, write_buffer: 64 << 10 };
    Catalog::open_with(dir, ORIGIN, &settings).unwrap()
}

/// Applies batches of growing and shrinking length until it is killed.
fn apply_for_ever(dir: &Path) {
    let catalog = open(dir);
    for length in (1..50).cycle() {
        let cursor = catalog.cursor().get();
        let batch: Vec<_> = (cursor..cursor + length).map(entry).collect();
        catalog.apply(index(cursor), &batch).unwrap();
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

#[test]
fn a_kill_leaves_a_complete_prefix() {
    if let Some(dir) = std::env::var_os(VICTIM) {
        apply_for_ever(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut reached = 0;
    for round in 1..=5 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_kill_leaves_a_complete_prefix"])
            .env(VICTIM, dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(150 + 70 * round));
        victim.kill().unwrap();
        victim.wait().unwrap();

        let catalog = open(dir.path());
        assert!(catalog.cursor().get() >= reached, "the cursor went back");
        reached = catalog.cursor().get();
        assert_complete_prefix(&catalog);
    }
    assert!(reached > 0, "no victim came as far as its first batch");
}
