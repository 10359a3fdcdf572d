//! The `file` entry.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::codec::Body;
use super::rules::{self, FieldError};
use super::{Entry, Kind, bound_reason, holdable};
use crate::digest::Digest;
use crate::fact::ListedFile;
use crate::project::ProjectName;
use crate::timestamp::Timestamp;

/// The index lists this file with this hash: first sight, another hash, other metadata, or back after
/// a removal.
///
/// ```
/// # use record::{Entry, Parsed};
/// let bytes = br#"{"v":1,"kind":"file","project":"requests","version":"2.31.0","filename":"requests-2.31.0.tar.gz","sha256":"942c5a758f98d790eaed1a29cb6eefc7ffb0d1cf7af05c3d2791656dbd6ad1e1","size":110794,"uploaded":"2023-05-22T15:12:44.175051Z","observed":"2026-11-21T01:13:58Z"}"#;
/// let Parsed::Known(Entry::File(file)) = Entry::parse(bytes)? else { panic!("a file entry") };
/// assert_eq!(file.size, Some(110_794));
/// assert_eq!(Entry::File(file).to_bytes()?, bytes);
/// # Ok::<(), record::EntryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Whose page lists it.
    pub project: ProjectName,
    /// As the index states it, else derived from the filename, else empty.
    pub version: String,
    /// Verbatim; the file's identity across the whole index.
    pub filename: String,
    /// Listed hash.
    pub sha256: Digest,
    /// Size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// BLAKE2b-256, where the index shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blake2b: Option<Digest>,
    /// SHA-256 of the core metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Digest>,
    /// Upload time as the index claims it, verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploaded: Option<String>,
    /// Reason for yanking, empty if none was given; `None` if not yanked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<String>,
    /// Whether the index links a provenance: `true` or left out.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub provenance: bool,
    /// The data set it was imported from; `None` if this log saw it on the index itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The log's clock.
    pub observed: Timestamp,
}

impl FileEntry {
    /// The entry of a listed file that the log does not hold yet: what [`FileState::admit`] adds then.
    ///
    /// [`FileState::admit`]: crate::FileState::admit
    pub fn first_sight(file: ListedFile, observed: Timestamp, via: Option<&str>) -> FileEntry {
        FileEntry {
            project: file.project,
            version: holdable::version(file.version),
            filename: file.filename,
            sha256: file.sha256,
            size: holdable::size(file.size),
            blake2b: file.blake2b,
            metadata: file.metadata,
            uploaded: holdable::uploaded(file.uploaded),
            yanked: file.yanked.map(|reason| match bound_reason(&reason) {
                bound if bound.len() == reason.len() => reason,
                bound => bound.into(),
            }),
            provenance: file.provenance,
            via: via.map(String::from),
            observed,
        }
    }
}

impl Body for FileEntry {
    const KIND: Kind = Kind::File;

    fn check(&self) -> Result<(), FieldError> {
        rules::version(&self.version)?;
        rules::filename(&self.filename)?;
        if let Some(size) = self.size {
            rules::number("size", size)?;
        }
        if let Some(uploaded) = &self.uploaded {
            rules::uploaded(uploaded)?;
        }
        if let Some(reason) = &self.yanked {
            rules::free_text("yanked", reason)?;
        }
        rules::via(self.via.as_deref())
    }
}

/// What was seen, from what was logged of it.
impl From<FileEntry> for ListedFile {
    fn from(entry: FileEntry) -> ListedFile {
        ListedFile {
            project: entry.project,
            version: entry.version,
            filename: entry.filename,
            sha256: entry.sha256,
            size: entry.size,
            blake2b: entry.blake2b,
            metadata: entry.metadata,
            uploaded: entry.uploaded,
            yanked: entry.yanked,
            provenance: entry.provenance,
        }
    }
}

impl From<FileEntry> for Entry {
    fn from(entry: FileEntry) -> Entry {
        Entry::File(entry)
    }
}
