//! Admission: which entries do facts add to what the log already says? (design: sequencer, "admit")
//!
//! Current state is read through the catalog: the positions of a file's or project's entries, then
//! the entries themselves, folded by `record`. What earlier submissions of the same batch add, and what the
//! batch adds that is under way, may not be in the catalog yet and is kept here.

use bytes::Bytes;
use catalog::{Catalog, CatalogError};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry as Slot;
use record::{
    Entry, EntryError, Fact, FileState, MapKey, Parsed, ProjectName, ProjectState, StatusFact,
    Timestamp,
};
use thiserror::Error;
use tlog::TreeSize;

use super::batch::{NewEntry, read_back};
use super::prepared::Prepared;
use crate::entries::{EntryReader, ReadError};

/// What the log says, as far as a batch has to know it.
pub(super) struct Admission<'a> {
    log: Logged<'a>,
    observed: Timestamp,
    /// What was admitted after the first entries of the log, before this batch.
    before: &'a Recent,
    /// What was admitted into this batch.
    batch: &'a mut Recent,
}

/// The first entries of the log, which the catalog covers.
#[derive(Clone, Copy)]
pub(super) struct Logged<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) entries: &'a EntryReader,
    pub(super) size: TreeSize,
}

/// What was admitted and may not be in the catalog.
#[derive(Default)]
pub(super) struct Recent {
    /// Bytes of the entries about a file, by its map key: nearly every file is new, and has one that nobody asks for.
    files: HashMap<MapKey, Vec<Bytes>>,
    /// States of the projects whose status was asked for: folding one costs all its entries.
    projects: HashMap<ProjectName, ProjectState>,
}

