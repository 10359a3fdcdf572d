//! What a file's publisher says about it, where that decides.

use std::sync::Arc;
use std::time::Duration;

use record::{Digest, Listing, ProjectName, PublisherState, Reconciled};
use tlog::LeafIndex;

use super::{Finding, Known};
use crate::history::short;
use crate::verdict::Verdict;

/// How long a publisher who expects every file may take to expect one that is listed already: files are
/// often uploaded first. By the log's clock.
const GRACE: Duration = Duration::from_secs(3600);

/// What a publisher says about a file.
pub(super) enum Opinion {
    /// It expects the file with these bytes, in these entries.
    Agrees(Vec<LeafIndex>),
    /// What it says is the verdict.
    Decides(Finding),
    /// Nothing.
    Silent,
}

/// What the publisher of `project` says about its file with this name and hash, as far as it counts. The
/// index is not known to have listed it with another hash.
pub(super) fn opinion(
    filename: &str,
    project: &ProjectName,
    sha256: &Digest,
    known: &Known<'_>,
) -> Opinion {
    let state = known.publishers.iter().find(|state| state.project() == project);
    let Some((state, file)) = state.and_then(|state| Some((state, state.file(filename)?))) else {
        return Opinion::Silent;
    };
    let expected = state.expected(file);
    let positions: Vec<LeafIndex> = expected.iter().map(|expected| expected.index).collect();
    let decide = |verdict, detail: String| decides(verdict, &positions, detail, known);
    if let Some((one, other)) = state.contradiction(filename) {
        let (key, first, second) = (short(one.key.as_str()), one.sha256, other.sha256);
        let (index, later) = (one.index, other.index);
        return decide(
            Verdict::Unexpected,
            format!(
                "the publisher contradicts itself: {key} expects {first} (entry {index}) and {second} \
                 (entry {later}); ask the publisher"
            ),
        );
    }
    let hashes = state.expected_hashes(filename);
    if !hashes.is_empty() && !hashes.contains(sha256) {
        let hashes: Vec<String> = hashes.iter().map(ToString::to_string).collect();
        let expects = hashes.join(" or ");
        return decide(
            Verdict::Unexpected,
            format!("the publisher expects {expects}, this file has {sha256}"),
        );
    }
    match state.reconcile(filename) {
        Some(Reconciled::Agrees) => Opinion::Agrees(positions),
        Some(Reconciled::Undeclared { listed }) => undeclared(state, &listed, known),
        Some(Reconciled::Unlisted { since }) => decide(
            Verdict::NotYetObserved,
            format!(
                "the publisher expects exactly these bytes since {since}, but the index was not seen to \
                 list them"
            ),
        ),
        Some(Reconciled::Differs { .. } | Reconciled::NotExpected) | None => Opinion::Silent,
    }
}

/// The publisher declared to expect every file, and does not expect this one. That needs to be known
/// completely, and some time to pass.
fn undeclared(state: &Arc<PublisherState>, listed: &Listing, known: &Known<'_>) -> Opinion {
    let since = listed.observed;
    let declared: Vec<LeafIndex> = state.ring().complete_since().into_iter().collect();
    let over = |at: record::Timestamp| at.unix().saturating_sub(since.unix()) >= GRACE.as_secs();
    let (verdict, detail) = match known.as_of {
        Some(at) if over(at) => (
            Verdict::Unexpected,
            format!(
                "the publisher expects every file, but not this one, which is listed since {since}"
            ),
        ),
        Some(_) => (
            Verdict::NotYetObserved,
            format!(
                "listed since {since}, and the publisher, who expects every file, has not said yet \
                 whether it expects this one"
            ),
        ),
        None => (
            Verdict::NotYetObserved,
            "the publisher expects every file; whether it expects this one, the log did not show \
             completely"
                .to_owned(),
        ),
    };
    decides(verdict, &declared, detail, known)
}

fn decides(
    verdict: Verdict,
    positions: &[LeafIndex],
    detail: String,
    known: &Known<'_>,
) -> Opinion {
    let mut finding = Finding::new(verdict, known.filename, detail);
    finding.rest_on(positions.iter().copied());
    Opinion::Decides(finding)
}

#[cfg(test)]
mod tests;
