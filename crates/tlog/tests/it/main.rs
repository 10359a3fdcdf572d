//! Tests of the crate's public interface.
#![allow(clippy::unwrap_used)]

mod bundles;
mod checkpoints;
mod compact;
mod cosignatures;
mod edges;
mod fixture;
mod golden;
mod implementations;
mod keys;
mod known_values;
mod notes;
mod oracle;
mod paths;
mod plans;
mod policies;
mod proof_files;
mod proofs;
mod robustness;
mod trails;
mod verified_tiles;
mod witnesses;
