//! The client against a log that is honest, and against one that is not.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod accusations;
mod batch;
mod complete;
mod fraud;
mod freeze;
mod installers;
mod judging;
mod log;
mod mirror;
mod monitor;
mod publish;
mod questions;
mod replay;
mod server;
mod states;
mod verifiers;
mod watch;
