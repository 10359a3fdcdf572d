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

pub(super) fn evidence(text: &str) -> Result<Evidence, InvalidEvidence> {
    // The first empty line: the checkpoint has one of its own.
    let (answer, checkpoint) = text.split_once("\n\n").ok_or(InvalidEvidence::Syntax)?;
    let (key, entries, completeness) =
        answer_of(&mut answer.split('\n').peekable()).ok_or(InvalidEvidence::Syntax)?;
    let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes())?;
    Ok(Evidence { key, entries, completeness, checkpoint })
}

fn answer_of(lines: &mut Lines<'_>) -> Option<(LookupKey, Vec<ProvenEntry>, CompletenessProof)> {
    lines.next_if_eq(&FIRST_LINE)?;
    let (kind, value) = lines.next()?.strip_prefix("key ")?.split_once(' ')?;
    let key = LookupKey::parse(kind, value)?;
    let entries = many(lines, MAX_EVIDENCE_ENTRIES, |lines| proven(lines, "entry "))?;
    let epoch = proven(lines, "epoch ")??;
    let map_proof = lines.next()?.strip_prefix("map")?;
    let map_proof = map_proof.strip_prefix(' ').unwrap_or(map_proof);
    let map_proof = STANDARD.decode(map_proof).ok()?;
    let edge =
        many(lines, MAX_PROOF_HASHES, |lines| Some(Hash::parse(after(lines, "edge ")?).ok()))?;
    let tail = many(lines, MAX_EVIDENCE_ENTRIES, |lines| {
        Some(STANDARD.decode(after(lines, "tail ")?).ok())
    })?;
    let complete = lines.next().is_none() && !edge.is_empty();
    complete.then_some((key, entries, CompletenessProof { epoch, map_proof, edge, tail }))
}

/// The rest of the next line if it begins with `keyword`.
fn after<'a>(lines: &mut Lines<'a>, keyword: &str) -> Option<&'a str> {
    lines.next_if(|line| line.starts_with(keyword))?.strip_prefix(keyword)
}

/// Takes all that follow of one sort; `None` if they are too many or one is malformed. `take` gives
/// `None` when the sort is at its end, and `Some(None)` for what is malformed.
fn many<'a, T>(
    lines: &mut Lines<'a>,
    limit: usize,
    mut take: impl FnMut(&mut Lines<'a>) -> Option<Option<T>>,
) -> Option<Vec<T>> {
    let mut taken = Vec::new();
    while let Some(item) = take(lines) {
        taken.push(item?);
        if taken.len() > limit {
            return None;
        }
    }
    Some(taken)
}

/// An entry and the hashes below it.
fn proven(lines: &mut Lines<'_>, keyword: &str) -> Option<Option<ProvenEntry>> {
    let (index, entry) = after(lines, keyword)?.split_once(' ').unzip();
    let mut read = || {
        let index = LeafIndex::new(index?.parse().ok()?).ok()?;
        let entry = STANDARD.decode(entry?).ok()?;
        let hashes = many(lines, MAX_PROOF_HASHES, |lines| {
            let line = lines.next_if(|line| !line.contains(' ') && *line != "map")?;
            Some(Hash::parse(line).ok())
        })?;
        Some(ProvenEntry { index, entry, proof: InclusionProof::new(hashes) })
    };
    Some(read())
}
