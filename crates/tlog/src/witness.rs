//! The witness protocol (C2SP tlog-witness): the request to cosign a checkpoint, and the judgement
//! on it. What a witness adds is a key, a clock and a memory of the head it cosigned last.
//!
//! ```
//! use tlog::{AddCheckpoint, Checkpoint, ConsistencyProof, CosigningKey, SignedCheckpoint};
//! use tlog::{SigningKey, TreeHead, TreeSize};
//!
//! let log = SigningKey::from_seed("log.example/pypi", &[1; 32])?;
//! let witness = CosigningKey::from_seed("witness.example/w1", &[2; 32])?;
//! let checkpoint = Checkpoint::new("log.example/pypi", TreeHead::EMPTY)?;
//! let signed = SignedCheckpoint::sign(&checkpoint, &log);
//!
//! let request = AddCheckpoint::new(TreeSize::ZERO, ConsistencyProof::default(), signed)?;
//! let received = AddCheckpoint::parse(request.to_string().as_bytes())?;
//! let trusted = [log.verifying_key().clone()];
//! let cosigned = received.judge(&trusted, TreeHead::EMPTY)?.cosign(&witness, 1_700_000_000)?;
//! assert_eq!(cosigned.note().signatures().len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use thiserror::Error;

use crate::checkpoint::{Checkpoint, InvalidCheckpoint, SignedCheckpoint};
use crate::cosignature::{self, CosigningKey};
use crate::hash::Hash;
use crate::head::{TreeHead, TreeSize};
use crate::key::{KeyKind, VerifyingKey};
use crate::note::{InvalidNote, Note, NoteError, NoteSignature};
use crate::proof::{ConsistencyProof, ProofError};
use crate::proof_file::MAX_PROOF_HASHES;

/// Longest request in bytes: room for 63 hashes, and for a checkpoint with the sixteen signature
/// lines that a reader of notes must accept, all of them of the largest type (ML-DSA-44).
pub const MAX_ADD_CHECKPOINT_LEN: usize = 64 * 1024;

/// Content-Type of the answer that says which size was cosigned last (409).
pub const TLOG_SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";

/// The body of type [`TLOG_SIZE_CONTENT_TYPE`] is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a decimal tree size and a line feed")]
pub struct InvalidTlogSize;

/// Why bytes are not a request to add a checkpoint (status 400).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidAddCheckpoint {
    /// What follows the empty line is not a signed checkpoint.
    #[error("what follows the first empty line is not a checkpoint: {0}")]
    Checkpoint(#[from] InvalidCheckpoint),
    /// The lines before the checkpoint are not those of the format, or not canonical.
    #[error("expected a line 'old <size>', lines of base64 hashes, an empty line and a checkpoint")]
    Syntax,
    /// Longer than [`MAX_ADD_CHECKPOINT_LEN`].
    #[error("the request has more than {MAX_ADD_CHECKPOINT_LEN} bytes")]
    TooLong,
    /// More than [`MAX_PROOF_HASHES`] hashes.
    #[error("the proof has more than {MAX_PROOF_HASHES} hashes")]
    TooManyHashes,
}

/// Why a witness does not cosign, in the order in which the specification has it look.
///
/// A request that does not even [parse](AddCheckpoint::parse) comes before all of these.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WitnessRefusal {
    /// No configured key has the checkpoint's origin as its name (404).
    #[error("this witness is not configured for the log '{0}'")]
    UnknownOrigin(String),
    /// No signature by a configured key of the log, or a bad one (403).
    #[error("the checkpoint is not signed as it should be: {0}")]
    Signature(#[from] NoteError),
    /// The old size is beyond the checkpoint's (400).
    #[error("the old size {old} is larger than the checkpoint's size {size}")]
    OldBeyondSize {
        /// The size the request starts from.
        old: TreeSize,
        /// The size of its checkpoint.
        size: TreeSize,
    },
    /// The request does not start from the head that was cosigned last (409 with its size).
    #[error("the size cosigned last is {latest}, the request starts from {old}")]
    OldIsNotLatest {
        /// The size the request starts from.
        old: TreeSize,
        /// The size it should start from, 0 if nothing was ever cosigned.
        latest: TreeSize,
    },
    /// A tree without entries, signed with another root than that (422).
    #[error("a tree without entries has the root SHA-256(\"\")")]
    EmptyRoot,
    /// The log signed two roots for one size (422): the proof that it has forked.
    #[error("the log has signed another root for the size that was cosigned last")]
    OtherRoot(Box<Cosignable>),
    /// The proof does not lead from the head cosigned last to the checkpoint (422).
    #[error("the checkpoint does not follow from the head cosigned last: {0}")]
    Inconsistent(#[from] ProofError),
}

impl WitnessRefusal {
    /// The HTTP status of the answer.
    pub const fn status(&self) -> u16 {
        match self {
            WitnessRefusal::UnknownOrigin(_) => 404,
            WitnessRefusal::Signature(_) => 403,
            WitnessRefusal::OldBeyondSize { .. } => 400,
            WitnessRefusal::OldIsNotLatest { .. } => 409,
            WitnessRefusal::EmptyRoot
            | WitnessRefusal::OtherRoot(_)
            | WitnessRefusal::Inconsistent(_) => 422,
        }
    }
}

/// The request to cosign a checkpoint (`POST <prefix>/add-checkpoint`). `Display` is the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: TreeSize,
    proof: ConsistencyProof,
    submitted: Submitted,
}

