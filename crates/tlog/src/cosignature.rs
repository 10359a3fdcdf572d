//! Cosignatures (C2SP tlog-cosignature, type 04): a third party's statement that at a time a
//! checkpoint was the largest consistent one it had seen.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::head::MAX_SIZE;
use crate::key::{InvalidKey, KeyKind, VerifyingKey};
use crate::note::NoteSignature;
use crate::signing_key::SecretKey;

/// A witness's key: Ed25519 over a time and a checkpoint (type 04).
///
/// A type of its own, so that a log's key is never used to cosign: one key has one meaning.
#[derive(Clone)]
pub struct CosigningKey(SecretKey);

impl CosigningKey {
    /// Makes the key of a seed, which must come from a good source of randomness.
    ///
    /// # Errors
    /// [`InvalidKey::Name`] if `name` is not a key name.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<CosigningKey, InvalidKey> {
        SecretKey::from_seed(name, KeyKind::Cosignature, seed).map(CosigningKey)
    }

    /// Parses the secret text, `PRIVATE+KEY+<name>+<hex key ID>+base64(04 || seed)`.
    ///
    /// # Errors
    /// [`InvalidKey`] unless `text` is exactly the [secret text](Self::secret_text) of a key.
    pub fn parse(text: &str) -> Result<CosigningKey, InvalidKey> {
        SecretKey::parse(text, KeyKind::Cosignature).map(CosigningKey)
    }

    /// The text to keep secret; [`parse`](Self::parse) reads it.
    pub fn secret_text(&self) -> Zeroizing<String> {
        self.0.secret_text()
    }

    /// The public half.
    pub const fn verifying_key(&self) -> &VerifyingKey {
        self.0.verifying_key()
    }
}

impl fmt::Debug for CosigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.verifying_key();
        write!(f, "CosigningKey({}+{})", key.name(), key.id())
    }
}

/// Cosigns the whole text of a checkpoint, extension lines and final line feed included.
///
/// `unix_seconds` is the time of the statement; times beyond 2^63-1 are cut to that.
pub fn cosign(checkpoint_text: &str, key: &CosigningKey, unix_seconds: u64) -> NoteSignature {
    let time = unix_seconds.min(MAX_SIZE);
    let signature = key.0.sign(signed_message(checkpoint_text, time).as_bytes());
    let mut field = Vec::with_capacity(8 + signature.len());
    field.extend_from_slice(&time.to_be_bytes());
    field.extend_from_slice(&signature);
    NoteSignature::new(key.verifying_key(), field)
}

/// The time a cosignature line states, in seconds since 1970; `None` if it is not of that form.
///
/// The line is not verified: [`Note::verify`](crate::Note::verify) and
/// [`Policy::verify`](crate::Policy::verify) do that.
pub fn cosignature_time(line: &NoteSignature) -> Option<u64> {
    split_field(line.bytes()).map(|(time, _)| time)
}

/// Whether `field` is a cosignature by `key` of the checkpoint text.
pub(crate) fn verifies(key: &VerifyingKey, checkpoint_text: &str, field: &[u8]) -> bool {
    let Some((time, signature)) = split_field(field) else { return false };
    key.verifies_bytes(signed_message(checkpoint_text, time).as_bytes(), signature)
}

/// Splits `u64 big-endian seconds || 64 bytes`.
fn split_field(field: &[u8]) -> Option<(u64, &[u8])> {
    let (time, signature) = field.split_first_chunk()?;
    let time = u64::from_be_bytes(*time);
    (time <= MAX_SIZE && signature.len() == 64).then_some((time, signature))
}

fn signed_message(checkpoint_text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{checkpoint_text}")
}
