//! The keys of a project: the fold of its `key` entries.

use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;
use tlog::{Hash, LeafIndex, leaf_hash};

use super::file::Expected;
use super::state::ExpectationRefusal;
use super::statement::{Expectation, KeyChange};
use crate::entry::{Entry, EntryError, KeyAction, KeyEntry};
use crate::key::{PublicKey, Signature};
use crate::timestamp::Timestamp;

/// Keys that may speak for a project at the same time.
pub const MAX_ACTIVE_KEYS: usize = 32;

/// The keys that speak, or spoke, for a project in one log.
///
/// * The first key comes by `enrol`, signed by itself or decided by the operator.
/// * From then on keys change only by a statement of an active key: `add`, `rotate` (the new key in the
///   place of the one that signs) and `revoke`, also of itself. The operator can `revoke`, and `enrol`
///   where no key is active any more; both say so in public.
/// * A key that is gone never comes back.
/// * `complete` and `partial` are statements of an active key about itself and its fellows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRing {
    origin: String,
    keys: Vec<KeyState>,
    last: Option<Hash>,
    complete: Option<LeafIndex>,
}

/// A key that speaks, or spoke, for a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyState {
    /// The key.
    pub key: PublicKey,
    /// Position of the entry by which it came.
    pub since: LeafIndex,
    /// How it ended, where, and when by the log's clock; `None` while it is active.
    pub ended: Option<(KeyAction, LeafIndex, Timestamp)>,
}

impl KeyState {
    /// Whether it speaks for the project now.
    pub const fn is_active(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether it was revoked: not replaced in good order, but no more to be believed.
    pub const fn is_revoked(&self) -> bool {
        matches!(self.ended, Some((KeyAction::Revoke, ..)))
    }
}

/// A `key` entry does not count, and would not be logged by an honest log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyRefusal {
    /// The action is about a key that does not speak for the project.
    #[error("{0} is not an active key of this project")]
    NotActive(PublicKey),
    /// The key speaks for the project already.
    #[error("{0} is an active key of this project already")]
    Active(PublicKey),
    /// The key spoke for the project once.
    #[error(
        "{0} spoke for this project before, and a key that is gone never comes back: make a new one"
    )]
    Gone(PublicKey),
    /// Enrolment where there are keys, or were.
    #[error(
        "the project has had keys already: an active key adds or rotates, and where none is left only \
         the operator enrols"
    )]
    HasKeys,
    /// The log's operator can not decide this.
    #[error("only an active key of the project can do this, not {0:?}")]
    NotForOperator(String),
    /// A declaration of, or by, somebody else.
    #[error("a key declares for itself: `key` and `by` are the same")]
    NotItsOwn,
    /// The statement declares what holds already.
    #[error("that is declared already")]
    Declared,
    /// Too many keys at the same time.
    #[error("a project has at most {MAX_ACTIVE_KEYS} active keys: revoke one first")]
    TooMany,
    /// Not signed at all.
    #[error("the statement is not signed")]
    Unsigned,
    /// The signature is not that of the key in `by`.
    #[error(
        "the signature is not that of {by} over this statement: it may be of another log or project, or \
         the project's keys have changed since it was made"
    )]
    Signature {
        /// Who is said to have signed.
        by: PublicKey,
    },
    /// No key that statements can be verified with.
    #[error("{0}: {1}")]
    Unsupported(PublicKey, super::UnsupportedKey),
    /// The values make no entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

impl KeyRing {
    /// No keys, in the log with this origin.
    pub fn new(origin: &str) -> KeyRing {
        KeyRing { origin: origin.into(), keys: Vec::new(), last: None, complete: None }
    }

    /// Origin of the log that statements must be bound to.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Every key that ever spoke for the project, in the order in which they came.
    pub fn keys(&self) -> &[KeyState] {
        &self.keys
    }

    /// The keys that speak for the project.
    pub fn active(&self) -> impl Iterator<Item = &KeyState> {
        self.keys.iter().filter(|state| state.is_active())
    }

    /// The state of a key that ever spoke for the project.
    pub fn state(&self, key: &PublicKey) -> Option<&KeyState> {
        self.keys.iter().find(|state| state.key == *key)
    }

    /// Leaf hash of the newest key entry that counts: what the next statement comes `after`.
    pub const fn last(&self) -> Option<Hash> {
        self.last
    }

    /// Where it was declared that every file is expected; `None` unless that holds now.
    pub const fn complete_since(&self) -> Option<LeafIndex> {
        self.complete
    }

    /// Takes in the next `key` entry of the project.
    ///
    /// # Errors
    /// [`KeyRefusal`] if it does not count; nothing has changed then.
    pub fn apply(&mut self, index: LeafIndex, entry: &KeyEntry) -> Result<(), KeyRefusal> {
        self.check(entry)?;
        let bytes = Entry::Key(entry.clone()).to_bytes()?;
        let ended = Some((entry.action, index, entry.received));
        match entry.action {
            KeyAction::Add | KeyAction::Enrol => self.admit(&entry.key, index),
            KeyAction::Complete => self.complete = Some(index),
            KeyAction::Partial => self.complete = None,
            KeyAction::Revoke => self.end(|state| state.key == entry.key, ended),
            KeyAction::Rotate => {
                self.end(|state| state.key.as_str() == entry.by, ended);
                self.admit(&entry.key, index);
            }
        }
        self.last = Some(leaf_hash(&bytes));
        Ok(())
    }

