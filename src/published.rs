//! The published head: what readers are served under.

use bytes::Bytes;
use record::Timestamp;
use tlog::{SignedCheckpoint, TreeHead};

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
}
