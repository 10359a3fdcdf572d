//! A witness of transparency logs (C2SP tlog-witness): it cosigns a log's checkpoints as long as
//! each provably continues the one before, so that a log can not show different histories to
//! different people unnoticed.
//!
//! [`tlog::AddCheckpoint::judge`] decides; this crate adds what that needs to be trusted: a key, a
//! clock, [one file per log](StateFile) that survives crashes, and a server.
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /add-checkpoint` | the witness's cosignature line, or why not |
//! | `GET /<hex SHA-256 of the origin>/checkpoint` | what was cosigned last, cosigned within the hour |
//! | `GET /healthz` | whether every log can be cosigned |
//!
//! Run it behind something that speaks TLS and limits rates.

pub mod args;
pub mod clock;
mod data_dir;
mod http;
pub mod serve;
mod server;
mod state_file;
mod witness;

pub use data_dir::{DataDir, OpenDir};
pub use server::run;
pub use state_file::StateFile;
pub use witness::{Failure, Refused, Witness, origin_hash};
