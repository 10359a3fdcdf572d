//! Entries: what the log holds, one canonical JSON object each, frozen for ever.
//!
//! Every kind has a struct whose fields stand in the order of the bytes. Text limits are in bytes of
//! UTF-8; text other than a reason holds no control characters. An entry that keeps them always fits
//! into [`MAX_ENTRY_LEN`].

mod codec;
mod content;
mod epoch;
mod expected;
mod file;
pub(crate) mod holdable;
mod key;
mod removed;
mod rules;
mod status;

use alloc::vec::Vec;
use core::fmt;

pub use self::codec::{EntryError, MAX_ENTRY_LEN, Parsed};
pub use self::content::ContentEntry;
pub use self::epoch::EpochEntry;
pub use self::expected::ExpectedEntry;
pub use self::file::FileEntry;
pub use self::key::{KeyAction, KeyEntry};
pub use self::removed::RemovedEntry;
pub use self::rules::{
    FieldError, FieldProblem, MAX_FILENAME_LEN, MAX_NUMBER, MAX_REASON_LEN, MAX_UPLOADED_LEN,
    MAX_VERSION_LEN, MAX_VIA_LEN, bound_reason, check_via,
};
pub use self::status::{Status, StatusEntry};
use crate::digest::Digest;
use crate::map::MapKey;
use crate::project::ProjectName;
use crate::timestamp::Timestamp;

/// An entry of a kind that this version knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Downloaded bytes differ from the listed hash.
    Content(ContentEntry),
    /// The log's own summary.
    Epoch(EpochEntry),
    /// A publisher's signed expectation.
    Expected(ExpectedEntry),
    /// A file is listed with this hash.
    File(FileEntry),
    /// A publisher key changed.
    Key(KeyEntry),
    /// A file is listed no more.
    Removed(RemovedEntry),
    /// A status flipped.
    Status(StatusEntry),
}

/// The kinds of entries that this version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// [`ContentEntry`]
    Content,
    /// [`EpochEntry`]
    Epoch,
    /// [`ExpectedEntry`]
    Expected,
    /// [`FileEntry`]
    File,
    /// [`KeyEntry`]
    Key,
    /// [`RemovedEntry`]
    Removed,
    /// [`StatusEntry`]
    Status,
}

impl Kind {
    /// All kinds, by name.
    pub const ALL: [Kind; 7] = [
        Kind::Content,
        Kind::Epoch,
        Kind::Expected,
        Kind::File,
        Kind::Key,
        Kind::Removed,
        Kind::Status,
    ];

    /// The value of `kind` in the entry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Content => "content",
            Kind::Epoch => "epoch",
            Kind::Expected => "expected",
            Kind::File => "file",
            Kind::Key => "key",
            Kind::Removed => "removed",
            Kind::Status => "status",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an entry is about: the fields that are map keys, of whatever kind it is.
struct Subject<'a> {
    project: &'a ProjectName,
    filename: Option<&'a str>,
    sha256: Option<&'a Digest>,
    got: Option<&'a Digest>,
}

impl Entry {
    /// The canonical bytes, those that are hashed and logged.
    ///
    /// # Errors
    /// [`EntryError::Field`] if a field breaks a rule of its kind.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        match self {
            Entry::Content(entry) => codec::write(entry),
            Entry::Epoch(entry) => codec::write(entry),
            Entry::Expected(entry) => codec::write(entry),
            Entry::File(entry) => codec::write(entry),
            Entry::Key(entry) => codec::write(entry),
            Entry::Removed(entry) => codec::write(entry),
            Entry::Status(entry) => codec::write(entry),
        }
    }

    /// Reads an entry; canonical or refused.
    ///
    /// # Errors
    /// [`EntryError`] unless `bytes` are exactly what [`Entry::to_bytes`] writes for some entry, or an
    /// object that begins with an unknown `v` or `kind`.
    pub fn parse(bytes: &[u8]) -> Result<Parsed, EntryError> {
        codec::parse(bytes)
    }

    /// Which kind it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Entry::Content(_) => Kind::Content,
            Entry::Epoch(_) => Kind::Epoch,
            Entry::Expected(_) => Kind::Expected,
            Entry::File(_) => Kind::File,
            Entry::Key(_) => Kind::Key,
            Entry::Removed(_) => Kind::Removed,
            Entry::Status(_) => Kind::Status,
        }
    }

    /// The keys under which the verifiable map lists it: project, file and hashes, as far as it
    /// carries them. An epoch has none.
    pub fn map_keys(&self) -> Vec<MapKey> {
        let Some(subject) = self.subject() else { return Vec::new() };
        let mut keys = Vec::with_capacity(4);
        keys.push(MapKey::project(subject.project));
        keys.extend(subject.filename.map(MapKey::file));
        keys.extend(subject.sha256.map(MapKey::sha256));
        keys.extend(subject.got.map(MapKey::sha256));
        keys
    }

    /// The project it is about; an epoch is about none.
    pub fn project(&self) -> Option<&ProjectName> {
        self.subject().map(|subject| subject.project)
    }

    /// The file it is about.
    pub fn filename(&self) -> Option<&str> {
        self.subject()?.filename
    }

    /// The log's clock when it was made.
    pub const fn time(&self) -> Timestamp {
        match self {
            Entry::Content(entry) => entry.observed,
            Entry::Epoch(entry) => entry.time,
            Entry::Expected(entry) => entry.received,
            Entry::File(entry) => entry.observed,
            Entry::Key(entry) => entry.received,
            Entry::Removed(entry) => entry.observed,
            Entry::Status(entry) => entry.observed,
        }
    }

    fn subject(&self) -> Option<Subject<'_>> {
        let of_file = |project, filename, sha256, got| Subject {
            project,
            filename: Some(filename),
            sha256: Some(sha256),
            got,
        };
        Some(match self {
            Entry::Content(e) => of_file(&e.project, &e.filename, &e.sha256, Some(&e.got)),
            Entry::Epoch(_) => return None,
            Entry::Expected(e) => of_file(&e.project, &e.filename, &e.sha256, None),
            Entry::File(e) => of_file(&e.project, &e.filename, &e.sha256, None),
            Entry::Key(e) => {
                Subject { project: &e.project, filename: None, sha256: None, got: None }
            }
            Entry::Removed(e) => of_file(&e.project, &e.filename, &e.sha256, None),
            Entry::Status(e) => Subject {
                project: &e.project,
                filename: e.filename.as_deref(),
                sha256: None,
                got: None,
            },
        })
    }
}
