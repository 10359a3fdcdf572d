//! Proofs that an epoch which the log signed is false.

use std::fmt;

use bytes::Bytes;
use record::{Entry, EpochEntry, FraudProof, ListingError, LookupKey, MapProof, ProvenEntry};
use thiserror::Error;
use tlog::{LeafIndex, PolicyError, TreeHead, VerifiedCheckpoint, leaf_hash};

use crate::answer::VerifiedInclusion;
use crate::entry::VerifiedEntry;
use crate::trust::Trust;

/// An epoch that the log signed is false about one key: anyone with the log's key can see it.
///
/// `Display` is a sentence. [`proof`](VerifiedFraud::proof) is what convinces others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedFraud {
    proof: FraudProof,
    checkpoint: VerifiedCheckpoint,
    entry: VerifiedEntry,
    epoch: EpochEntry,
    kind: FraudKind,
}

/// In which way an epoch is false about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FraudKind {
    /// It lists an entry that does not have the key.
    Foreign,
    /// It leaves an entry out that has the key.
    Omitted,
}

/// What an answer says of its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing<'a> {
    pub(crate) key: &'a LookupKey,
    /// The entries that were answered, ascending; those below the epoch are what its map has to list.
    pub(crate) entries: &'a [VerifiedEntry],
    pub(crate) map_proof: &'a MapProof,
}

/// Why a file proves no fraud. It says nothing about the log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotFraud {
    /// What the map is said to list is not shown.
    #[error("the epoch's map is not shown to list these positions")]
    Listing(#[from] ListingError),
    /// The entry has the key, and is listed.
    #[error("entry {0} has the key, and the epoch lists it")]
    Listed(LeafIndex),
    /// What is said to be the epoch is something else.
    #[error("entry {0} is no epoch")]
    NotAnEpoch(LeafIndex),
    /// The entry is the epoch or comes after it.
    #[error("the epoch is at {epoch} and says nothing about entry {index}")]
    NotCovered {
        /// Position of the entry.
        index: LeafIndex,
        /// Position of the epoch.
        epoch: LeafIndex,
    },
    /// An entry is not shown to be in the log.
    #[error("entry {index} is not shown to be in the log")]
    Proof {
        /// Its position.
        index: LeafIndex,
        /// Where the verification failed.
        source: tlog::ProofError,
    },
    /// The checkpoint is not signed by the log.
    #[error("the checkpoint is not signed by the log's key")]
    Signature(#[from] PolicyError),
    /// Which keys the entry has is not known.
    #[error("entry {0} is not of a kind that is known here")]
    UnknownKind(LeafIndex),
    /// The entry does not have the key, and is not listed.
    #[error("entry {0} does not have the key, and the epoch does not list it")]
    Unrelated(LeafIndex),
}

impl FraudKind {
    /// The name that scripts rely on.
    pub const fn name(self) -> &'static str {
        match self {
            FraudKind::Foreign => "foreign",
            FraudKind::Omitted => "omitted",
        }
    }
}

impl VerifiedFraud {
    /// Verifies a file. Needs nothing but itself and `trust`, of which the log's key alone counts: the log
    /// is bound by what it signed, whoever else did.
    ///
    /// # Errors
    /// [`NotFraud`] if the file does not prove that the log signed a false epoch.
    pub fn verify(proof: FraudProof, trust: &Trust) -> Result<VerifiedFraud, NotFraud> {
        let checkpoint = trust.verify_signed_by_log(&proof.checkpoint)?;
        VerifiedFraud::under(checkpoint, proof)
    }

    /// What `entry` proves against the answer under `epoch`, which is proved under the entry's checkpoint.
    pub(crate) fn find(
        listing: &Listing<'_>,
        epoch: &ProvenEntry,
        entry: &VerifiedInclusion,
    ) -> Option<VerifiedFraud> {
        let listed = listing.entries.iter().map(VerifiedEntry::index);
        let checkpoint = entry.checkpoint();
        let proof = FraudProof {
            key: listing.key.clone(),
            entry: ProvenEntry {
                index: entry.entry().index(),
                entry: entry.entry().bytes().to_vec(),
                proof: entry.proof().clone(),
            },
            epoch: epoch.clone(),
            map_proof: listing.map_proof.to_bytes(),
            positions: listed.filter(|position| *position < epoch.index).collect(),
            checkpoint: checkpoint.signed().clone(),
        };
        VerifiedFraud::under(checkpoint.clone(), proof).ok()
    }

    /// Verifies what a checkpoint that the log signed makes of `proof`.
    fn under(checkpoint: VerifiedCheckpoint, proof: FraudProof) -> Result<VerifiedFraud, NotFraud> {
        let (index, position) = (proof.entry.index, proof.epoch.index);
        let entry = included(checkpoint.head(), &proof.entry)?;
        let epoch = included(checkpoint.head(), &proof.epoch)?;
        let Some(Entry::Epoch(epoch)) = epoch.entry().cloned() else {
            return Err(NotFraud::NotAnEpoch(position));
        };
        if index >= position {
            return Err(NotFraud::NotCovered { index, epoch: position });
        }
        let key = proof.key.map_key();
        epoch.map.verify_listing(&key, &proof.positions, &proof.map_proof)?;
        if entry.entry().is_none() {
            return Err(NotFraud::UnknownKind(index));
        }
        let kind = match (entry.has_key(&key), proof.positions.contains(&index)) {
            (true, false) => FraudKind::Omitted,
            (false, true) => FraudKind::Foreign,
            (true, true) => return Err(NotFraud::Listed(index)),
            (false, false) => return Err(NotFraud::Unrelated(index)),
        };
        Ok(VerifiedFraud { proof, checkpoint, entry, epoch, kind })
    }

    /// In which way the epoch is false.
    pub const fn kind(&self) -> FraudKind {
        self.kind
    }

    /// The key about which it is false.
    pub const fn key(&self) -> &LookupKey {
        &self.proof.key
    }

    /// The entry that it leaves out, or lists without reason.
    pub const fn entry(&self) -> &VerifiedEntry {
        &self.entry
    }

    /// The false epoch.
    pub const fn epoch(&self) -> &EpochEntry {
        &self.epoch
    }

    /// Where the epoch stands in the log.
    pub const fn position(&self) -> LeafIndex {
        self.proof.epoch.index
    }

    /// The checkpoint that the proofs lead to. Only the log's signature was asked for.
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// What shows it to others.
    pub const fn proof(&self) -> &FraudProof {
        &self.proof
    }
}

/// An entry of the tree, if it is one.
fn included(head: TreeHead, proven: &ProvenEntry) -> Result<VerifiedEntry, NotFraud> {
    let (index, leaf) = (proven.index, leaf_hash(&proven.entry));
    head.verify_inclusion(index, &leaf, &proven.proof)
        .map_err(|source| NotFraud::Proof { index, source })?;
    Ok(VerifiedEntry::new(index, Bytes::copy_from_slice(&proven.entry)))
}

impl fmt::Display for VerifiedFraud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (epoch, position, index) = (self.epoch.epoch, self.position(), self.entry.index());
        let key = format_args!("{} {}", self.key().kind(), self.key().value());
        let (says, truth) = match self.kind {
            FraudKind::Foreign => ("lists", "does not have"),
            FraudKind::Omitted => ("leaves out", "has"),
        };
        write!(
            f,
            "epoch {epoch} at position {position} {says} entry {index}, which {truth} the key {key}"
        )
    }
}
