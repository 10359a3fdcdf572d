//! What is known of a file from one page.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::Observation;
use crate::digest::Digest;
use crate::entry::{Entry, FileEntry, Status, StatusEntry};
use crate::fact::ListedFile;
use crate::project::ProjectName;

/// What was logged about a file from one project's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub(super) project: ProjectName,
    pub(super) version: String,
    pub(super) sha256: Digest,
    pub(super) hashes: Vec<Digest>,
    pub(super) metadata: Option<Digest>,
    pub(super) yanked: Option<String>,
    pub(super) listed: bool,
    pub(super) imported: bool,
}

impl Sighting {
    /// Whose page.
    pub const fn project(&self) -> &ProjectName {
        &self.project
    }

    /// Version, empty if unknown.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Hash that the page lists, or listed last.
    pub const fn sha256(&self) -> &Digest {
        &self.sha256
    }

    /// Every hash that was ever logged from this page, in the order of their first sight.
    pub fn hashes(&self) -> &[Digest] {
        &self.hashes
    }

    /// SHA-256 of the core metadata, as stated last.
    pub const fn metadata(&self) -> Option<&Digest> {
        self.metadata.as_ref()
    }

    /// Reason for yanking, empty if none was given; `None` if not yanked.
    pub fn yanked(&self) -> Option<&str> {
        self.yanked.as_deref()
    }

    /// Whether the page lists the file.
    pub const fn is_listed(&self) -> bool {
        self.listed
    }

    /// Whether all that is known comes from imported data.
    pub const fn is_imported(&self) -> bool {
        self.imported
    }

    /// What the first `file` entry from a page tells.
    pub(super) fn first(file: &FileEntry) -> Sighting {
        Sighting {
            project: file.project.clone(),
            version: file.version.clone(),
            sha256: file.sha256,
            hashes: Vec::new(),
            metadata: file.metadata,
            yanked: file.yanked.clone(),
            listed: true,
            imported: file.via.is_some(),
        }
    }

    /// Adds a hash to those ever logged.
    pub(super) fn remember(&mut self, sha256: Digest) {
        if !self.hashes.contains(&sha256) {
            self.hashes.push(sha256);
        }
    }

    /// Whether what comes `via` this data set, or from the index itself, replaces what is known.
    pub(super) const fn yields_to(&self, via: Option<&str>) -> bool {
        via.is_none() || self.imported
    }

    /// Whether a listing makes a `file` entry.
    pub(super) fn is_changed_by(&self, fact: &ListedFile, via: Option<&str>) -> bool {
        if via.is_some() {
            return !self.hashes.contains(&fact.sha256);
        }
        let other_metadata = fact.metadata.is_some() && fact.metadata != self.metadata;
        !self.listed || self.sha256 != fact.sha256 || other_metadata
    }

    /// The `status` entry for the file being yanked with this reason, or not at all, unless it is known.
    pub(super) fn flip(
        &self,
        filename: &str,
        yanked: Option<&str>,
        seen: Observation<'_>,
    ) -> Option<Entry> {
        if self.yanked() == yanked {
            return None;
        }
        Some(Entry::Status(StatusEntry {
            project: self.project.clone(),
            version: Some(self.version.clone()),
            filename: Some(filename.to_string()),
            status: if yanked.is_some() { Status::Yanked } else { Status::Unyanked },
            reason: yanked.filter(|reason| !reason.is_empty()).map(String::from),
            via: seen.via(),
            observed: seen.observed,
        }))
    }
}
