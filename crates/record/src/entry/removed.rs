//! The `removed` entry.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::codec::Body;
use super::rules::{self, FieldError};
use super::{Entry, Kind};
use crate::digest::Digest;
use crate::project::ProjectName;
use crate::timestamp::Timestamp;

/// A file listed before is listed no more.
///
/// ```
/// # use record::{Entry, Parsed};
/// let bytes = br#"{"v":1,"kind":"removed","project":"requests","version":"2.32.0","filename":"requests-2.32.0.tar.gz","sha256":"fa5490319474c82ef1d2c9bc459d3652e3ae4ef4c4ebdd18a21145a47ca4b6b8","observed":"2026-11-21T01:13:58Z"}"#;
/// let Parsed::Known(Entry::Removed(removed)) = Entry::parse(bytes)? else { panic!("a removal") };
/// assert_eq!(removed.filename, "requests-2.32.0.tar.gz");
/// assert_eq!(Entry::Removed(removed).to_bytes()?, bytes);
/// # Ok::<(), record::EntryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovedEntry {
    /// Whose page listed it.
    pub project: ProjectName,
    /// As in the file's own entry.
    pub version: String,
    /// Verbatim.
    pub filename: String,
    /// Hash that was listed last.
    pub sha256: Digest,
    /// The data set it was imported from; `None` if this log saw it on the index itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The log's clock.
    pub observed: Timestamp,
}

impl Body for RemovedEntry {
    const KIND: Kind = Kind::Removed;

    fn check(&self) -> Result<(), FieldError> {
        rules::version(&self.version)?;
        rules::filename(&self.filename)?;
        rules::via(self.via.as_deref())
    }
}

impl From<RemovedEntry> for Entry {
    fn from(entry: RemovedEntry) -> Entry {
        Entry::Removed(entry)
    }
}
