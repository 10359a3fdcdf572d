//! Some of the answers that were counted, verified.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use client::Trust;
use indelible_proto::v1::{
    GetConsistencyProofResponse, GetInclusionProofResponse, LookupResponse, ProvenEntry,
};
use prost::Message as _;
use tlog::{
    ConsistencyProof, Hash, InclusionProof, LeafIndex, SignedCheckpoint, TreeHead, TreeSize,
    Verified, leaf_hash,
};

use super::working::WorkingSet;
use crate::load::{Exchange as _, Http, get, pool};
use crate::process::Server;

/// Consistency proofs that are verified: older heads have to be computed from tiles for them.
const OLDER_HEADS: usize = 8;

/// Kept answers, with the numbers of their requests.
pub(crate) type Kept = [(usize, Bytes)];

/// Verifies inclusion proofs of the entries that were asked for.
///
/// # Errors
/// One is not verified.
pub(crate) fn inclusion(trust: &Trust, set: &WorkingSet, kept: &Kept) -> anyhow::Result<()> {
    for (number, answer) in kept {
        let answer = GetInclusionProofResponse::decode(answer.clone())?;
        ensure!(answer.index == set.place(*number as u64), "an answer to another question");
        let head = head(trust, &answer.checkpoint)?;
        let (index, proof) = (LeafIndex::new(answer.index)?, hashes(&answer.hashes)?);
        head.verify_inclusion(index, &leaf_hash(&answer.entry), &InclusionProof::new(proof))?;
    }
    Ok(())
}

/// Verifies that each entry of look-ups is in the log.
///
/// # Errors
/// One is not verified.
pub(crate) fn lookups(trust: &Trust, kept: &Kept) -> anyhow::Result<()> {
    for (_, answer) in kept {
        let answer = LookupResponse::decode(answer.clone())?;
        let head = head(trust, &answer.checkpoint)?;
        let nodes = hashes(&answer.nodes)?;
        let complete = answer.completeness.context("an answer that says it is complete")?;
        let epoch = complete.epoch.context("an epoch")?;
        for entry in answer.entries.iter().chain([&epoch]) {
            proven(head, &nodes, entry)?;
        }
    }
    Ok(())
}

fn proven(head: TreeHead, nodes: &[Hash], entry: &ProvenEntry) -> anyhow::Result<()> {
    let hash = |place: &u32| nodes.get(*place as usize).copied();
    let proof = entry.path.iter().map(hash).collect::<Option<Vec<_>>>().context("a node")?;
    let index = LeafIndex::new(entry.index)?;
    Ok(head.verify_inclusion(index, &leaf_hash(&entry.entry), &InclusionProof::new(proof))?)
}

/// Verifies some consistency proofs against heads that are computed from the log's tiles.
///
/// # Errors
/// One is not verified.
pub(crate) async fn consistency(trust: &Trust, server: &Server, kept: &Kept) -> anyhow::Result<()> {
    for (_, answer) in kept.iter().take(OLDER_HEADS) {
        let answer = GetConsistencyProofResponse::decode(answer.clone())?;
        let head = head(trust, &answer.checkpoint)?;
        let proof = ConsistencyProof::new(hashes(&answer.hashes)?);
        let older = older(server, head, TreeSize::new(answer.from)?).await?;
        head.verify_consistency(&older, &proof)?;
    }
    Ok(())
}

/// The head that the tree of `head` had at `size`.
async fn older(server: &Server, head: TreeHead, size: TreeSize) -> anyhow::Result<TreeHead> {
    let plan = head.plan_consistency(size)?;
    let mut tiles = Vec::new();
    for path in plan.tiles() {
        let requests = pool(vec![get(&format!("/{path}"))]);
        let mut workers = Http::connect(&server.address, &requests, 1).await?;
        let worker = workers.first_mut().context("one connection")?;
        tiles.push((*path, worker.exchange(0).await?));
    }
    let root = Verified::new(head, tiles)?.root_at(size)?;
    Ok(TreeHead { size, root })
}

fn head(trust: &Trust, note: &[u8]) -> anyhow::Result<TreeHead> {
    Ok(trust.verify(&SignedCheckpoint::parse(note)?)?.head())
}

fn hashes(bytes: &[Bytes]) -> anyhow::Result<Vec<Hash>> {
    let hash = |hash: &Bytes| Ok(Hash::new(hash.as_ref().try_into()?));
    bytes.iter().map(hash).collect()
}
