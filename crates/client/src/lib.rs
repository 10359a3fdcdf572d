//! Reads an Indelible log and believes nothing.
//!
//! Whatever a log serves is checked against a checkpoint that its key signed, and every checkpoint
//! against the one that was remembered. Types whose name begins with `Verified` are made by
//! verification only; nothing else of an answer can be seen from outside.
//!
//! * [`Trust`] says which log, [`Memory`] remembers its newest head.
//! * [`Client`] asks questions over gRPC, [`Tiles`] reads the log's files, over HTTP or wherever they lie.
//! * [`Heads`] follows a log's newest head.
//! * [`decide()`] turns verified facts into a [`Verdict`], [`judging`] finds the facts for many files.
//! * [`Monitor`] reads every entry and reports what changed; it can compute again what the log
//!   concludes from its entries, too, and stops at the first [`Lie`].
//! * [`audit`] reads what lock files and recipes pin.
//! * [`publish`] reads what publishers say of their projects, and says more.
//! * [`Mirror`] keeps the whole log, and answers without telling anybody what is asked.
//! * A [`ForkReport`] proves to anyone that a log contradicts itself, a [`VerifiedFraud`] that its own
//!   summary of its entries is false, a [`VerifiedFreeze`] that a newer head was withheld.

mod answer;
pub mod audit;
mod batch;
mod channel;
mod claim;
mod client;
mod complete;
mod contradiction;
mod database;
mod decide;
mod entry;
mod error;
pub mod explain;
mod fork;
mod fraud;
mod freeze;
mod grpc;
mod head;
mod heads;
mod history;
pub mod judging;
mod memory;
mod mirror;
mod monitor;
pub mod pip;
pub mod publish;
mod replay;
mod tiles;
mod trust;
mod two_heads;
mod verdict;

pub use answer::{VerifiedBatch, VerifiedConsistency, VerifiedInclusion, VerifiedLookup};
pub use batch::{Answered, Lookups};
pub use claim::Claim;
pub use client::{Client, LookupKey, Watch};
pub use complete::{Completeness, age, coverage};
pub use decide::{Artifact, Coverage, Finding, Known, decide};
pub use entry::VerifiedEntry;
pub use error::{Disproof, Error, Undecided};
pub use fork::{ForkReport, InvalidReport, NotAFork};
pub use fraud::{FraudKind, NotFraud, VerifiedFraud};
pub use freeze::{FreezeAccusation, InvalidAccusation, NotAFreeze, VerifiedFreeze, newest_head};
pub use heads::Heads;
pub use history::{describe, project_of, version_of};
pub use memory::{Memory, Replaced};
pub use mirror::Mirror;
pub use monitor::{
    Delivery, Event, EventKind, Grace, Message, Monitor, Outbox, Progress, Selection, Sink,
};
pub use replay::{Falsehood, Lie, Replayed, ReplayedEpoch};
pub use tiles::{Files, Tiles};
pub use trust::{InvalidTrust, LogUrl, Trust};
pub use verdict::{Class, UnknownVerdict, Verdict};

/// What this client calls itself.
const USER_AGENT: &str = concat!("indelible/", env!("CARGO_PKG_VERSION"));
