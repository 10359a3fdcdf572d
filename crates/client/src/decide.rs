//! From verified facts to a verdict.

use record::canonical_version;
use record::{Digest, Entry, FileState, ProjectName, ProjectState, Status, Timestamp};
use tlog::LeafIndex;

use crate::entry::VerifiedEntry;
use crate::history;
use crate::verdict::Verdict;

/// The file to be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its name on the package index.
    pub filename: String,
    /// Its hash; `None` if only digests by other algorithms are known.
    pub sha256: Option<Digest>,
    /// Whose it is, as far as that is known.
    pub project: Option<ProjectName>,
    /// Of which release, as far as that is known.
    pub version: Option<String>,
    /// Whether its source says that it comes from the package index; `None` if it says nothing.
    pub from_index: Option<bool>,
}

/// What was looked up for an artifact, all of it verified.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// All entries of its filename.
    pub filename: &'a [VerifiedEntry],
    /// All entries of its hash.
    pub sha256: &'a [VerifiedEntry],
    /// All entries of its project.
    pub project: &'a [VerifiedEntry],
    /// Hashes that its publisher expects, if there are expectations.
    pub expected: Option<&'a [Digest]>,
    /// How far the log's observer has seen the index; `None` if the log does not say.
    pub coverage: Option<Coverage>,
}

/// How far the log's observer has seen the package index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Serial of the index up to which everything was seen.
    pub serial: Option<u64>,
    /// Start of the last complete sweep.
    pub swept: Option<Timestamp>,
}

/// A verdict and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The verdict.
    pub verdict: Verdict,
    /// Positions of the entries that it rests on, ascending.
    pub entries: Vec<LeafIndex>,
    /// The reason in words, on one line.
    pub detail: String,
}

/// Judges a file by what was verified about it. Nothing but its arguments counts.
pub fn decide(artifact: &Artifact, known: &Known<'_>) -> Finding {
    let Some(sha256) = &artifact.sha256 else {
        let detail = "the log holds SHA-256 alone, and none is stated";
        return Finding::new(Verdict::UncoveredAlgorithm, [], detail);
    };
    judge_name(artifact, sha256, known)
        .or_else(|| judge_bytes(artifact, sha256, known.sha256))
        .unwrap_or_else(|| judge_absence(artifact, known))
}

impl Finding {
    fn new<'a>(
        verdict: Verdict,
        entries: impl IntoIterator<Item = &'a VerifiedEntry>,
        detail: impl Into<String>,
    ) -> Finding {
        let entries = entries.into_iter().map(VerifiedEntry::index).collect();
        Finding { verdict, entries, detail: detail.into() }
    }
}

/// What the log holds under the filename itself.
fn judge_name(artifact: &Artifact, sha256: &Digest, known: &Known<'_>) -> Option<Finding> {
    let hashes = || known.filename.iter().filter_map(VerifiedEntry::entry).flat_map(seen_hashes);
    if hashes().any(|hash| hash != sha256) {
        let history = history::of_file(known.filename);
        let detail = format!("this file has sha256 {sha256}, the log has others: {history}");
        return Some(Finding::new(Verdict::Conflict, known.filename, detail));
    }
    if let Some(expected) = known.expected.filter(|expected| !expected.contains(sha256)) {
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        let detail = format!("the publisher expects {}", expected.join(" or "));
        return Some(Finding::new(Verdict::Unexpected, known.filename, detail));
    }
    hashes().next()?;
    Some(judge_listing(artifact, known))
}

/// The hashes that a filename was seen with, as one entry tells.
pub(crate) fn seen_hashes(entry: &Entry) -> Vec<&Digest> {
    match entry {
        Entry::Content(content) => vec![&content.sha256, &content.got],
        Entry::File(file) => vec![&file.sha256],
        Entry::Removed(removed) => vec![&removed.sha256],
        Entry::Epoch(_) | Entry::Expected(_) | Entry::Key(_) | Entry::Status(_) => Vec::new(),
    }
}

