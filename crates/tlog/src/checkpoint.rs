//! Checkpoints (C2SP tlog-checkpoint): tree heads as signed notes, before and after verification.
//!
//! ```
//! use tlog::{Checkpoint, SignedCheckpoint, SigningKey, TreeHead};
//!
//! let key = SigningKey::from_seed("log.example/pypi", &[1; 32])?;
//! let checkpoint = Checkpoint::new("log.example/pypi", TreeHead::EMPTY)?;
//! let signed = SignedCheckpoint::sign(&checkpoint, &key);
//! let received = SignedCheckpoint::parse(&signed.to_bytes())?;
//! let verified = received.verify("log.example/pypi", &[key.verifying_key().clone()])?;
//! assert_eq!(verified.head(), TreeHead::EMPTY);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use thiserror::Error;

use crate::cosignature;
use crate::hash::Hash;
use crate::head::{TreeHead, TreeSize};
use crate::key::{KeyKind, VerifyingKey};
use crate::note::{InvalidNote, Note, NoteSignature};
use crate::policy::PolicyError;
use crate::signing_key::SigningKey;

/// Longest origin in bytes: other signature types give its length in one byte.
pub const MAX_ORIGIN_LEN: usize = 255;

/// Why a text is not a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidCheckpoint {
    /// Size 0 with a root that is not the hash of nothing.
    #[error("a tree without entries has the root SHA-256(\"\")")]
    EmptyRoot,
    /// The text is not that of a signed note.
    #[error(transparent)]
    Note(#[from] InvalidNote),
    /// The origin is empty, too long, or has control characters.
    #[error("an origin has 1 to {MAX_ORIGIN_LEN} bytes and no control characters")]
    Origin,
    /// The lines are not origin, size, root hash and non-empty extension lines, all canonical.
    #[error("a checkpoint is an origin line, a decimal size line and a base64 root hash line")]
    Syntax,
}

/// The text of a checkpoint: which log, how many entries, which root. `Display` is the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    head: TreeHead,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    ///
    /// # Errors
    /// [`InvalidCheckpoint`] if the origin cannot be written, or an empty tree has another root.
    pub fn new(origin: &str, head: TreeHead) -> Result<Checkpoint, InvalidCheckpoint> {
        let origin_ok = !origin.is_empty() && origin.len() <= MAX_ORIGIN_LEN;
        if !origin_ok || origin.bytes().any(|byte| byte < 0x20) {
            return Err(InvalidCheckpoint::Origin);
        }
        if head.size == TreeSize::ZERO && head.root != Hash::EMPTY_ROOT {
            return Err(InvalidCheckpoint::EmptyRoot);
        }
        Ok(Checkpoint { origin: origin.to_string(), head, extensions: Vec::new() })
    }

    /// Parses the text, with its final line feed.
    ///
    /// # Errors
    /// [`InvalidCheckpoint`] unless `text` is exactly what `Display` writes for some checkpoint.
    pub fn parse(text: &str) -> Result<Checkpoint, InvalidCheckpoint> {
        Note::new(text)?;
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let origin = lines.next().unwrap_or_default();
        let size = lines.next().and_then(parse_size).ok_or(InvalidCheckpoint::Syntax)?;
        let root = lines.next().and_then(|line| Hash::parse(line).ok());
        let head = TreeHead { size, root: root.ok_or(InvalidCheckpoint::Syntax)? };
        let extensions: Vec<String> = lines.map(String::from).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(InvalidCheckpoint::Syntax);
        }
        let checkpoint = Checkpoint { extensions, ..Checkpoint::new(origin, head)? };
        if checkpoint.to_string() != text {
            return Err(InvalidCheckpoint::Syntax);
        }
        Ok(checkpoint)
    }

    /// Unique name of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Size and root hash.
    pub const fn head(&self) -> TreeHead {
        self.head
    }

    /// Extension lines of a foreign log; cosignatures cover them, nothing here reads them.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.head.size, self.head.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

fn parse_size(line: &str) -> Option<TreeSize> {
    TreeSize::new(line.parse().ok()?).ok()
}

/// A checkpoint with signature lines that nobody has verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

impl SignedCheckpoint {
    /// Parses the signed note of a checkpoint.
    ///
    /// # Errors
    /// [`InvalidCheckpoint`] unless `bytes` is exactly what [`to_bytes`](Self::to_bytes) gives.
    pub fn parse(bytes: &[u8]) -> Result<SignedCheckpoint, InvalidCheckpoint> {
        let note = Note::parse(bytes)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(SignedCheckpoint { note, checkpoint })
    }

