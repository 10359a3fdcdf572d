//! The frozen formats of a tile-based transparency log: RFC 6962 hashes and proofs, C2SP tiles, signed
//! notes, checkpoints, cosignatures, policies and proof files.
//!
//! Everything here is pure: no I/O, no clock, no threads, no randomness.
#![no_std]

extern crate alloc;

mod bundle;
mod checkpoint;
mod compact;
mod cosignature;
mod edge;
mod hash;
mod hash_tile;
mod head;
mod key;
mod note;
mod plan;
mod policy;
mod policy_text;
mod proof;
mod proof_file;
mod signing_key;
mod tile;
mod verified;

pub use bundle::{Bundle, EntryTooLong, InvalidBundle, MAX_ENTRY_LEN, append_entry, bundle_prefix};
pub use checkpoint::{
    Checkpoint, InvalidCheckpoint, MAX_ORIGIN_LEN, SignedCheckpoint, VerifiedCheckpoint,
};
pub use compact::CompactRange;
pub use cosignature::{CosigningKey, cosign, cosignature_time};
pub use edge::{AppendError, EdgeError, Integrated, RightEdge};
pub use hash::{Hash, InvalidHash, leaf_hash, node_hash};
pub use head::{LeafIndex, MAX_SIZE, TooLarge, TreeHead, TreeSize};
pub use key::{InvalidKey, KeyId, KeyKind, VerifyingKey};
pub use note::{InvalidNote, MAX_NOTE_LEN, MAX_SIGNATURES, Note, NoteError, NoteSignature};
pub use plan::{MAX_PLANNED_TILES, Plan, PlanError};
pub use policy::{InvalidPolicy, Policy, PolicyError, PolicyLog, PolicyWitness};
pub use proof::{ConsistencyProof, InclusionProof, ProofError};
pub use proof_file::{InvalidProofFile, MAX_PROOF_HASHES, ProofFile, ProofFileError};
pub use signing_key::SigningKey;
pub use tile::{FULL_WIDTH, InvalidTilePath, MAX_LEVEL, TileKind, TilePath};
pub use verified::{LookupError, TileError, Verified};