/// The hash is right; what remains is whether the file is plainly listed.
fn judge_listing(artifact: &Artifact, known: &Known<'_>) -> Finding {
    let mut file = FileState::default();
    known.filename.iter().filter_map(VerifiedEntry::entry).for_each(|entry| file.apply(entry));
    let (quarantined, statuses) = quarantine(artifact, known.project);
    let yanked = file.current().and_then(|page| page.yanked());
    let verdict = if quarantined {
        Verdict::MatchQuarantined
    } else if !file.is_listed() {
        Verdict::MatchRemoved
    } else if yanked.is_some() {
        Verdict::MatchYanked
    } else {
        Verdict::Match
    };
    let entries = history::in_order(known.filename.iter().chain(statuses));
    let detail = history::of_file(entries.iter().copied());
    Finding::new(verdict, entries, detail)
}

/// Whether the project or the release is quarantined, and the entries that say so.
fn quarantine<'a>(
    artifact: &Artifact,
    project: &'a [VerifiedEntry],
) -> (bool, Vec<&'a VerifiedEntry>) {
    let mut state = ProjectState::default();
    project.iter().filter_map(VerifiedEntry::entry).for_each(|entry| state.apply(entry));
    let quarantined = |status: Status| status == Status::Quarantined;
    let release = artifact.version.as_deref().map(|version| state.release_status(version));
    if !quarantined(state.status()) && !release.is_some_and(quarantined) {
        return (false, Vec::new());
    }
    let says_so = |entry: &&VerifiedEntry| {
        matches!(entry.entry(), Some(Entry::Status(flip)) if quarantined(flip.status)
            && flip.version.as_ref().is_none_or(|version| artifact.version.as_ref() == Some(version)))
    };
    (true, project.iter().filter(says_so).collect())
}

/// The filename is not known; perhaps the bytes are, under another.
fn judge_bytes(artifact: &Artifact, sha256: &Digest, entries: &[VerifiedEntry]) -> Option<Finding> {
    let of_bytes = |entry: &&VerifiedEntry| {
        entry.entry().is_some_and(|entry| seen_hashes(entry).contains(&sha256))
    };
    let sightings: Vec<&VerifiedEntry> = entries.iter().filter(of_bytes).collect();
    let first = sightings.first()?;
    let sibling = sightings.iter().find(|entry| is_of_release(entry, artifact));
    let verdict = match sibling {
        Some(_) => Verdict::SameReleaseOtherFile,
        None => Verdict::SameBytesOtherName,
    };
    let detail = format!("these bytes are {}", history::name_of(sibling.unwrap_or(first)));
    Some(Finding::new(verdict, sightings, detail))
}

/// Neither the filename nor the bytes are known.
fn judge_absence(artifact: &Artifact, known: &Known<'_>) -> Finding {
    if artifact.from_index == Some(false) {
        return Finding::new(Verdict::NotFromIndex, [], "not from the package index");
    }
    let is_file = |entry: &&VerifiedEntry| matches!(entry.entry(), Some(Entry::File(_)));
    let release = known.project.iter().filter(is_file).filter(|e| is_of_release(e, artifact));
    let release: Vec<&VerifiedEntry> = release.collect();
    if !release.is_empty() {
        let detail = format!("the release has {} other files, none with this hash", release.len());
        return Finding::new(Verdict::KnownReleaseUnknownHash, release, detail);
    }
    match known.coverage {
        None => {
            let detail = "the log does not have it, and does not say how far it has seen the index";
            Finding::new(Verdict::NotYetObserved, [], detail)
        }
        Some(coverage) => {
            let detail = format!("the log does not have this release; {}", seen_until(coverage));
            Finding::new(Verdict::UnknownRelease, [], detail)
        }
    }
}

pub(crate) fn seen_until(coverage: Coverage) -> String {
    let serial =
        coverage.serial.map_or("no serial".to_owned(), |serial| format!("serial {serial}"));
    let swept = coverage.swept.map_or("never".to_owned(), |swept| swept.to_string());
    format!("it has seen the index up to {serial}, last complete sweep: {swept}")
}

/// Whether an entry is about a file of the artifact's release.
fn is_of_release(entry: &VerifiedEntry, artifact: &Artifact) -> bool {
    let Some(entry) = entry.entry() else { return false };
    let (Some(project), Some(version)) = (&artifact.project, &artifact.version) else {
        return false;
    };
    entry.project() == Some(project)
        && history::version_of(entry).is_some_and(|logged| same_version(logged, version))
}

/// Versions are the same if written the same, or canonically the same (PEP 440).
pub(crate) fn same_version(a: &str, b: &str) -> bool {
    a == b || canonical_version(a).is_some_and(|canonical| Some(canonical) == canonical_version(b))
}

#[cfg(test)]
mod tests;
