//! Reads every canonical evidence file right, and possibly others too: the caller formats and compares.

use alloc::vec::Vec;
use core::iter::Peekable;
use core::str::Split;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tlog::{Hash, InclusionProof, LeafIndex, MAX_PROOF_HASHES, SignedCheckpoint};

use super::{
    CompletenessProof, Evidence, FIRST_LINE, InvalidEvidence, LookupKey, MAX_EVIDENCE_ENTRIES,
    ProvenEntry,
};

type Lines<'a> = Peekable<Split<'a, char>>;

type Parsed<T> = Result<T, InvalidEvidence>;

const SYNTAX: InvalidEvidence = InvalidEvidence::Syntax;

pub(super) fn evidence(text: &str) -> Parsed<Evidence> {
    // The first empty line: the checkpoint has one of its own.
    let (answer, checkpoint) = text.split_once("\n\n").ok_or(SYNTAX)?;
    let mut lines = answer.split('\n').peekable();
    lines.next_if_eq(&FIRST_LINE).ok_or(SYNTAX)?;
    let key = after(&mut lines, "key ").and_then(|key| key.split_once(' '));
    let key = key.and_then(|(kind, value)| LookupKey::parse(kind, value)).ok_or(SYNTAX)?;
    let entries = many(&mut lines, MAX_EVIDENCE_ENTRIES, |lines| proven(lines, "entry "))?;
    let completeness = completeness(&mut lines)?;
    let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes())?;
    match lines.next() {
        None => Ok(Evidence { key, entries, completeness, checkpoint }),
        Some(_) => Err(SYNTAX),
    }
}

fn completeness(lines: &mut Lines<'_>) -> Parsed<CompletenessProof> {
    let epoch = proven(lines, "epoch ").ok_or(SYNTAX)??;
    let map_proof = after(lines, "map").ok_or(SYNTAX)?;
    let map_proof = bytes(map_proof.strip_prefix(' ').unwrap_or(map_proof))?;
    let edge = many(lines, MAX_PROOF_HASHES, |lines| Some(hash(after(lines, "edge ")?)))?;
    let tail = many(lines, MAX_EVIDENCE_ENTRIES, |lines| Some(bytes(after(lines, "tail ")?)))?;
    Ok(CompletenessProof { epoch, map_proof, edge, tail })
}

/// An entry and the hashes below it; `None` if the next line is of another sort.
fn proven(lines: &mut Lines<'_>, keyword: &str) -> Option<Parsed<ProvenEntry>> {
    let position_and_entry = after(lines, keyword)?.split_once(' ');
    let mut read = || {
        let (index, entry) = position_and_entry.ok_or(SYNTAX)?;
        let index = index.parse().ok().and_then(|index| LeafIndex::new(index).ok());
        let hashes = many(lines, MAX_PROOF_HASHES, |lines| {
            lines.next_if(|line| !line.contains(' ') && *line != "map").map(hash)
        })?;
        let (index, proof) = (index.ok_or(SYNTAX)?, InclusionProof::new(hashes));
        Ok(ProvenEntry { index, entry: bytes(entry)?, proof })
    };
    Some(read())
}

/// Takes all that follow of one sort, until `take` finds none.
fn many<'a, T>(
    lines: &mut Lines<'a>,
    limit: usize,
    mut take: impl FnMut(&mut Lines<'a>) -> Option<Parsed<T>>,
) -> Parsed<Vec<T>> {
    let mut taken = Vec::new();
    while let Some(item) = take(lines) {
        if taken.len() == limit {
            return Err(SYNTAX);
        }
        taken.push(item?);
    }
    Ok(taken)
}

/// The rest of the next line if it begins with `keyword`.
fn after<'a>(lines: &mut Lines<'a>, keyword: &str) -> Option<&'a str> {
    lines.next_if(|line| line.starts_with(keyword))?.strip_prefix(keyword)
}

fn bytes(encoded: &str) -> Parsed<Vec<u8>> {
    STANDARD.decode(encoded).map_err(|_| SYNTAX)
}

fn hash(encoded: &str) -> Parsed<Hash> {
    Hash::parse(encoded).map_err(|_| SYNTAX)
}
