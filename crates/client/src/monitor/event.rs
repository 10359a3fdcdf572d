//! What a monitor reports.

use std::collections::BTreeSet;
use std::fmt;

use record::{Digest, Entry, ProjectName};

use crate::entry::VerifiedEntry;
use crate::verdict::Class;

/// What an entry means to somebody who watches. `Display` is the name that scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// Downloaded bytes differed from the listed hash.
    ContentMismatch,
    /// A filename that was logged with another hash is listed with this one.
    HashChanged,
    /// A file is back that was listed no more, with the hash it had.
    ListedAgain,
    /// The log has bytes that are no entry.
    MalformedEntry,
    /// Any other entry of a watched project.
    NewEntry,
    /// A file is listed no more.
    Removed,
    /// A file, release or project of a watched project changed its status.
    StatusChanged,
}

/// An entry worth reporting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    kind: EventKind,
    entry: VerifiedEntry,
    before: Option<Digest>,
}

/// What a monitor remembers of a filename.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    /// Hash that was logged last.
    pub(super) sha256: Digest,
    /// Whether it was listed then.
    pub(super) listed: bool,
}

impl EventKind {
    /// The name that reports and scripts use.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::ContentMismatch => "content-mismatch",
            EventKind::HashChanged => "hash-changed",
            EventKind::ListedAgain => "listed-again",
            EventKind::MalformedEntry => "malformed-entry",
            EventKind::NewEntry => "new-entry",
            EventKind::Removed => "removed",
            EventKind::StatusChanged => "status-changed",
        }
    }

    /// Bad if the index or the log contradicted itself, else a note.
    pub const fn class(self) -> Class {
        match self {
            EventKind::ContentMismatch | EventKind::HashChanged | EventKind::MalformedEntry => {
                Class::Bad
            }
            EventKind::ListedAgain
            | EventKind::NewEntry
            | EventKind::Removed
            | EventKind::StatusChanged => Class::Note,
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Event {
    /// What the entry means.
    pub const fn kind(&self) -> EventKind {
        self.kind
    }

    /// The entry.
    pub const fn entry(&self) -> &VerifiedEntry {
        &self.entry
    }

    /// Hash that was logged for the file before, if it was logged.
    pub const fn before(&self) -> Option<&Digest> {
        self.before.as_ref()
    }

    /// Decides whether an entry is worth reporting.
    pub(super) fn of(
        entry: VerifiedEntry,
        before: Option<Sighting>,
        watched: &BTreeSet<ProjectName>,
    ) -> Option<Event> {
        let kind = match entry.entry() {
            Some(known) => kind_of(known, before, watched)?,
            None if entry.fault().is_some() => EventKind::MalformedEntry,
            None => return None,
        };
        Some(Event { kind, entry, before: before.map(|sighting| sighting.sha256) })
    }
}

fn kind_of(
    entry: &Entry,
    before: Option<Sighting>,
    watched: &BTreeSet<ProjectName>,
) -> Option<EventKind> {
    let project = entry.project()?;
    let is_watched = watched.contains(project);
    if !watched.is_empty() && !is_watched {
        return None;
    }
    match entry {
        Entry::Content(_) => Some(EventKind::ContentMismatch),
        Entry::File(file) if before.is_some_and(|before| before.sha256 != file.sha256) => {
            Some(EventKind::HashChanged)
        }
        Entry::File(_) if before.is_some_and(|before| !before.listed) => {
            Some(EventKind::ListedAgain)
        }
        Entry::Removed(_) => Some(EventKind::Removed),
        Entry::Status(_) => is_watched.then_some(EventKind::StatusChanged),
        _ => is_watched.then_some(EventKind::NewEntry),
    }
}

/// What is to be remembered of the entry's filename, if the entry changes that.
pub(super) fn sighting_after(before: Option<Sighting>, entry: &Entry) -> Option<Sighting> {
    match entry {
        Entry::File(file) => Some(Sighting { sha256: file.sha256, listed: true }),
        Entry::Removed(_) => Some(Sighting { listed: false, ..before? }),
        _ => None,
    }
}
