//! What the log answers over gRPC, after verification.

use std::sync::Arc;

use bytes::Bytes;
use indelible_proto::v1;
use record::{CompletenessProof, Evidence, LookupKey, MAX_EVIDENCE_ENTRIES, MapKey, ProvenEntry};
use tlog::{
    ConsistencyProof, Hash, InclusionProof, LeafIndex, MAX_ENTRY_LEN, ProofFile, TreeHead,
    TreeSize, VerifiedCheckpoint, leaf_hash,
};

use crate::complete::{Completeness, ProvenEpoch, SentMapProof};
use crate::entry::VerifiedEntry;
use crate::error::{Disproof, Error};
use crate::fraud::{Listing, VerifiedFraud};
use crate::trust::Trust;

/// Most hashes of one proof: sizes are below 2^63.
const MAX_PATH: usize = 63;

/// Most entries of one answer to a look-up.
pub(crate) const MAX_LOOKUP: usize = MAX_EVIDENCE_ENTRIES;

/// An entry and the proof that it is in the tree of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedInclusion {
    checkpoint: VerifiedCheckpoint,
    entry: VerifiedEntry,
    proof: InclusionProof,
}

impl VerifiedInclusion {
    /// The checkpoint under which the proof holds.
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// The entry.
    pub const fn entry(&self) -> &VerifiedEntry {
        &self.entry
    }

    /// The proof.
    pub const fn proof(&self) -> &InclusionProof {
        &self.proof
    }

    /// Verifies the offline form, whose `extra` is the entry's bytes. Needs nothing but itself and `trust`.
    ///
    /// # Errors
    /// [`Error`] if the file does not prove that the entry is in the log.
    pub fn from_proof_file(file: ProofFile, trust: &Trust) -> Result<VerifiedInclusion, Error> {
        let bytes = file.extra.ok_or_else(|| Error::malformed("the proof is without its entry"))?;
        let checkpoint = trust.verify(&file.checkpoint)?;
        let entry = verify_entry(checkpoint.head(), file.index, bytes.into(), &file.proof)?;
        Ok(VerifiedInclusion { checkpoint, entry, proof: file.proof })
    }

    /// The offline form (C2SP tlog-proof) with the entry's bytes as `extra`.
    pub fn to_proof_file(&self) -> ProofFile {
        ProofFile {
            extra: Some(self.entry.bytes().to_vec()),
            index: self.entry.index(),
            proof: self.proof.clone(),
            checkpoint: self.checkpoint.signed().clone(),
        }
    }
}

/// A proof that the tree of a checkpoint begins with the entries of an older head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedConsistency {
    /// The checkpoint of the newer tree.
    pub(crate) checkpoint: VerifiedCheckpoint,
    pub(crate) proof: ConsistencyProof,
}

impl VerifiedConsistency {
    /// The checkpoint of the newer tree.
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// The proof.
    pub const fn proof(&self) -> &ConsistencyProof {
        &self.proof
    }
}

/// All entries that the log answered for a key, each proved to be in the tree of one checkpoint.
///
/// That there are no further ones is the log's word alone, unless there is a [`Completeness`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLookup {
    key: LookupKey,
    checkpoint: VerifiedCheckpoint,
    entries: Vec<VerifiedEntry>,
    proofs: Vec<InclusionProof>,
    completeness: Option<Completeness>,
}

impl VerifiedLookup {
    /// What was asked for.
    pub const fn key(&self) -> &LookupKey {
        &self.key
    }

    /// The checkpoint under which the proofs hold.
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// The entries in the order of the log.
    pub fn entries(&self) -> &[VerifiedEntry] {
        &self.entries
    }

    /// The entry at `place` of [`entries`](Self::entries) with its proof.
    pub fn inclusion(&self, place: usize) -> Option<VerifiedInclusion> {
        Some(VerifiedInclusion {
            checkpoint: self.checkpoint.clone(),
            entry: self.entries.get(place)?.clone(),
            proof: self.proofs.get(place)?.clone(),
        })
    }

