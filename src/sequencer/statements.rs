//! Admission of what publishers state: against the keys that speak for each project at that moment.

use std::collections::{HashMap, HashSet};

use record::{Entry, ExpectedEntry, KeyEntry, ProjectName, Timestamp};
use tlog::{LeafIndex, TreeSize};
use tokio::sync::OwnedMutexGuard;

use super::batch::NewEntry;
use super::proposal::{SignedExpectation, SubmitError};
use crate::publishers::{Publisher, Publishers};

/// Admits the statements of one batch. They come before everything else in it, so that the states of
/// projects are those of the log before the batch and of the statements admitted so far.
pub(super) struct StatementAdmission<'a> {
    publishers: &'a Publishers,
    /// Entries of the log before the batch.
    size: TreeSize,
    now: Timestamp,
    /// Files of a project that may be expected without ever having been listed.
    outstanding: usize,
    held: HashMap<ProjectName, OwnedMutexGuard<Publisher>>,
    entries: Vec<NewEntry>,
}

impl<'a> StatementAdmission<'a> {
    pub(super) fn new(
        publishers: &'a Publishers,
        size: TreeSize,
        now: Timestamp,
        outstanding: usize,
    ) -> StatementAdmission<'a> {
        let (held, entries) = (HashMap::new(), Vec::new());
        StatementAdmission { publishers, size, now, outstanding, held, entries }
    }

    /// Number of entries admitted so far.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entries, which must become the first of the batch.
    pub(super) fn finish(self) -> Vec<NewEntry> {
        self.held.values().for_each(|publisher| self.publishers.settle(publisher));
        self.entries
    }

    /// Admits expectations, all or none, and tells where each stands.
    pub(super) async fn expectations(
        &mut self,
        expectations: &[SignedExpectation],
    ) -> Result<Vec<LeafIndex>, SubmitError> {
        let mut entries = Vec::with_capacity(expectations.len());
        let mut names: HashMap<&ProjectName, HashSet<&str>> = HashMap::new();
        for (number, expectation) in expectations.iter().enumerate() {
            let expected = expectation.entry();
            let state = &self.publisher(&expected.project).await?.state;
            state
                .check_key(&expected.key)
                .map_err(|source| SubmitError::Expectation { number, source })?;
            if state.file(&expected.filename).is_none() {
                names.entry(&expected.project).or_default().insert(&expected.filename);
            }
            let entry = Entry::from(ExpectedEntry { received: self.now, ..expected.clone() });
            let new = NewEntry::of(&entry, true)
                .map_err(|source| SubmitError::Invalid { number, source })?;
            entries.push((expected, entry, new));
        }
        for (project, names) in names {
            let count = self.publisher(project).await?.state.outstanding() + names.len();
            if count > self.outstanding {
                let (project, limit) = (project.clone(), self.outstanding);
                return Err(SubmitError::Outstanding { project, count, limit });
            }
        }
        let mut positions = Vec::with_capacity(entries.len());
        for (expected, entry, new) in entries {
            let state = &self.publisher(&expected.project).await?.state;
            let known = state.known(&expected.filename, &expected.sha256, &expected.key);
            positions.push(match known {
                Some(position) => position,
                None => self.add(&expected.project, &entry, new).await?,
            });
        }
        Ok(positions)
    }

    /// Admits a change of keys, and tells where it stands.
    pub(super) async fn key(&mut self, change: &KeyEntry) -> Result<LeafIndex, SubmitError> {
        let change = KeyEntry { received: self.now, ..change.clone() };
        self.publisher(&change.project).await?.state.ring().check(&change)?;
        let project = change.project.clone();
        let entry = Entry::from(change);
        let new = NewEntry::of(&entry, true)
            .map_err(|source| SubmitError::Invalid { number: 0, source })?;
        self.add(&project, &entry, new).await
    }

    async fn add(
        &mut self,
        project: &ProjectName,
        entry: &Entry,
        new: NewEntry,
    ) -> Result<LeafIndex, SubmitError> {
        let position = LeafIndex::new(self.size.get() + self.entries.len() as u64)
            .map_err(|full| SubmitError::ReadOnly(full.to_string()))?;
        self.publisher(project).await?.take_in(position, entry);
        self.entries.push(new);
        Ok(position)
    }

    /// The state of a project, held until the end of the batch.
    async fn publisher(&mut self, project: &ProjectName) -> Result<&mut Publisher, SubmitError> {
        if !self.held.contains_key(project) {
            let publisher = self.publishers.at(project, self.size).await;
            let publisher =
                publisher.map_err(|failure| SubmitError::ReadOnly(crate::describe(&failure)))?;
            self.held.insert(project.clone(), publisher);
        }
        Ok(self.held.get_mut(project).expect("it was put there"))
    }
}
