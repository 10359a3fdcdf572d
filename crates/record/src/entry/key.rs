//! The `key` entry.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::codec::Body;
use super::rules::{self, FieldError};
use super::{Entry, Kind};
use crate::key::{MAX_KEY_LEN, PublicKey, Signature};
use crate::project::ProjectName;
use crate::timestamp::Timestamp;

/// A publisher key was enrolled, rotated or revoked for a project.
///
/// ```
/// # use record::{Entry, KeyAction, Parsed};
/// let bytes = br#"{"v":1,"kind":"key","project":"requests","action":"enrol","key":"requests-release+f2d5e3c1+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB","by":"operator","received":"2026-11-21T01:13:58Z"}"#;
/// let Parsed::Known(Entry::Key(key)) = Entry::parse(bytes)? else { panic!("a key") };
/// assert_eq!((key.action, key.by.as_str()), (KeyAction::Enrol, "operator"));
/// assert_eq!(Entry::Key(key).to_bytes()?, bytes);
/// # Ok::<(), record::EntryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// The project.
    pub project: ProjectName,
    /// What happened.
    pub action: KeyAction,
    /// To which key.
    pub key: PublicKey,
    /// Who decided it: the vkey of a key of the project, or a word such as `operator`.
    pub by: String,
    /// By the key in `by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// The log's clock.
    pub received: Timestamp,
}

/// What happened to a publisher key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyAction {
    /// It speaks for the project from now on, beside the keys that do already.
    Add,
    /// It is the project's first key.
    Enrol,
    /// It speaks for the project from now on, and the key in `by` no more.
    Rotate,
    /// It speaks for the project no more.
    Revoke,
}

impl Body for KeyEntry {
    const KIND: Kind = Kind::Key;

    fn check(&self) -> Result<(), FieldError> {
        rules::nonempty_line("by", &self.by, MAX_KEY_LEN)?;
        let verifiable = self.signature.is_none() || PublicKey::parse(&self.by).is_ok();
        rules::consistent(verifiable, "signature", "`by` is not the key that made it")
    }
}

impl From<KeyEntry> for Entry {
    fn from(entry: KeyEntry) -> Entry {
        Entry::Key(entry)
    }
}
