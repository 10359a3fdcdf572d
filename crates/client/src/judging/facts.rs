//! What is looked up before files are judged: each hash, each filename and each project once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use record::{Digest, Entry, LookupKey, ProjectName, PublisherState, canonical_version};

use super::basis::Basis;
use super::ledger::Ledger;
use super::reader::{KeyEntries, LogReader};
use super::{Progress, Step};
use crate::decide::Artifact;
use crate::entry::VerifiedEntry;
use crate::error::{Error, Undecided};
use crate::history;
use crate::publish::Publisher;

/// Releases of projects, the versions in canonical form.
pub(super) type Releases = BTreeMap<ProjectName, BTreeSet<String>>;

/// What was looked up so far.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) basis: Basis,
    ledger: Ledger,
    hashes: BTreeMap<Digest, Vec<VerifiedEntry>>,
    names: BTreeMap<String, Vec<VerifiedEntry>>,
    /// `None` if the log did not answer because it is too much.
    projects: BTreeMap<ProjectName, Option<ProjectFacts>>,
}

/// What is kept of a project.
#[derive(Debug)]
pub(super) struct ProjectFacts {
    /// What is about itself, and what is about the releases that are asked for.
    entries: Vec<VerifiedEntry>,
    /// What its publisher has said, if any ever spoke for it.
    publisher: Option<Arc<PublisherState>>,
}

impl ProjectFacts {
    fn new(
        project: &ProjectName,
        answer: KeyEntries,
        versions: Option<&BTreeSet<String>>,
    ) -> ProjectFacts {
        let KeyEntries { entries, checkpoint, .. } = answer;
        let publisher = spoken(checkpoint.origin(), project, &entries).map(Arc::new);
        let of_use = |entry: &VerifiedEntry| is_of_use(entry, versions);
        ProjectFacts { entries: entries.into_iter().filter(of_use).collect(), publisher }
    }
}

/// What a project's publisher has said by all entries of the project; `None` if nobody ever spoke for it.
fn spoken(
    origin: &str,
    project: &ProjectName,
    entries: &[VerifiedEntry],
) -> Option<PublisherState> {
    let is_key = |entry: &VerifiedEntry| matches!(entry.entry(), Some(Entry::Key(_)));
    // Without keys nothing counts, and that is the common case.
    let publisher = || Publisher::read(origin, project.clone(), entries);
    let publisher = entries.iter().any(is_key).then(publisher)?;
    publisher.has_spoken().then_some(publisher.state)
}

impl Facts {
    pub(super) async fn read_hashes(
        &mut self,
        reader: &mut impl LogReader,
        hashes: BTreeSet<Digest>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), Error> {
        let hashes: Vec<Digest> = hashes.into_iter().collect();
        let keys: Vec<LookupKey> = hashes.iter().copied().map(LookupKey::Sha256).collect();
        let answers = self.read(reader, Step::Hashes, &keys, whole, progress).await?;
        self.hashes.extend(hashes.into_iter().zip(all_of(answers, &keys)?));
        Ok(())
    }

    /// Names that no file of the index can have are not asked for.
    pub(super) async fn read_names(
        &mut self,
        reader: &mut impl LogReader,
        names: BTreeSet<String>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), Error> {
        let keys: Vec<LookupKey> =
            names.iter().filter_map(|name| LookupKey::parse("file", name)).collect();
        let answers = self.read(reader, Step::Names, &keys, whole, progress).await?;
        let names = keys.iter().map(LookupKey::value);
        self.names.extend(names.zip(all_of(answers, &keys)?));
        Ok(())
    }

    pub(super) async fn read_projects(
        &mut self,
        reader: &mut impl LogReader,
        releases: Releases,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), Error> {
        let keys: Vec<LookupKey> = releases.keys().cloned().map(LookupKey::Project).collect();
        let keep = |key: &LookupKey, answer: KeyEntries| {
            let LookupKey::Project(project) = key else { return None };
            Some(ProjectFacts::new(project, answer, releases.get(project)))
        };
        let answers = self.read(reader, Step::Projects, &keys, keep, progress).await?;
        let answers: Vec<Option<ProjectFacts>> = answers.into_iter().map(Option::flatten).collect();
        self.projects.extend(releases.into_keys().zip(answers));
        Ok(())
    }

