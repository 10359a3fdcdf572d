//! What entries are looked up by.

use alloc::string::{String, ToString as _};

use crate::digest::Digest;
use crate::entry::MAX_FILENAME_LEN;
use crate::map::MapKey;
use crate::project::ProjectName;

/// What entries are looked up by.
///
/// ```
/// use record::{LookupKey, MapKey};
///
/// let key = LookupKey::parse("file", "requests-2.31.0.tar.gz").expect("a filename");
/// assert_eq!(key.map_key(), MapKey::file("requests-2.31.0.tar.gz"));
/// assert_eq!((key.kind(), key.value().as_str()), ("file", "requests-2.31.0.tar.gz"));
/// assert_eq!(LookupKey::parse("project", "Not_Normalised"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupKey {
    /// A filename, verbatim.
    File(String),
    /// A project.
    Project(ProjectName),
    /// A file's hash.
    Sha256(Digest),
}

impl LookupKey {
    /// Reads what [`kind`](Self::kind) and [`value`](Self::value) gave; `None` for what no entry has.
    pub fn parse(kind: &str, value: &str) -> Option<LookupKey> {
        match kind {
            "file" => {
                let fits = (1..=MAX_FILENAME_LEN).contains(&value.len());
                let one_line = !value.bytes().any(|byte| byte.is_ascii_control());
                (fits && one_line).then(|| LookupKey::File(value.to_string()))
            }
            "project" => ProjectName::parse(value).ok().map(LookupKey::Project),
            "sha256" => Digest::parse(value).ok().map(LookupKey::Sha256),
            _ => None,
        }
    }

    /// `file`, `project` or `sha256`.
    pub const fn kind(&self) -> &'static str {
        match self {
            LookupKey::File(_) => "file",
            LookupKey::Project(_) => "project",
            LookupKey::Sha256(_) => "sha256",
        }
    }

    /// Filename, project name or hash.
    pub fn value(&self) -> String {
        match self {
            LookupKey::File(filename) => filename.clone(),
            LookupKey::Project(project) => project.to_string(),
            LookupKey::Sha256(digest) => digest.to_string(),
        }
    }

    /// The key under which the log lists such entries.
    pub fn map_key(&self) -> MapKey {
        match self {
            LookupKey::File(filename) => MapKey::file(filename),
            LookupKey::Project(project) => MapKey::project(project),
            LookupKey::Sha256(digest) => MapKey::sha256(digest),
        }
    }
}
