//! Entries that contradict an answer: they have its key and are in its tree, but the answer is without them.

use std::collections::BTreeMap;

use record::{MapKey, ProvenEntry};
use tlog::LeafIndex;

use crate::answer::{VerifiedInclusion, VerifiedLookup};
use crate::entry::VerifiedEntry;
use crate::fraud::{Listing, VerifiedFraud};

/// An answer that is not complete, and an entry that it leaves out.
#[derive(Debug)]
pub(crate) struct Contradiction<'a> {
    pub(crate) answer: &'a VerifiedLookup,
    pub(crate) entry: VerifiedInclusion,
}

/// The first entry of an answer, or of `known`, that another answer leaves out.
pub(crate) fn find<'a>(
    answers: &[&'a VerifiedLookup],
    known: &[VerifiedInclusion],
) -> Option<Contradiction<'a>> {
    let mut asked: BTreeMap<MapKey, Vec<&'a VerifiedLookup>> = BTreeMap::new();
    for answer in answers {
        asked.entry(answer.key().map_key()).or_default().push(answer);
    }
    let without = |entry: &VerifiedEntry| {
        let keys = entry.entry()?.map_keys();
        let mut about = keys.iter().filter_map(|key| asked.get(key)).flatten();
        about.find(|answer| leaves_out(answer, entry.index())).copied()
    };
    let of_answers = answers.iter().find_map(|source| {
        let mut places = source.entries().iter().enumerate();
        let found = places.find_map(|(place, entry)| Some((place, without(entry)?)));
        let (place, answer) = found?;
        Some(Contradiction { answer, entry: source.inclusion(place)? })
    });
    let of_known = || {
        let found = |entry: &VerifiedInclusion| {
            Some(Contradiction { answer: without(entry.entry())?, entry: entry.clone() })
        };
        known.iter().find_map(found)
    };
    of_answers.or_else(of_known)
}

/// Whether the entry at `index` is in the answer's tree, and not in the answer.
fn leaves_out(answer: &VerifiedLookup, index: LeafIndex) -> bool {
    let listed = answer.entries().binary_search_by_key(&index, VerifiedEntry::index).is_ok();
    !listed && index.get() < answer.checkpoint().head().size.get()
}

impl Contradiction<'_> {
    /// What shows it to others, if the answer's epoch and the entry are both proved under one checkpoint.
    pub(crate) fn fraud(&self, answers: &[&VerifiedLookup]) -> Option<VerifiedFraud> {
        let completeness = self.answer.completeness()?;
        let checkpoint = self.entry.checkpoint();
        let same_checkpoint =
            answers.iter().filter(|answer| answer.checkpoint().head() == checkpoint.head());
        let mut epochs =
            same_checkpoint.filter_map(|answer| Some(answer.completeness()?.proven_epoch()));
        let epoch = epochs.find(|epoch| is_same(epoch, completeness.proven_epoch()))?;
        let (key, entries) = (self.answer.key(), self.answer.entries());
        let listing = Listing { key, entries, map_proof: completeness.map_proof() };
        VerifiedFraud::find(&listing, epoch, &self.entry)
    }
}

/// Whether two epochs are one, perhaps proved under different checkpoints.
fn is_same(one: &ProvenEntry, other: &ProvenEntry) -> bool {
    (one.index, &one.entry) == (other.index, &other.entry)
}
