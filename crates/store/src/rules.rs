//! The checks of the contract that need no storage, the same for every backend.

use tlog::{TilePath, TreeHead};

use crate::error::Misuse;
use crate::store::Batch;
use crate::width::prefix_len;

/// Whether a commit makes sense on its own, whatever the store holds.
pub(crate) fn check_commit(prev: &TreeHead, batch: &Batch, next: &TreeHead) -> Result<(), Misuse> {
    if next.size <= prev.size {
        return Err(Misuse::NotLarger { prev: prev.size, next: next.size });
    }
    for (path, bytes) in &batch.objects {
        if TilePath::at_size(path.kind(), path.index(), next.size) != Some(*path) {
            return Err(Misuse::NotWidest { path: *path, size: next.size });
        }
        if prefix_len(path, bytes) != Some(bytes.len()) {
            return Err(Misuse::WrongLength { path: *path, length: bytes.len() });
        }
    }
    Ok(())
}

/// Whether a checkpoint of `offered` may replace the published one.
pub(crate) fn check_publish(
    head: &TreeHead,
    published: Option<&TreeHead>,
    offered: &TreeHead,
) -> Result<(), Misuse> {
    if offered.size > head.size {
        return Err(Misuse::CheckpointNotCommitted { offered: offered.size, committed: head.size });
    }
    for known in published.into_iter().chain([head]) {
        if offered.size == known.size && offered.root != known.root {
            return Err(Misuse::Fork(offered.size));
        }
    }
    match published {
        Some(published) if offered.size < published.size => {
            Err(Misuse::CheckpointShrinks { offered: offered.size, published: published.size })
        }
        _ => Ok(()),
    }
}
