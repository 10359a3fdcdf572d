//! The `content` entry.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::codec::Body;
use super::rules::{self, FieldError};
use super::{Entry, Kind};
use crate::digest::Digest;
use crate::project::ProjectName;
use crate::timestamp::Timestamp;

/// Downloaded bytes, confirmed by repeated downloads, differ from the listed hash.
///
/// ```
/// # use record::{Entry, Parsed};
/// let bytes = br#"{"v":1,"kind":"content","project":"requests","version":"2.31.0","filename":"requests-2.31.0.tar.gz","sha256":"942c5a758f98d790eaed1a29cb6eefc7ffb0d1cf7af05c3d2791656dbd6ad1e1","got":"fa5490319474c82ef1d2c9bc459d3652e3ae4ef4c4ebdd18a21145a47ca4b6b8","observed":"2026-11-21T01:13:58Z"}"#;
/// let Parsed::Known(Entry::Content(content)) = Entry::parse(bytes)? else { panic!("a mismatch") };
/// assert_ne!(content.sha256, content.got);
/// assert_eq!(Entry::Content(content).to_bytes()?, bytes);
/// # Ok::<(), record::EntryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentEntry {
    /// Whose page lists it.
    pub project: ProjectName,
    /// As in the file's own entry.
    pub version: String,
    /// Verbatim.
    pub filename: String,
    /// Listed hash.
    pub sha256: Digest,
    /// Hash of the bytes that came; never the listed one.
    pub got: Digest,
    /// The log's clock.
    pub observed: Timestamp,
}

impl Body for ContentEntry {
    const KIND: Kind = Kind::Content;

    fn check(&self) -> Result<(), FieldError> {
        rules::version(&self.version)?;
        rules::filename(&self.filename)?;
        rules::consistent(self.got != self.sha256, "got", "it equals `sha256`")
    }
}

impl From<ContentEntry> for Entry {
    fn from(entry: ContentEntry) -> Entry {
        Entry::Content(entry)
    }
}
