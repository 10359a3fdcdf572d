//! What a monitor reports.

mod json;
mod kind;

use std::path::PathBuf;

use record::{Digest, Entry, KeyEntry, ProjectName};
use tlog::LeafIndex;

pub use self::kind::EventKind;
use crate::entry::VerifiedEntry;
use crate::verdict::Class;

/// Something worth reporting about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    id: String,
    evidence: Vec<PathBuf>,
    finding: Finding,
}

/// An event before anybody decided to report it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) kind: EventKind,
    pub(super) class: Class,
    pub(super) entry: VerifiedEntry,
    /// The earlier entry that this one contradicts.
    pub(super) earlier: Option<LeafIndex>,
    /// Hash that was logged for the file before.
    pub(super) before: Option<Digest>,
    pub(super) detail: Option<String>,
}

impl Finding {
    pub(super) fn new(kind: EventKind, entry: &VerifiedEntry) -> Finding {
        let (entry, class) = (entry.clone(), kind.class());
        Finding { kind, class, entry, earlier: None, before: None, detail: None }
    }

    pub(super) fn since(self, earlier: LeafIndex) -> Finding {
        Finding { earlier: Some(earlier), ..self }
    }

    pub(super) fn because(self, detail: impl Into<String>) -> Finding {
        Finding { detail: Some(detail.into()), ..self }
    }

    /// Named for the log with this origin.
    pub(super) fn into_event(self, origin: &str) -> Event {
        let id = id(origin, &self.entry.index().to_string(), self.kind.name());
        Event { id, evidence: Vec::new(), finding: self }
    }
}

/// The name of what happened at a place of a log: the same whoever finds it, and how often.
pub(super) fn id(origin: &str, place: &str, kind: &str) -> String {
    let text = format!("indelible-event@v1\n{origin}\n{place}\n{kind}\n");
    let mut id = Digest::sha256(text.as_bytes()).to_string();
    id.truncate(32);
    id
}

impl Event {
    /// Its name: the first 32 hex digits of the SHA-256 of `indelible-event@v1`, the log's origin, the
    /// position and the kind, each followed by LF. Whoever reads the log gives it the same.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the entry means.
    pub const fn kind(&self) -> EventKind {
        self.finding.kind
    }

    /// How bad it is.
    pub const fn class(&self) -> Class {
        self.finding.class
    }

    /// The entry. What falls due by the log's clock is about the entry that is not as it should be.
    pub const fn entry(&self) -> &VerifiedEntry {
        &self.finding.entry
    }

    /// Hash that was logged for the file before, if it was logged.
    pub const fn before(&self) -> Option<&Digest> {
        self.finding.before.as_ref()
    }

    /// Position of the earlier entry that it contradicts, or that it follows.
    pub const fn earlier(&self) -> Option<LeafIndex> {
        self.finding.earlier
    }

    /// What the entry itself does not say.
    pub fn detail(&self) -> Option<&str> {
        self.finding.detail.as_deref()
    }

    /// Where the proofs of its entries are, in the format `tlog-proof`.
    pub fn evidence(&self) -> &[PathBuf] {
        &self.evidence
    }

    /// The project it is about.
    pub fn project(&self) -> Option<&ProjectName> {
        self.entry().entry().and_then(Entry::project)
    }

    /// The entries that show it.
    pub(super) fn places(&self) -> impl Iterator<Item = LeafIndex> {
        [Some(self.entry().index()), self.earlier()].into_iter().flatten()
    }

    pub(super) fn set_evidence(&mut self, evidence: Vec<PathBuf>) {
        self.evidence = evidence;
    }
}

/// How bad a change of keys is, if the project has `had_keys`: see [`EventKind::KeyChanged`].
pub(super) fn class_of_key(entry: &KeyEntry, had_keys: bool) -> Class {
    if entry.by == KeyEntry::OPERATOR && had_keys { Class::Bad } else { Class::Note }
}
