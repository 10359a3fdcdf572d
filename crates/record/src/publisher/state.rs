//! What a project's publisher has said: the fold of all entries that carry the project's name.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;
use tlog::LeafIndex;

use super::file::{Expected, Listing, PublishedFile, Reconciled};
use super::ring::{KeyRefusal, KeyRing};
use super::statement::Expectation;
use crate::digest::Digest;
use crate::entry::{Entry, ExpectedEntry};
use crate::key::PublicKey;
use crate::project::ProjectName;

/// The keys of one project, and its files as they are expected and listed.
///
/// * An expectation counts if its key was active at its place. It goes on counting when the key is
///   rotated away, and also when it is revoked, unless a key that was not revoked expects the same file:
///   then only those that were not revoked count.
/// * Several keys may expect different hashes of a file; the index may list any of them.
/// * What was imported is not held against a declaration of completeness: it is older than its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublisherState {
    project: ProjectName,
    ring: KeyRing,
    files: BTreeMap<String, PublishedFile>,
    outstanding: usize,
}

/// An `expected` entry does not count, and would not be logged by an honest log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExpectationRefusal {
    /// The key does not speak for the project.
    #[error("{0} is not an active key of this project: enrol it, or sign with one that is")]
    NotActive(PublicKey),
    /// The signature is not that of the key.
    #[error("the signature is not that of {0} over this expectation, in this log and this project")]
    Signature(PublicKey),
}

