//! Evidence files (`.evidence`): a complete answer about one key, verifiable offline.
//!
//! A file is UTF-8 text, and anyone with the log's key can check it. Its lines, each ending in LF:
//!
//! ```text
//! indelible-evidence@v1
//! key <kind> <value>            kind: file, project or sha256; value: all up to the end of the line
//! entry <index> <base64>        an entry that has the key: its position and its bytes ...
//! <base64 hash>                 ... and 0 to 63 lines: its inclusion proof, leaf's sibling first
//! epoch <index> <base64>        the newest epoch entry, at position N, likewise ...
//! <base64 hash>                 ... with its inclusion proof
//! map <base64>                  proof about the key under the epoch's map root; if it is empty: map
//! edge <base64 hash>            1 to 63 lines: roots of the perfect subtrees of the first N + 1
//!                               entries, largest first
//! tail <base64>                 each entry after the epoch, in order
//!                               one empty line
//! <checkpoint, verbatim>        a signed note, up to the end of the file
//! ```
//!
//! There are 0 to 20,000 `entry` lines in ascending order of position and 0 to 20,000 `tail` lines.
//! base64 is with padding, numbers have no sign and no leading zero, and there is exactly one text of
//! each answer. A filename has 1 to 1,024 bytes and no control characters, a project name is normalised,
//! a hash is 64 lower-case hex digits.
//!
//! What the file proves is nowhere stated in it: it follows from the entries. It proves that these are
//! all entries of the key up to the checkpoint's size S if and only if
//!
//! 1. the checkpoint is signed as the reader demands;
//! 2. each entry, and the epoch's, is in its tree, and each is a canonical entry;
//! 3. the entries have the key, and their positions ascend strictly;
//! 4. the entry at N is an epoch, and the map with its root has for the key the value of the positions
//!    below N ([`map_value`](crate::map_value)), or does not have the key if there are none;
//! 5. the edge with the `S - N - 1` tail entries appended has the root of the checkpoint;
//! 6. no tail entry is an epoch, and those that have the key are the entries above N.
//!
//! What shows that one key is absent may show it of others, too: the key is not signed. Each such file is
//! true of the key that it names.

mod key;
mod parse;

use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use tlog::{Hash, InvalidCheckpoint, SignedCheckpoint};

pub use self::key::LookupKey;
use crate::lines::{self, ProvenEntry, Syntax};

/// First line of every file; it names the format and its version.
const FIRST_LINE: &str = "indelible-evidence@v1";

/// Most entries of one answer, before and after its epoch.
pub const MAX_EVIDENCE_ENTRIES: usize = 20_000;

/// What shows that an answer is complete. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletenessProof {
    /// The newest epoch entry.
    pub epoch: ProvenEntry,
    /// Proof about the key under the epoch's map root.
    pub map_proof: Vec<u8>,
    /// Roots of the perfect subtrees of the entries up to the epoch's, largest first.
    pub edge: Vec<Hash>,
    /// All entries after the epoch's.
    pub tail: Vec<Vec<u8>>,
}

/// A complete answer about one key. Nothing of it is verified. `Display` is the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What was asked for.
    pub key: LookupKey,
    /// All entries that have the key.
    pub entries: Vec<ProvenEntry>,
    /// That there are no others.
    pub completeness: CompletenessProof,
    /// The checkpoint that everything rests on.
    pub checkpoint: SignedCheckpoint,
}

/// The bytes are not an evidence file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidEvidence {
    /// The checkpoint at the end is not one.
    #[error("the checkpoint of the evidence is not valid")]
    Checkpoint(#[from] InvalidCheckpoint),
    /// Lines are missing, out of place, too many, or not written canonically.
    #[error("not evidence in its only form: expected '{FIRST_LINE}' and the lines of that format")]
    Syntax,
}

impl Evidence {
    /// Parses a file.
    ///
    /// # Errors
    /// [`InvalidEvidence`] unless `bytes` are exactly what `Display` writes for some answer.
    pub fn parse(bytes: &[u8]) -> Result<Evidence, InvalidEvidence> {
        let text = core::str::from_utf8(bytes).map_err(|_| InvalidEvidence::Syntax)?;
        let evidence = parse::evidence(text)?;
        if lines::is_text_of(text, &evidence) { Ok(evidence) } else { Err(InvalidEvidence::Syntax) }
    }
}

impl From<Syntax> for InvalidEvidence {
    fn from(_: Syntax) -> InvalidEvidence {
        InvalidEvidence::Syntax
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CompletenessProof { epoch, map_proof, edge, tail } = &self.completeness;
        writeln!(f, "{FIRST_LINE}")?;
        lines::write_key(f, &self.key)?;
        self.entries.iter().try_for_each(|entry| lines::write_proven(f, "entry", entry))?;
        lines::write_proven(f, "epoch", epoch)?;
        lines::write_map_proof(f, map_proof)?;
        edge.iter().try_for_each(|hash| writeln!(f, "edge {hash}"))?;
        tail.iter().try_for_each(|entry| writeln!(f, "tail {}", STANDARD.encode(entry)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
