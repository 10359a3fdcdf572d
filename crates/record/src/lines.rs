//! What the text of offline files is made of: lines in one canonical form.
//!
//! Reading gets every canonical file right, and possibly others too: [`is_text_of`] tells them apart.

use alloc::vec::Vec;
use core::fmt;
use core::iter::Peekable;
use core::str::Split;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tlog::{Hash, InclusionProof, LeafIndex, MAX_PROOF_HASHES};

use crate::evidence::LookupKey;

/// An entry, where it is said to be, and the proof of that. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenEntry {
    /// Position.
    pub index: LeafIndex,
    /// Bytes of the entry.
    pub entry: Vec<u8>,
    /// Shows that the entry is in the checkpoint's tree.
    pub proof: InclusionProof,
}

/// Lines are missing, out of place, too many, or not written canonically.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syntax;

pub(crate) type Parsed<T> = Result<T, Syntax>;

pub(crate) type Lines<'a> = Peekable<Split<'a, char>>;

/// The lines before the checkpoint, of which the first is `first`, and the checkpoint's text.
pub(crate) fn open<'a>(text: &'a str, first: &str) -> Parsed<(Lines<'a>, &'a str)> {
    // The first empty line: the checkpoint has one of its own.
    let (lines, checkpoint) = text.split_once("\n\n").ok_or(Syntax)?;
    let mut lines = lines.split('\n').peekable();
    lines.next_if_eq(&first).ok_or(Syntax)?;
    Ok((lines, checkpoint))
}

/// Whether `text` is what `Display` writes of `file`, without a second copy of it.
pub(crate) fn is_text_of(text: &str, file: &impl fmt::Display) -> bool {
    let mut rest = Rest(text);
    fmt::write(&mut rest, format_args!("{file}")).is_ok() && rest.0.is_empty()
}

/// What is left of a text of which the beginning was written again.
struct Rest<'a>(&'a str);

impl fmt::Write for Rest<'_> {
    fn write_str(&mut self, written: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(written).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// Takes the line of the key.
pub(crate) fn key(lines: &mut Lines<'_>) -> Parsed<LookupKey> {
    let key = after(lines, "key ").and_then(|key| key.split_once(' '));
    key.and_then(|(kind, value)| LookupKey::parse(kind, value)).ok_or(Syntax)
}

/// Takes the line of the proof about the key; it may be empty.
pub(crate) fn map_proof(lines: &mut Lines<'_>) -> Parsed<Vec<u8>> {
    let proof = after(lines, "map").ok_or(Syntax)?;
    bytes(proof.strip_prefix(' ').unwrap_or(proof))
}

/// Takes an entry and the hashes below it; `None` if the next line is of another sort.
pub(crate) fn proven(lines: &mut Lines<'_>, keyword: &str) -> Option<Parsed<ProvenEntry>> {
    let position_and_entry = after(lines, keyword)?.split_once(' ');
    let mut read = || {
        let (index, entry) = position_and_entry.ok_or(Syntax)?;
        let hashes = many(lines, MAX_PROOF_HASHES, |lines| {
            lines.next_if(|line| !line.contains(' ') && *line != "map").map(hash)
        })?;
        let (index, proof) = (position(index)?, InclusionProof::new(hashes));
        Ok(ProvenEntry { index, entry: bytes(entry)?, proof })
    };
    Some(read())
}

/// Takes all that follow of one sort, until `take` finds none.
pub(crate) fn many<'a, T>(
    lines: &mut Lines<'a>,
    limit: usize,
    mut take: impl FnMut(&mut Lines<'a>) -> Option<Parsed<T>>,
) -> Parsed<Vec<T>> {
    let mut taken = Vec::new();
    while let Some(item) = take(lines) {
        if taken.len() == limit {
            return Err(Syntax);
        }
        taken.push(item?);
    }
    Ok(taken)
}

/// The rest of the next line if it begins with `keyword`.
pub(crate) fn after<'a>(lines: &mut Lines<'a>, keyword: &str) -> Option<&'a str> {
    lines.next_if(|line| line.starts_with(keyword))?.strip_prefix(keyword)
}

pub(crate) fn position(decimal: &str) -> Parsed<LeafIndex> {
    let index = decimal.parse().ok().and_then(|index| LeafIndex::new(index).ok());
    index.ok_or(Syntax)
}

pub(crate) fn bytes(encoded: &str) -> Parsed<Vec<u8>> {
    STANDARD.decode(encoded).map_err(|_| Syntax)
}

pub(crate) fn hash(encoded: &str) -> Parsed<Hash> {
    Hash::parse(encoded).map_err(|_| Syntax)
}

pub(crate) fn write_key(f: &mut fmt::Formatter<'_>, key: &LookupKey) -> fmt::Result {
    writeln!(f, "key {} {}", key.kind(), key.value())
}

pub(crate) fn write_map_proof(f: &mut fmt::Formatter<'_>, proof: &[u8]) -> fmt::Result {
    match proof {
        [] => writeln!(f, "map"),
        proof => writeln!(f, "map {}", STANDARD.encode(proof)),
    }
}

pub(crate) fn write_proven(
    f: &mut fmt::Formatter<'_>,
    keyword: &str,
    proven: &ProvenEntry,
) -> fmt::Result {
    writeln!(f, "{keyword} {} {}", proven.index, STANDARD.encode(&proven.entry))?;
    proven.proof.hashes().iter().try_for_each(|hash| writeln!(f, "{hash}"))
}
