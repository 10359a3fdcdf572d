//! What a project's publisher expects of one file, and what the index lists under its name.

use alloc::vec::Vec;

use tlog::LeafIndex;

use crate::digest::Digest;
use crate::key::PublicKey;
use crate::timestamp::Timestamp;

/// One file of a project: how it was listed and what is expected of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishedFile {
    pub(super) listings: Vec<Listing>,
    pub(super) expectations: Vec<Expected>,
    pub(super) removed: bool,
}

/// The index lists the file with this hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Position of the entry that says so first.
    pub index: LeafIndex,
    /// The hash.
    pub sha256: Digest,
    /// The log's clock.
    pub observed: Timestamp,
    /// Whether it is somebody else's sighting.
    pub imported: bool,
}

/// An active key of the project expects the file with this hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Position of the entry.
    pub index: LeafIndex,
    /// The hash.
    pub sha256: Digest,
    /// Whose key.
    pub key: PublicKey,
    /// The log's clock.
    pub received: Timestamp,
}

/// How what the index lists goes with what the publisher expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// Everything that was listed is expected.
    Agrees,
    /// The index lists, or listed, something else.
    Differs {
        /// The first hash that is not expected.
        listed: Listing,
    },
    /// Nothing is expected of the file, and nothing is declared.
    NotExpected,
    /// Nothing is expected of the file, although the publisher had declared to expect every file when it
    /// was first listed.
    Undeclared {
        /// Its first listing.
        listed: Listing,
    },
    /// Expected, and not listed so far.
    Unlisted {
        /// When it was expected first.
        since: Timestamp,
    },
}

impl PublishedFile {
    /// Every hash with which the index was seen to list it, in the order of their first sight.
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    /// Every expectation of it that counts, in the order of the log.
    pub fn expectations(&self) -> &[Expected] {
        &self.expectations
    }

    /// Whether the index lists it no more.
    pub const fn is_removed(&self) -> bool {
        self.removed
    }
}