    /// What shows that there are no further entries; `None` if that is the log's word alone.
    pub const fn completeness(&self) -> Option<&Completeness> {
        self.completeness.as_ref()
    }

    /// Verifies the offline form. Needs nothing but itself and `trust`.
    ///
    /// # Errors
    /// [`Error`] if the file does not prove that these are all entries of its key.
    pub fn from_evidence(evidence: Evidence, trust: &Trust) -> Result<VerifiedLookup, Error> {
        let Evidence { key, entries, completeness, checkpoint } = evidence;
        let checkpoint = trust.verify(&checkpoint)?;
        let entries = entries
            .into_iter()
            .map(|ProvenEntry { index, entry, proof }| Ok((index, Bytes::from(entry), proof)));
        let CompletenessProof { epoch, map_proof, edge, tail } = completeness;
        let tail = tail.into_iter().map(Bytes::from).collect();
        let epoch = Arc::new(ProvenEpoch::verify(checkpoint.head(), epoch, edge, tail)?);
        let complete = Some((&epoch, SentMapProof::Bytes(map_proof)));
        verify_answer(checkpoint, key, entries, complete)
    }

    /// The offline form; `None` if the log did not show that the answer is complete.
    pub fn to_evidence(&self) -> Option<Evidence> {
        let proven = |(entry, proof): (&VerifiedEntry, &InclusionProof)| ProvenEntry {
            index: entry.index(),
            entry: entry.bytes().to_vec(),
            proof: proof.clone(),
        };
        Some(Evidence {
            key: self.key.clone(),
            entries: self.entries.iter().zip(&self.proofs).map(proven).collect(),
            completeness: self.completeness.as_ref()?.to_proof(),
            checkpoint: self.checkpoint.signed().clone(),
        })
    }
}

/// Entries from a position on, proved to be in the tree of one checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedBatch {
    pub(crate) checkpoint: VerifiedCheckpoint,
    pub(crate) entries: Vec<VerifiedEntry>,
    pub(crate) next: TreeSize,
}

impl VerifiedBatch {
    /// The checkpoint under which the proofs hold.
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// The entries in the order of the log.
    pub fn entries(&self) -> &[VerifiedEntry] {
        &self.entries
    }

    /// Every entry before this position was sent or filtered out: resume here.
    pub const fn next(&self) -> TreeSize {
        self.next
    }
}

/// Verifies the answer for the entry at `index`.
pub(crate) fn verify_inclusion(
    checkpoint: VerifiedCheckpoint,
    index: LeafIndex,
    answer: v1::GetInclusionProofResponse,
) -> Result<VerifiedInclusion, Error> {
    let head = checkpoint.head();
    if answer.size != head.size.get() || answer.index != index.get() {
        return Err(Error::malformed("a proof for another position or size"));
    }
    let proof = InclusionProof::new(proof_hashes(&answer.hashes)?);
    let entry = verify_entry(head, index, answer.entry, &proof)?;
    Ok(VerifiedInclusion { checkpoint, entry, proof })
}

pub(crate) fn verify_entry(
    head: TreeHead,
    index: LeafIndex,
    bytes: Bytes,
    proof: &InclusionProof,
) -> Result<VerifiedEntry, Error> {
    if bytes.len() > MAX_ENTRY_LEN {
        return Err(Error::malformed("an entry that is too long"));
    }
    head.verify_inclusion(index, &leaf_hash(&bytes), proof)
        .map_err(|error| Error::proof(format_args!("entry {index}"), error))?;
    let entry = VerifiedEntry::new(index, bytes);
    match entry.fault() {
        Some(fault) => Err(Disproof::Entry { index, source: fault.clone() }.into()),
        None => Ok(entry),
    }
}

/// Entries of an answer in which proofs share their hashes.
pub(crate) struct Proven {
    pub(crate) nodes: Vec<Bytes>,
    pub(crate) entries: Vec<v1::ProvenEntry>,
}

