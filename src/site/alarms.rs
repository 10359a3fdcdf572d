//! Conflicts: what nobody may overlook.

use std::collections::{BTreeMap, BTreeSet};

use record::{Digest, Entry, LookupKey, MapKey, ProjectName, Reconciled};

use super::Site;
use super::row::printable;
use super::search;
use crate::published::Published;
use crate::publishers::PublisherError;
use crate::reading::{AnswerError, KnownEntry};

/// Files of one hash, and projects of one file, that are looked at for conflicts.
const NEIGHBOURS: usize = 20;

/// Something that must not be overlooked. `assets/history.mjs` makes the same from verified entries.
pub(super) struct Alarm {
    /// The sentence.
    pub(super) text: String,
    /// Where there is more about it.
    pub(super) href: String,
}

impl Site {
    /// What must not be overlooked about the files of a history.
    pub(super) async fn alarms(
        &self,
        published: &Published,
        key: &LookupKey,
        entries: &[KnownEntry],
    ) -> Result<Vec<Alarm>, AnswerError> {
        let mut hashes = Hashes::of(entries);
        if matches!(key, LookupKey::Sha256(_)) {
            // Other hashes of the same files are not under this one.
            let names: Vec<String> = hashes.0.keys().take(NEIGHBOURS).cloned().collect();
            hashes = Hashes::default();
            for name in names {
                hashes.add(&self.read_all(published, &MapKey::file(&name)).await?);
            }
        }
        let projects = entries.iter().filter_map(|read| read.entry.project().cloned());
        let projects: BTreeSet<ProjectName> = projects.collect();
        let mut alarms: Vec<Alarm> = hashes.conflicts().collect();
        for project in projects.into_iter().take(NEIGHBOURS) {
            let publisher = self.publishers.at(&project, published.head.size).await;
            let publisher = publisher.map_err(|failure| match failure {
                PublisherError::Catalog(failure) => AnswerError::from(failure),
                PublisherError::Read(failure) => AnswerError::from(failure),
            })?;
            let differs = |name: &&String| {
                let reconciled = publisher.state.reconcile(name);
                matches!(reconciled, Some(Reconciled::Differs { .. }))
                    || publisher.state.contradiction(name).is_some()
            };
            alarms.extend(
                hashes
                    .0
                    .keys()
                    .filter(differs)
                    .map(|name| Alarm::about(name, "is not what its publisher says was released")),
            );
        }
        Ok(alarms)
    }
}

impl Alarm {
    fn about(filename: &str, what: &str) -> Alarm {
        let href = search::path(&LookupKey::File(filename.to_owned()));
        Alarm { text: format!("{} {what}", printable(filename)), href }
    }
}

/// The hashes with which each file was seen.
#[derive(Default)]
struct Hashes(BTreeMap<String, BTreeSet<Digest>>);

impl Hashes {
    fn of(entries: &[KnownEntry]) -> Hashes {
        let mut hashes = Hashes::default();
        hashes.add(entries);
        hashes
    }

    fn add(&mut self, entries: &[KnownEntry]) {
        for KnownEntry { entry, .. } in entries {
            let Some(filename) = entry.filename() else { continue };
            let seen = self.0.entry(filename.to_owned()).or_default();
            match entry {
                Entry::Content(content) => seen.extend([content.sha256, content.got]),
                Entry::File(file) => seen.extend([file.sha256]),
                Entry::Removed(removed) => seen.extend([removed.sha256]),
                _ => {}
            }
        }
    }

    fn conflicts(&self) -> impl Iterator<Item = Alarm> {
        self.0.iter().filter(|(_, seen)| seen.len() > 1).map(|(name, seen)| {
            Alarm::about(name, &format!("was seen with {} different hashes", seen.len()))
        })
    }
}
