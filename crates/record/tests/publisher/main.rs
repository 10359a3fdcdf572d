//! What publishers sign, who speaks for a project, and what follows for its files.
#![allow(clippy::unwrap_used, reason = "a test that can not be set up has failed")]

mod expectations;
mod fixture;
mod golden;
mod keys;
mod ssh;
