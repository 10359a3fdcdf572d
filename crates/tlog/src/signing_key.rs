//! The secret half of note keys.

use alloc::string::{String, ToString as _};
use core::fmt;

use ed25519_dalek::Signer as _;
use zeroize::Zeroizing;

use crate::key::{self, InvalidKey, KeyKind, KeyText, VerifyingKey};
use crate::note::NoteSignature;

/// What every secret key text starts with.
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// A named Ed25519 secret key of one kind. The seed is wiped on drop and never shown.
#[derive(Clone)]
pub(crate) struct SecretKey {
    secret: ed25519_dalek::SigningKey,
    verifying: VerifyingKey,
}

impl SecretKey {
    pub(crate) fn from_seed(
        name: &str,
        kind: KeyKind,
        seed: &[u8; 32],
    ) -> Result<SecretKey, InvalidKey> {
        key::check_name(name)?;
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifying = VerifyingKey::new(name, kind, secret.verifying_key());
        Ok(SecretKey { secret, verifying })
    }

    /// Parses `PRIVATE+KEY+<name>+<hex key ID>+base64(type || seed)`; the ID is the public key's.
    pub(crate) fn parse(text: &str, kind: KeyKind) -> Result<SecretKey, InvalidKey> {
        let text = text.strip_prefix(SECRET_PREFIX).ok_or(InvalidKey::Syntax)?;
        let parts = KeyText::parse(text)?;
        let seed = Zeroizing::new(parts.bytes);
        if parts.kind != kind {
            return Err(InvalidKey::WrongKind);
        }
        let key = SecretKey::from_seed(parts.name, kind, &seed)?;
        if key.verifying.id() != parts.id {
            return Err(InvalidKey::IdMismatch);
        }
        Ok(key)
    }

    pub(crate) fn secret_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(SECRET_PREFIX.to_string());
        let key = &self.verifying;
        key::write_key(&mut *text, key.name(), key.id(), key.kind(), self.secret.as_bytes())
            .expect("writing to a string does not fail");
        text
    }

    pub(crate) const fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}

/// A log's signing key: Ed25519 over the text of a note (type 01).
///
/// ```
/// let key = tlog::SigningKey::from_seed("log.example/pypi", &[1; 32])?;
/// let signature = key.sign("text of a note\n");
/// assert_eq!(signature.name(), "log.example/pypi");
/// assert_eq!(format!("{key:?}"), "SigningKey(log.example/pypi+2a8310c8)");
/// # Ok::<(), tlog::InvalidKey>(())
/// ```
#[derive(Clone)]
pub struct SigningKey(SecretKey);

impl SigningKey {
    /// Makes the key of a seed, which must come from a good source of randomness.
    ///
    /// # Errors
    /// [`InvalidKey::Name`] if `name` is not a key name.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<SigningKey, InvalidKey> {
        SecretKey::from_seed(name, KeyKind::Ed25519, seed).map(SigningKey)
    }

    /// Parses the secret text, `PRIVATE+KEY+<name>+<hex key ID>+base64(01 || seed)`.
    ///
    /// # Errors
    /// [`InvalidKey`] unless `text` is exactly the [secret text](Self::secret_text) of a key.
    pub fn parse(text: &str) -> Result<SigningKey, InvalidKey> {
        SecretKey::parse(text, KeyKind::Ed25519).map(SigningKey)
    }

    /// The text to keep secret; [`parse`](Self::parse) reads it.
    pub fn secret_text(&self) -> Zeroizing<String> {
        self.0.secret_text()
    }

    /// The public half.
    pub const fn verifying_key(&self) -> &VerifyingKey {
        self.0.verifying_key()
    }

    /// Signs the text of a note. Deterministic: the same text gives the same signature.
    pub fn sign(&self, text: &str) -> NoteSignature {
        let key = self.verifying_key();
        NoteSignature::new(key, self.0.sign(text.as_bytes()).to_vec())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.verifying_key();
        write!(f, "SigningKey({}+{})", key.name(), key.id())
    }
}
