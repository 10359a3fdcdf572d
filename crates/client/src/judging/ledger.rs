//! Answers to different keys, held against each other.

use std::collections::BTreeMap;

use record::{LookupKey, MapKey};
use tlog::LeafIndex;

use super::reader::KeyEntries;
use crate::entry::VerifiedEntry;

/// Which entries were answered for which keys. Each answer is verified; if the map of the log's own epoch
/// is false, one may still leave an entry out that another one has.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    answers: BTreeMap<MapKey, Answer>,
    contradiction: Option<[LookupKey; 2]>,
}

#[derive(Debug)]
struct Answer {
    key: LookupKey,
    size: u64,
    positions: Vec<LeafIndex>,
}

impl Ledger {
    /// Notes an answer, and holds its entries against those noted before.
    pub(super) fn add(&mut self, key: &LookupKey, answer: &KeyEntries) {
        self.check(|| key.clone(), &answer.entries);
        let size = answer.checkpoint.head().size.get();
        let positions = answer.entries.iter().map(VerifiedEntry::index).collect();
        self.answers.insert(key.map_key(), Answer { key: key.clone(), size, positions });
    }

    /// Holds entries of the answer to `source` against all answers noted.
    pub(super) fn check(&mut self, source: impl Fn() -> LookupKey, entries: &[VerifiedEntry]) {
        for entry in entries {
            let keys = entry.entry().map(record::Entry::map_keys).unwrap_or_default();
            let mut answers = keys.iter().filter_map(|key| self.answers.get(key));
            if let Some(answer) = answers.find(|answer| answer.leaves_out(entry.index())) {
                self.contradiction.get_or_insert([answer.key.clone(), source()]);
            }
        }
    }

    /// Two keys of which the answer to the first leaves out an entry that the answer to the second has.
    pub(super) const fn contradiction(&self) -> Option<&[LookupKey; 2]> {
        self.contradiction.as_ref()
    }
}

impl Answer {
    fn leaves_out(&self, index: LeafIndex) -> bool {
        index.get() < self.size && self.positions.binary_search(&index).is_err()
    }
}
