//! That an answer is complete: nothing that has the key was left out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use record::{
    CompletenessProof, Entry, EpochEntry, InvalidMapProof, MAX_EVIDENCE_ENTRIES, MapAnswer, MapKey,
    MapProof, MapProofParts, ProvenEntry, Timestamp,
};
use tlog::{CompactRange, Hash, LeafIndex, MAX_ENTRY_LEN, TreeHead, TreeSize, leaf_hash};

use crate::answer::verify_entry;
use crate::decide::Coverage;
use crate::entry::VerifiedEntry;
use crate::error::{Disproof, Error};

/// What an answer's completeness rests on: the newest epoch of the checkpoint's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completeness {
    epoch: Arc<ProvenEpoch>,
    map_proof: MapProof,
}

impl Completeness {
    /// Position of the epoch entry. The map covers the entries before it; those after it were read.
    pub fn position(&self) -> LeafIndex {
        self.epoch.proven.index
    }

    /// The epoch entry: its number, the map's root, and how far the observer has seen the index.
    pub fn epoch(&self) -> &EpochEntry {
        &self.epoch.entry
    }

    /// The epoch, as it was proved under the answer's checkpoint.
    pub(crate) fn proven_epoch(&self) -> &ProvenEntry {
        self.epoch.proven()
    }

    /// What the epoch's map was shown to say about the key.
    pub(crate) const fn map_proof(&self) -> &MapProof {
        &self.map_proof
    }

    /// What shows it to others.
    pub(crate) fn to_proof(&self) -> CompletenessProof {
        CompletenessProof {
            epoch: self.epoch.proven.clone(),
            map_proof: self.map_proof.to_bytes(),
            edge: self.epoch.edge.clone(),
            tail: self.epoch.tail.iter().map(|entry| entry.to_vec()).collect(),
        }
    }
}

/// The newest epoch of a tree, and which keys the entries after it have. Verified; many answers may
/// rest on it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ProvenEpoch {
    entry: EpochEntry,
    proven: ProvenEntry,
    edge: Vec<Hash>,
    tail: Vec<Bytes>,
    after: HashMap<MapKey, Vec<LeafIndex>>,
}

/// A proof about a key under the epoch's map as it was sent; unverified.
pub(crate) enum SentMapProof {
    Bytes(Vec<u8>),
    Parts(MapProofParts),
}

impl SentMapProof {
    fn of(self, claim: MapAnswer) -> Result<MapProof, InvalidMapProof> {
        match self {
            SentMapProof::Bytes(bytes) => MapProof::parse(claim, &bytes),
            SentMapProof::Parts(parts) => MapProof::from_parts(claim, parts),
        }
    }
}

/// How far the observer has seen the index, as an epoch says. Without a complete sweep an absence means
/// nothing: there is no coverage.
pub fn coverage(epoch: &EpochEntry) -> Option<Coverage> {
    epoch.swept.map(|_| Coverage { serial: epoch.serial, swept: epoch.swept })
}

/// Age of an epoch by the log's clock and the reader's; zero if the log's is ahead.
pub fn age(epoch: &EpochEntry, now: Timestamp) -> Duration {
    Duration::from_secs(now.unix().saturating_sub(epoch.time.unix()))
}

impl ProvenEpoch {
    /// Verifies that `proven` is the newest epoch of the tree, and `tail` all entries after it.
    ///
    /// An epoch that is not the newest is refused as malformed, not as false: nothing that was served is
    /// untrue, and the answer would even be complete, but not as fresh as the log could say.
    pub(crate) fn verify(
        head: TreeHead,
        proven: ProvenEntry,
        edge: Vec<Hash>,
        tail: Vec<Bytes>,
    ) -> Result<ProvenEpoch, Error> {
        let position = proven.index;
        let entry = Bytes::copy_from_slice(&proven.entry);
        let verified = verify_entry(head, position, entry, &proven.proof)?;
        let Some(Entry::Epoch(entry)) = verified.entry() else {
            let problem = "is no epoch".to_owned();
            return Err(Disproof::NotAsked { index: position, problem }.into());
        };
        let after = keys_of(&verify_tail(head, position, edge.clone(), &tail)?)?;
        Ok(ProvenEpoch { entry: entry.clone(), proven, edge, tail, after })
    }

