//! State of one project.

use alloc::collections::BTreeMap;
use alloc::string::String;

use super::file::FileState;
use crate::digest::Digest;
use crate::entry::{Entry, Status, StatusEntry, bound_reason};
use crate::fact::{Fact, StatusFact};
use crate::timestamp::Timestamp;

/// What the log holds about one project: the fold of the entries that carry its name. The default is
/// that of a project never seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectState {
    files: BTreeMap<String, FileState>,
    project: Stated,
    releases: BTreeMap<String, Stated>,
    seen: bool,
}

/// A status of a project or a release, with its reason. Never given, it counts as active.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stated {
    status: Status,
    reason: Option<String>,
}

impl Default for Stated {
    fn default() -> Stated {
        Stated { status: Status::Active, reason: None }
    }
}

impl ProjectState {
    /// Whether the index was seen to have this project: some file or status of it is logged.
    pub const fn is_seen(&self) -> bool {
        self.seen
    }

    /// The files that its page lists, with their hashes, by filename.
    pub fn listed(&self) -> impl Iterator<Item = (&str, &Digest)> {
        self.files().filter_map(|(name, file)| {
            let page = file.current().filter(|page| page.is_listed())?;
            Some((name, page.sha256()))
        })
    }

    /// Every file that was ever logged for it, by filename.
    pub fn files(&self) -> impl Iterator<Item = (&str, &FileState)> {
        self.files.iter().map(|(name, file)| (name.as_str(), file))
    }

    /// One of its files.
    pub fn file(&self, filename: &str) -> Option<&FileState> {
        self.files.get(filename)
    }

    /// Status of the project.
    pub const fn status(&self) -> Status {
        self.project.status
    }

    /// Reason of the project's status.
    pub fn reason(&self) -> Option<&str> {
        self.project.reason.as_deref()
    }

    /// Status of a release.
    pub fn release_status(&self, version: &str) -> Status {
        self.releases.get(version).map_or(Status::Active, |stated| stated.status)
    }

    /// Takes in the next entry that carries this project's name.
    pub fn apply(&mut self, entry: &Entry) {
        self.seen |= !matches!(entry, Entry::Epoch(_) | Entry::Expected(_) | Entry::Key(_));
        match (entry, entry.filename()) {
            (Entry::Status(flip), None) => {
                let stated = Stated { status: flip.status, reason: flip.reason.clone() };
                match &flip.version {
                    Some(version) => {
                        self.releases.insert(version.clone(), stated);
                    }
                    None => self.project = stated,
                }
            }
            (_, Some(filename)) => match self.files.get_mut(filename) {
                Some(file) => file.apply(entry),
                None => self.files.entry(filename.into()).or_default().apply(entry),
            },
            (_, None) => {}
        }
    }

    /// The entry that a status adds, unless it is the current one. The status of a file is compared with
    /// what is known of that file.
    pub fn admit_status(
        &self,
        fact: &StatusFact,
        observed: Timestamp,
        via: Option<&str>,
    ) -> Option<Entry> {
        if let Some(filename) = &fact.filename {
            let file = self.files.get(filename)?;
            return file.admit(&Fact::Status(fact.clone()), observed, via).pop();
        }
        let known = match &fact.version {
            Some(version) => self.releases.get(version).cloned().unwrap_or_default(),
            None => self.project.clone(),
        };
        let reason = fact.reason.as_deref().map(bound_reason).filter(|reason| !reason.is_empty());
        if known.status == fact.status && known.reason.as_deref() == reason {
            return None;
        }
        Some(Entry::Status(StatusEntry {
            project: fact.project.clone(),
            version: fact.version.clone(),
            filename: None,
            status: fact.status,
            reason: reason.map(String::from),
            via: via.map(String::from),
            observed,
        }))
    }
}
