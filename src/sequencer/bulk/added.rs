//! What was added to the log and the catalog does not know yet.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher};

use hashbrown::DefaultHashBuilder;
use record::{ProjectName, ProjectState};

/// Tables among which names are divided. A single one of many millions would be copied, all at once, each time
/// that it has to grow.
const TABLES: usize = 256;
/// Bits of a hash that say which table it is in: none of those by which it is found there.
const TABLE_SHIFT: u32 = 40;

/// What tells file names apart in memory; those that it does not are told apart by their entries.
pub(super) type NameHash = u64;

/// Computes the hashes of names, which hold for one import.
#[derive(Clone, Default)]
pub(super) struct NameHasher(DefaultHashBuilder);

impl NameHasher {
    pub(super) fn hash(&self, filename: &str) -> NameHash {
        self.0.hash_one(filename)
    }
}

/// Files and projects of which entries were added.
pub(super) struct Added {
    /// States of the projects whose status changed.
    pub(super) projects: HashMap<ProjectName, ProjectState>,
    pub(super) hasher: NameHasher,
    /// Newest position of the entries about a file.
    newest: Vec<Table>,
    /// Of a position, the one before with the same hash.
    earlier: HashMap<u64, u64>,
}

type Table = HashMap<NameHash, u64, BuildHasherDefault<IsHash>>;

impl Default for Added {
    fn default() -> Added {
        Added {
            projects: HashMap::new(),
            hasher: NameHasher::default(),
            newest: vec![Table::default(); TABLES],
            earlier: HashMap::new(),
        }
    }
}

impl Added {
    /// Where the newest position under a hash stands, or will stand.
    pub(super) fn newest(&mut self, name: NameHash) -> Slot<'_, NameHash, u64> {
        self.newest[table_of(name)].entry(name)
    }

    /// Adds the position of an entry about a file.
    pub(super) fn add(&mut self, filename: &str, position: u64) {
        let name = self.hasher.hash(filename);
        if let Some(earlier) = self.newest[table_of(name)].insert(name, position) {
            self.earlier.insert(position, earlier);
        }
    }

    /// Positions of entries with a file name of this hash, ascending.
    pub(super) fn positions(&self, filename: &str) -> Vec<u64> {
        let name = self.hasher.hash(filename);
        let newest = self.newest[table_of(name)].get(&name).copied();
        let mut positions: Vec<u64> =
            std::iter::successors(newest, |position| self.earlier.get(position).copied()).collect();
        positions.reverse();
        positions
    }
}

fn table_of(name: NameHash) -> usize {
    usize::from((name >> TABLE_SHIFT).to_le_bytes()[0])
}

/// For keys that are hashes already.
#[derive(Clone, Default)]
struct IsHash(u64);

impl Hasher for IsHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
