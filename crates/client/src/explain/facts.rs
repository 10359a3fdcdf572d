//! What the log says about files, hash by hash.

use record::{Digest, Entry, FileEntry, ProjectName, ProjectState, Status, Timestamp};
use tlog::LeafIndex;

use crate::decide::same_version;
use crate::entry::VerifiedEntry;

/// One file with one hash, as the log saw it listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedFile {
    /// Whose page listed it.
    pub project: ProjectName,
    /// Of which release; empty if the log does not know.
    pub version: String,
    /// Verbatim.
    pub filename: String,
    /// The hash.
    pub sha256: Digest,
    /// When the log first saw it listed with this hash, by the log's clock.
    pub first_seen: Timestamp,
    /// The data set that the first sight was imported from; `None` if the log saw it itself.
    pub via: Option<String>,
    /// The index's claim when it was uploaded, verbatim. Nobody checked it.
    pub uploaded: Option<String>,
    /// When the log saw that it was listed no more; `None` if it still is, or has another hash since.
    pub removed: Option<Timestamp>,
    /// Reason for yanking, empty if none was given; `None` if not yanked.
    pub yanked: Option<String>,
    /// Positions of the entries that say so, ascending.
    pub entries: Vec<LeafIndex>,
}

/// Bytes that were downloaded by the log's observer and are not what was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Download {
    pub(super) filename: String,
    pub(super) got: Digest,
    pub(super) time: Timestamp,
    pub(super) index: LeafIndex,
}

/// A project or a release that is quarantined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quarantine {
    pub(super) since: Timestamp,
    pub(super) reason: Option<String>,
    pub(super) index: LeafIndex,
}

/// Everything that verified entries say.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// In the order of their first sight.
    pub(super) files: Vec<LoggedFile>,
    pub(super) downloads: Vec<Download>,
    statuses: Vec<(LeafIndex, Entry)>,
}

impl Facts {
    /// Takes in entries, which are in the order of the log.
    pub(super) fn read<'a>(entries: impl IntoIterator<Item = &'a VerifiedEntry>) -> Facts {
        let mut facts = Facts::default();
        for entry in entries {
            if let Some(known) = entry.entry() {
                facts.take(entry.index(), known);
            }
        }
        facts
    }

    fn take(&mut self, index: LeafIndex, entry: &Entry) {
        match entry {
            Entry::Content(content) => self.downloads.push(Download {
                filename: content.filename.clone(),
                got: content.got,
                time: content.observed,
                index,
            }),
            Entry::File(file) => self.take_file(index, file),
            Entry::Removed(removed) => {
                let gone = |file: &&mut LoggedFile| {
                    file.filename == removed.filename && file.sha256 == removed.sha256
                };
                for file in self.files.iter_mut().filter(gone) {
                    file.removed = Some(removed.observed);
                    file.entries.push(index);
                }
            }
            Entry::Status(flip) => match &flip.filename {
                None => self.statuses.push((index, entry.clone())),
                Some(filename) => {
                    let yanked = flip.status == Status::Yanked;
                    for file in self.files.iter_mut().filter(|file| file.filename == *filename) {
                        let reason = || flip.reason.clone().unwrap_or_default();
                        file.yanked = yanked.then(reason);
                        file.entries.push(index);
                    }
                }
            },
            Entry::Epoch(_) | Entry::Expected(_) | Entry::Key(_) => {}
        }
    }

    fn take_file(&mut self, index: LeafIndex, entry: &FileEntry) {
        let same =
            |file: &&mut LoggedFile| file.filename == entry.filename && file.sha256 == entry.sha256;
        if let Some(file) = self.files.iter_mut().find(same) {
            if entry.via.is_none() || file.via.is_some() {
                file.removed = None;
                file.yanked.clone_from(&entry.yanked);
            }
            file.uploaded = file.uploaded.take().or_else(|| entry.uploaded.clone());
            file.entries.push(index);
            return;
        }
        self.files.push(LoggedFile {
            project: entry.project.clone(),
            version: entry.version.clone(),
            filename: entry.filename.clone(),
            sha256: entry.sha256,
            first_seen: entry.observed,
            via: entry.via.clone(),
            uploaded: entry.uploaded.clone(),
            removed: None,
            yanked: entry.yanked.clone(),
            entries: vec![index],
        });
    }

    /// Files that were listed with this hash.
    pub(super) fn with_hash(&self, sha256: &Digest) -> impl Iterator<Item = &LoggedFile> {
        self.files.iter().filter(move |file| file.sha256 == *sha256)
    }

    /// Every hash that a filename was listed with.
    pub(super) fn with_name(&self, filename: &str) -> Vec<&LoggedFile> {
        self.files.iter().filter(|file| file.filename == filename).collect()
    }

    /// Files of a release.
    pub(super) fn of_release(&self, release: &Release) -> Vec<&LoggedFile> {
        self.files.iter().filter(|file| release.has(file)).collect()
    }

    /// Whether the release's project or the release itself is quarantined.
    pub(super) fn quarantine(&self, release: &Release) -> Option<Quarantine> {
        let mut state = ProjectState::default();
        let of_project = |entry: &&(LeafIndex, Entry)| entry.1.project() == Some(&release.project);
        let statuses: Vec<_> = self.statuses.iter().filter(of_project).collect();
        for (_, entry) in &statuses {
            state.apply(entry);
        }
        statuses.iter().rev().find_map(|(index, entry)| {
            let Entry::Status(flip) = entry else { return None };
            let now = match &flip.version {
                Some(version) if same_version(version, &release.version) => {
                    state.release_status(version)
                }
                Some(_) => return None,
                None => state.status(),
            };
            (flip.status == Status::Quarantined && now == Status::Quarantined).then(|| Quarantine {
                since: flip.observed,
                reason: flip.reason.clone(),
                index: *index,
            })
        })
    }
}

/// A release of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) project: ProjectName,
    pub(super) version: String,
}

impl Release {
    pub(super) fn of(file: &LoggedFile) -> Release {
        Release { project: file.project.clone(), version: file.version.clone() }
    }

    pub(super) fn has(&self, file: &LoggedFile) -> bool {
        file.project == self.project && same_version(&file.version, &self.version)
    }
}
