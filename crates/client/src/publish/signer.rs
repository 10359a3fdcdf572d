//! Signs statements.

use std::error::Error as StdError;
use std::fmt;

use record::{
    Expectation, ExpectedEntry, KeyChange, KeyEntry, PublicKey, Signature, SshKey, Timestamp,
};
use thiserror::Error;
use tlog::SigningKey;

use super::ssh::{self, InvalidSsh, RunSshKeygen};

/// A publisher's key: makes statements.
///
/// ```
/// use client::publish::Signer;
///
/// let key = tlog::SigningKey::from_seed("example-release", &[1; 32])?;
/// let signer = Signer::Note(Box::new(key));
/// assert!(signer.public_key().as_str().starts_with("example-release+"));
/// # Ok::<(), tlog::InvalidKey>(())
/// ```
pub enum Signer {
    /// A note key that this process holds.
    Note(Box<SigningKey>),
    /// An SSH key that somebody else holds: a file, an agent.
    Ssh {
        /// Its public half.
        key: SshKey,
        /// Signs with it.
        run: Box<RunSshKeygen>,
    },
}

/// Why there is no signature.
#[derive(Debug, Error)]
pub enum SigningError {
    /// What was made is not a signature of this key over the statement.
    #[error(
        "the signature that was made is not one of {0} over the statement: is it another key's?"
    )]
    NotItsOwn(PublicKey),
    /// The program that signs failed.
    #[error("cannot sign with the SSH key")]
    Program(#[source] Box<dyn StdError + Send + Sync>),
    /// What the program wrote is no signature that logs take.
    #[error("cannot use the SSH signature")]
    Ssh(#[from] InvalidSsh),
}

/// An expectation with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedExpectation {
    /// What is expected.
    pub expectation: Expectation,
    /// Whose key.
    pub key: PublicKey,
    /// By that key.
    pub signature: Signature,
}

/// A change of a project's keys with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedKeyChange {
    /// What changes.
    pub change: KeyChange,
    /// Whose key decides it.
    pub by: PublicKey,
    /// By that key.
    pub signature: Signature,
}

impl Signer {
    /// The key as entries have it.
    ///
    /// # Panics
    /// Never: the name of a note key is that of a key.
    pub fn public_key(&self) -> PublicKey {
        match self {
            Signer::Note(key) => PublicKey::parse(&key.verifying_key().to_string())
                .expect("the text of a note key is that of a public key"),
            Signer::Ssh { key, .. } => key.public_key(),
        }
    }

    /// Signs that a file has a hash, for the log with this origin.
    ///
    /// # Errors
    /// [`SigningError`] if the key cannot be used.
    pub fn expect(
        &self,
        expectation: Expectation,
        origin: &str,
    ) -> Result<SignedExpectation, SigningError> {
        let signature = self.sign(&expectation.text(origin))?;
        Ok(SignedExpectation { expectation, key: self.public_key(), signature })
    }

    /// Signs a change of keys, for the log with this origin.
    ///
    /// # Errors
    /// [`SigningError`] if the key cannot be used.
    pub fn change_keys(
        &self,
        change: KeyChange,
        origin: &str,
    ) -> Result<SignedKeyChange, SigningError> {
        let signature = self.sign(&change.text(origin))?;
        Ok(SignedKeyChange { change, by: self.public_key(), signature })
    }

    fn sign(&self, text: &str) -> Result<Signature, SigningError> {
        let bytes = match self {
            Signer::Note(key) => key.sign(text).bytes().to_vec(),
            Signer::Ssh { key, run } => {
                let armored = run(text).map_err(SigningError::Program)?;
                ssh::raw_signature(&armored, key.public_bytes())?.to_vec()
            }
        };
        let signature = Signature::new(bytes).expect("a signature is 64 bytes");
        match self.public_key().verifies(text, &signature) {
            Ok(true) => Ok(signature),
            _ => Err(SigningError::NotItsOwn(self.public_key())),
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public_key())
    }
}

impl SignedExpectation {
    /// The entry that logs it.
    pub fn into_entry(self, received: Timestamp) -> ExpectedEntry {
        self.expectation.into_entry(self.key, self.signature, received)
    }
}

impl SignedKeyChange {
    /// The entry that logs it.
    pub fn into_entry(self, received: Timestamp) -> KeyEntry {
        let KeyChange { project, action, key, .. } = self.change;
        let (by, signature) = (self.by.to_string(), Some(self.signature));
        KeyEntry { project, action, key, by, signature, received }
    }
}
