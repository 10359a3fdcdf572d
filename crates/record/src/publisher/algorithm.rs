//! What the keys of publishers sign with.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha512};
use thiserror::Error;
use tlog::{KeyKind, VerifyingKey, ed25519_verifies};

use crate::key::{PublicKey, Signature};

/// The namespace of `ssh-keygen -Y sign` for statements.
pub const SSH_NAMESPACE: &str = "indelible-statement";

/// What precedes the key of an SSH key in its vkey: the type byte for all that C2SP does not number, and a
/// name.
const SSH_TYPE: &[u8] = b"\xffindelible-ssh-ed25519";

/// What every SSH signature is made of begins with this.
const SSH_MAGIC: &[u8] = b"SSHSIG";

/// The key is none that statements can be verified with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a publisher's key is a note key of type 01 (Ed25519) or an ssh-ed25519 key, with the key ID that \
     belongs to it"
)]
pub struct UnsupportedKey;

/// An `ssh-ed25519` key with the name that it has in the log.
///
/// ```
/// let key = record::SshKey::new("example-release", [7; 32]);
/// assert!(key.public_key().as_str().starts_with("example-release+"));
/// assert_eq!(record::SshKey::of(&key.public_key()), Some(key));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshKey {
    name: String,
    public: [u8; 32],
}

impl SshKey {
    /// Names the Ed25519 key.
    pub fn new(name: &str, public: [u8; 32]) -> SshKey {
        SshKey { name: name.into(), public }
    }

    /// The SSH key that the text of a public key shows, if it is one.
    pub fn of(key: &PublicKey) -> Option<SshKey> {
        let (name, rest) = key.as_str().split_once('+')?;
        let (_, encoded) = rest.split_once('+')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let public = bytes.strip_prefix(SSH_TYPE)?.try_into().ok()?;
        let found = SshKey::new(name, public);
        (found.text() == key.as_str()).then_some(found)
    }

    /// The key as entries have it.
    ///
    /// # Panics
    /// Never for a name that [`PublicKey::parse`] takes.
    pub fn public_key(&self) -> PublicKey {
        PublicKey::parse(&self.text()).expect("the name is that of a key")
    }

    /// The 32 bytes of the Ed25519 public key.
    pub const fn public_bytes(&self) -> &[u8; 32] {
        &self.public
    }

    fn text(&self) -> String {
        let bytes = [SSH_TYPE, &self.public].concat();
        let hash = Sha256::new_with_prefix(self.name.as_bytes())
            .chain_update(b"\n")
            .chain_update(&bytes)
            .finalize();
        let id = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        format!("{}+{id:08x}+{}", self.name, STANDARD.encode(bytes))
    }

    /// What an SSH signature of `text` is made of (PROTOCOL.sshsig).
    fn signed_bytes(text: &str) -> Vec<u8> {
        let mut bytes = SSH_MAGIC.to_vec();
        for string in [SSH_NAMESPACE.as_bytes(), b"", b"sha512", &Sha512::digest(text)] {
            let length = u32::try_from(string.len()).expect("these strings are short");
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(string);
        }
        bytes
    }
}

/// How a key's signatures are verified.
enum Algorithm {
    Note(VerifyingKey),
    Ssh(SshKey),
}

impl PublicKey {
    /// Whether statements can be verified with it.
    ///
    /// # Errors
    /// [`UnsupportedKey`] if not.
    pub fn check_supported(&self) -> Result<(), UnsupportedKey> {
        self.algorithm().map(|_| ())
    }

    /// Whether `signature` is this key's over the text of a statement.
    ///
    /// # Errors
    /// [`UnsupportedKey`] if it is not a key that makes such signatures.
    pub fn verifies(&self, text: &str, signature: &Signature) -> Result<bool, UnsupportedKey> {
        let signature = signature.as_bytes();
        Ok(match self.algorithm()? {
            Algorithm::Note(key) => key.verifies(text, signature),
            Algorithm::Ssh(key) => {
                ed25519_verifies(&key.public, &SshKey::signed_bytes(text), signature)
            }
        })
    }

    fn algorithm(&self) -> Result<Algorithm, UnsupportedKey> {
        if let Some(key) = SshKey::of(self) {
            return Ok(Algorithm::Ssh(key));
        }
        match VerifyingKey::parse(self.as_str()) {
            Ok(key) if key.kind() == KeyKind::Ed25519 => Ok(Algorithm::Note(key)),
            _ => Err(UnsupportedKey),
        }
    }
}
