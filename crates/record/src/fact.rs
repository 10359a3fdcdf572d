//! Facts: what an observer saw on the package index, before it is known whether that is news.

use alloc::string::String;

use crate::digest::Digest;
use crate::entry::Status;
use crate::project::ProjectName;

/// One thing seen on the package index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Downloaded bytes differ from the listed hash, confirmed by repeated downloads.
    Content(ContentFact),
    /// A project's page lists a file.
    Listed(ListedFile),
    /// A project or a release has a status, or a file is yanked or not.
    Status(StatusFact),
    /// A project's page lists a file no more, confirmed by a second reading.
    Unlisted {
        /// Whose page.
        project: ProjectName,
        /// The file that is gone.
        filename: String,
    },
}

/// A file as a project's page lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    /// Whose page.
    pub project: ProjectName,
    /// Version as the index states it, else derived from the filename, else empty.
    pub version: String,
    /// Verbatim.
    pub filename: String,
    /// Listed hash of the file.
    pub sha256: Digest,
    /// Listed size in bytes.
    pub size: Option<u64>,
    /// BLAKE2b-256 of the file, where the index shows it.
    pub blake2b: Option<Digest>,
    /// SHA-256 of the file's core metadata, where stated.
    pub metadata: Option<Digest>,
    /// Upload time as the index claims it, verbatim.
    pub uploaded: Option<String>,
    /// Reason for yanking, empty if none was given; `None` if not yanked.
    pub yanked: Option<String>,
    /// Whether the index links a provenance.
    pub provenance: bool,
}

/// A status that may flip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusFact {
    /// Which project.
    pub project: ProjectName,
    /// Which release; `None` for the project as a whole.
    pub version: Option<String>,
    /// Which file, for [`Status::Yanked`] and [`Status::Unyanked`] only.
    pub filename: Option<String>,
    /// The status.
    pub status: Status,
    /// Why, as the index gives it.
    pub reason: Option<String>,
}

/// Downloaded bytes that are not what the index lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentFact {
    /// Whose page lists the file.
    pub project: ProjectName,
    /// Version, empty if not known.
    pub version: String,
    /// Verbatim.
    pub filename: String,
    /// Hash that the page lists.
    pub sha256: Digest,
    /// Hash of the bytes that came.
    pub got: Digest,
}

impl Fact {
    /// The project it is about.
    pub const fn project(&self) -> &ProjectName {
        match self {
            Fact::Content(fact) => &fact.project,
            Fact::Listed(fact) => &fact.project,
            Fact::Status(fact) => &fact.project,
            Fact::Unlisted { project, .. } => project,
        }
    }

    /// The file it is about; `None` if it is about a project or a release.
    pub fn filename(&self) -> Option<&str> {
        match self {
            Fact::Content(fact) => Some(&fact.filename),
            Fact::Listed(fact) => Some(&fact.filename),
            Fact::Status(fact) => fact.filename.as_deref(),
            Fact::Unlisted { filename, .. } => Some(filename),
        }
    }
}