    /// Signs a checkpoint. A log never signs two that are inconsistent: the caller sees to that.
    pub fn sign(checkpoint: &Checkpoint, key: &SigningKey) -> SignedCheckpoint {
        let text = checkpoint.to_string();
        let signature = key.sign(&text);
        SignedCheckpoint { note: Note::signed(text, signature), checkpoint: checkpoint.clone() }
    }

    /// Adds a cosignature line, in place of an earlier one by the same key.
    ///
    /// # Errors
    /// [`InvalidNote::TooManySignatures`] or [`InvalidNote::TooLong`] if the result would not parse.
    pub fn with_cosignature(self, line: NoteSignature) -> Result<SignedCheckpoint, InvalidNote> {
        Ok(SignedCheckpoint { note: self.note.with_signature(line)?, ..self })
    }

    /// Adds those of the cosignature lines for which there is room, each as
    /// [`with_cosignature`](Self::with_cosignature) does.
    #[must_use]
    pub fn with_cosignatures<'a>(
        self,
        lines: impl IntoIterator<Item = &'a NoteSignature>,
    ) -> SignedCheckpoint {
        lines.into_iter().fold(self, |signed, line| {
            signed.clone().with_cosignature(line.clone()).unwrap_or(signed)
        })
    }

    /// The note: text and signature lines.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// What the note says, unverified.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_bytes()
    }

    /// Accepts the checkpoint of `origin` if one of its log's `keys` signed it.
    ///
    /// `keys` holds the keys trusted for this origin alone, and cosigners' keys whose times are of
    /// interest. For several logs or a quorum of witnesses use [`Policy`](crate::Policy).
    ///
    /// # Errors
    /// [`PolicyError`] if the origin is another, no log key signed, or a known signature is bad.
    pub fn verify(
        &self,
        origin: &str,
        keys: &[VerifyingKey],
    ) -> Result<VerifiedCheckpoint, PolicyError> {
        self.verify_lines(origin, keys).map(|(verified, _)| verified)
    }

    /// As [`verify`](Self::verify), with the keys that were found to have signed.
    pub(crate) fn verify_lines<'k>(
        &self,
        origin: &str,
        keys: &'k [VerifyingKey],
    ) -> Result<(VerifiedCheckpoint, Vec<&'k VerifyingKey>), PolicyError> {
        if self.checkpoint.origin != origin {
            return Err(PolicyError::UnknownOrigin(self.checkpoint.origin.clone()));
        }
        let lines = self.note.verified_lines(keys)?;
        if !lines.iter().any(|(key, _)| key.kind() == KeyKind::Ed25519) {
            return Err(PolicyError::NoLogSignature);
        }
        let (cosigners, cosigned_at) = lines
            .iter()
            .filter(|(key, _)| key.kind() == KeyKind::Cosignature)
            .filter_map(|(key, line)| {
                let time = cosignature::cosignature_time(line)?;
                Some(((*key).clone(), (key.name().to_string(), time)))
            })
            .unzip();
        let verified = VerifiedCheckpoint { signed: self.clone(), cosigners, cosigned_at };
        Ok((verified, lines.into_iter().map(|(key, _)| key).collect()))
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

/// A checkpoint whose signatures satisfied a caller's keys or policy. Only verification makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    signed: SignedCheckpoint,
    /// Keys of the cosignatures, in the order of `cosigned_at`: two keys may have one name.
    cosigners: Vec<VerifyingKey>,
    cosigned_at: Vec<(String, u64)>,
}

impl VerifiedCheckpoint {
    /// Size and root hash.
    pub const fn head(&self) -> TreeHead {
        self.signed.checkpoint.head
    }

    /// Unique name of the log.
    pub fn origin(&self) -> &str {
        self.signed.checkpoint.origin()
    }

    /// The note as it was received.
    pub const fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// Key name and time, in seconds since 1970, of each verified cosignature.
    pub fn cosigned_at(&self) -> &[(String, u64)] {
        &self.cosigned_at
    }

    /// Time of the verified cosignature by `key`, if there is one.
    pub(crate) fn cosigned_by(&self, key: &VerifyingKey) -> Option<u64> {
        let place = self.cosigners.iter().position(|cosigner| cosigner == key)?;
        self.cosigned_at.get(place).map(|(_, time)| *time)
    }
}
