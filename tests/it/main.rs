//! The real program, started, asked, killed and damaged.
//!
//! Every test starts its own servers on free ports of the loopback interface and ends them by their
//! process id. With `INDELIBLE_LONG=1` the loops are longer.
#![allow(clippy::unwrap_used, reason = "a test that can not be set up has failed")]

mod batch;
mod bucket;
mod crash;
mod crowd;
mod demo;
mod disk;
mod epochs;
mod feeds;
mod following;
mod fork;
mod fsck;
mod grpc_answers;
mod grpc_refusals;
mod harness;
mod history;
mod import;
mod installing;
mod interop;
mod lifecycle;
mod observing;
mod operations;
mod publishing;
mod site;
mod static_files;
mod tls;
mod witnessing;
