//! What is to be explained.

use record::{Digest, ProjectName, split_filename};

/// A hash that did not match, or one to be told about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Whose file it is, as far as that is known.
    pub project: Option<ProjectName>,
    /// Of which release, as far as that is known.
    pub version: Option<String>,
    /// The file that came, or that the expected hash is stated for.
    pub filename: Option<String>,
    /// Hashes of which any would have been accepted.
    pub expected: Vec<Digest>,
    /// Hash of the bytes that came.
    pub got: Option<Digest>,
    /// Hash that the link to the file promised, if the installer showed it.
    pub linked: Option<Digest>,
    /// Whether digests by other algorithms than SHA-256 were stated.
    pub other_algorithms: bool,
}

impl Question {
    /// Whether a SHA-256 hash is stated at all.
    pub const fn has_hashes(&self) -> bool {
        !self.expected.is_empty() || self.got.is_some()
    }

    /// Whose file it is, as stated or as the filename says.
    pub fn project(&self) -> Option<ProjectName> {
        self.project.clone().or_else(|| Some(self.split_name()?.0))
    }

    /// Of which release, as stated or as the filename says.
    pub fn version(&self) -> Option<String> {
        self.version.clone().or_else(|| Some(self.split_name()?.1))
    }

    /// Every stated SHA-256 hash.
    pub fn hashes(&self) -> impl Iterator<Item = &Digest> {
        self.expected.iter().chain(&self.got)
    }

    fn split_name(&self) -> Option<(ProjectName, String)> {
        split_filename(self.filename.as_deref()?, self.project.as_ref())
    }
}
