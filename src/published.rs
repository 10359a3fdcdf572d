//! The published head: what readers are served under.

use bytes::Bytes;
use record::Timestamp;
use tlog::{SignedCheckpoint, TreeHead};

use crate::metrics;

/// A checkpoint that is signed, stored and public, with what readers need of it at hand.
#[derive(Clone, Debug)]
pub struct Published {
    /// Size and root.
    pub head: TreeHead,
    /// The signed note, verbatim.
    pub note: Bytes,
    /// When this server last confirmed and signed it.
    pub confirmed: Timestamp,
}

impl Published {
    /// What `checkpoint` looks like to readers from `confirmed` on.
    pub fn new(checkpoint: &SignedCheckpoint, confirmed: Timestamp) -> Published {
        Published {
            head: checkpoint.checkpoint().head(),
            note: Bytes::from(checkpoint.to_bytes()),
            confirmed,
        }
    }

    /// Shows size and time in the metrics.
    pub(crate) fn count(&self) {
        metrics::set("indelible_tree_size", self.head.size.get());
        metrics::set("indelible_head_confirmed_timestamp_seconds", self.confirmed.unix());
    }
}
