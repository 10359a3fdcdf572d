//! The head update: what a served head is, measured against the one that was verified before.

use tlog::{ConsistencyProof, Hash, LeafIndex, ProofError, TreeHead, TreeSize, VerifiedCheckpoint};

use crate::error::{Disproof, Error, Undecided};
use crate::fork::ForkReport;

/// Root of a tree's first entries, proved from the head of the tree.
pub(crate) struct Past {
    root: Hash,
    proof: ConsistencyProof,
}

impl Past {
    /// Accepts `root` as that of the first `size` entries of the tree of `newer` if `proof` says so.
    pub(crate) fn verify(
        newer: TreeHead,
        size: TreeSize,
        root: Hash,
        proof: ConsistencyProof,
    ) -> Result<Past, ProofError> {
        newer.verify_consistency(&TreeHead { size, root }, &proof)?;
        Ok(Past { root, proof })
    }

    pub(crate) fn into_proof(self) -> ConsistencyProof {
        self.proof
    }
}

/// Where the past of a tree is learnt from: proofs over gRPC, or tiles.
pub(crate) trait History {
    /// Root of the first `older.size` entries of the tree of `newer`; `older.root` is what the caller
    /// expects and need not be right. Both sizes are positive and the older one is smaller.
    async fn past(&self, newer: TreeHead, older: TreeHead) -> Result<Past, Error>;
}

/// How an accepted head relates to the remembered one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// It continues the remembered head, or is the same.
    Newer,
    /// It is part of the remembered head's tree, and not older than `floor`.
    Overtaken,
}

/// Accepts `served` if it continues `remembered`.
///
/// `floor` is the size that was remembered when the log was asked. While it answered, another process may
/// have come to remember a newer head: an answer that was right when it was given is not a rollback.
///
/// # Errors
/// [`Disproof::Fork`] if they contradict each other, [`Undecided::Rollback`] if `served` is older, and
/// whatever keeps `history` from answering.
pub(crate) async fn advance(
    remembered: &VerifiedCheckpoint,
    served: &VerifiedCheckpoint,
    floor: TreeSize,
    history: &impl History,
) -> Result<Accepted, Error> {
    let (old, new) = (remembered.head(), served.head());
    if new.size < old.size {
        return older_served(remembered, served, floor, history).await;
    }
    if old == new {
        return Ok(Accepted::Newer);
    }
    continuation(remembered, served, history).await.map(|_| Accepted::Newer)
}

/// The proof that `newer` continues `older`, which is not larger.
///
/// # Errors
/// [`Disproof::Fork`] if they contradict each other, and whatever keeps `history` from answering.
pub(crate) async fn continuation(
    older: &VerifiedCheckpoint,
    newer: &VerifiedCheckpoint,
    history: &impl History,
) -> Result<ConsistencyProof, Error> {
    let (old, new) = (older.head(), newer.head());
    if old.size == TreeSize::ZERO {
        // Every tree begins with the empty one.
        return Ok(ConsistencyProof::new(Vec::new()));
    }
    let past = past(history, new, old).await?;
    if past.root == old.root { Ok(past.into_proof()) } else { Err(fork(older, newer, past)) }
}

/// An older head may contradict the remembered one, too, if the log still gives the proof.
async fn older_served(
    remembered: &VerifiedCheckpoint,
    served: &VerifiedCheckpoint,
    floor: TreeSize,
    history: &impl History,
) -> Result<Accepted, Error> {
    let (old, new) = (remembered.head(), served.head());
    let rollback = Undecided::Rollback { remembered: old.size, served: new.size };
    if new.size == TreeSize::ZERO {
        return Err(rollback.into());
    }
    match past(history, old, new).await {
        Ok(past) if past.root != new.root => Err(fork(served, remembered, past)),
        Ok(_) if new.size >= floor => Ok(Accepted::Overtaken),
        _ => Err(rollback.into()),
    }
}

async fn past(history: &impl History, newer: TreeHead, older: TreeHead) -> Result<Past, Error> {
    if newer.size == older.size {
        return Ok(Past { root: newer.root, proof: ConsistencyProof::new(Vec::new()) });
    }
    history.past(newer, older).await
}

fn fork(older: &VerifiedCheckpoint, newer: &VerifiedCheckpoint, past: Past) -> Error {
    let (older, newer) = (older.signed().clone(), newer.signed().clone());
    let report = Box::new(ForkReport::new(older, newer, past.root, past.proof));
    Disproof::Fork { report, saved: None }.into()
}

/// Position of the last entry of a tree that is not empty.
pub(crate) fn last_index(size: TreeSize) -> LeafIndex {
    LeafIndex::new(size.get().saturating_sub(1)).expect("a position below a valid size is valid")
}
