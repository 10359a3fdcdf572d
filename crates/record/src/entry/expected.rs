//! The `expected` entry.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::codec::Body;
use super::rules::{self, FieldError};
use super::{Entry, Kind};
use crate::digest::Digest;
use crate::key::{PublicKey, Signature};
use crate::project::ProjectName;
use crate::timestamp::Timestamp;

/// A publisher's signed expectation of a file's hash.
///
/// ```
/// # use record::{Entry, Parsed};
/// let bytes = br#"{"v":1,"kind":"expected","project":"requests","version":"2.31.0","filename":"requests-2.31.0.tar.gz","sha256":"942c5a758f98d790eaed1a29cb6eefc7ffb0d1cf7af05c3d2791656dbd6ad1e1","key":"requests-release+f2d5e3c1+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB","signature":"AQIDBAUGBwg=","received":"2026-11-21T01:13:58Z"}"#;
/// let Parsed::Known(Entry::Expected(expected)) = Entry::parse(bytes)? else { panic!("an expectation") };
/// assert!(expected.key.as_str().starts_with("requests-release+"));
/// assert_eq!(Entry::Expected(expected).to_bytes()?, bytes);
/// # Ok::<(), record::EntryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedEntry {
    /// The project.
    pub project: ProjectName,
    /// The release, perhaps empty.
    pub version: String,
    /// Verbatim.
    pub filename: String,
    /// Hash of the file that was released.
    pub sha256: Digest,
    /// The publisher's key.
    pub key: PublicKey,
    /// By that key.
    pub signature: Signature,
    /// The log's clock.
    pub received: Timestamp,
}

impl Body for ExpectedEntry {
    const KIND: Kind = Kind::Expected;

    fn check(&self) -> Result<(), FieldError> {
        rules::version(&self.version)?;
        rules::filename(&self.filename)
    }
}

impl From<ExpectedEntry> for Entry {
    fn from(entry: ExpectedEntry) -> Entry {
        Entry::Expected(entry)
    }
}
