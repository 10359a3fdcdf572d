//! What the log freezes for ever: its entries, the names in them, the keys of its map, and how
//! entries fold into the current state of a file or a project.
//!
//! Everything here is pure: no I/O, no clock, no threads, no randomness.
#![no_std]

extern crate alloc;

#[macro_use]
mod textual;

mod digest;
mod entry;
mod evidence;
mod fact;
mod filename;
mod fraud;
mod key;
mod lines;
mod map;
mod project;
mod publisher;
mod state;
mod timestamp;
mod trie;
mod version;

pub use digest::{Digest, InvalidDigest, MapRoot};
pub use entry::{
    ContentEntry, Entry, EntryError, EpochEntry, ExpectedEntry, FieldError, FieldProblem,
    FileEntry, KeyAction, KeyEntry, Kind, MAX_ENTRY_LEN, MAX_FILENAME_LEN, MAX_NUMBER,
    MAX_REASON_LEN, MAX_UPLOADED_LEN, MAX_VERSION_LEN, MAX_VIA_LEN, Parsed, RemovedEntry, Status,
    StatusEntry, bound_reason, check_via,
};
pub use evidence::{CompletenessProof, Evidence, InvalidEvidence, LookupKey, MAX_EVIDENCE_ENTRIES};
pub use fact::{ContentFact, Fact, ListedFile, StatusFact};
pub use filename::{Distribution, split_filename, version_of};
pub use fraud::{FraudProof, InvalidFraudProof};
pub use key::{
    InvalidPublicKey, InvalidSignature, MAX_KEY_LEN, MAX_SIGNATURE_LEN, PublicKey, Signature,
};
pub use lines::ProvenEntry;
pub use map::MapKey;
pub use project::{InvalidProjectName, MAX_PROJECT_LEN, ProjectName};
pub use publisher::{
    Expectation, ExpectationRefusal, Expected, KeyChange, KeyRefusal, KeyRing, KeyState, Listing,
    MAX_ACTIVE_KEYS, PublishedFile, PublisherState, Reconciled, SSH_NAMESPACE, SshKey,
    StatementRefusal, UnsupportedKey,
};
pub use state::{FileState, ProjectState, Sighting};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use trie::{
    BucketTree, InvalidMapProof, ListingError, LookupPlan, MapAnswer, MapBucket, MapBuilder,
    MapProof, MapProofError, MapProofParts, MapTrie, MapValue, MapValueBuilder, OrderError,
    PairsError, PositionsError, PrefixPlan, PrefixProof, Subtree, map_value,
};
pub use version::canonical_version;
