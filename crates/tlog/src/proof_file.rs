//! Proof files (C2SP tlog-proof, `.tlog-proof`): one entry's inclusion, verifiable offline.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::checkpoint::{InvalidCheckpoint, SignedCheckpoint, VerifiedCheckpoint};
use crate::hash::Hash;
use crate::head::LeafIndex;
use crate::policy::{Policy, PolicyError};
use crate::proof::{InclusionProof, ProofError};

/// First line of every file; it names the format and its version.
const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Most hashes of a proof: no tree on the wire is higher.
pub const MAX_PROOF_HASHES: usize = 63;

/// Why bytes are not a proof file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidProofFile {
    /// The checkpoint at the end is not one.
    #[error("the checkpoint of the proof file is not valid")]
    Checkpoint(#[from] InvalidCheckpoint),
    /// The lines before the checkpoint are not those of the format, or not canonical.
    #[error("not a proof file: expected '{FIRST_LINE}', an index line and base64 hash lines")]
    Syntax,
}

/// Why a well-formed proof file does not prove the entry.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProofFileError {
    /// The inclusion proof is not one for this leaf hash.
    #[error("the file does not prove this entry")]
    Inclusion(#[from] ProofError),
    /// The checkpoint does not satisfy the policy.
    #[error("the checkpoint of the proof file is not accepted")]
    Policy(#[from] PolicyError),
}

/// An entry's position, its inclusion proof and a checkpoint. `Display` is the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// Application data, not authenticated by itself; an empty value is left out when written.
    pub extra: Option<Vec<u8>>,
    /// Position of the entry.
    pub index: LeafIndex,
    /// Shows that the entry is in the checkpoint's tree.
    pub proof: InclusionProof,
    /// The checkpoint, unverified.
    pub checkpoint: SignedCheckpoint,
}

impl ProofFile {
    /// Parses a proof file.
    ///
    /// # Errors
    /// [`InvalidProofFile`] unless `bytes` is exactly what `Display` writes for some proof.
    pub fn parse(bytes: &[u8]) -> Result<ProofFile, InvalidProofFile> {
        let text = core::str::from_utf8(bytes).map_err(|_| InvalidProofFile::Syntax)?;
        // The first empty line: the checkpoint has one of its own.
        let (head, checkpoint) = text.split_once("\n\n").ok_or(InvalidProofFile::Syntax)?;
        let (extra, index, proof) = parse_head(head).ok_or(InvalidProofFile::Syntax)?;
        let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes())?;
        let file = ProofFile { extra, index, proof, checkpoint };
        if file.to_string() != text {
            return Err(InvalidProofFile::Syntax);
        }
        Ok(file)
    }

    /// Verifies checkpoint, cosignatures and inclusion of the leaf hash.
    ///
    /// Compute `leaf` from the entry at hand ([`leaf_hash`](crate::leaf_hash)).
    ///
    /// # Errors
    /// [`ProofFileError`] if the policy does not accept the checkpoint or the entry is not proved.
    pub fn verify(
        &self,
        policy: &Policy,
        leaf: &Hash,
    ) -> Result<VerifiedCheckpoint, ProofFileError> {
        let checkpoint = policy.verify(&self.checkpoint)?;
        checkpoint.head().verify_inclusion(self.index, leaf, &self.proof)?;
        Ok(checkpoint)
    }
}

/// Reads what precedes the checkpoint; canonical spelling is checked by formatting again.
fn parse_head(head: &str) -> Option<(Option<Vec<u8>>, LeafIndex, InclusionProof)> {
    let mut lines = head.strip_prefix(FIRST_LINE)?.strip_prefix('\n')?.split('\n').peekable();
    let extra = lines.next_if(|line| line.starts_with("extra "));
    let extra = extra.map(|line| STANDARD.decode(&line["extra ".len()..])).transpose().ok()?;
    let index = lines.next()?.strip_prefix("index ")?.parse().ok()?;
    let index = LeafIndex::new(index).ok()?;
    let hashes = lines.map(Hash::parse).collect::<Result<Vec<Hash>, _>>().ok()?;
    (hashes.len() <= MAX_PROOF_HASHES).then(|| (extra, index, InclusionProof::new(hashes)))
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = self.extra.as_ref().filter(|extra| !extra.is_empty()) {
            let encoded: String = STANDARD.encode(extra);
            writeln!(f, "extra {encoded}")?;
        }
        writeln!(f, "index {}", self.index)?;
        self.proof.hashes().iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
