//! From verified facts to a verdict.

mod coverage;
mod publisher;

use std::collections::BTreeSet;
use std::sync::Arc;

use record::canonical_version;
use record::{
    Digest, Entry, FileState, ProjectName, ProjectState, PublisherState, Status, Timestamp,
};
use tlog::LeafIndex;

pub use self::coverage::Coverage;
use self::publisher::Opinion;
use crate::entry::VerifiedEntry;
use crate::history;
use crate::verdict::Verdict;

/// The file to be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its name on the package index; `None` if its source names no file, or one of its own making.
    pub filename: Option<String>,
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
    /// All entries of its filename; of an artifact without one: of every filename that was seen with its
    /// hash.
    pub filename: &'a [VerifiedEntry],
    /// All entries of its hash.
    pub sha256: &'a [VerifiedEntry],
    /// Those entries of its project that are about the project, or about the release.
    pub project: &'a [VerifiedEntry],
    /// What the publishers of its projects have said, by all entries of the projects.
    pub publishers: &'a [Arc<PublisherState>],
    /// When the log was known to hold all that is given here, by its own clock; `None` if something may be
    /// missing.
    pub as_of: Option<Timestamp>,
    /// How far the log's observer has seen the index; `None` if the log does not say.
    pub coverage: Option<Coverage>,
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
    let elsewhere = artifact.from_index == Some(false);
    let Some(sha256) = &artifact.sha256 else {
        if elsewhere {
            return judge_absence(artifact, known);
        }
        let detail = "the log holds SHA-256 alone, and none is stated";
        return Finding::new(Verdict::UncoveredAlgorithm, [], detail);
    };
    let by_name = match &artifact.filename {
        None => judge_sightings(artifact, sha256, known),
        // A file from elsewhere may have any name; the index's file of this name is not contradicted.
        Some(_) if elsewhere && !known.filename.iter().any(|entry| saw(entry, sha256)) => None,
        Some(name) => judge_name(name, artifact.project.as_ref(), sha256, known),
    };
    by_name
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

    /// Rests on the entries at these positions, too.
    fn rest_on(&mut self, positions: impl IntoIterator<Item = LeafIndex>) {
        self.entries.extend(positions);
        self.entries.sort_unstable();
        self.entries.dedup();
    }
}

/// The source names no file: the bytes tell which files of the release they are. If there are several,
/// what is worse counts, else what is plainly listed.
fn judge_sightings(artifact: &Artifact, sha256: &Digest, known: &Known<'_>) -> Option<Finding> {
    let sightings = known.sha256.iter().filter(|e| saw(e, sha256) && fits(e, artifact));
    let names: BTreeSet<&str> = sightings.filter_map(|entry| entry.entry()?.filename()).collect();
    let findings = names.into_iter().filter_map(|name| judge_as(name, artifact, sha256, known));
    findings.max_by_key(|finding| (finding.verdict.class(), finding.verdict == Verdict::Match))
}

/// Judges as if the source named this file.
fn judge_as(
    filename: &str,
    artifact: &Artifact,
    sha256: &Digest,
    known: &Known<'_>,
) -> Option<Finding> {
    let of_file =
        |entry: &&VerifiedEntry| entry.entry().and_then(Entry::filename) == Some(filename);
    let entries = history::in_order(known.filename.iter().chain(known.sha256).filter(of_file));
    let entries: Vec<VerifiedEntry> = entries.into_iter().cloned().collect();
    let known = Known { filename: &entries, ..*known };
    let mut finding = judge_name(filename, artifact.project.as_ref(), sha256, &known)?;
    finding.detail = format!("these bytes are {filename}: {}", finding.detail);
    Some(finding)
}

/// Whether a file was seen with this hash, as the entry tells.
fn saw(entry: &VerifiedEntry, sha256: &Digest) -> bool {
    entry.entry().is_some_and(|entry| seen_hashes(entry).contains(&sha256))
}