/// Facts can not be admitted.
#[derive(Debug, Error)]
pub enum AdmitError {
    /// The log's own catalog failed.
    #[error("the catalog can not be read")]
    Catalog(#[from] CatalogError),
    /// The submitter's fault: the fact can not become an entry.
    #[error("fact {number}: {source}")]
    Fact {
        /// Which one, from 0.
        number: usize,
        /// What is wrong with it.
        source: EntryError,
    },
    /// The log's own store failed.
    #[error("an entry of the log can not be read")]
    Read(#[from] ReadError),
}

impl<'a> Admission<'a> {
    /// Admits against `log` and what else was admitted since, at the time `observed`. What is admitted now is
    /// left in `batch`.
    pub(super) const fn new(
        log: Logged<'a>,
        before: &'a Recent,
        batch: &'a mut Recent,
        observed: Timestamp,
    ) -> Admission<'a> {
        Admission { log, observed, before, batch }
    }

    /// The entries that `facts`, which were compared with the same log, add; all of them or, with an error, none.
    pub(super) async fn admit(
        &mut self,
        facts: Vec<Prepared>,
    ) -> Result<Vec<NewEntry>, AdmitError> {
        let mut submission = Submission::default();
        submission.entries.reserve(facts.len());
        for (number, fact) in facts.into_iter().enumerate() {
            if let Err(refusal) = self.admit_fact(&mut submission, number, fact).await {
                self.batch.forget(&submission.files);
                return Err(refusal);
            }
        }
        self.batch.projects.extend(submission.projects);
        Ok(submission.entries)
    }

    async fn admit_fact(
        &mut self,
        submission: &mut Submission,
        number: usize,
        fact: Prepared,
    ) -> Result<(), AdmitError> {
        let refused = |source| AdmitError::Fact { number, source };
        let (key, fact, is_logged) = match fact {
            Prepared::NewFile(key, new) if self.recent(&key).next().is_none() => {
                self.take_in(submission, key, new);
                return Ok(());
            }
            Prepared::NewFile(key, new) => {
                let file = read_back(&new.hashed).map_err(refused)?;
                (key, Box::new(Fact::Listed(file.into())), false)
            }
            Prepared::File { key, fact, is_logged } => (key, fact, is_logged),
            Prepared::Status(status) => {
                let (entry, is_known) = self.status(&status, &mut submission.projects).await?;
                if let Some(entry) = entry {
                    submission.entries.push(NewEntry::of(&entry, is_known).map_err(refused)?);
                }
                return Ok(());
            }
            Prepared::Refused(source) => return Err(refused(source)),
        };
        let is_known = is_logged || self.recent(&key).next().is_some();
        let mut state: FileState =
            if is_logged { self.log.fold(&key).await? } else { FileState::default() };
        self.recent(&key).for_each(|entry| apply_bytes(&mut state, entry));
        for entry in state.admit(&fact, self.observed, None) {
            self.take_in(submission, key, NewEntry::of(&entry, is_known).map_err(refused)?);
        }
        Ok(())
    }

    /// Bytes of the entries about a file that the log may not have.
    fn recent(&self, file: &MapKey) -> impl Iterator<Item = &Bytes> {
        let recent = [self.before, self.batch].map(|recent| recent.files.get(file));
        recent.into_iter().flatten().flatten()
    }

    fn take_in(&mut self, submission: &mut Submission, file: MapKey, new: NewEntry) {
        self.batch.files.entry(file).or_default().push(new.hashed.entry().clone());
        submission.files.push(file);
        submission.entries.push(new);
    }

    /// The entry that the status of a project or a release adds, and whether something was known of the project.
    async fn status(
        &self,
        status: &StatusFact,
        changed: &mut HashMap<ProjectName, ProjectState>,
    ) -> Result<(Option<Entry>, bool), AdmitError> {
        let (state, is_known) = match changed.entry(status.project.clone()) {
            Slot::Occupied(slot) => (slot.into_mut(), true),
            Slot::Vacant(slot) => match self.project(&status.project).await? {
                Some(state) => (slot.insert(state), true),
                None => (slot.insert(ProjectState::default()), false),
            },
        };
        let entry = state.admit_status(status, self.observed, None);
        if let Some(entry) = &entry {
            state.apply(entry);
        }
        Ok((entry, is_known))
    }

    /// The state of a project before the submission; `None` if nothing was ever said of it.
    async fn project(&self, name: &ProjectName) -> Result<Option<ProjectState>, AdmitError> {
        let admitted = self.batch.projects.get(name).or(self.before.projects.get(name));
        if let Some(state) = admitted {
            return Ok(Some(state.clone()));
        }
        let key = MapKey::project(name);
        let is_logged = self.log.catalog.known_keys(self.log.size)?.has(&key)?;
        Ok(if is_logged { Some(self.log.fold(&key).await?) } else { None })
    }
}

/// What a submission adds, until all of it is admitted.
#[derive(Default)]
struct Submission {
    entries: Vec<NewEntry>,
    /// The file that each entry is about that was taken in.
    files: Vec<MapKey>,
    projects: HashMap<ProjectName, ProjectState>,
}

impl Recent {
    /// Forgets the newest entry about each of the files.
    fn forget(&mut self, files: &[MapKey]) {
        for file in files {
            self.files.get_mut(file).and_then(Vec::pop);
        }
    }
}

impl Logged<'_> {
    async fn fold<S: Fold>(self, key: &MapKey) -> Result<S, AdmitError> {
        fold(self.catalog, self.entries, self.size, key).await
    }
}

/// A state that is folded from entries.
pub(crate) trait Fold: Default {
    /// Moves on by one entry.
    fn apply(&mut self, entry: &Entry);
}

impl Fold for FileState {
    fn apply(&mut self, entry: &Entry) {
        FileState::apply(self, entry);
    }
}

impl Fold for ProjectState {
    fn apply(&mut self, entry: &Entry) {
        ProjectState::apply(self, entry);
    }
}

/// Folds all entries with `key` among the first `size` of the log.
pub(crate) async fn fold<S: Fold>(
    catalog: &Catalog,
    entries: &EntryReader,
    size: TreeSize,
    key: &MapKey,
) -> Result<S, AdmitError> {
    let mut state = S::default();
    for positions in catalog.pages(*key, size, None) {
        for bytes in entries.entries(&positions?, size).await? {
            apply_bytes(&mut state, &bytes);
        }
    }
    Ok(state)
}

/// Moves a state on by an entry of the log.
fn apply_bytes(state: &mut impl Fold, entry: &[u8]) {
    if let Ok(Parsed::Known(entry)) = Entry::parse(entry) {
        state.apply(&entry);
    }
}
