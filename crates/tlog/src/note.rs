//! Signed notes (C2SP signed-note): a text and the signatures over it.
//!
//! ```
//! use tlog::{Note, VerifyingKey};
//!
//! let note = Note::parse("This is an example message.\n\
//!     \n\
//!     — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
//!     .as_bytes())?;
//! let key = VerifyingKey::parse(
//!     "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")?;
//! assert_eq!(note.verify(&[key.clone()])?, [&key]);
//! assert_eq!(note.text(), "This is an example message.\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::key::{self, KeyId, VerifyingKey};

/// Longest note in bytes, as in existing implementations.
pub const MAX_NOTE_LEN: usize = 1_000_000;

/// Most signature lines of a note, as in existing implementations.
pub const MAX_SIGNATURES: usize = 100;

/// What a signature line starts with: an em dash (U+2014) and a space.
const LINE_PREFIX: &str = "\u{2014} ";

/// Why bytes are not a signed note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidNote {
    /// A byte below 20 other than a line feed, or bytes that are not UTF-8.
    #[error("a note is UTF-8 without control characters other than line feeds")]
    Characters,
    /// The text has no final line feed, or the blank line before the signatures is not there.
    #[error("a note is a text ending in a line feed, a blank line, and signature lines")]
    Layout,
    /// A signature line is not canonical.
    #[error("a signature line is an em dash, a key name and canonical base64")]
    SignatureLine,
    /// Longer than [`MAX_NOTE_LEN`].
    #[error("a note has at most {MAX_NOTE_LEN} bytes")]
    TooLong,
    /// More than [`MAX_SIGNATURES`] signature lines.
    #[error("a note has at most {MAX_SIGNATURES} signature lines")]
    TooManySignatures,
}

/// Why a well-formed note is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Two of the given keys share name and ID, so the note cannot say which one it means.
    #[error("two different keys are configured as {name}+{id}; remove one")]
    AmbiguousKeys {
        /// Name of both keys.
        name: String,
        /// ID of both keys.
        id: KeyId,
    },
    /// A line claims a known key and does not verify: the note was forged or damaged.
    #[error("the signature of {name}+{id} does not verify: the note is forged or damaged")]
    BadSignature {
        /// Name of the key.
        name: String,
        /// ID of the key.
        id: KeyId,
    },
    /// No line is of a known key: nothing is known about the text.
    #[error("no signature by a known key")]
    NoKnownSignature,
}

/// One signature line: key name, key ID and the signature itself. `Display` has no line feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    id: KeyId,
    bytes: Vec<u8>,
}

impl NoteSignature {
    pub(crate) fn new(key: &VerifyingKey, bytes: Vec<u8>) -> NoteSignature {
        NoteSignature { name: key.name().to_string(), id: key.id(), bytes }
    }

    /// Parses one line, given without its line feed.
    ///
    /// # Errors
    /// [`InvalidNote::SignatureLine`] unless `line` is exactly what `Display` writes.
    pub fn parse(line: &str) -> Result<NoteSignature, InvalidNote> {
        NoteSignature::parse_line(line).ok_or(InvalidNote::SignatureLine)
    }

    fn parse_line(line: &str) -> Option<NoteSignature> {
        let (name, encoded) = line.strip_prefix(LINE_PREFIX)?.split_once(' ')?;
        key::check_name(name).ok()?;
        let decoded = STANDARD.decode(encoded).ok()?;
        let (id, bytes) = decoded.split_first_chunk()?;
        if bytes.is_empty() {
            return None;
        }
        Some(NoteSignature { name: name.to_string(), id: KeyId::new(*id), bytes: bytes.to_vec() })
    }

    /// Name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// ID of the key that is said to have signed.
    pub const fn key_id(&self) -> KeyId {
        self.id
    }

    /// The signature, without the key ID.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the line claims to be of `key`. Both name and ID count, and neither proves anything.
    pub fn claims(&self, key: &VerifyingKey) -> bool {
        self.name == key.name() && self.id == key.id()
    }

    fn same_key(&self, other: &NoteSignature) -> bool {
        self.name == other.name && self.id == other.id
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = [self.id.as_bytes().as_slice(), &self.bytes].concat();
        write!(f, "{LINE_PREFIX}{} {}", self.name, STANDARD.encode(field))
    }
}

