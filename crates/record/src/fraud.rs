//! Fraud proofs (`.fraud`): an epoch that the log signed, and an entry of the same log that it misstates.
//!
//! An epoch's map says at which positions a key has entries. Whether it says so truly cannot be seen in a
//! look-up; but where it does not, one entry shows it. A file is UTF-8 text, and anyone with the log's key
//! can check it. Its lines, each ending in LF:
//!
//! ```text
//! indelible-fraud@v1
//! key <kind> <value>            kind: file, project or sha256; value: all up to the end of the line
//! entry <index> <base64>        the entry that is misstated: its position i and its bytes ...
//! <base64 hash>                 ... and 0 to 63 lines: its inclusion proof, leaf's sibling first
//! epoch <index> <base64>        the epoch entry, at position N, likewise ...
//! <base64 hash>                 ... with its inclusion proof
//! map <base64>                  proof about the key under the epoch's map root; if it is empty: map
//! position <decimal>            each position that the map has for the key, in ascending order; none:
//!                               the map does not have the key
//!                               one empty line
//! <checkpoint, verbatim>        a signed note, up to the end of the file
//! ```
//!
//! There are 0 to 20,000 `position` lines. base64 is with padding, numbers have no sign and no leading
//! zero, and there is exactly one text of each proof. Names and hashes are as in
//! [evidence](crate::Evidence).
//!
//! It proves that the log signed a false epoch if and only if
//!
//! 1. the checkpoint is signed by the log; witnesses do not matter;
//! 2. the entries at i and at N are in its tree, the one at N is an epoch, and i is below N;
//! 3. the map with the epoch's root has for the key the value of the positions
//!    ([`map_value`](crate::map_value)), or does not have the key if there are none;
//! 4. the entry at i is canonical and of a known kind, and either has the key although i is not among the
//!    positions (*omitted*), or does not have it although i is (*foreign*).
//!
//! An epoch may be false in ways that no such file shows: its root may be that of nothing at all. Whoever
//! reads every entry sees that, too.

use alloc::vec::Vec;
use core::fmt;

use thiserror::Error;
use tlog::{InvalidCheckpoint, LeafIndex, SignedCheckpoint};

use crate::evidence::{LookupKey, MAX_EVIDENCE_ENTRIES};
use crate::lines::{self, Lines, ProvenEntry, Syntax};

/// First line of every file; it names the format and its version.
const FIRST_LINE: &str = "indelible-fraud@v1";

/// An epoch, what its map says of a key, and an entry that contradicts it. Nothing of it is verified.
/// `Display` is the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FraudProof {
    /// The key about which the epoch is false.
    pub key: LookupKey,
    /// The entry that the epoch leaves out, or lists without reason.
    pub entry: ProvenEntry,
    /// The epoch entry.
    pub epoch: ProvenEntry,
    /// Proof about the key under the epoch's map root.
    pub map_proof: Vec<u8>,
    /// Positions of the key's entries as the map has them, ascending; empty if it does not have the key.
    pub positions: Vec<LeafIndex>,
    /// The checkpoint that everything rests on.
    pub checkpoint: SignedCheckpoint,
}

/// The bytes are not a fraud proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidFraudProof {
    /// The checkpoint at the end is not one.
    #[error("the checkpoint of the fraud proof is not valid")]
    Checkpoint(#[from] InvalidCheckpoint),
    /// Lines are missing, out of place, too many, or not written canonically.
    #[error(
        "not a fraud proof in its only form: expected '{FIRST_LINE}' and the lines of that format"
    )]
    Syntax,
}

impl FraudProof {
    /// Parses a file.
    ///
    /// # Errors
    /// [`InvalidFraudProof`] unless `bytes` are exactly what `Display` writes for some proof.
    pub fn parse(bytes: &[u8]) -> Result<FraudProof, InvalidFraudProof> {
        let text = core::str::from_utf8(bytes).map_err(|_| InvalidFraudProof::Syntax)?;
        let proof = parse_loosely(text)?;
        if lines::is_text_of(text, &proof) { Ok(proof) } else { Err(InvalidFraudProof::Syntax) }
    }
}

/// Reads every canonical proof right, and possibly others too: the caller formats and compares.
fn parse_loosely(text: &str) -> Result<FraudProof, InvalidFraudProof> {
    let (mut lines, checkpoint) = lines::open(text, FIRST_LINE)?;
    let key = lines::key(&mut lines)?;
    let entry = lines::proven(&mut lines, "entry ").ok_or(Syntax)??;
    let epoch = lines::proven(&mut lines, "epoch ").ok_or(Syntax)??;
    let map_proof = lines::map_proof(&mut lines)?;
    let position = |lines: &mut Lines<'_>| Some(lines::position(lines::after(lines, "position ")?));
    let positions = lines::many(&mut lines, MAX_EVIDENCE_ENTRIES, position)?;
    let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes())?;
    match lines.next() {
        None => Ok(FraudProof { key, entry, epoch, map_proof, positions, checkpoint }),
        Some(_) => Err(InvalidFraudProof::Syntax),
    }
}

impl From<Syntax> for InvalidFraudProof {
    fn from(_: Syntax) -> InvalidFraudProof {
        InvalidFraudProof::Syntax
    }
}

impl fmt::Display for FraudProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        lines::write_key(f, &self.key)?;
        lines::write_proven(f, "entry", &self.entry)?;
        lines::write_proven(f, "epoch", &self.epoch)?;
        lines::write_map_proof(f, &self.map_proof)?;
        self.positions.iter().try_for_each(|position| writeln!(f, "position {position}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
