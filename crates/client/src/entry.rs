//! Entries that are known to be in the log.

use bytes::Bytes;
use record::{Entry, EntryError, MapKey, Parsed};
use tlog::LeafIndex;

/// An entry that was proved to stand at its position of the log. Only verification makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedEntry {
    index: LeafIndex,
    bytes: Bytes,
    parsed: Result<Parsed, EntryError>,
}

impl VerifiedEntry {
    /// Takes bytes whose leaf hash was checked against a signed root.
    pub(crate) fn new(index: LeafIndex, bytes: Bytes) -> VerifiedEntry {
        let parsed = Entry::parse(&bytes);
        VerifiedEntry { index, bytes, parsed }
    }

    /// The same with bytes of its own: what it was received in is not kept in memory for its sake.
    pub(crate) fn detached(&self) -> VerifiedEntry {
        VerifiedEntry { bytes: Bytes::copy_from_slice(&self.bytes), ..self.clone() }
    }

    /// Position in the log.
    pub const fn index(&self) -> LeafIndex {
        self.index
    }

    /// The bytes that are hashed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the entry says; `None` for a kind that this version does not know, and for a [fault](Self::fault).
    pub fn entry(&self) -> Option<&Entry> {
        match &self.parsed {
            Ok(Parsed::Known(entry)) => Some(entry),
            _ => None,
        }
    }

    /// Why the bytes are no entry, although the log has them: it should never have taken them.
    pub fn fault(&self) -> Option<&EntryError> {
        self.parsed.as_ref().err()
    }

    /// Whether the entry is listed under `key`.
    pub(crate) fn has_key(&self, key: &MapKey) -> bool {
        self.entry().is_some_and(|entry| entry.map_keys().contains(key))
    }
}
