//! Whole releases: which files they list, and what is to be said about each.

use std::collections::{BTreeMap, BTreeSet};

use record::{Digest, Entry, FileEntry, LookupKey, ProjectName, ProjectState};

use super::basis::Basis;
use super::reader::{KeyEntries, LogReader};
use super::{Judged, judge};
use crate::decide::{Artifact, same_version};
use crate::entry::VerifiedEntry;
use crate::error::{Error, Undecided};

/// A release of a project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// Whose.
    pub project: ProjectName,
    /// Compared as PEP 440 says.
    pub version: String,
}

/// A file that a release lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseFile {
    /// The newest entry that lists it.
    pub entry: FileEntry,
    /// What the log says about it.
    pub judged: Judged,
}

/// Finds the files that `releases` list now, and judges them.
///
/// There is a list for each release, with its files in the order of their names; it is empty if the
/// release lists nothing.
///
/// # Errors
/// [`Error`] if the log gives no verified answer, or a project has more entries than it answers at once.
pub async fn judge_releases(
    reader: &mut impl LogReader,
    releases: &[Release],
) -> Result<(Vec<Vec<ReleaseFile>>, Basis), Error> {
    let (listed, mut basis) = list(reader, releases).await?;
    let artifacts = listed.iter().flatten().map(Artifact::from).collect();
    let judgement = judge(reader, artifacts, &mut |_| ()).await?;
    basis.merge(&judgement.basis);
    let mut judged = judgement.judged.into_iter();
    let mut file = |entry| Some(ReleaseFile { entry, judged: judged.next()? });
    let files =
        listed.into_iter().map(|release| release.into_iter().filter_map(&mut file).collect());
    Ok((files.collect(), basis))
}

impl From<&FileEntry> for Artifact {
    fn from(file: &FileEntry) -> Artifact {
        Artifact {
            filename: Some(file.filename.clone()),
            sha256: Some(file.sha256),
            project: Some(file.project.clone()),
            version: Some(file.version.clone()),
            from_index: Some(true),
        }
    }
}

/// The files that each release lists now.
async fn list(
    reader: &mut impl LogReader,
    releases: &[Release],
) -> Result<(Vec<Vec<FileEntry>>, Basis), Error> {
    let projects: BTreeSet<&ProjectName> =
        releases.iter().map(|release| &release.project).collect();
    let keys: Vec<LookupKey> =
        projects.iter().map(|project| LookupKey::Project((*project).clone())).collect();
    let mut basis = Basis::default();
    let mut answers = Vec::with_capacity(keys.len());
    let mut take = |answer: Option<KeyEntries>| {
        if let Some(answer) = &answer {
            basis.add(answer);
        }
        answers.push(answer.map(|answer| files(&answer.entries)));
    };
    if !keys.is_empty() {
        reader.look_up(&keys, &mut take).await?;
    }
    let mut known = BTreeMap::new();
    for (project, files) in projects.into_iter().zip(answers) {
        let too_many = || Undecided::TooMany(format!("entries of project {project}"));
        known.insert(project, files.ok_or_else(too_many)?);
    }
    let of_release = |release: &Release| {
        let files = known.get(&release.project).into_iter().flatten();
        files.filter(|file| same_version(&file.version, &release.version)).cloned().collect()
    };
    Ok((releases.iter().map(of_release).collect(), basis))
}

/// The files that a project lists now, by name.
fn files(entries: &[VerifiedEntry]) -> Vec<FileEntry> {
    let entries = || entries.iter().filter_map(VerifiedEntry::entry);
    let mut state = ProjectState::default();
    entries().for_each(|entry| state.apply(entry));
    // Of several listings the newest stays.
    let mut listings: BTreeMap<(&str, &Digest), &FileEntry> = BTreeMap::new();
    for entry in entries() {
        if let Entry::File(file) = entry {
            listings.insert((&file.filename, &file.sha256), file);
        }
    }
    state.listed().filter_map(|listed| listings.get(&listed)).map(|file| (*file).clone()).collect()
}