impl AddCheckpoint {
    /// Asks to cosign `checkpoint`, which `proof` shows to follow from the tree of size `old`.
    ///
    /// Witnesses limit the length of requests: leave out the lines of other witnesses.
    ///
    /// # Errors
    /// [`InvalidAddCheckpoint`] if the request would not parse.
    pub fn new(
        old: TreeSize,
        proof: ConsistencyProof,
        checkpoint: SignedCheckpoint,
    ) -> Result<AddCheckpoint, InvalidAddCheckpoint> {
        if proof.hashes().len() > MAX_PROOF_HASHES {
            return Err(InvalidAddCheckpoint::TooManyHashes);
        }
        let request = AddCheckpoint { old, proof, submitted: Submitted::Checkpoint(checkpoint) };
        if request.to_string().len() > MAX_ADD_CHECKPOINT_LEN {
            return Err(InvalidAddCheckpoint::TooLong);
        }
        Ok(request)
    }

    /// Parses a body.
    ///
    /// # Errors
    /// [`InvalidAddCheckpoint`] unless `bytes` is exactly what `Display` writes for some request.
    pub fn parse(bytes: &[u8]) -> Result<AddCheckpoint, InvalidAddCheckpoint> {
        if bytes.len() > MAX_ADD_CHECKPOINT_LEN {
            return Err(InvalidAddCheckpoint::TooLong);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| InvalidAddCheckpoint::Syntax)?;
        // The first empty line: the checkpoint has one of its own.
        let (head, note) = text.split_once("\n\n").ok_or(InvalidAddCheckpoint::Syntax)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(parse_old).ok_or(InvalidAddCheckpoint::Syntax)?;
        if lines.clone().count() > MAX_PROOF_HASHES {
            return Err(InvalidAddCheckpoint::TooManyHashes);
        }
        let hashes = lines.map(Hash::parse).collect::<Result<Vec<Hash>, _>>();
        let proof = ConsistencyProof::new(hashes.map_err(|_| InvalidAddCheckpoint::Syntax)?);
        let request = AddCheckpoint { old, proof, submitted: Submitted::parse(note.as_bytes())? };
        if request.to_string() != text {
            return Err(InvalidAddCheckpoint::Syntax);
        }
        Ok(request)
    }

    /// The origin that the checkpoint states, unverified.
    pub fn origin(&self) -> &str {
        self.submitted.origin()
    }

    /// The size that the request starts from.
    pub const fn old(&self) -> TreeSize {
        self.old
    }

    /// Decides whether a witness may cosign: all that it ever decides.
    ///
    /// `keys` are the keys of all configured logs; those named like the origin count. `latest` is
    /// the head of this origin that was cosigned last, [`TreeHead::EMPTY`] if there is none. Whoever
    /// cosigns keeps the new head before giving the cosignature away, and lets no other request for
    /// the origin be judged in between.
    ///
    /// # Errors
    /// [`WitnessRefusal`], the first that applies.
    pub fn judge(
        &self,
        keys: &[VerifyingKey],
        latest: TreeHead,
    ) -> Result<Cosignable, WitnessRefusal> {
        let (origin, size) = (self.origin(), self.submitted.size());
        let of_log = |key: &&VerifyingKey| key.kind() == KeyKind::Ed25519 && key.name() == origin;
        let keys: Vec<VerifyingKey> = keys.iter().filter(of_log).cloned().collect();
        if keys.is_empty() {
            return Err(WitnessRefusal::UnknownOrigin(origin.to_string()));
        }
        let lines = self.submitted.note().verified_lines(&keys)?;
        if self.old > size {
            return Err(WitnessRefusal::OldBeyondSize { old: self.old, size });
        }
        if self.old != latest.size {
            return Err(WitnessRefusal::OldIsNotLatest { old: self.old, latest: latest.size });
        }
        let Submitted::Checkpoint(checkpoint) = &self.submitted else {
            return Err(WitnessRefusal::EmptyRoot);
        };
        let head = checkpoint.checkpoint().head();
        let cosignable = Cosignable::new(checkpoint, lines.into_iter().map(|(_, line)| line));
        if head.size == latest.size && head.root != latest.root {
            return Err(WitnessRefusal::OtherRoot(Box::new(cosignable)));
        }
        head.verify_consistency(&latest, &self.proof)?;
        Ok(cosignable)
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.hashes().iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.submitted.note())
    }
}

