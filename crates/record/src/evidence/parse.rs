//! Reads every canonical evidence file right, and possibly others too: the caller formats and compares.

use tlog::{MAX_PROOF_HASHES, SignedCheckpoint};

use super::{CompletenessProof, Evidence, FIRST_LINE, InvalidEvidence, MAX_EVIDENCE_ENTRIES};
use crate::lines::{self, Lines, Parsed, Syntax};

pub(super) fn evidence(text: &str) -> Result<Evidence, InvalidEvidence> {
    let (mut lines, checkpoint) = lines::open(text, FIRST_LINE)?;
    let key = lines::key(&mut lines)?;
    let proven = |lines: &mut Lines<'_>| lines::proven(lines, "entry ");
    let entries = lines::many(&mut lines, MAX_EVIDENCE_ENTRIES, proven)?;
    let completeness = completeness(&mut lines)?;
    let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes())?;
    match lines.next() {
        None => Ok(Evidence { key, entries, completeness, checkpoint }),
        Some(_) => Err(InvalidEvidence::Syntax),
    }
}

fn completeness(lines: &mut Lines<'_>) -> Parsed<CompletenessProof> {
    let epoch = lines::proven(lines, "epoch ").ok_or(Syntax)??;
    let map_proof = lines::map_proof(lines)?;
    let hash = |lines: &mut Lines<'_>| Some(lines::hash(lines::after(lines, "edge ")?));
    let edge = lines::many(lines, MAX_PROOF_HASHES, hash)?;
    let entry = |lines: &mut Lines<'_>| Some(lines::bytes(lines::after(lines, "tail ")?));
    let tail = lines::many(lines, MAX_EVIDENCE_ENTRIES, entry)?;
    Ok(CompletenessProof { epoch, map_proof, edge, tail })
}