/// A text with its signature lines, none of them verified. `Display` is the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Takes a text to sign; a note is only complete [with a signature](Self::with_signature).
    ///
    /// # Errors
    /// [`InvalidNote`] if the text does not end in a line feed, has other control characters or is
    /// too long.
    pub fn new(text: &str) -> Result<Note, InvalidNote> {
        if text.len() > MAX_NOTE_LEN {
            return Err(InvalidNote::TooLong);
        }
        check_characters(text)?;
        if !text.ends_with('\n') {
            return Err(InvalidNote::Layout);
        }
        Ok(Note { text: text.to_string(), signatures: Vec::new() })
    }

    /// A note of a text that is known to be one, with its first signature.
    pub(crate) fn signed(text: String, signature: NoteSignature) -> Note {
        Note { text, signatures: [signature].into() }
    }

    /// Parses a note. The text ends at the last blank line: texts may contain blank lines.
    ///
    /// # Errors
    /// [`InvalidNote`] unless `bytes` is exactly what `Display` writes for a note with a signature.
    pub fn parse(bytes: &[u8]) -> Result<Note, InvalidNote> {
        if bytes.len() > MAX_NOTE_LEN {
            return Err(InvalidNote::TooLong);
        }
        let note = core::str::from_utf8(bytes).map_err(|_| InvalidNote::Characters)?;
        check_characters(note)?;
        let blank = note.rfind("\n\n").ok_or(InvalidNote::Layout)?;
        let (text, rest) = note.split_at(blank + 1);
        let lines = rest[1..].strip_suffix('\n').ok_or(InvalidNote::Layout)?;
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(InvalidNote::TooManySignatures);
        }
        let signatures = lines.split('\n').map(NoteSignature::parse).collect::<Result<_, _>>()?;
        Ok(Note { text: text.to_string(), signatures })
    }

    /// Adds a signature line, in place of an earlier one by the same key.
    ///
    /// # Errors
    /// [`InvalidNote::TooManySignatures`] or [`InvalidNote::TooLong`] if the result would not parse.
    pub fn with_signature(mut self, signature: NoteSignature) -> Result<Note, InvalidNote> {
        match self.signatures.iter_mut().find(|line| line.same_key(&signature)) {
            Some(line) => *line = signature,
            None => self.signatures.push(signature),
        }
        if self.signatures.len() > MAX_SIGNATURES {
            return Err(InvalidNote::TooManySignatures);
        }
        if self.to_string().len() > MAX_NOTE_LEN {
            return Err(InvalidNote::TooLong);
        }
        Ok(self)
    }

    /// The signed text, with its final line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order, none of them verified.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The note as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    /// Verifies every line that claims one of `keys` and returns those keys in the order of lines.
    ///
    /// Lines of other keys are ignored, and so is a repeated line of one key after its first.
    ///
    /// # Errors
    /// [`NoteError`] if a line of a known key is bad, or there is none.
    pub fn verify<'k>(&self, keys: &'k [VerifyingKey]) -> Result<Vec<&'k VerifyingKey>, NoteError> {
        let lines = self.verified_lines(keys)?;
        Ok(lines.into_iter().map(|(key, _)| key).collect())
    }

    /// As [`verify`](Self::verify), with the line of each key.
    pub(crate) fn verified_lines<'k>(
        &self,
        keys: &'k [VerifyingKey],
    ) -> Result<Vec<(&'k VerifyingKey, &NoteSignature)>, NoteError> {
        let mut verified: Vec<(&VerifyingKey, &NoteSignature)> = Vec::new();
        for line in &self.signatures {
            let Some(key) = claimed_key(line, keys)? else { continue };
            if verified.iter().any(|(seen, _)| *seen == key) {
                continue;
            }
            if !key.verifies(&self.text, &line.bytes) {
                return Err(NoteError::BadSignature { name: line.name.clone(), id: line.id });
            }
            verified.push((key, line));
        }
        if verified.is_empty() { Err(NoteError::NoKnownSignature) } else { Ok(verified) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// The one key among `keys` that `line` claims.
fn claimed_key<'k>(
    line: &NoteSignature,
    keys: &'k [VerifyingKey],
) -> Result<Option<&'k VerifyingKey>, NoteError> {
    let mut claimed = keys.iter().filter(|key| line.claims(key));
    let key = claimed.next();
    if claimed.any(|other| Some(other) != key) {
        return Err(NoteError::AmbiguousKeys { name: line.name.clone(), id: line.id });
    }
    Ok(key)
}

fn check_characters(text: &str) -> Result<(), InvalidNote> {
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(InvalidNote::Characters);
    }
    Ok(())
}