/// What the entries of an answer have to be.
pub(crate) struct Asked<'a> {
    /// Most entries.
    pub(crate) limit: usize,
    /// First position.
    pub(crate) from: LeafIndex,
    /// Each entry has one of these; none given: any entry will do.
    pub(crate) keys: &'a [MapKey],
}

/// Verifies that every entry is in the tree, was asked for, and stands in its place of the order.
pub(crate) fn verify_entries(
    head: TreeHead,
    answer: Proven,
    asked: &Asked<'_>,
) -> Result<(Vec<VerifiedEntry>, Vec<InclusionProof>), Error> {
    if answer.entries.len() > asked.limit {
        return Err(Error::malformed("more entries than may be sent at once"));
    }
    let nodes = hashes(&answer.nodes, answer.entries.len().saturating_mul(MAX_PATH))?;
    let entries = answer.entries.into_iter().map(|entry| resolve(&nodes, entry));
    verify_resolved(head, entries, asked)
}

/// An entry, its position and its proof, unverified.
pub(crate) type Unverified = (LeafIndex, Bytes, InclusionProof);

/// Puts an entry's proof together from the hashes that the answer has.
pub(crate) fn resolve(nodes: &[Hash], proven: v1::ProvenEntry) -> Result<Unverified, Error> {
    let index = LeafIndex::new(proven.index).map_err(Error::malformed)?;
    Ok((index, proven.entry, InclusionProof::new(path(nodes, &proven.path)?)))
}

fn verify_resolved(
    head: TreeHead,
    entries: impl IntoIterator<Item = Result<Unverified, Error>>,
    asked: &Asked<'_>,
) -> Result<(Vec<VerifiedEntry>, Vec<InclusionProof>), Error> {
    let mut least = asked.from.get();
    let mut verified = (Vec::new(), Vec::new());
    for unverified in entries {
        let (index, bytes, proof) = unverified?;
        let entry = verify_entry(head, index, bytes, &proof)?;
        check_asked(&entry, least, asked)?;
        least = index.get().saturating_add(1);
        verified.0.push(entry);
        verified.1.push(proof);
    }
    Ok(verified)
}

/// Verifies the answer to a look-up.
pub(crate) fn verify_lookup(
    checkpoint: VerifiedCheckpoint,
    key: LookupKey,
    answer: v1::LookupResponse,
) -> Result<VerifiedLookup, Error> {
    let proven = answer.entries.len() + usize::from(answer.completeness.is_some());
    if answer.entries.len() > MAX_LOOKUP {
        return Err(Error::malformed("more entries than may be sent at once"));
    }
    let nodes = hashes(&answer.nodes, proven.saturating_mul(MAX_PATH))?;
    let entries = answer.entries.into_iter().map(|entry| resolve(&nodes, entry));
    let Some(sent) = answer.completeness else {
        return verify_answer(checkpoint, key, entries, None);
    };
    let epoch = Arc::new(verify_epoch(&checkpoint, &nodes, sent.epoch, &sent.edge, sent.tail)?);
    let complete = Some((&epoch, SentMapProof::Bytes(sent.map_proof.into())));
    verify_answer(checkpoint, key, entries, complete)
}

/// Verifies the epoch that was sent, and what follows it.
pub(crate) fn verify_epoch(
    checkpoint: &VerifiedCheckpoint,
    nodes: &[Hash],
    epoch: Option<v1::ProvenEntry>,
    edge: &[Bytes],
    tail: Vec<Bytes>,
) -> Result<ProvenEpoch, Error> {
    let epoch = epoch.ok_or_else(|| Error::malformed("an epoch that was not sent"))?;
    let (index, entry, proof) = resolve(nodes, epoch)?;
    let proven = ProvenEntry { index, entry: entry.into(), proof };
    ProvenEpoch::verify(checkpoint.head(), proven, proof_hashes(edge)?, tail)
}

