//! What can go wrong in a store, sorted by what the caller must do about it.

use std::error::Error as StdError;

use thiserror::Error;
use tlog::{TilePath, TreeHead, TreeSize};

/// The error of the layer below.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// Why a store did not do what it was asked. The variant says what to do next.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is a log already. Open it; creating would forget it. Nothing was changed.
    #[error("a log exists here already: open it, or choose another place for a new one")]
    AlreadyExists,

    /// A write failed half-way: the state is the one before or the one after. Stop writing, open the
    /// store again, look at its head.
    #[error("a write may or may not have become durable: open the store again before writing")]
    Ambiguous(#[source] Cause),

    /// The head was not the expected one: somebody else writes to this log. Nothing became visible.
    /// Stop; never retry on top of a head that this process did not make.
    #[error(
        "another writer moved the head: expected size {} with root {}, found size {} with root {}",
        .expected.size, .expected.root, .found.size, .found.root
    )]
    Conflict {
        /// The head the caller named.
        expected: TreeHead,
        /// The head the store has.
        found: TreeHead,
    },

    /// What is stored is not what was written. Do not write; find out what happened to the medium.
    #[error("the store is damaged: {0}")]
    Corrupt(String),

    /// An earlier write through this handle failed. Reads still work; open the store again to write.
    #[error("an earlier write failed: open the store again before writing")]
    Halted,

    /// A read failed, or the store could not be created or opened. Nothing was changed; trying again
    /// later is safe.
    #[error("the store can not be reached or read")]
    Io(#[source] Cause),

    /// The store was written by another version of this program, which laid it out otherwise. Nothing
    /// was changed.
    #[error("the store has the layout {found:?}, this program reads {expected:?}")]
    Layout {
        /// What this program reads.
        expected: &'static str,
        /// What the store has; empty for the first layout, which did not say.
        found: String,
    },

    /// The caller broke the rules of the contract: a defect of the program. Nothing became visible.
    #[error(transparent)]
    Misuse(#[from] Misuse),

    /// Another process holds the lease. Nothing became visible. Stop; it writes from now on.
    #[error("another process has taken over writing to this log")]
    TakenOver,

    /// The log was moved to another store. It can still be read here; writing here would fork it.
    #[error(
        "this log was moved to another store, and is kept here as it was then: going on here would fork it"
    )]
    Retired,

    /// There is no log to open. Creating one is a decision of the operator, never a repair.
    #[error("there is no log here")]
    Missing,
}

/// A write that no correct caller makes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Misuse {
    /// The checkpoint covers entries that are not committed.
    #[error("a checkpoint of size {offered} can not be published: only {committed} are committed")]
    CheckpointNotCommitted {
        /// Size of the checkpoint.
        offered: TreeSize,
        /// Size of the head.
        committed: TreeSize,
    },

    /// The checkpoint is smaller than the published one.
    #[error("a checkpoint of size {offered} can not replace the published one of size {published}")]
    CheckpointShrinks {
        /// Size of the checkpoint.
        offered: TreeSize,
        /// Size of the published one.
        published: TreeSize,
    },

    /// Two roots for one size.
    #[error("a checkpoint of size {0} has another root than the tree of that size: a fork")]
    Fork(TreeSize),

    /// The next tree is not larger than the previous one.
    #[error("a commit from size {prev} to size {next} does not grow the tree")]
    NotLarger {
        /// Size before.
        prev: TreeSize,
        /// Size after.
        next: TreeSize,
    },

    /// An object of the batch is not as wide as the next tree makes it, or not part of that tree.
    #[error("{path} is not what a tree of size {size} holds of that tile or bundle")]
    NotWidest {
        /// The object.
        path: TilePath,
        /// Size of the next tree.
        size: TreeSize,
    },

    /// The bytes of an object are not as many hashes or entries as its path says.
    #[error("{path} can not hold these {length} bytes")]
    WrongLength {
        /// The object.
        path: TilePath,
        /// Length of the bytes offered.
        length: usize,
    },
}