    async fn read<T: Send>(
        &mut self,
        reader: &mut impl LogReader,
        step: Step,
        keys: &[LookupKey],
        keep: impl Fn(&LookupKey, KeyEntries) -> T + Sync,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Vec<Option<T>>, Error> {
        let mut kept = Vec::with_capacity(keys.len());
        progress(Progress { step, done: 0, total: keys.len() });
        let mut take = |answer: Option<KeyEntries>| {
            let answer = answer.zip(keys.get(kept.len())).map(|(answer, key)| {
                self.basis.add(&answer);
                self.ledger.add(key, &answer);
                keep(key, answer)
            });
            kept.push(answer);
            progress(Progress { step, done: kept.len(), total: keys.len() });
        };
        if !keys.is_empty() {
            reader.look_up(keys, &mut take).await?;
        }
        Ok(kept)
    }

    /// Two keys whose answers contradict each other.
    pub(super) fn contradiction(&mut self) -> Option<[LookupKey; 2]> {
        for (sha256, entries) in &self.hashes {
            self.ledger.check(|| LookupKey::Sha256(*sha256), entries);
        }
        for (filename, entries) in &self.names {
            self.ledger.check(|| LookupKey::File(filename.clone()), entries);
        }
        self.ledger.contradiction().cloned()
    }

    pub(super) fn of_hash(&self, sha256: &Digest) -> &[VerifiedEntry] {
        self.hashes.get(sha256).map(Vec::as_slice).unwrap_or_default()
    }

    /// All entries of the artifact's filename; of one without, those of the files with its bytes.
    pub(super) fn of_name(&self, artifact: &Artifact) -> Vec<VerifiedEntry> {
        let names = self.names_of(artifact);
        names.iter().filter_map(|name| self.names.get(name)).flatten().cloned().collect()
    }

    /// The artifact's filename; of one without, those that were seen with its hash.
    pub(super) fn names_of(&self, artifact: &Artifact) -> BTreeSet<String> {
        let Some(sha256) = &artifact.sha256 else { return BTreeSet::new() };
        if let Some(filename) = &artifact.filename {
            return BTreeSet::from([filename.clone()]);
        }
        let entries = self.of_hash(sha256).iter().filter_map(VerifiedEntry::entry);
        entries.filter_map(|entry| entry.filename().map(str::to_owned)).collect()
    }

    /// Adds what is not stated of project and version.
    pub(super) fn complete(&self, artifact: Artifact) -> Artifact {
        let entries = self.of_name(&artifact);
        artifact.with_release_of(&entries)
    }

    /// The project that is stated, and those that the files were logged for.
    pub(super) fn projects_of(&self, artifact: &Artifact) -> BTreeSet<ProjectName> {
        let entries = self.of_name(artifact);
        let placed =
            entries.iter().filter_map(VerifiedEntry::entry).filter(|e| history::is_placed(e));
        let logged = placed.filter_map(|entry| entry.project().cloned());
        logged.chain(artifact.project.clone()).collect()
    }

    /// Whether a publisher expects a file with the artifact's name, be it true or not.
    pub(super) fn is_expected(&self, artifact: &Artifact) -> bool {
        let entries = self.of_name(artifact);
        entries.iter().any(|entry| matches!(entry.entry(), Some(Entry::Expected(_))))
    }

    /// What is known about these projects; `None` if one of them could not be read.
    pub(super) fn of_projects(&self, artifact: &Artifact) -> Option<Vec<VerifiedEntry>> {
        let projects = self.projects_of(artifact);
        let known: Option<Vec<&ProjectFacts>> = projects
            .iter()
            .filter_map(|name| self.projects.get(name))
            .map(Option::as_ref)
            .collect();
        Some(known?.into_iter().flat_map(|project| project.entries.iter().cloned()).collect())
    }

    /// What the publishers of these projects have said.
    pub(super) fn publishers(&self, artifact: &Artifact) -> Vec<Arc<PublisherState>> {
        let projects = self.projects_of(artifact);
        let known = projects.iter().filter_map(|name| self.projects.get(name)?.as_ref());
        known.filter_map(|project| project.publisher.clone()).collect()
    }
}

fn whole(_: &LookupKey, answer: KeyEntries) -> Vec<VerifiedEntry> {
    answer.entries
}

/// The answers, if there is one for every key. Only projects may be too large: a file or a hash without
/// its entries cannot be judged at all.
fn all_of(
    answers: Vec<Option<Vec<VerifiedEntry>>>,
    keys: &[LookupKey],
) -> Result<Vec<Vec<VerifiedEntry>>, Error> {
    let answer = |(answer, key): (Option<_>, &LookupKey)| {
        let too_many = || Undecided::TooMany(format!("entries of {} {}", key.kind(), key.value()));
        answer.ok_or_else(|| too_many().into())
    };
    answers.into_iter().zip(keys).map(answer).collect()
}

/// Whether an entry tells the state of its project, or a file of one of the releases.
fn is_of_use(entry: &VerifiedEntry, versions: Option<&BTreeSet<String>>) -> bool {
    match entry.entry() {
        Some(Entry::Status(flip)) => flip.filename.is_none(),
        Some(entry @ Entry::File(_)) => versions.is_some_and(|versions| {
            !versions.is_empty()
                && history::version_of(entry).is_some_and(|logged| versions.contains(&same(logged)))
        }),
        _ => false,
    }
}

/// A form that versions have in common if, and only if, they are the same.
pub(super) fn same(version: &str) -> String {
    canonical_version(version).unwrap_or_else(|| version.to_owned())
}
