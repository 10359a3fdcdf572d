//! Lies: entries that the log should never have signed.

use std::fmt;

use record::{Entry, EntryError, MapRoot, Parsed};
use thiserror::Error;
use tlog::{LeafIndex, ProofFile, TreeSize, leaf_hash};

use crate::trust::Trust;

/// What is false about an entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Falsehood {
    /// It is an epoch, and its number is not the next one.
    EpochNumber {
        /// The number that it has.
        stated: u64,
        /// The number that it had to have: as many epochs are before it.
        expected: u64,
    },
    /// It is an epoch, and its map root is not that of the entries before it.
    MapRoot {
        /// Number of the epoch.
        number: u64,
        /// The root that the log states.
        stated: MapRoot,
        /// The root that follows from the entries.
        computed: MapRoot,
        /// The map that the epoch before it stated is right, and is over the first entries of the log,
        /// so many of them; 0 if there is none.
        since: TreeSize,
    },
    /// Its bytes are no canonical entry.
    NotCanonical(EntryError),
}

impl Falsehood {
    /// The name that reports and scripts use.
    pub const fn name(&self) -> &'static str {
        match self {
            Falsehood::EpochNumber { .. } => "epoch-number",
            Falsehood::MapRoot { .. } => "map-root",
            Falsehood::NotCanonical(_) => "not-canonical",
        }
    }
}

/// A lie without its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) index: LeafIndex,
    pub(crate) falsehood: Falsehood,
}

/// An entry that the log signed and that is false, with the proof that the log signed it.
///
/// That it is false, anybody sees who replays the log up to there; of an entry that is not canonical the
/// proof alone shows it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Lie {
    index: LeafIndex,
    falsehood: Falsehood,
    evidence: ProofFile,
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = self.index;
        match &self.falsehood {
            Falsehood::EpochNumber { stated, expected } => write!(
                f,
                "the log lied: entry {index} is epoch {stated}, but the epoch that follows is {expected}"
            ),
            Falsehood::MapRoot { number, stated, computed, .. } => write!(
                f,
                "the log lied: epoch {number}, entry {index}, states the map root {stated}, but the \
                 {index} entries before it have the map root {computed}"
            ),
            Falsehood::NotCanonical(fault) => {
                write!(f, "the log lied: entry {index} is not in canonical form: {fault}")
            }
        }
    }
}

impl Lie {
    /// Takes what was found; `evidence` is a verified proof of that entry.
    pub(crate) fn new(found: Found, evidence: ProofFile) -> Lie {
        let Found { index, falsehood } = found;
        Lie { index, falsehood, evidence }
    }

    /// Position of the entry.
    pub const fn index(&self) -> LeafIndex {
        self.index
    }

    /// What is false about it.
    pub const fn falsehood(&self) -> &Falsehood {
        &self.falsehood
    }

    /// Shows that the log signed the entry, which is its `extra`.
    pub const fn evidence(&self) -> &ProofFile {
        &self.evidence
    }

    /// A line with what does not follow from the entry, then the proof file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let line = match &self.falsehood {
            Falsehood::EpochNumber { expected, .. } => format!("epoch-number {expected}"),
            Falsehood::MapRoot { computed, since, .. } => format!("map-root {computed} {since}"),
            Falsehood::NotCanonical(_) => "not-canonical".to_owned(),
        };
        format!("{line}\n{}", self.evidence).into_bytes()
    }

    /// Reads what [`to_bytes`](Lie::to_bytes) wrote, and verifies that the log signed the entry and that
    /// it is false; `None` if not.
    pub(crate) fn parse(bytes: &[u8], trust: &Trust) -> Option<Lie> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let words = std::str::from_utf8(&bytes[..end]).ok()?.split(' ').collect::<Vec<_>>();
        let evidence = ProofFile::parse(&bytes[end + 1..]).ok()?;
        // A proof file leaves out what is empty.
        let entry = evidence.extra.as_deref().unwrap_or_default();
        let head = trust.verify_signed_by_log(&evidence.checkpoint).ok()?.head();
        head.verify_inclusion(evidence.index, &leaf_hash(entry), &evidence.proof).ok()?;
        let falsehood = falsehood(&words, entry)?;
        Some(Lie { index: evidence.index, falsehood, evidence })
    }
}

/// What is false about an entry, given what has to be known beside it.
fn falsehood(words: &[&str], entry: &[u8]) -> Option<Falsehood> {
    let entry = match (words, Entry::parse(entry)) {
        (["not-canonical"], Err(fault)) => return Some(Falsehood::NotCanonical(fault)),
        (_, Ok(Parsed::Known(Entry::Epoch(epoch)))) => epoch,
        _ => return None,
    };
    let (number, stated) = (entry.epoch, entry.map);
    match words {
        ["epoch-number", expected] => {
            let expected = expected.parse().ok().filter(|expected| *expected != number)?;
            Some(Falsehood::EpochNumber { stated: number, expected })
        }
        ["map-root", computed, since] => {
            let computed = MapRoot::parse(computed).ok().filter(|computed| *computed != stated)?;
            let since = TreeSize::new(since.parse().ok()?).ok()?;
            Some(Falsehood::MapRoot { number, stated, computed, since })
        }
        _ => None,
    }
}
