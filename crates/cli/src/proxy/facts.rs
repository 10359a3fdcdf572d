//! What the log says about the files of a page.

use std::collections::HashMap;

use client::{Artifact, Class, Coverage, Finding, Known, Verdict, VerifiedEntry, decide};
use record::{Digest, Entry, FileState, ProjectName};

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
    coverage: Option<Coverage>,
}

impl Facts {
    /// Sorts all entries of a project: judging a file looks at few of them.
    pub(super) fn new(entries: &[VerifiedEntry], coverage: Option<Coverage>) -> Facts {
        let mut facts = Facts { coverage, ..Facts::default() };
        for entry in entries {
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

    /// How a file of the project stands.
    pub(super) fn judge(&self, file: &PageFile, project: &ProjectName) -> Standing {
        let filename = self.files.get(&file.filename).map_or(&[][..], Vec::as_slice);
        let release = self.releases.get(&file.version).map_or(&[][..], Vec::as_slice);
        let project_entries = if filename.is_empty() { release } else { &self.statuses };
        let known = Known { filename, project: project_entries, ..Known::default() };
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
