//! The witness over HTTP, as a process, and under attack.
#![allow(clippy::unwrap_used)]

mod command_line;
mod crashes;
mod harness;
mod monitoring;
mod protocol;
mod races;
mod state;
