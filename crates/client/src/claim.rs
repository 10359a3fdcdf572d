//! What a complete answer proves, in plain words.

use std::collections::BTreeMap;
use std::fmt;

use record::{Digest, Entry, FileState, LookupKey};
use tlog::LeafIndex;

use crate::answer::VerifiedLookup;
use crate::decide::seen_hashes;
use crate::entry::VerifiedEntry;

/// What follows from all entries of a key. `Display` is a sentence about the entries below the
/// checkpoint's size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A file was seen with several hashes.
    FileChanged {
        /// Its name.
        filename: String,
        /// The hashes in the order in which they were first seen.
        sha256: Vec<Digest>,
    },
    /// A file was taken from the index and did not come back.
    FileRemoved {
        /// Its name.
        filename: String,
        /// Position of the entry that says so.
        index: LeafIndex,
    },
    /// No entry has the key.
    NeverObserved,
    /// A file was seen with one hash and no other.
    OneHash {
        /// Its name.
        filename: String,
        /// The hash.
        sha256: Digest,
    },
    /// A hash was seen under this name, perhaps beside other hashes.
    SeenAs {
        /// The name.
        filename: String,
    },
}

impl Claim {
    /// The name that scripts rely on.
    pub const fn name(&self) -> &'static str {
        match self {
            Claim::FileChanged { .. } => "file-changed",
            Claim::FileRemoved { .. } => "file-removed",
            Claim::NeverObserved => "never-observed",
            Claim::OneHash { .. } => "one-hash",
            Claim::SeenAs { .. } => "seen-as",
        }
    }

    /// The file that it is about, if it is about one.
    pub fn filename(&self) -> Option<&str> {
        match self {
            Claim::NeverObserved => None,
            Claim::FileChanged { filename, .. }
            | Claim::FileRemoved { filename, .. }
            | Claim::OneHash { filename, .. }
            | Claim::SeenAs { filename } => Some(filename),
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Claim::FileChanged { filename, sha256 } => {
                let hashes: Vec<String> = sha256.iter().map(ToString::to_string).collect();
                write!(f, "{filename} was seen with different hashes: {}", hashes.join(", "))
            }
            Claim::FileRemoved { filename, index } => {
                write!(f, "{filename} was removed from the index (entry {index})")
            }
            Claim::NeverObserved => f.write_str("never observed: no entry is about it"),
            Claim::OneHash { filename, sha256 } => {
                write!(f, "{filename} was seen with exactly one hash: {sha256}")
            }
            Claim::SeenAs { filename } => write!(f, "these bytes were seen as {filename}"),
        }
    }
}

impl VerifiedLookup {
    /// What the entries prove, files in the order of their names; nothing unless the answer is known
    /// to be complete.
    pub fn claims(&self) -> Vec<Claim> {
        if self.completeness().is_none() {
            return Vec::new();
        }
        if self.entries().is_empty() {
            return vec![Claim::NeverObserved];
        }
        let mut files: BTreeMap<&str, Vec<&VerifiedEntry>> = BTreeMap::new();
        for entry in self.entries() {
            if let Some(filename) = entry.entry().and_then(Entry::filename) {
                files.entry(filename).or_default().push(entry);
            }
        }
        // Under a hash, a file's entries with other hashes are not listed.
        let claims = if matches!(self.key(), LookupKey::Sha256(_)) { seen_as } else { of_file };
        files.iter().flat_map(|(filename, entries)| claims(filename, entries)).collect()
    }
}

fn seen_as(filename: &str, _: &[&VerifiedEntry]) -> Vec<Claim> {
    vec![Claim::SeenAs { filename: filename.to_owned() }]
}

/// What all entries of a file say about its hashes and its end.
fn of_file(filename: &str, entries: &[&VerifiedEntry]) -> Vec<Claim> {
    let mut file = FileState::default();
    let mut sha256: Vec<Digest> = Vec::new();
    let mut last_removal = None;
    for (index, entry) in entries.iter().filter_map(|e| Some((e.index(), e.entry()?))) {
        file.apply(entry);
        for hash in seen_hashes(entry) {
            if !sha256.contains(hash) {
                sha256.push(*hash);
            }
        }
        if matches!(entry, Entry::Removed(_)) {
            last_removal = Some(index);
        }
    }
    let filename = filename.to_owned();
    let removed = last_removal
        .filter(|_| !file.is_listed())
        .map(|index| Claim::FileRemoved { filename: filename.clone(), index });
    let hashes = match *sha256.as_slice() {
        [] => None,
        [sha256] => Some(Claim::OneHash { filename, sha256 }),
        _ => Some(Claim::FileChanged { filename, sha256 }),
    };
    hashes.into_iter().chain(removed).collect()
}
