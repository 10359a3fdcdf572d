//! Keys of the verifiable map.

use core::fmt;

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;
use crate::project::ProjectName;

/// A key of the verifiable map: what entries are found by. The mapping is frozen for entries of `v` 1.
///
/// ```
/// use record::{Digest, MapKey};
///
/// let key = MapKey::file("requests-2.31.0.tar.gz");
/// assert_eq!(key.as_bytes(), Digest::sha256(b"file:requests-2.31.0.tar.gz").as_bytes());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapKey([u8; MapKey::SIZE]);

impl MapKey {
    /// Length in bytes.
    pub const SIZE: usize = 32;

    /// Key of all entries about a project: SHA-256 of `project:` and the normalised name.
    pub fn project(name: &ProjectName) -> MapKey {
        MapKey::of(b"project:", name.as_str().as_bytes())
    }

    /// Key of all entries about a file: SHA-256 of `file:` and the filename, verbatim.
    pub fn file(filename: &str) -> MapKey {
        MapKey::of(b"file:", filename.as_bytes())
    }

    /// Key of all entries that name a content: SHA-256 of `sha256:` and its digest in lower-case hex.
    pub fn sha256(digest: &Digest) -> MapKey {
        MapKey::of(b"sha256:", digest.text().as_ref().as_bytes())
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; MapKey::SIZE] {
        &self.0
    }

    fn of(prefix: &[u8], value: &[u8]) -> MapKey {
        MapKey(Sha256::new_with_prefix(prefix).chain_update(value).finalize().into())
    }
}

impl From<[u8; MapKey::SIZE]> for MapKey {
    fn from(bytes: [u8; MapKey::SIZE]) -> MapKey {
        MapKey(bytes)
    }
}

impl fmt::Debug for MapKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Digest::from(self.0), f)
    }
}