    /// Number of entries after the epoch of a tree of this size.
    ///
    /// # Errors
    /// [`Error`] if the epoch is not in the tree, or more entries follow than are ever sent.
    pub(crate) fn tail_len(size: TreeSize, position: LeafIndex) -> Result<usize, Error> {
        let after = size.get().checked_sub(position.get()).and_then(|rest| rest.checked_sub(1));
        after
            .and_then(|after| usize::try_from(after).ok())
            .filter(|after| *after <= MAX_EVIDENCE_ENTRIES)
            .ok_or_else(|| Error::malformed("an epoch beyond the tree, or too far from its end"))
    }

    /// Verifies that `entries` are all entries of the tree that have `key`.
    ///
    /// They are known to be in the tree, to have the key and to ascend.
    pub(crate) fn verify_all(
        self: &Arc<ProvenEpoch>,
        key: &MapKey,
        entries: &[VerifiedEntry],
        map_proof: SentMapProof,
    ) -> Result<Completeness, Error> {
        let map_proof = self.verify_covered(key, entries, map_proof)?;
        let after = entries.iter().map(VerifiedEntry::index).filter(|at| *at > self.proven.index);
        if !after.eq(self.after.get(key).into_iter().flatten().copied()) {
            return Err(Disproof::Omission.into());
        }
        Ok(Completeness { epoch: Arc::clone(self), map_proof })
    }

    /// Verifies that the epoch's map has for `key` those of the entries that it covers, or does not have
    /// the key if there are none.
    pub(crate) fn verify_covered(
        &self,
        key: &MapKey,
        entries: &[VerifiedEntry],
        sent: SentMapProof,
    ) -> Result<MapProof, Error> {
        let positions = entries.iter().map(VerifiedEntry::index);
        let covered: Vec<LeafIndex> = positions.filter(|at| *at < self.proven.index).collect();
        let claim = MapAnswer::of_positions(&covered).map_err(Error::malformed)?;
        let proof = sent.of(claim).map_err(Error::malformed)?;
        self.entry.map.verify_lookup(key, &proof).map_err(Disproof::Map)?;
        Ok(proof)
    }

    /// The epoch with its inclusion proof.
    pub(crate) const fn proven(&self) -> &ProvenEntry {
        &self.proven
    }
}

/// The entries after the epoch, if they are the ones of the tree.
fn verify_tail(
    head: TreeHead,
    epoch: LeafIndex,
    edge: Vec<Hash>,
    tail: &[Bytes],
) -> Result<Vec<VerifiedEntry>, Error> {
    if tail.len() != ProvenEpoch::tail_len(head.size, epoch)? {
        return Err(Error::malformed("not all entries after the epoch, or more"));
    }
    // An entry's position is below a valid size, so the next one is a valid size.
    let start = TreeSize::new(epoch.get().saturating_add(1)).map_err(Error::malformed)?;
    let mut range = CompactRange::from_roots(start, edge)
        .ok_or_else(|| Error::malformed("the number of roots does not fit the epoch's position"))?;
    let mut entries = Vec::with_capacity(tail.len());
    for bytes in tail {
        if bytes.len() > MAX_ENTRY_LEN {
            return Err(Error::malformed("an entry that is too long"));
        }
        let index = LeafIndex::new(range.size().get()).map_err(Error::malformed)?;
        range.append(leaf_hash(bytes)).map_err(Error::malformed)?;
        entries.push(VerifiedEntry::new(index, bytes.clone()));
    }
    let computed = range.root();
    if computed != head.root {
        return Err(Disproof::Tail { expected: head.root, computed }.into());
    }
    Ok(entries)
}

/// Positions of the tail's entries by the keys that they have. None of them may be a newer epoch.
fn keys_of(tail: &[VerifiedEntry]) -> Result<HashMap<MapKey, Vec<LeafIndex>>, Error> {
    let mut positions: HashMap<MapKey, Vec<LeafIndex>> = HashMap::new();
    for verified in tail {
        let index = verified.index();
        if let Some(fault) = verified.fault() {
            return Err(Disproof::Entry { index, source: fault.clone() }.into());
        }
        if matches!(verified.entry(), Some(Entry::Epoch(_))) {
            return Err(Error::malformed("an epoch that is not the newest"));
        }
        for key in verified.entry().map(Entry::map_keys).unwrap_or_default() {
            positions.entry(key).or_default().push(index);
        }
    }
    Ok(positions)
}
