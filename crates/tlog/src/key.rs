//! Key names, key IDs and verifying keys (vkeys) of signed notes (C2SP signed-note).
//!
//! ```
//! use tlog::{KeyKind, VerifyingKey};
//!
//! let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
//! let key = VerifyingKey::parse(text)?;
//! assert_eq!((key.name(), key.kind()), ("example.com/foo", KeyKind::Ed25519));
//! assert_eq!(key.to_string(), text);
//! # Ok::<(), tlog::InvalidKey>(())
//! ```

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::cosignature;

/// What a key signs; its first byte in texts and key IDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Type 04: Ed25519 over a time and a checkpoint (tlog-cosignature).
    Cosignature,
    /// Type 01: Ed25519 over the note's text (signed-note).
    Ed25519,
}

impl KeyKind {
    /// The type byte.
    pub const fn byte(self) -> u8 {
        match self {
            KeyKind::Cosignature => 0x04,
            KeyKind::Ed25519 => 0x01,
        }
    }

    fn from_byte(byte: u8) -> Option<KeyKind> {
        [KeyKind::Cosignature, KeyKind::Ed25519].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// First four bytes of a hash over key name, type and public key: a hint, never proof of identity.
///
/// `Display` is eight lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KeyId::SIZE]);

impl KeyId {
    /// Length in bytes.
    pub const SIZE: usize = 4;

    /// Takes the bytes as they are.
    pub const fn new(bytes: [u8; KeyId::SIZE]) -> KeyId {
        KeyId(bytes)
    }

    /// The four bytes.
    pub const fn as_bytes(&self) -> &[u8; KeyId::SIZE] {
        &self.0
    }

    /// ID of a key: `SHA-256(name || 0A || type || public key)[..4]`.
    pub(crate) fn derive(name: &str, kind: KeyKind, public: &[u8; 32]) -> KeyId {
        let mut hasher = Sha256::new();
        hasher.update(name);
        hasher.update([b'\n', kind.byte()]);
        hasher.update(public);
        let digest: [u8; 32] = hasher.finalize().into();
        KeyId([digest[0], digest[1], digest[2], digest[3]])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not a key of a signed note. Secret bytes are never part of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidKey {
    /// The ID in the text is not the one that name, type and key give.
    #[error("the key ID does not belong to this name and key: was one of them edited by hand?")]
    IdMismatch,
    /// The name is empty or has white space, a control character or a plus sign.
    #[error("a key name is not empty and has no white space, control character or '+'")]
    Name,
    /// The public key is not a point of the curve, or one of small order.
    #[error("the public key is not a valid Ed25519 key")]
    PublicKey,
    /// The parts are not there or not written canonically.
    #[error("a key is written as <name>+<8 hex digits>+<canonical base64>")]
    Syntax,
    /// A key type that this implementation does not verify.
    #[error("key type {0:02x} is not supported here, only 01 (Ed25519) and 04 (cosignature)")]
    UnsupportedKind(u8),
    /// A key of another type is needed in this place.
    #[error("the key has the wrong type for this use: logs sign with 01, witnesses with 04")]
    WrongKind,
}

/// Checks a key name: non-empty, no Unicode white space, no control character, no plus sign.
pub(crate) fn check_name(name: &str) -> Result<(), InvalidKey> {
    let forbidden = |c: char| c.is_whitespace() || c < ' ' || c == '+';
    if name.is_empty() || name.contains(forbidden) {
        return Err(InvalidKey::Name);
    }
    Ok(())
}

/// The public half of a note key: name, type and Ed25519 key. `Display` is the vkey text.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    id: KeyId,
    kind: KeyKind,
    public: ed25519_dalek::VerifyingKey,
}

impl VerifyingKey {
    pub(crate) fn new(
        name: &str,
        kind: KeyKind,
        public: ed25519_dalek::VerifyingKey,
    ) -> VerifyingKey {
        let id = KeyId::derive(name, kind, public.as_bytes());
        VerifyingKey { name: name.to_string(), id, kind, public }
    }

    /// Parses a vkey, `<name>+<hex key ID>+base64(type || public key)` (signed-note).
    ///
    /// # Errors
    /// [`InvalidKey`] unless `text` is exactly what `Display` writes for some key.
    pub fn parse(text: &str) -> Result<VerifyingKey, InvalidKey> {
        let KeyText { name, id, kind, bytes } = KeyText::parse(text)?;
        let public =
            ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| InvalidKey::PublicKey)?;
        if public.is_weak() {
            return Err(InvalidKey::PublicKey);
        }
        let key = VerifyingKey::new(name, kind, public);
        if key.id != id {
            return Err(InvalidKey::IdMismatch);
        }
        Ok(key)
    }

    /// Key name; of a log, also its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Key ID.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What the key signs.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The 32 bytes of the Ed25519 public key.
    pub fn public_bytes(&self) -> &[u8; 32] {
        self.public.as_bytes()
    }

    /// Whether `signature`, the bytes after the key ID, is this key's over the note text `text`.
    pub fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        match self.kind {
            KeyKind::Cosignature => cosignature::verifies(self, text, signature),
            KeyKind::Ed25519 => self.verifies_bytes(text.as_bytes(), signature),
        }
    }

    /// Plain Ed25519, refusing keys and nonces of small order.
    pub(crate) fn verifies_bytes(&self, message: &[u8], signature: &[u8]) -> bool {
        is_signed_by(&self.public, message, signature)
    }
}

/// Whether `signature` is that of the Ed25519 key `public` over `message`; never for keys and nonces of
/// small order. For signatures that are made of something else than the text of a note.
pub fn ed25519_verifies(public: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    ed25519_dalek::VerifyingKey::from_bytes(public)
        .is_ok_and(|public| is_signed_by(&public, message, signature))
}

fn is_signed_by(public: &ed25519_dalek::VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    ed25519_dalek::Signature::from_slice(signature)
        .is_ok_and(|signature| public.verify_strict(message, &signature).is_ok())
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, &self.name, self.id, self.kind, self.public.as_bytes())
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The parts that vkeys and secret keys have in common, not yet checked against each other.
pub(crate) struct KeyText<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: KeyId,
    pub(crate) kind: KeyKind,
    pub(crate) bytes: [u8; 32],
}

