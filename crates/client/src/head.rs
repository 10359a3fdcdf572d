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

/// Accepts `served` if it continues `remembered`.
///
/// # Errors
/// [`Disproof::Fork`] if they contradict each other, [`Undecided::Rollback`] if `served` is older, and
/// whatever keeps `history` from answering.
pub(crate) async fn advance(
    remembered: &VerifiedCheckpoint,
    served: &VerifiedCheckpoint,
    history: &impl History,
) -> Result<(), Error> {
    let (old, new) = (remembered.head(), served.head());
    if old == new || old.size == TreeSize::ZERO {
        return Ok(());
    }
    if new.size < old.size {
        return Err(older_served(remembered, served, history).await);
    }
    let past = past(history, new, old).await?;
    if past.root == old.root { Ok(()) } else { Err(fork(remembered, served, past)) }
}

/// An older head is never accepted; if it can be seen to contradict the remembered one, it is a fork.
async fn older_served(
    remembered: &VerifiedCheckpoint,
    served: &VerifiedCheckpoint,
    history: &impl History,
) -> Error {
    let (old, new) = (remembered.head(), served.head());
    if new.size > TreeSize::ZERO
        && let Ok(past) = past(history, old, new).await
        && past.root != new.root
    {
        return fork(served, remembered, past);
    }
    Undecided::Rollback { remembered: old.size, served: new.size }.into()
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