    /// Whether the entry would count as the next one of the project.
    ///
    /// # Errors
    /// [`KeyRefusal`] says why not.
    pub fn check(&self, entry: &KeyEntry) -> Result<(), KeyRefusal> {
        let supported = entry.key.check_supported();
        supported.map_err(|error| KeyRefusal::Unsupported(entry.key.clone(), error))?;
        self.check_place(entry)?;
        if entry.by == KeyEntry::OPERATOR {
            return check_operator(entry);
        }
        self.check_authority(entry)
    }

    /// Whether what this key expects counts now.
    ///
    /// # Errors
    /// [`ExpectationRefusal::NotActive`] if it does not speak for the project.
    pub fn check_key(&self, key: &PublicKey) -> Result<&PublicKey, ExpectationRefusal> {
        match self.state(key) {
            Some(state) if state.is_active() => Ok(&state.key),
            _ => Err(ExpectationRefusal::NotActive(key.clone())),
        }
    }

    /// Whether an expectation of the project would count as the next entry.
    ///
    /// # Errors
    /// [`ExpectationRefusal`] says why not.
    pub fn check_expectation(
        &self,
        expectation: &Expectation,
        key: &PublicKey,
        signature: &Signature,
    ) -> Result<(), ExpectationRefusal> {
        self.check_key(key)?;
        expectation.verify(&self.origin, key, signature)
    }

    /// Of the expectations of a file that count, those that are to be believed: see
    /// [`PublisherState`](super::PublisherState).
    pub fn believed<'a>(&self, expectations: &'a [Expected]) -> Vec<&'a Expected> {
        let revoked =
            |expected: &&Expected| self.state(&expected.key).is_some_and(KeyState::is_revoked);
        let (revoked, sound): (Vec<_>, Vec<_>) = expectations.iter().partition(revoked);
        if sound.is_empty() { revoked } else { sound }
    }

    /// Whether the action makes sense for the key.
    fn check_place(&self, entry: &KeyEntry) -> Result<(), KeyRefusal> {
        let known = self.state(&entry.key);
        match entry.action {
            KeyAction::Add | KeyAction::Enrol | KeyAction::Rotate => match known {
                Some(state) if state.is_active() => Err(KeyRefusal::Active(entry.key.clone())),
                Some(_) => Err(KeyRefusal::Gone(entry.key.clone())),
                None if entry.action == KeyAction::Add
                    && self.active().count() >= MAX_ACTIVE_KEYS =>
                {
                    Err(KeyRefusal::TooMany)
                }
                None => Ok(()),
            },
            KeyAction::Complete | KeyAction::Partial | KeyAction::Revoke => {
                if !known.is_some_and(KeyState::is_active) {
                    return Err(KeyRefusal::NotActive(entry.key.clone()));
                }
                let declares = entry.action != KeyAction::Revoke;
                if declares && entry.by != KeyEntry::OPERATOR && entry.by != entry.key.as_str() {
                    return Err(KeyRefusal::NotItsOwn);
                }
                let holds = self.complete.is_some() == (entry.action == KeyAction::Complete);
                if declares && holds { Err(KeyRefusal::Declared) } else { Ok(()) }
            }
        }?;
        let enrols = entry.action == KeyAction::Enrol;
        let taken = self.active().next().is_some()
            || (entry.by != KeyEntry::OPERATOR && !self.keys.is_empty());
        if enrols && taken { Err(KeyRefusal::HasKeys) } else { Ok(()) }
    }

    /// Whether the one who signed may, and did.
    fn check_authority(&self, entry: &KeyEntry) -> Result<(), KeyRefusal> {
        let by = PublicKey::parse(&entry.by)
            .map_err(|_| KeyRefusal::NotForOperator(entry.by.clone()))?;
        if entry.action == KeyAction::Enrol {
            if by != entry.key {
                return Err(KeyRefusal::NotItsOwn);
            }
        } else if !self.state(&by).is_some_and(KeyState::is_active) {
            return Err(KeyRefusal::NotActive(by));
        }
        let signature = entry.signature.as_ref().ok_or(KeyRefusal::Unsigned)?;
        let text = KeyChange::of(entry, self.last).text(&self.origin);
        match by.verifies(&text, signature) {
            Ok(true) => Ok(()),
            Ok(false) => Err(KeyRefusal::Signature { by }),
            Err(error) => Err(KeyRefusal::Unsupported(by, error)),
        }
    }

    fn admit(&mut self, key: &PublicKey, since: LeafIndex) {
        self.keys.push(KeyState { key: key.clone(), since, ended: None });
    }

    fn end(
        &mut self,
        which: impl Fn(&KeyState) -> bool,
        ended: Option<(KeyAction, LeafIndex, Timestamp)>,
    ) {
        self.keys.iter_mut().filter(|state| which(state)).for_each(|state| state.ended = ended);
    }
}

/// What the operator decides is not signed, but public.
fn check_operator(entry: &KeyEntry) -> Result<(), KeyRefusal> {
    match entry.action {
        KeyAction::Enrol | KeyAction::Revoke => Ok(()),
        _ => Err(KeyRefusal::NotForOperator(entry.by.clone())),
    }
}