/// Verifies one answer, and if there is an epoch that it is complete.
pub(crate) fn verify_answer(
    checkpoint: VerifiedCheckpoint,
    key: LookupKey,
    entries: impl IntoIterator<Item = Result<Unverified, Error>>,
    complete: Option<(&Arc<ProvenEpoch>, SentMapProof)>,
) -> Result<VerifiedLookup, Error> {
    let (head, map_key) = (checkpoint.head(), key.map_key());
    let asked = Asked { limit: MAX_LOOKUP, from: LeafIndex::default(), keys: &[] };
    let (entries, proofs) = verify_resolved(head, entries, &asked)?;
    let mut proven = entries.iter().zip(&proofs);
    if let Some((entry, proof)) = proven.find(|(entry, _)| !entry.has_key(&map_key)) {
        let (entry, proof) = (entry.clone(), proof.clone());
        let foreign = VerifiedInclusion { checkpoint, entry, proof };
        return Err(not_of_key(&key, &entries, complete, &foreign).into());
    }
    let verify =
        |(epoch, proof): (&Arc<ProvenEpoch>, _)| epoch.verify_all(&map_key, &entries, proof);
    let completeness = complete.map(verify).transpose()?;
    Ok(VerifiedLookup { key, checkpoint, entries, proofs, completeness })
}

/// An entry that was answered does not have the key. If the epoch's map says that it has, the epoch is false.
fn not_of_key(
    key: &LookupKey,
    entries: &[VerifiedEntry],
    complete: Option<(&Arc<ProvenEpoch>, SentMapProof)>,
    foreign: &VerifiedInclusion,
) -> Disproof {
    let fraud = complete.and_then(|(epoch, sent)| {
        let map_proof = epoch.verify_covered(&key.map_key(), entries, sent).ok()?;
        let listing = Listing { key, entries, map_proof: &map_proof };
        VerifiedFraud::find(&listing, epoch.proven(), foreign)
    });
    match fraud {
        Some(fraud) => Disproof::Fraud { fraud: Box::new(fraud), saved: None },
        None => not_asked(foreign.entry().index(), "is about something else"),
    }
}

fn check_asked(entry: &VerifiedEntry, least: u64, asked: &Asked<'_>) -> Result<(), Error> {
    let index = entry.index();
    if index.get() < least {
        return Err(not_asked(index, "is repeated or out of order").into());
    }
    if !asked.keys.is_empty() && !asked.keys.iter().any(|key| entry.has_key(key)) {
        return Err(not_asked(index, "is about something else").into());
    }
    Ok(())
}

fn not_asked(index: LeafIndex, problem: &str) -> Disproof {
    Disproof::NotAsked { index, problem: problem.into() }
}

/// Takes the hashes of one proof from the wire.
pub(crate) fn proof_hashes(bytes: &[Bytes]) -> Result<Vec<Hash>, Error> {
    hashes(bytes, MAX_PATH)
}

/// Takes at most `limit` hashes from the wire.
pub(crate) fn hashes(bytes: &[Bytes], limit: usize) -> Result<Vec<Hash>, Error> {
    if bytes.len() > limit {
        return Err(Error::malformed("more hashes than any proof has"));
    }
    bytes.iter().map(|bytes| Hash::try_from(bytes.as_ref()).map_err(Error::malformed)).collect()
}

/// Looks up the hashes of one inclusion proof.
fn path(nodes: &[Hash], places: &[u32]) -> Result<Vec<Hash>, Error> {
    if places.len() > MAX_PATH {
        return Err(Error::malformed("more hashes than any proof has"));
    }
    at_places(nodes, places)
}

/// Looks up hashes that an answer refers to.
pub(crate) fn at_places(nodes: &[Hash], places: &[u32]) -> Result<Vec<Hash>, Error> {
    let node = |place: &u32| nodes.get(usize::try_from(*place).ok()?).copied();
    let found: Option<Vec<Hash>> = places.iter().map(node).collect();
    found.ok_or_else(|| Error::malformed("a proof refers to a hash that was not sent"))
}