fn parse_old(line: &str) -> Option<TreeSize> {
    TreeSize::new(line.strip_prefix("old ")?.parse().ok()?).ok()
}

/// The checkpoint of a request. That an empty tree has the wrong root is not an error of syntax
/// here: the specification asks for the signature first.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Submitted {
    Checkpoint(SignedCheckpoint),
    WrongEmptyRoot { origin: String, note: Note },
}

impl Submitted {
    fn parse(bytes: &[u8]) -> Result<Submitted, InvalidCheckpoint> {
        match SignedCheckpoint::parse(bytes) {
            Err(InvalidCheckpoint::EmptyRoot) => {
                let note = Note::parse(bytes)?;
                let origin = origin_beside_wrong_root(note.text())?;
                Ok(Submitted::WrongEmptyRoot { origin, note })
            }
            parsed => parsed.map(Submitted::Checkpoint),
        }
    }

    fn note(&self) -> &Note {
        match self {
            Submitted::Checkpoint(checkpoint) => checkpoint.note(),
            Submitted::WrongEmptyRoot { note, .. } => note,
        }
    }

    fn origin(&self) -> &str {
        match self {
            Submitted::Checkpoint(checkpoint) => checkpoint.checkpoint().origin(),
            Submitted::WrongEmptyRoot { origin, .. } => origin,
        }
    }

    fn size(&self) -> TreeSize {
        match self {
            Submitted::Checkpoint(checkpoint) => checkpoint.checkpoint().head().size,
            Submitted::WrongEmptyRoot { .. } => TreeSize::ZERO,
        }
    }
}

/// The origin of a text that is a checkpoint in everything but the root of its empty tree.
fn origin_beside_wrong_root(text: &str) -> Result<String, InvalidCheckpoint> {
    let mut parts = text.splitn(4, '\n');
    let (Some(origin), Some(size), Some(_), Some(rest)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(InvalidCheckpoint::Syntax);
    };
    let mended = format!("{origin}\n{size}\n{}\n{rest}", Hash::EMPTY_ROOT);
    Checkpoint::parse(&mended).map(|checkpoint| checkpoint.origin().to_string())
}

/// A checkpoint signed by its log, with the verified signature lines alone. Only
/// [`AddCheckpoint::judge`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignable(SignedCheckpoint);

impl Cosignable {
    fn new<'a>(
        checkpoint: &SignedCheckpoint,
        verified: impl Iterator<Item = &'a NoteSignature>,
    ) -> Cosignable {
        let text = checkpoint.note().text();
        let lines = verified.fold(String::new(), |lines, line| lines + &line.to_string() + "\n");
        let note = format!("{text}\n{lines}");
        let checkpoint = SignedCheckpoint::parse(note.as_bytes());
        Cosignable(checkpoint.expect("fewer lines do not make a checkpoint invalid"))
    }

    /// The checkpoint with its log's signature lines.
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.0
    }

    /// Cosigns; `unix_seconds` is now, and never 0, which would claim nothing.
    ///
    /// # Errors
    /// [`InvalidNote`] if there is no room for another line.
    pub fn cosign(
        self,
        key: &CosigningKey,
        unix_seconds: u64,
    ) -> Result<SignedCheckpoint, InvalidNote> {
        let line = cosignature::cosign(self.0.note().text(), key, unix_seconds);
        self.0.with_cosignature(line)
    }
}

/// Parses the answer of a witness that cosigned: signature lines, nothing else, none verified.
///
/// Lines of other keys than those one knows are to be ignored.
///
/// # Errors
/// [`InvalidNote`] unless there are lines, each of them canonical and ending in a line feed.
pub fn parse_signature_lines(bytes: &[u8]) -> Result<Vec<NoteSignature>, InvalidNote> {
    let text = core::str::from_utf8(bytes).map_err(|_| InvalidNote::Characters)?;
    let lines = text.strip_suffix('\n').ok_or(InvalidNote::Layout)?;
    lines.split('\n').map(NoteSignature::parse).collect()
}

/// Writes the body of type [`TLOG_SIZE_CONTENT_TYPE`].
pub fn format_tlog_size(size: TreeSize) -> String {
    format!("{size}\n")
}

/// Parses the body of type [`TLOG_SIZE_CONTENT_TYPE`].
///
/// # Errors
/// [`InvalidTlogSize`] unless `bytes` is exactly what [`format_tlog_size`] writes for some size.
pub fn parse_tlog_size(bytes: &[u8]) -> Result<TreeSize, InvalidTlogSize> {
    let text = core::str::from_utf8(bytes).map_err(|_| InvalidTlogSize)?;
    let digits = text.strip_suffix('\n').ok_or(InvalidTlogSize)?;
    let size = digits.parse().ok().and_then(|size| TreeSize::new(size).ok());
    size.filter(|size| format_tlog_size(*size) == text).ok_or(InvalidTlogSize)
}
