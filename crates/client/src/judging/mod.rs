//! Judges many files: collects what has to be looked up, asks once, and decides.

mod basis;
mod facts;
mod ledger;
mod reader;
mod release;

use std::collections::BTreeSet;

use record::{Entry, Timestamp, split_filename};
use tlog::LeafIndex;

pub use self::basis::Basis;
use self::facts::{Facts, Releases};
pub use self::reader::{KeyEntries, LogReader};
pub use self::release::{Release, ReleaseFile, judge_releases};
use crate::audit::Pin;
use crate::complete::coverage;
use crate::decide::{Artifact, Coverage, Finding, Known, decide};
use crate::entry::VerifiedEntry;
use crate::error::Error;
use crate::history;
use crate::verdict::Verdict;

/// What is to be added where a project could not be looked up. Its files could be, one by one.
const PROJECT_UNREAD: &str = "; not checked whether the project is quarantined, nor what its publisher expects: it has too many \
     entries for one answer";

/// A file, and what the log says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What was judged; project and version are those of the log where it knows them better.
    pub artifact: Artifact,
    /// The verdict.
    pub finding: Finding,
    /// When the log first saw the file with these bytes; `None` if it never did.
    pub first_seen: Option<FirstSeen>,
}

/// When the log first saw a file with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstSeen {
    /// Position of the entry that says so.
    pub index: LeafIndex,
    /// By the log's clock.
    pub time: Timestamp,
    /// The data set that it was imported from: somebody else's sighting. `None` if it is the log's own.
    pub via: Option<String>,
}

/// The verdicts of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// In the order of the artifacts.
    pub judged: Vec<Judged>,
    /// What all of them rest on.
    pub basis: Basis,
}

/// What is being looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Which files have the bytes.
    Hashes,
    /// With which bytes the files were seen.
    Names,
    /// Whether the projects are quarantined, and which releases they have.
    Projects,
}

/// How far judging has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being looked up.
    pub step: Step,
    /// How many of them were.
    pub done: usize,
    /// How many there are.
    pub total: usize,
}

/// Judges `artifacts` by what the log knows.
///
/// Hashes come first and names second. A project is asked for once, and only if it matters to one of its
/// files: to tell whether a file is quarantined, what its publisher expects, and whether the release of an
/// unknown one is known.
///
/// # Errors
/// [`Error`] if the log gives no verified answer, or answers that contradict each other.
pub async fn judge(
    reader: &mut impl LogReader,
    artifacts: Vec<Artifact>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Judgement, Error> {
    let mut facts = Facts::default();
    let hashes = artifacts.iter().filter_map(|artifact| artifact.sha256).collect();
    facts.read_hashes(reader, hashes, progress).await?;
    let names = artifacts.iter().flat_map(|artifact| facts.names_of(artifact));
    let names: BTreeSet<String> = names.collect();
    facts.read_names(reader, names, progress).await?;
    let artifacts: Vec<Artifact> =
        artifacts.into_iter().map(|artifact| facts.complete(artifact)).collect();
    let releases = needed(&artifacts, &facts);
    facts.read_projects(reader, releases, progress).await?;
    if let Some(keys) = facts.contradiction() {
        return Err(reader.contradicted(&keys).await);
    }
    let judged = artifacts.into_iter().map(|artifact| conclude(artifact, &facts)).collect();
    Ok(Judgement { judged, basis: facts.basis })
}

impl From<Pin> for Artifact {
    fn from(pin: Pin) -> Artifact {
        let Pin { project, version, filename, sha256, from_index, .. } = pin;
        Artifact { filename, sha256, project, version, from_index }
    }
}

impl Artifact {
    /// Adds what is not stated of project and version: as logged for the filename, else as it says.
    /// `entries` are those of the filename.
    #[must_use]
    pub fn with_release_of(mut self, entries: &[VerifiedEntry]) -> Artifact {
        let Some(filename) = &self.filename else { return self };
        let project = self.project.as_ref().or(history::project_of(entries));
        let placed = entries.iter().rev().filter_map(VerifiedEntry::entry);
        let mut placed = placed.filter(|e| history::is_placed(e) && e.project() == project);
        let logged = placed.find_map(|entry| {
            let version = history::version_of(entry).filter(|version| !version.is_empty())?;
            Some((entry.project()?.clone(), version.to_owned()))
        });
        let release = logged.or_else(|| split_filename(filename, self.project.as_ref()));
        if let Some((project, version)) = release {
            self.project.get_or_insert(project);
            self.version.get_or_insert(version);
        }
        self
    }
}

/// The projects that matter, and of which of their releases it matters whether they are known.
fn needed(artifacts: &[Artifact], facts: &Facts) -> Releases {
    let mut needed = Releases::new();
    for artifact in artifacts {
        let verdict = find(artifact, facts, &[], None).verdict;
        let unknown = matches!(verdict, Verdict::NotYetObserved | Verdict::UnknownRelease);
        let expected = verdict != Verdict::Conflict && facts.is_expected(artifact);
        if !unknown && !expected && !is_match(verdict) {
            continue;
        }
        let version = artifact.version.as_deref().filter(|_| unknown).map(facts::same);
        for project in facts.projects_of(artifact) {
            needed.entry(project).or_default().extend(version.clone());
        }
    }
    needed
}

/// Whether a quarantine, or what the publisher says, would make it another verdict.
const fn is_match(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Match | Verdict::MatchQuarantined | Verdict::MatchRemoved | Verdict::MatchYanked
    )
}

fn find(
    artifact: &Artifact,
    facts: &Facts,
    project: &[VerifiedEntry],
    coverage: Option<Coverage>,
) -> Finding {
    let sha256 = artifact.sha256.as_ref().map(|sha256| facts.of_hash(sha256)).unwrap_or_default();
    let (filename, publishers) = (facts.of_name(artifact), facts.publishers(artifact));
    let as_of = facts.basis.epoch().map(|epoch| epoch.time);
    let (filename, publishers) = (filename.as_slice(), publishers.as_slice());
    decide(artifact, &Known { filename, sha256, project, publishers, as_of, coverage })
}

/// Judges one file when everything was looked up.
fn conclude(artifact: Artifact, facts: &Facts) -> Judged {
    let project = facts.of_projects(&artifact);
    // What was not read may have the release.
    let covered = facts.basis.epoch().filter(|_| project.is_some()).and_then(coverage);
    let mut finding = find(&artifact, facts, project.as_deref().unwrap_or_default(), covered);
    if project.is_none() {
        finding.detail.push_str(PROJECT_UNREAD);
    }
    let first_seen = first_seen(&artifact, &finding, facts);
    Judged { artifact, finding, first_seen }
}

/// The first of the entries that the finding rests on in which the index lists these bytes.
fn first_seen(artifact: &Artifact, finding: &Finding, facts: &Facts) -> Option<FirstSeen> {
    let sightings = facts.of_hash(artifact.sha256.as_ref()?).iter();
    let first =
        sightings.filter(|entry| finding.entries.contains(&entry.index())).find_map(|entry| {
            match entry.entry()? {
                Entry::File(file) => Some((entry.index(), file)),
                _ => None,
            }
        });
    first.map(|(index, file)| FirstSeen { index, time: file.observed, via: file.via.clone() })
}
