//! Kinds of events.

use std::fmt;

use crate::verdict::Class;

/// What an entry means to somebody who watches. `Display` is the name that scripts rely on.
///
/// | kind | class | everywhere | of a project | of a hash |
/// | --- | --- | --- | --- | --- |
/// | `content-mismatch`, `digests-disagree`, `hash-changed`, `reappeared-changed`, `undeclared`, `unexpected` | bad | yes | yes | yes |
/// | `self-contradiction`, `unfounded-statement` | bad | yes | yes | |
/// | `malformed-entry` | bad | yes | always | always |
/// | `key-changed` | bad if the operator overrules the publisher, else note | if bad | yes | |
/// | `listed-again`, `removed` | note | yes | yes | yes |
/// | `late-file` | note | yes | yes | |
/// | `status-changed` | note | | yes | yes |
/// | `expected-unlisted`, `new-entry`, `new-file`, `provenance-gained`, `provenance-lost` | note | | yes | |
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// Downloaded bytes differed from the listed hash.
    ContentMismatch,
    /// The log has one SHA-256 with two `blake2b`, or the reverse: the same bytes have one of each.
    DigestsDisagree,
    /// The publisher expects a file that was not listed in time: an upload that failed, or was held back.
    ExpectedUnlisted,
    /// A filename that was logged with another hash is listed with this one.
    HashChanged,
    /// The keys that speak for a project changed.
    ///
    /// It is bad where the log's operator overrules the publisher: revokes a key, or enrols one although the
    /// project has had keys. A first key takes nothing from anybody, whoever enrols it.
    KeyChanged,
    /// A new file of a release that is older than the index lets releases grow.
    ///
    /// No proof of anything: who deletes a release and makes it again restarts the clock of the index, and a
    /// log that was down for long sees files late.
    LateFile,
    /// A file is back that was listed no more, with the hash it had.
    ListedAgain,
    /// The log has bytes that are no entry.
    MalformedEntry,
    /// Any other entry of a watched project: another page lists the file, or its metadata changed.
    NewEntry,
    /// A file that was never listed before; unless it is what the publisher expects.
    NewFile,
    /// A file of a new release has provenance, and none of the release before had it.
    ProvenanceGained,
    /// A file of a new release has no provenance, and every file of the release before had it.
    ProvenanceLost,
    /// A file is back that was listed no more, with another hash.
    ReappearedChanged,
    /// A file is listed no more.
    Removed,
    /// One key expects two hashes of a file.
    SelfContradiction,
    /// A file, release or project changed its status.
    StatusChanged,
    /// Listed without an expectation, and still without one after a grace time, although the publisher had
    /// declared to expect every file.
    Undeclared,
    /// The index lists, or listed, a file with a hash that the publisher does not expect.
    Unexpected,
    /// A statement of a publisher does not count: its signature is false, or its key may not speak for
    /// the project. An honest log has none.
    UnfoundedStatement,
}

impl EventKind {
    /// All of them, in the order of their names.
    pub const ALL: [EventKind; 19] = [
        EventKind::ContentMismatch,
        EventKind::DigestsDisagree,
        EventKind::ExpectedUnlisted,
        EventKind::HashChanged,
        EventKind::KeyChanged,
        EventKind::LateFile,
        EventKind::ListedAgain,
        EventKind::MalformedEntry,
        EventKind::NewEntry,
        EventKind::NewFile,
        EventKind::ProvenanceGained,
        EventKind::ProvenanceLost,
        EventKind::ReappearedChanged,
        EventKind::Removed,
        EventKind::SelfContradiction,
        EventKind::StatusChanged,
        EventKind::Undeclared,
        EventKind::Unexpected,
        EventKind::UnfoundedStatement,
    ];

    /// The name that reports and scripts use.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::ContentMismatch => "content-mismatch",
            EventKind::DigestsDisagree => "digests-disagree",
            EventKind::ExpectedUnlisted => "expected-unlisted",
            EventKind::HashChanged => "hash-changed",
            EventKind::KeyChanged => "key-changed",
            EventKind::LateFile => "late-file",
            EventKind::ListedAgain => "listed-again",
            EventKind::MalformedEntry => "malformed-entry",
            EventKind::NewEntry => "new-entry",
            EventKind::NewFile => "new-file",
            EventKind::ProvenanceGained => "provenance-gained",
            EventKind::ProvenanceLost => "provenance-lost",
            EventKind::ReappearedChanged => "reappeared-changed",
            EventKind::Removed => "removed",
            EventKind::SelfContradiction => "self-contradiction",
            EventKind::StatusChanged => "status-changed",
            EventKind::Undeclared => "undeclared",
            EventKind::Unexpected => "unexpected",
            EventKind::UnfoundedStatement => "unfounded-statement",
        }
    }

    /// Bad if the index, the log or the publisher's word was contradicted, else a note. A single
    /// `key-changed` may be worse: see [`Event::class`](super::Event::class).
    pub const fn class(self) -> Class {
        match self {
            EventKind::ContentMismatch
            | EventKind::DigestsDisagree
            | EventKind::HashChanged
            | EventKind::MalformedEntry
            | EventKind::ReappearedChanged
            | EventKind::SelfContradiction
            | EventKind::Undeclared
            | EventKind::Unexpected
            | EventKind::UnfoundedStatement => Class::Bad,
            EventKind::ExpectedUnlisted
            | EventKind::KeyChanged
            | EventKind::LateFile
            | EventKind::ListedAgain
            | EventKind::NewEntry
            | EventKind::NewFile
            | EventKind::ProvenanceGained
            | EventKind::ProvenanceLost
            | EventKind::Removed
            | EventKind::StatusChanged => Class::Note,
        }
    }

    /// Whether it is reported whatever it is about, even as a note.
    pub(in crate::monitor) const fn is_of_interest_anywhere(self) -> bool {
        matches!(self, EventKind::LateFile | EventKind::ListedAgain | EventKind::Removed)
    }

    /// Whether it is something that happens to a file.
    pub(in crate::monitor) const fn happens_to_files(self) -> bool {
        matches!(
            self,
            EventKind::ContentMismatch
                | EventKind::DigestsDisagree
                | EventKind::HashChanged
                | EventKind::ListedAgain
                | EventKind::ReappearedChanged
                | EventKind::Removed
                | EventKind::StatusChanged
                | EventKind::Undeclared
                | EventKind::Unexpected
        )
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
