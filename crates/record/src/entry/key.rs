//! The `key` entry.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::codec::Body;
use super::rules::{self, FieldError};
use super::{Entry, Kind};
use crate::key::{MAX_KEY_LEN, PublicKey, Signature};
use crate::project::ProjectName;
use crate::timestamp::Timestamp;

/// A publisher key was enrolled, rotated or revoked for a project, or declared how far it speaks.
///
/// Which of them count is the business of [`KeyRing`](crate::KeyRing).
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
    /// Who decided it: the vkey of a key of the project, or [`KeyEntry::OPERATOR`].
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
    /// It declares that the project's keys expect every file from now on: what is listed without an
    /// expectation is not the publisher's.
    Complete,
    /// It is the project's first key.
    Enrol,
    /// It takes back that the project's keys expect every file.
    Partial,
    /// It speaks for the project from now on, and the key in `by` no more.
    Rotate,
    /// It speaks for the project no more.
    Revoke,
}

impl KeyAction {
    /// All actions, by name.
    pub const ALL: [KeyAction; 6] = [
        KeyAction::Add,
        KeyAction::Complete,
        KeyAction::Enrol,
        KeyAction::Partial,
        KeyAction::Revoke,
        KeyAction::Rotate,
    ];

    /// The value of `action` in the entry.
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyAction::Add => "add",
            KeyAction::Complete => "complete",
            KeyAction::Enrol => "enrol",
            KeyAction::Partial => "partial",
            KeyAction::Revoke => "revoke",
            KeyAction::Rotate => "rotate",
        }
    }

    /// The action with this name.
    pub fn parse(text: &str) -> Option<KeyAction> {
        KeyAction::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

impl fmt::Display for KeyAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl KeyEntry {
    /// What `by` says when the operator of the log decided.
    pub const OPERATOR: &'static str = "operator";
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
