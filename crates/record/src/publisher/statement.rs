//! The texts that publishers sign.

use alloc::format;
use alloc::string::String;

use tlog::Hash;

use super::state::ExpectationRefusal;
use crate::digest::Digest;
use crate::entry::{ExpectedEntry, KeyAction, KeyEntry};
use crate::filename::split_filename;
use crate::key::{PublicKey, Signature};
use crate::project::ProjectName;
use crate::timestamp::Timestamp;
use crate::version::canonical_version;

/// First line of every statement; it names the format and its version.
const FIRST_LINE: &str = "indelible-statement@v1";

/// A publisher expects that the index lists a file with this hash and with no other.
///
/// ```
/// use record::{Digest, Expectation, ProjectName};
///
/// let expectation = Expectation {
///     project: ProjectName::parse("example")?,
///     version: "1.0".into(),
///     filename: "example-1.0.tar.gz".into(),
///     sha256: Digest::from([0x11; 32]),
/// };
/// assert_eq!(expectation.text("log.example/pypi"), format!("\
/// indelible-statement@v1
/// log log.example/pypi
/// expect
/// project example
/// version 1.0
/// filename example-1.0.tar.gz
/// sha256 {}
/// ", "11".repeat(32)));
/// # Ok::<(), record::InvalidProjectName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The project.
    pub project: ProjectName,
    /// The release, perhaps empty.
    pub version: String,
    /// Verbatim.
    pub filename: String,
    /// Hash of the file that was released.
    pub sha256: Digest,
}

impl Expectation {
    /// What is signed for the log with this origin.
    pub fn text(&self, origin: &str) -> String {
        let Expectation { project, version, filename, sha256 } = self;
        format!(
            "{FIRST_LINE}\nlog {origin}\nexpect\nproject {project}\nversion {version}\n\
             filename {filename}\nsha256 {sha256}\n"
        )
    }

    /// Whether `signature` is that of `key` over it, for the log with this origin.
    ///
    /// # Errors
    /// [`ExpectationRefusal::Signature`] if it is not.
    pub fn verify(
        &self,
        origin: &str,
        key: &PublicKey,
        signature: &Signature,
    ) -> Result<(), ExpectationRefusal> {
        match key.verifies(&self.text(origin), signature) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(ExpectationRefusal::Signature(key.clone())),
        }
    }

    /// Whether the filename is that of a file of this release of this project.
    ///
    /// Nobody has to speak of files that are not theirs, and the index takes no new file otherwise.
    pub fn is_of_its_release(&self) -> bool {
        let named = split_filename(&self.filename, Some(&self.project));
        let version = named.and_then(|(_, version)| canonical_version(&version));
        version.is_some() && version == canonical_version(&self.version)
    }

    /// The entry that logs it.
    pub fn into_entry(
        self,
        key: PublicKey,
        signature: Signature,
        received: Timestamp,
    ) -> ExpectedEntry {
        let Expectation { project, version, filename, sha256 } = self;
        ExpectedEntry { project, version, filename, sha256, key, signature, received }
    }
}

impl From<&ExpectedEntry> for Expectation {
    fn from(entry: &ExpectedEntry) -> Expectation {
        Expectation {
            project: entry.project.clone(),
            version: entry.version.clone(),
            filename: entry.filename.clone(),
            sha256: entry.sha256,
        }
    }
}

/// A change of the keys that speak for a project, at one place of its history.
///
/// ```
/// use record::{KeyAction, KeyChange, ProjectName, PublicKey};
///
/// let vkey = "example-release+f2d5e3c1+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
/// let change = KeyChange {
///     project: ProjectName::parse("example").unwrap(),
///     action: KeyAction::Enrol,
///     key: PublicKey::parse(vkey).unwrap(),
///     after: None,
/// };
/// assert_eq!(change.text("log.example/pypi"), format!("\
/// indelible-statement@v1
/// log log.example/pypi
/// enrol
/// project example
/// key {vkey}
/// after none
/// "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The project.
    pub project: ProjectName,
    /// What happens.
    pub action: KeyAction,
    /// To which key.
    pub key: PublicKey,
    /// Leaf hash of the project's newest key entry that counts.
    pub after: Option<Hash>,
}

impl KeyChange {
    /// What is signed for the log with this origin.
    pub fn text(&self, origin: &str) -> String {
        let KeyChange { project, action, key, after } = self;
        let after = after.map_or("none".into(), |hash| format!("{hash}"));
        format!(
            "{FIRST_LINE}\nlog {origin}\n{action}\nproject {project}\nkey {key}\nafter {after}\n"
        )
    }

    /// The change that `entry` logs if it follows the key entry with this leaf hash.
    pub fn of(entry: &KeyEntry, after: Option<Hash>) -> KeyChange {
        KeyChange {
            project: entry.project.clone(),
            action: entry.action,
            key: entry.key.clone(),
            after,
        }
    }
}
