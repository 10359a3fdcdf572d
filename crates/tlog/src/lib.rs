//! The frozen formats of a tile-based transparency log: RFC 6962 hashes and proofs, C2SP tiles, signed
//! notes, checkpoints, cosignatures, policies and proof files.
//!
//! * A log grows through [`RightEdge::append`], which says what to store and what the next head is.
//! * Proofs come from tiles: [plan](TreeHead::plan_inclusion) what to load, load it, check it with
//!   [`Verified`], take the [proof](Verified::inclusion).
//! * Who proves often keeps the upper nodes of tiles and reads small [parts](Trail) of them.
//! * Proofs are checked by the [head](TreeHead::verify_inclusion) they are about, and a head counts
//!   once a [`Policy`] accepts the [`SignedCheckpoint`] that states it.
//! * A witness [judges](AddCheckpoint::judge) a request by the head it cosigned last, and nothing else.
//!
//! Everything here is pure: no I/O, no clock, no threads, no randomness. What is parsed is canonical:
//! formatting it gives the same bytes, anything else is refused.
#![no_std]

extern crate alloc;

mod assemble;
mod bundle;
mod checkpoint;
mod compact;
mod cosignature;
mod edge;
mod hash;
mod hash_tile;
mod head;
mod kept_tile;
mod key;
mod note;
mod plan;
mod policy;
mod policy_text;
mod proof;
mod proof_file;
mod signing_key;
mod tile;
mod trail;
mod verified;
mod witness;

pub use bundle::{Bundle, EntryTooLong, InvalidBundle, MAX_ENTRY_LEN, append_entry, bundle_prefix};
pub use checkpoint::{
    Checkpoint, InvalidCheckpoint, MAX_ORIGIN_LEN, SignedCheckpoint, VerifiedCheckpoint,
};
pub use compact::CompactRange;
pub use cosignature::{CosigningKey, cosign, cosignature_time};
pub use edge::{AppendError, EdgeError, HashedEntry, Integrated, RightEdge};
pub use hash::{Hash, InvalidHash, leaf_hash, node_hash};
pub use head::{LeafIndex, MAX_SIZE, TooLarge, TreeHead, TreeSize};
pub use kept_tile::KeptTile;
pub use key::{InvalidKey, KeyId, KeyKind, VerifyingKey, ed25519_verifies};
pub use note::{InvalidNote, MAX_NOTE_LEN, MAX_SIGNATURES, Note, NoteError, NoteSignature};
pub use plan::{MAX_PLANNED_TILES, Plan, PlanError};
pub use policy::{InvalidPolicy, Policy, PolicyError, PolicyLog, PolicyWitness};
pub use proof::{ConsistencyProof, InclusionProof, ProofError};
pub use proof_file::{InvalidProofFile, MAX_PROOF_HASHES, ProofFile, ProofFileError};
pub use signing_key::SigningKey;
pub use tile::{FULL_WIDTH, InvalidTilePath, MAX_LEVEL, TileKind, TilePath};
pub use trail::{Trail, VerifiedEdge};
pub use verified::{LookupError, TileError, Verified};
pub use witness::{
    AddCheckpoint, Cosignable, InvalidAddCheckpoint, InvalidTlogSize, MAX_ADD_CHECKPOINT_LEN,
    TLOG_SIZE_CONTENT_TYPE, WitnessRefusal, format_tlog_size, parse_signature_lines,
    parse_tlog_size,
};