impl KeyText<'_> {
    /// Splits at the first two plus signs only: base64 may contain more of them.
    pub(crate) fn parse(text: &str) -> Result<KeyText<'_>, InvalidKey> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidKey::Syntax);
        };
        check_name(name)?;
        let id = parse_id(id).ok_or(InvalidKey::Syntax)?;
        let (kind, bytes) = decode(key)?;
        Ok(KeyText { name, id, kind, bytes })
    }
}

fn parse_id(text: &str) -> Option<KeyId> {
    let id = KeyId(u32::from_str_radix(text, 16).ok()?.to_be_bytes());
    (id.to_string() == text).then_some(id)
}

/// Decodes `base64(type || 32 bytes)`.
fn decode(text: &str) -> Result<(KeyKind, [u8; 32]), InvalidKey> {
    let bytes = zeroize::Zeroizing::new(STANDARD.decode(text).map_err(|_| InvalidKey::Syntax)?);
    let (&kind, key) = bytes.split_first().ok_or(InvalidKey::Syntax)?;
    let kind = KeyKind::from_byte(kind).ok_or(InvalidKey::UnsupportedKind(kind))?;
    Ok((kind, key.try_into().map_err(|_| InvalidKey::Syntax)?))
}

/// Writes `<name>+<id>+base64(type || key)`.
pub(crate) fn write_key(
    out: &mut dyn fmt::Write,
    name: &str,
    id: KeyId,
    kind: KeyKind,
    key: &[u8; 32],
) -> fmt::Result {
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(33));
    bytes.push(kind.byte());
    bytes.extend_from_slice(key);
    let encoded = zeroize::Zeroizing::new(STANDARD.encode(bytes.as_slice()));
    write!(out, "{name}+{id}+{}", encoded.as_str())
}
