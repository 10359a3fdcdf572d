//! Entries that are known to be in the log.

use std::sync::OnceLock;

use bytes::Bytes;
use record::{Entry, EntryError, MapKey, Parsed};
use tlog::LeafIndex;

/// An entry that was proved to stand at its position of the log. Only verification makes one.
#[derive(Clone, Debug)]
pub struct VerifiedEntry {
    index: LeafIndex,
    bytes: Bytes,
    /// What the bytes say, once somebody asks. Large, and in an audit nobody does.
    parsed: OnceLock<Box<Result<Parsed, EntryError>>>,
}

impl VerifiedEntry {
    /// Takes bytes whose leaf hash was checked against a signed root.
    pub(crate) fn new(index: LeafIndex, bytes: Bytes) -> VerifiedEntry {
        VerifiedEntry { index, bytes, parsed: OnceLock::new() }
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
        match self.parsed() {
            Ok(Parsed::Known(entry)) => Some(entry),
            _ => None,
        }
    }

    /// Why the bytes are no entry, although the log has them: it should never have taken them.
    pub fn fault(&self) -> Option<&EntryError> {
        self.parsed().as_ref().err()
    }

    fn parsed(&self) -> &Result<Parsed, EntryError> {
        self.parsed.get_or_init(|| Box::new(Entry::parse(&self.bytes)))
    }

    /// Whether the entry is listed under `key`.
    pub(crate) fn has_key(&self, key: &MapKey) -> bool {
        self.entry().is_some_and(|entry| entry.map_keys().contains(key))
    }
}

impl PartialEq for VerifiedEntry {
    fn eq(&self, other: &VerifiedEntry) -> bool {
        (self.index, &self.bytes) == (other.index, &other.bytes)
    }
}

impl Eq for VerifiedEntry {}