/// An entry of a publisher does not count.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StatementRefusal {
    /// A `key` entry.
    #[error(transparent)]
    Key(#[from] KeyRefusal),
    /// An `expected` entry.
    #[error(transparent)]
    Expectation(#[from] ExpectationRefusal),
}

impl PublisherState {
    /// Nothing is said about `project` in the log with this origin.
    pub fn new(origin: &str, project: ProjectName) -> PublisherState {
        let (ring, files) = (KeyRing::new(origin), BTreeMap::new());
        PublisherState { project, ring, files, outstanding: 0 }
    }

    /// Whose state it is.
    pub const fn project(&self) -> &ProjectName {
        &self.project
    }

    /// The project's keys.
    pub const fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Every file that was listed or expected, by name.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (&str, &PublishedFile)> {
        self.files.iter().map(|(name, file)| (name.as_str(), file))
    }

    /// One of its files.
    pub fn file(&self, filename: &str) -> Option<&PublishedFile> {
        self.files.get(filename)
    }

    /// Number of files that are expected and were never listed.
    pub const fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// Takes in the next entry of the log. Those of other projects change nothing.
    ///
    /// # Errors
    /// [`StatementRefusal`] if it is a publisher's and does not count; nothing has changed then.
    pub fn apply(&mut self, index: LeafIndex, entry: &Entry) -> Result<(), StatementRefusal> {
        if entry.project() != Some(&self.project) {
            return Ok(());
        }
        match entry {
            Entry::Expected(entry) => self.apply_expected(index, entry)?,
            Entry::File(entry) => {
                let listing = Listing {
                    index,
                    sha256: entry.sha256,
                    observed: entry.observed,
                    imported: entry.via.is_some(),
                };
                self.apply_listing(&entry.filename, listing);
            }
            Entry::Key(entry) => self.ring.apply(index, entry)?,
            Entry::Removed(entry) => {
                if let Some(file) = self.files.get_mut(&entry.filename) {
                    file.removed = true;
                }
            }
            Entry::Content(_) | Entry::Epoch(_) | Entry::Status(_) => {}
        }
        Ok(())
    }

    fn apply_expected(
        &mut self,
        index: LeafIndex,
        entry: &ExpectedEntry,
    ) -> Result<(), ExpectationRefusal> {
        Expectation::from(entry).verify(self.ring.origin(), &entry.key, &entry.signature)?;
        self.apply_verified(index, entry)
    }

    /// Takes in the next entry of the log as [`apply`](Self::apply) does, if it is an expectation of this
    /// project whose signature was [verified](Expectation::verify) before.
    ///
    /// # Errors
    /// [`ExpectationRefusal`] if it does not count; nothing has changed then.
    pub fn apply_verified(
        &mut self,
        index: LeafIndex,
        entry: &ExpectedEntry,
    ) -> Result<(), ExpectationRefusal> {
        let key = self.check_key(&entry.key)?.clone();
        if self.known(&entry.filename, &entry.sha256, &key).is_some() {
            return Ok(());
        }
        let file = self.file_mut(&entry.filename);
        let is_new = file.listings.is_empty() && file.expectations.is_empty();
        let (sha256, received) = (entry.sha256, entry.received);
        file.expectations.push(Expected { index, sha256, key, received });
        self.outstanding += usize::from(is_new);
        Ok(())
    }

    fn apply_listing(&mut self, filename: &str, listing: Listing) {
        let file = self.file_mut(filename);
        file.removed = false;
        let expected = file.listings.is_empty() && !file.expectations.is_empty();
        if file.listings.iter().all(|known| known.sha256 != listing.sha256) {
            file.listings.push(listing);
        }
        self.outstanding -= usize::from(expected);
    }

    fn file_mut(&mut self, filename: &str) -> &mut PublishedFile {
        if !self.files.contains_key(filename) {
            self.files.insert(filename.into(), PublishedFile::default());
        }
        self.files.get_mut(filename).expect("it was put there")
    }

    /// Whether what this key expects counts now.
    ///
    /// # Errors
    /// [`ExpectationRefusal::NotActive`] if it does not speak for the project.
    pub fn check_key(&self, key: &PublicKey) -> Result<&PublicKey, ExpectationRefusal> {
        self.ring.check_key(key)
    }

    /// Where this key has said the same before.
    pub fn known(&self, filename: &str, sha256: &Digest, key: &PublicKey) -> Option<LeafIndex> {
        let same = |known: &&Expected| known.key == *key && known.sha256 == *sha256;
        self.files.get(filename)?.expectations.iter().find(same).map(|known| known.index)
    }

    /// The expectations of a file that are to be believed: see [`PublisherState`].
    pub fn expected<'a>(&'a self, file: &'a PublishedFile) -> Vec<&'a Expected> {
        self.ring.believed(&file.expectations)
    }

    /// The hashes that are expected of a file, each once; none if nothing is.
    pub fn expected_hashes(&self, filename: &str) -> Vec<Digest> {
        let mut hashes = Vec::new();
        for expected in self.files.get(filename).map(|file| self.expected(file)).unwrap_or_default()
        {
            if !hashes.contains(&expected.sha256) {
                hashes.push(expected.sha256);
            }
        }
        hashes
    }

    /// Two expectations of one key that are to be believed and have different hashes: the publisher
    /// contradicts itself. It is settled when the key is revoked and another one expects the file.
    pub fn contradiction(&self, filename: &str) -> Option<(&Expected, &Expected)> {
        let expected = self.expected(self.files.get(filename)?);
        expected.iter().enumerate().find_map(|(place, later)| {
            let earlier = expected[..place].iter().find(|first| first.key == later.key)?;
            Some((*earlier, *later))
        })
    }

    /// How what the index lists under a name goes with what is expected of it; `None` for a name that was
    /// neither listed nor expected.
    pub fn reconcile(&self, filename: &str) -> Option<Reconciled> {
        let file = self.files.get(filename)?;
        let expected = self.expected(file);
        let Some(first) = expected.first() else {
            let undeclared = file.listings.first().filter(|first| self.is_declared_before(first));
            return Some(match undeclared {
                Some(listed) => Reconciled::Undeclared { listed: listed.clone() },
                None => Reconciled::NotExpected,
            });
        };
        if file.listings.is_empty() {
            return Some(Reconciled::Unlisted { since: first.received });
        }
        let agrees = |listing: &&Listing| expected.iter().any(|e| e.sha256 == listing.sha256);
        let other = file.listings.iter().find(|listing| !agrees(listing));
        Some(
            other.map_or(Reconciled::Agrees, |listed| Reconciled::Differs {
                listed: listed.clone(),
            }),
        )
    }

    /// Whether it was declared, and still is, that every file is expected when this one was listed.
    fn is_declared_before(&self, listing: &Listing) -> bool {
        let declared = self.ring.complete_since();
        !listing.imported && declared.is_some_and(|since| since < listing.index)
    }
}
