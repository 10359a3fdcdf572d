//! What the log says about the files of a page.

use std::collections::HashMap;
use std::sync::Arc;

use client::publish::Publisher;
use client::{
    Artifact, Class, Coverage, Finding, Known, Verdict, VerifiedEntry, VerifiedLookup, coverage,
    decide,
};
use record::{Digest, Entry, EpochEntry, FileState, ProjectName, PublisherState, Timestamp};

use super::page::PageFile;

/// How a listed file stands with the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The log contradicts it.
    Bad(String),
    /// It is logged with one hash, and nothing speaks against it.
    Proven(Proven),
    /// The project has too many entries for one answer: the file is asked for when it is downloaded.
    Unasked,
    /// The log has not seen it, or not under this name.
    Unseen(String),
}

/// What the log holds about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proven {
    /// The verdict: a match of some kind.
    pub(super) verdict: Verdict,
    /// Hash of its bytes.
    pub(super) sha256: Digest,
    /// Hash of its core metadata, if it was logged.
    pub(super) metadata: Option<Digest>,
}

/// Entries of one project, by what they are about.
#[derive(Debug, Default)]
pub(super) struct Facts {
    files: HashMap<String, Vec<VerifiedEntry>>,
    releases: HashMap<String, Vec<VerifiedEntry>>,
    /// Status of the project and of its releases.
    statuses: Vec<VerifiedEntry>,
    /// What the publisher has said, if anybody ever spoke for the project.
    publishers: Vec<Arc<PublisherState>>,
    /// When all of this was known to be complete.
    as_of: Option<Timestamp>,
    coverage: Option<Coverage>,
}

impl Facts {
    /// Sorts all entries of a project, which are complete by this epoch: judging a file looks at few of
    /// them.
    pub(super) fn new(project: &ProjectName, found: &VerifiedLookup, epoch: &EpochEntry) -> Facts {
        let (as_of, coverage) = (Some(epoch.time), coverage(epoch));
        let mut facts = Facts { as_of, coverage, ..Facts::default() };
        let origin = found.checkpoint().origin();
        let publisher = Publisher::read(origin, project.clone(), found.entries());
        if publisher.has_spoken() {
            facts.publishers.push(Arc::new(publisher.state));
        }
        for entry in found.entries() {
            let Some(known) = entry.entry() else { continue };
            match known.filename() {
                Some(name) => facts.files.entry(name.into()).or_default().push(entry.clone()),
                None => facts.statuses.push(entry.clone()),
            }
            if let Entry::File(file) = known {
                facts.releases.entry(file.version.clone()).or_default().push(entry.clone());
            }
        }
        facts
    }

    /// Whether anybody ever spoke for the project.
    pub(super) fn has_publisher(&self) -> bool {
        !self.publishers.is_empty()
    }

    /// What its publisher has said about the project's files, and nothing else.
    pub(super) fn of_publisher(&self) -> Known<'_> {
        Known { publishers: &self.publishers, as_of: self.as_of, ..Known::default() }
    }

    /// How a file of the project stands.
    pub(super) fn judge(&self, file: &PageFile, project: &ProjectName) -> Standing {
        let filename = self.files.get(&file.filename).map_or(&[][..], Vec::as_slice);
        let release = self.releases.get(&file.version).map_or(&[][..], Vec::as_slice);
        let project_entries = if filename.is_empty() { release } else { &self.statuses };
        let known = Known { filename, project: project_entries, ..self.of_publisher() };
        judge(file, project, &Known { coverage: self.coverage, ..known })
    }
}

/// How a file stands by what is known.
pub(super) fn judge(file: &PageFile, project: &ProjectName, known: &Known<'_>) -> Standing {
    let mut state = FileState::default();
    known.filename.iter().filter_map(VerifiedEntry::entry).for_each(|entry| state.apply(entry));
    let artifact = Artifact {
        filename: Some(file.filename.clone()),
        // Where the index states none, the bytes are held against what the log has.
        sha256: file.sha256.or(state.sha256().copied()),
        project: Some(project.clone()),
        version: Some(file.version.clone()).filter(|version| !version.is_empty()),
        from_index: Some(true),
    };
    let Finding { verdict, detail, .. } = decide(&artifact, known);
    let told = format!("{verdict}: {detail}");
    match (verdict, artifact.sha256) {
        (
            Verdict::Match
            | Verdict::MatchQuarantined
            | Verdict::MatchRemoved
            | Verdict::MatchYanked,
            Some(sha256),
        ) => {
            let metadata = state.current().and_then(|page| page.metadata()).copied();
            Standing::Proven(Proven { verdict, sha256, metadata })
        }
        _ if verdict.class() == Class::Bad => Standing::Bad(told),
        _ => Standing::Unseen(told),
    }
}
