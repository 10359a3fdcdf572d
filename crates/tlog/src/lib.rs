//! The frozen formats of a tile-based transparency log: RFC 6962 hashes and proofs, C2SP tiles, signed
//! notes, checkpoints, cosignatures, policies and proof files.
//!
//! Everything here is pure: no I/O, no clock, no threads, no randomness.
#![no_std]

extern crate alloc;

mod hash;
mod head;
mod tile;

pub use hash::{Hash, InvalidHash, leaf_hash, node_hash};
pub use head::{LeafIndex, MAX_SIZE, TooLarge, TreeHead, TreeSize};
pub use tile::{FULL_WIDTH, InvalidTilePath, MAX_LEVEL, TileKind, TilePath};