/// What the log holds under the filename itself. Only what publishers say of it may not count.
fn judge_name(
    filename: &str,
    project: Option<&ProjectName>,
    sha256: &Digest,
    known: &Known<'_>,
) -> Option<Finding> {
    let project = history::project_of(known.filename).or(project);
    let is_sighting = |entry: &&VerifiedEntry| !matches!(entry.entry(), Some(Entry::Expected(_)));
    let sightings: Vec<VerifiedEntry> =
        known.filename.iter().filter(is_sighting).cloned().collect();
    let known = &Known { filename: &sightings, ..*known };
    let hashes = || known.filename.iter().filter_map(VerifiedEntry::entry).flat_map(seen_hashes);
    if hashes().any(|hash| hash != sha256) {
        let history = history::of_file(known.filename);
        let detail = format!("this file has sha256 {sha256}, the log has others: {history}");
        return Some(Finding::new(Verdict::Conflict, known.filename, detail));
    }
    let opinion = project
        .map_or(Opinion::Silent, |project| publisher::opinion(filename, project, sha256, known));
    if let Opinion::Decides(finding) = opinion {
        return Some(finding);
    }
    hashes().next()?;
    let mut finding = judge_listing(known);
    if let Opinion::Agrees(positions) = opinion {
        finding.rest_on(positions);
        finding.detail.push_str("; its publisher expects it");
    }
    Some(finding)
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
fn judge_listing(known: &Known<'_>) -> Finding {
    let mut file = FileState::default();
    known.filename.iter().filter_map(VerifiedEntry::entry).for_each(|entry| file.apply(entry));
    let (quarantined, statuses) = quarantine(known.filename, known.project);
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

/// Whether the file's project or release is quarantined, and the entries that say so.
fn quarantine<'a>(
    file: &[VerifiedEntry],
    project: &'a [VerifiedEntry],
) -> (bool, Vec<&'a VerifiedEntry>) {
    let listed = |entry: &&Entry| matches!(entry, Entry::File(_));
    let file = file.iter().rev().filter_map(VerifiedEntry::entry).find(listed);
    let Some((name, version)) = file.and_then(|f| f.project().zip(history::version_of(f))) else {
        return (false, Vec::new());
    };
    let of_project = |entry: &&VerifiedEntry| entry.entry().and_then(Entry::project) == Some(name);
    let project = || project.iter().filter(of_project);
    let mut state = ProjectState::default();
    project().filter_map(VerifiedEntry::entry).for_each(|entry| state.apply(entry));
    let quarantined = |status: Status| status == Status::Quarantined;
    if !quarantined(state.status()) && !quarantined(state.release_status(version)) {
        return (false, Vec::new());
    }
    let says_so = |entry: &&VerifiedEntry| {
        matches!(entry.entry(), Some(Entry::Status(flip)) if quarantined(flip.status)
            && flip.version.as_ref().is_none_or(|flipped| flipped == version))
    };
    (true, project().filter(says_so).collect())
}

/// The filename is not known; perhaps the bytes are, under another.
fn judge_bytes(artifact: &Artifact, sha256: &Digest, entries: &[VerifiedEntry]) -> Option<Finding> {
    let sightings: Vec<&VerifiedEntry> =
        entries.iter().filter(|entry| saw(entry, sha256)).collect();
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
        let names = release.iter().filter_map(|entry| entry.entry()?.filename());
        let detail = match names.collect::<BTreeSet<&str>>().len() {
            1 => "the release has 1 other file, which has another hash".to_owned(),
            files => format!("the release has {files} other files, none with this hash"),
        };
        return Finding::new(Verdict::KnownReleaseUnknownHash, release, detail);
    }
    match known.coverage {
        None => {
            let detail = "the log does not have it, and does not say how far it has seen the index";
            Finding::new(Verdict::NotYetObserved, [], detail)
        }
        Some(coverage) => {
            let stated = artifact.project.is_some() && artifact.version.is_some();
            let what = if stated { "this release" } else { "these bytes" };
            let detail = format!("the log does not have {what}; {coverage}");
            Finding::new(Verdict::UnknownRelease, [], detail)
        }
    }
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

/// Whether an entry is about the artifact's release, as far as that is stated.
fn fits(entry: &VerifiedEntry, artifact: &Artifact) -> bool {
    match (&artifact.project, &artifact.version) {
        (None, _) => true,
        (Some(project), None) => entry.entry().and_then(Entry::project) == Some(project),
        (Some(_), Some(_)) => is_of_release(entry, artifact),
    }
}

/// Versions are the same if written the same, or canonically the same (PEP 440).
pub(crate) fn same_version(a: &str, b: &str) -> bool {
    a == b || canonical_version(a).is_some_and(|canonical| Some(canonical) == canonical_version(b))
}

#[cfg(test)]
mod tests;
