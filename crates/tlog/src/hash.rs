//! RFC 6962 hashing: the 32-byte hash and the two domain-separated functions that make a tree.

use alloc::string::String;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A node of the log's Merkle tree: the output of [`leaf_hash`] or [`node_hash`].
///
/// Shown and parsed as base64 with padding, the form of checkpoints and proofs. The root of the
/// verifiable map has a type of its own in `record`: the two are never compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Hash::SIZE]);

/// The bytes offered as a hash are not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a hash is {} bytes, written as 44 characters of canonical base64", Hash::SIZE)]
pub struct InvalidHash;

impl Hash {
    /// Length in bytes.
    pub const SIZE: usize = 32;

    /// Root of the tree without leaves: SHA-256 of nothing (RFC 6962 section 2.1).
    pub const EMPTY_ROOT: Hash = Hash([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// Takes the bytes of a hash as they are.
    pub const fn new(bytes: [u8; Hash::SIZE]) -> Hash {
        Hash(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; Hash::SIZE] {
        &self.0
    }

    /// Parses the base64 form; canonical or refused.
    ///
    /// # Errors
    /// [`InvalidHash`] unless `text` is exactly what [`fmt::Display`] writes for some hash.
    pub fn parse(text: &str) -> Result<Hash, InvalidHash> {
        let bytes = STANDARD.decode(text).map_err(|_| InvalidHash)?;
        Hash::try_from(bytes.as_slice())
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = InvalidHash;

    fn try_from(bytes: &[u8]) -> Result<Hash, InvalidHash> {
        bytes.try_into().map(Hash).map_err(|_| InvalidHash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = STANDARD.encode(self.0);
        f.write_str(&text)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hash of a leaf: `SHA-256(00 || entry)` (RFC 6962 section 2.1).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut hasher = Sha256::new_with_prefix([0x00]);
    hasher.update(entry);
    Hash(hasher.finalize().into())
}

/// Hash of an inner node: `SHA-256(01 || left || right)` (RFC 6962 section 2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut preimage = [0x01; 1 + 2 * Hash::SIZE];
    preimage[1..=Hash::SIZE].copy_from_slice(&left.0);
    preimage[1 + Hash::SIZE..].copy_from_slice(&right.0);
    Hash(Sha256::digest(preimage).into())
}
