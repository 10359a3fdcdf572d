//! Why there is no verified answer: disproven or undecided, never both.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;

use thiserror::Error;
use tlog::{Hash, LeafIndex, NoteError, PolicyError, TilePath, TreeSize};

use crate::fork::ForkReport;
use crate::fraud::VerifiedFraud;
use crate::freeze::NotAFreeze;
use crate::replay::Lie;

/// Why there is no verified answer.
///
/// The two variants never mix: a check that was made and failed is not a check that could not be made.
#[derive(Debug, Error)]
pub enum Error {
    /// A check was made and failed: what was served is false.
    #[error(transparent)]
    Disproven(#[from] Disproof),
    /// The check could not be made: nothing is known, for or against.
    #[error(transparent)]
    Undecided(#[from] Undecided),
}

/// What was served, and is false.
#[derive(Debug, Error)]
pub enum Disproof {
    /// The log signed two heads of which neither continues the other.
    #[error(
        "the log forked: it signed a head of size {} and a head of size {} that contradict each other",
        .report.older().checkpoint().head().size,
        .report.newer().checkpoint().head().size
    )]
    Fork {
        /// The evidence, checkable by anyone with the log's key.
        report: Box<ForkReport>,
        /// Where the evidence was written, if it was.
        saved: Option<PathBuf>,
    },
    /// The log signed an epoch that is false about its own entries.
    #[error("the log signed a false epoch: {fraud}")]
    Fraud {
        /// The evidence, checkable by anyone with the log's key.
        fraud: Box<VerifiedFraud>,
        /// Where the evidence was written, if it was.
        saved: Option<PathBuf>,
    },
    /// The log signed an entry that its own other entries disprove.
    #[error("{lie}")]
    Lie {
        /// What is false, and the proof that the log signed it.
        lie: Box<Lie>,
        /// Where the proof was written, if it was.
        saved: Option<PathBuf>,
    },
    /// A proof does not lead to the root that the log signed.
    #[error("the log's proof of {what} is false")]
    Proof {
        /// What was to be proved.
        what: String,
        /// Where the verification failed.
        source: tlog::ProofError,
    },
    /// An entry that was served is not one that was asked for.
    #[error("the log answered with an entry that was not asked for: entry {index} {problem}")]
    NotAsked {
        /// Position of the entry.
        index: LeafIndex,
        /// What is wrong about it.
        problem: String,
    },
    /// An entry of the log is not canonical; it can not have been logged by an honest log.
    #[error("entry {index} of the log is not in canonical form")]
    Entry {
        /// Position of the entry.
        index: LeafIndex,
        /// What is wrong about it.
        source: record::EntryError,
    },
    /// The checkpoint claims a trusted key's signature, and the signature is not that key's.
    #[error("the checkpoint is forged or damaged")]
    Signature(#[source] PolicyError),
    /// A bundle's entry does not hash to its leaf of the tree that the log signed.
    #[error("entry {index} in {path} is not the one in the tree that the log signed")]
    Bundle {
        /// Which bundle.
        path: TilePath,
        /// Position of the entry.
        index: LeafIndex,
    },
    /// The map of the log's own epoch says otherwise about the key.
    #[error("the log's proof that these are all entries is false")]
    Map(#[source] record::MapProofError),
    /// Entries that have the key are in the log, but not in the answer.
    #[error("the log left entries out of its answer that it has")]
    Omission,
    /// What is said to follow the epoch does not lead to the root that the log signed.
    #[error(
        "the entries said to be the newest lead to the root {computed}, but the log signed {expected}"
    )]
    Tail {
        /// Root of the checkpoint.
        expected: Hash,
        /// Root that the entries lead to.
        computed: Hash,
    },
    /// The log says that it logged a statement, and it did not.
    #[error(
        "the log says that it logged the statement as entry {index}, but that entry is another one"
    )]
    Receipt {
        /// Position where the statement is said to be.
        index: LeafIndex,
    },
    /// Tiles do not hash to the root that the log signed.
    #[error("the tiles do not belong to the tree that the log signed")]
    Tiles(#[source] tlog::TileError),
}

/// Why a check could not be made.
#[derive(Debug, Error)]
pub enum Undecided {
    /// The checkpoint lacks a signature that the policy asks for.
    #[error("the checkpoint is not accepted")]
    Checkpoint(#[source] PolicyError),
    /// The log does not show that its answer is complete, and only all entries together mean something.
    #[error("the log did not show that these are all entries that it has of {0}")]
    Incomplete(String),
    /// The answer does not have the form it should have.
    #[error("the answer is malformed: {0}")]
    Malformed(String),
    /// The log does not have what was asked for.
    #[error("the log has no {0}")]
    Missing(String),
    /// The log could not be reached, or broke off.
    #[error("cannot reach the log at {url}")]
    Network {
        /// Where it was looked for.
        url: String,
        /// What the network says.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The log takes no statements of publishers.
    #[error("this log takes no statements of publishers")]
    NoStatements,
    /// The log does not take the statement now.
    #[error("the log does not take the statement now: {0}")]
    NotNow(String),
    /// Two heads do not show that one of them was withheld.
    #[error("nothing is shown to be withheld")]
    NotAFreeze(#[source] NotAFreeze),
    /// The log answered with an error of its own.
    #[error("the log answered with an error: {0}")]
    Refused(String),
    /// The caller could not handle what was found; it will be found again.
    #[error("cannot report what was found")]
    Report(#[source] std::io::Error),
    /// The log serves an older head than it did before.
    #[error(
        "the log was rolled back: it serves a head of size {served}, but a head of size {remembered} \
         was verified before; the remembered head is kept"
    )]
    Rollback {
        /// Size of the remembered head.
        remembered: TreeSize,
        /// Size of the head that is served.
        served: TreeSize,
    },
    /// The log holds that the statement is not one that it may take.
    #[error("the log refuses the statement: {0}")]
    Statement(String),
    /// The answer would be too large; nothing is wrong with the log.
    #[error("the log has more than it can answer at once: {0}")]
    TooMany(String),
    /// What was remembered cannot be read or written.
    #[error("cannot use the state in {}", .path.display())]
    State {
        /// File or directory.
        path: PathBuf,
        /// What happened.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Undecided {
    /// The log's place can not be reached.
    pub fn network(
        url: &(impl ToString + ?Sized),
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Undecided {
        Undecided::Network { url: url.to_string(), source: source.into() }
    }

    pub(crate) fn state(
        path: impl Into<PathBuf>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Undecided {
        Undecided::State { path: path.into(), source: source.into() }
    }
}

impl Error {
    /// A false proof of `what`.
    pub(crate) fn proof(what: fmt::Arguments<'_>, source: tlog::ProofError) -> Error {
        Disproof::Proof { what: what.to_string(), source }.into()
    }

    /// Something that is not what it should be.
    #[expect(clippy::needless_pass_by_value, reason = "its name is given to `map_err`")]
    pub fn malformed(problem: impl ToString) -> Error {
        Undecided::Malformed(problem.to_string()).into()
    }
}

impl From<PolicyError> for Error {
    fn from(error: PolicyError) -> Error {
        match error {
            PolicyError::Note(NoteError::BadSignature { .. }) => Disproof::Signature(error).into(),
            other => Undecided::Checkpoint(other).into(),
        }
    }
}
