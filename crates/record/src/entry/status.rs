//! The `status` entry.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::codec::Body;
use super::rules::{self, FieldError};
use super::{Entry, Kind};
use crate::project::ProjectName;
use crate::timestamp::Timestamp;

/// A fact that may flip: a file is yanked or not; a project or a release has another status.
///
/// With `filename` it is about that file, else with `version` about that release, else about the
/// whole project.
///
/// ```
/// # use record::{Entry, Parsed, Status};
/// let bytes = br#"{"v":1,"kind":"status","project":"requests","version":"2.32.0","filename":"requests-2.32.0.tar.gz","status":"yanked","reason":"Conflicts with CVE-2024-35195 mitigation","observed":"2026-11-21T01:13:58Z"}"#;
/// let Parsed::Known(Entry::Status(flip)) = Entry::parse(bytes)? else { panic!("a status") };
/// assert_eq!(flip.status, Status::Yanked);
/// assert_eq!(Entry::Status(flip).to_bytes()?, bytes);
///
/// let bytes = br#"{"v":1,"kind":"status","project":"requests","status":"archived","observed":"2026-11-21T01:13:58Z"}"#;
/// assert!(matches!(Entry::parse(bytes)?, Parsed::Known(Entry::Status(_))));
/// # Ok::<(), record::EntryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusEntry {
    /// The project.
    pub project: ProjectName,
    /// The release; perhaps empty with a filename, never without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The file, for [`Status::Yanked`] and [`Status::Unyanked`] and for those only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// The status from now on.
    pub status: Status,
    /// Why, as the index gives it; never empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The data set it was imported from; `None` if this log saw it on the index itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The log's clock.
    pub observed: Timestamp,
}

/// Status of a file, a release or a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Project or release: nothing special.
    Active,
    /// Project or release: no further releases are expected.
    Archived,
    /// Project or release: deleted from the index.
    Deleted,
    /// Project or release: obsolete, perhaps superseded.
    Deprecated,
    /// Project or release: considered unsafe, not offered for installation.
    Quarantined,
    /// File: not yanked any more.
    Unyanked,
    /// File: not to be chosen by installers unless pinned.
    Yanked,
}

impl Status {
    /// All statuses, by name.
    pub const ALL: [Status; 7] = [
        Status::Active,
        Status::Archived,
        Status::Deleted,
        Status::Deprecated,
        Status::Quarantined,
        Status::Unyanked,
        Status::Yanked,
    ];

    /// The status with this name, if there is one.
    pub fn parse(name: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The value of `status` in the entry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Archived => "archived",
            Status::Deleted => "deleted",
            Status::Deprecated => "deprecated",
            Status::Quarantined => "quarantined",
            Status::Unyanked => "unyanked",
            Status::Yanked => "yanked",
        }
    }

    /// Whether it is a status of files, not of projects and releases.
    pub const fn is_of_file(self) -> bool {
        matches!(self, Status::Unyanked | Status::Yanked)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Body for StatusEntry {
    const KIND: Kind = Kind::Status;

    fn check(&self) -> Result<(), FieldError> {
        match (&self.version, &self.filename) {
            (version, Some(filename)) => {
                let why = "a file's status states its version";
                rules::consistent(version.is_some(), "version", why)?;
                rules::version(version.as_deref().unwrap_or_default())?;
                rules::filename(filename)?;
            }
            (Some(version), None) => {
                rules::nonempty_line("version", version, rules::MAX_VERSION_LEN)?;
            }
            (None, None) => {}
        }
        let why = "files and only files are yanked or unyanked";
        rules::consistent(self.status.is_of_file() == self.filename.is_some(), "status", why)?;
        if let Some(reason) = &self.reason {
            rules::nonempty_text("reason", reason)?;
        }
        rules::via(self.via.as_deref())
    }
}

impl From<StatusEntry> for Entry {
    fn from(entry: StatusEntry) -> Entry {
        Entry::Status(entry)
    }
}
