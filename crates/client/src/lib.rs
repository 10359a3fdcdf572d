//! Reads an Indelible log and believes nothing.
//!
//! Whatever a log serves is checked against a checkpoint that its key signed, and every checkpoint
//! against the one that was remembered. Types whose name begins with `Verified` are made by
//! verification only; nothing else of an answer can be seen from outside.
//!
//! * [`Trust`] says which log, [`Memory`] remembers its newest head.
//! * [`Client`] asks questions over gRPC, [`Tiles`] reads the log's files over HTTP.

//! * A [`ForkReport`] proves to anyone that a log contradicts itself.

mod answer;
mod client;
mod entry;
mod error;
mod fork;
mod grpc;
mod head;
mod memory;
mod trust;

pub use answer::{VerifiedBatch, VerifiedConsistency, VerifiedInclusion, VerifiedLookup};
pub use client::{Client, LookupKey, Watch};
pub use entry::VerifiedEntry;
pub use error::{Disproof, Error, Undecided};
pub use fork::{ForkReport, InvalidReport, NotAFork};
pub use memory::{Memory, Replaced};
pub use trust::{InvalidTrust, LogUrl, Trust};

/// What this client calls itself.
const USER_AGENT: &str = concat!("indelible/", env!("CARGO_PKG_VERSION"));
