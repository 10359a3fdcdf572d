//! Fork reports: two signed heads that contradict each other, and the proof that they do.
//!
//! A report is a text that anyone with the log's key can check offline. Its bytes, in order:
//!
//! ```text
//! indelible-fork@v1                         LF
//! root <base64 hash>                        LF   root of the first `older` entries in the newer tree
//! <base64 hash>                             LF   0 to 63 lines: RFC 6962 consistency proof from there
//! older <decimal length in bytes>           LF   the signed note of the smaller head ...
//! <that many bytes>                              ... verbatim; it ends in LF itself
//! newer <decimal length in bytes>           LF   the signed note of the larger head ...
//! <that many bytes>                              ... verbatim
//! ```
//!
//! base64 is with padding, numbers have no sign and no leading zero, nothing follows the last note, and
//! there is exactly one text of each report. For heads of one size `root` is the newer head's root and
//! there are no proof lines.
//!
//! The report proves a fork if and only if one key of the log signed both notes with one origin, the
//! proof leads from `root` at the older size to the newer head, and `root` is not the older head's root.

use std::fmt;

use thiserror::Error;
use tlog::{
    ConsistencyProof, Hash, InvalidCheckpoint, PolicyError, ProofError, SignedCheckpoint, TreeHead,
};

use crate::trust::Trust;
use crate::two_heads::{self, Form, Invalid};

const FORM: Form =
    Form { first_line: "indelible-fork@v1", statement: "root ", heads: ["older ", "newer "] };

/// Two signed heads and what is needed to see that they contradict each other. `Display` is the text.
///
/// Whether it proves anything is for [`ForkReport::verify`] to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkReport {
    older: SignedCheckpoint,
    newer: SignedCheckpoint,
    root: Hash,
    proof: ConsistencyProof,
}

/// The bytes are not a fork report.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidReport {
    /// One of the two heads is not a checkpoint.
    #[error("a head of the report is not a checkpoint")]
    Checkpoint(#[from] InvalidCheckpoint),
    /// Lines are missing, out of place, or not written canonically.
    #[error("not a fork report in its only form")]
    Syntax,
}

/// Why a report proves no fork. It says nothing about the log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotAFork {
    /// The two heads agree.
    #[error("the two heads do not contradict each other")]
    Consistent,
    /// The proof does not lead from the stated root to the newer head.
    #[error("the report's proof does not hold")]
    Proof(#[from] ProofError),
    /// A head is not signed by the log.
    #[error("a head of the report is not signed by the log's key")]
    Signature(#[from] PolicyError),
}

impl ForkReport {
    /// Puts a report together; `root` and `proof` are as the module's documentation says.
    pub(crate) const fn new(
        older: SignedCheckpoint,
        newer: SignedCheckpoint,
        root: Hash,
        proof: ConsistencyProof,
    ) -> ForkReport {
        ForkReport { older, newer, root, proof }
    }

    /// The smaller head.
    pub const fn older(&self) -> &SignedCheckpoint {
        &self.older
    }

    /// The larger head, or the other one of the same size.
    pub const fn newer(&self) -> &SignedCheckpoint {
        &self.newer
    }

    /// Root of the older size as the newer tree gives it.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// Proves that the log forked, given nothing but its key.
    ///
    /// # Errors
    /// [`NotAFork`] if the report does not prove it.
    pub fn verify(&self, trust: &Trust) -> Result<(), NotAFork> {
        let older = trust.verify_signed_by_log(&self.older)?.head();
        let newer = trust.verify_signed_by_log(&self.newer)?.head();
        let claimed = TreeHead { size: older.size, root: self.root };
        newer.verify_consistency(&claimed, &self.proof)?;
        if self.root == older.root { Err(NotAFork::Consistent) } else { Ok(()) }
    }

    /// Parses a report.
    ///
    /// # Errors
    /// [`InvalidReport`] unless `bytes` are exactly what `Display` writes for some report.
    pub fn parse(bytes: &[u8]) -> Result<ForkReport, InvalidReport> {
        let text = std::str::from_utf8(bytes).map_err(|_| InvalidReport::Syntax)?;
        let report = parse_loosely(text)?;
        if report.to_string() == text { Ok(report) } else { Err(InvalidReport::Syntax) }
    }
}

/// Reads every canonical report right and possibly others too: the caller formats and compares.
fn parse_loosely(text: &str) -> Result<ForkReport, InvalidReport> {
    let (root, heads) = two_heads::parse(text, FORM)?;
    let root = Hash::parse(root).map_err(|_| InvalidReport::Syntax)?;
    Ok(ForkReport { older: heads.first, newer: heads.second, root, proof: heads.proof })
}

impl From<Invalid> for InvalidReport {
    fn from(error: Invalid) -> InvalidReport {
        match error {
            Invalid::Checkpoint(error) => InvalidReport::Checkpoint(error),
            Invalid::Syntax => InvalidReport::Syntax,
        }
    }
}

impl fmt::Display for ForkReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        two_heads::write(f, FORM, &self.root, &self.proof, [&self.older, &self.newer])
    }
}
