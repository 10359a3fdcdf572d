//! That an answer is complete: nothing that has the key was left out.

use std::time::Duration;

use bytes::Bytes;
use record::{
    CompletenessProof, Entry, EpochEntry, MAX_EVIDENCE_ENTRIES, MapAnswer, MapKey, MapProof,
    Timestamp, map_value,
};
use tlog::{CompactRange, LeafIndex, MAX_ENTRY_LEN, TreeHead, TreeSize, leaf_hash};

use crate::answer::verify_entry;
use crate::decide::Coverage;
use crate::entry::VerifiedEntry;
use crate::error::{Disproof, Error};

/// What an answer's completeness rests on: the newest epoch of the checkpoint's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completeness {
    position: LeafIndex,
    epoch: EpochEntry,
    proof: CompletenessProof,
}

impl Completeness {
    /// Position of the epoch entry. The map covers the entries before it; those after it were read.
    pub const fn position(&self) -> LeafIndex {
        self.position
    }

    /// The epoch entry: its number, the map's root, and how far the observer has seen the index.
    pub const fn epoch(&self) -> &EpochEntry {
        &self.epoch
    }

    /// What shows it to others.
    pub(crate) const fn proof(&self) -> &CompletenessProof {
        &self.proof
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

/// Verifies that `entries` are all entries of the tree that have `key`.
///
/// They are known to be in the tree, to have the key and to ascend. An epoch that is not the newest is
/// refused as malformed, not as false: nothing that was served is untrue, and the answer would even be
/// complete, but not as fresh as the log could say.
pub(crate) fn verify(
    head: TreeHead,
    key: &MapKey,
    entries: &[VerifiedEntry],
    proof: CompletenessProof,
) -> Result<Completeness, Error> {
    let position = proof.epoch.index;
    let entry = Bytes::copy_from_slice(&proof.epoch.entry);
    let verified = verify_entry(head, position, entry, &proof.epoch.proof)?;
    let Some(Entry::Epoch(epoch)) = verified.entry() else {
        let problem = "is no epoch".to_owned();
        return Err(Disproof::NotAsked { index: position, problem }.into());
    };
    let (covered, after): (Vec<_>, Vec<_>) =
        entries.iter().map(VerifiedEntry::index).partition(|index| *index < position);
    verify_map(epoch, key, &covered, &proof.map_proof)?;
    if with_key(&tail(head, &proof)?, key)? != after {
        return Err(Disproof::Omission.into());
    }
    Ok(Completeness { position, epoch: epoch.clone(), proof })
}

/// Verifies what the epoch's map says: these positions, or that there are none.
fn verify_map(
    epoch: &EpochEntry,
    key: &MapKey,
    positions: &[LeafIndex],
    proof: &[u8],
) -> Result<(), Error> {
    let claim = match positions {
        [] => MapAnswer::Absent,
        _ => MapAnswer::Present(map_value(positions).map_err(Error::malformed)?),
    };
    let proof: MapProof = MapProof::parse(claim, proof).map_err(Error::malformed)?;
    epoch.map.verify_lookup(key, &proof).map_err(Disproof::Map)?;
    Ok(())
}

/// The entries after the epoch, if they are the ones of the tree.
fn tail(head: TreeHead, proof: &CompletenessProof) -> Result<Vec<VerifiedEntry>, Error> {
    // An entry's position is below a valid size, so the next one is a valid size.
    let start = TreeSize::new(proof.epoch.index.get().saturating_add(1));
    let start = start.map_err(Error::malformed)?;
    let missing = head.size.get().checked_sub(start.get());
    if proof.tail.len() > MAX_EVIDENCE_ENTRIES || missing != Some(proof.tail.len() as u64) {
        return Err(Error::malformed("not all entries after the epoch, or more than there can be"));
    }
    let mut range = CompactRange::from_roots(start, proof.edge.clone())
        .ok_or_else(|| Error::malformed("the number of roots does not fit the epoch's position"))?;
    let mut entries = Vec::with_capacity(proof.tail.len());
    for bytes in &proof.tail {
        if bytes.len() > MAX_ENTRY_LEN {
            return Err(Error::malformed("an entry that is too long"));
        }
        let index = LeafIndex::new(range.size().get()).map_err(Error::malformed)?;
        range.append(leaf_hash(bytes)).map_err(Error::malformed)?;
        entries.push(VerifiedEntry::new(index, Bytes::copy_from_slice(bytes)));
    }
    let computed = range.root();
    if computed != head.root {
        return Err(Disproof::Tail { expected: head.root, computed }.into());
    }
    Ok(entries)
}

/// Positions of the tail's entries that have the key. None of the tail may be a newer epoch.
fn with_key(tail: &[VerifiedEntry], key: &MapKey) -> Result<Vec<LeafIndex>, Error> {
    let mut positions = Vec::new();
    for entry in tail {
        if let Some(fault) = entry.fault() {
            return Err(Disproof::Entry { index: entry.index(), source: fault.clone() }.into());
        }
        if matches!(entry.entry(), Some(Entry::Epoch(_))) {
            return Err(Error::malformed("an epoch that is not the newest"));
        }
        if entry.has_key(key) {
            positions.push(entry.index());
        }
    }
    Ok(positions)
}
