//! Admission: which entries do facts add to what the log already says? (design: sequencer, "admit")
//!
//! Current state is read through the catalog: the positions of a file's or project's entries, then
//! the entries themselves, folded by `record`. What an earlier submission of the same batch adds is
//! not in the catalog yet and is kept here.

use std::collections::HashMap;
use std::hash::Hash;

use bytes::Bytes;
use catalog::{Catalog, CatalogError, KnownKeys};
use record::{
    Entry, EntryError, Fact, FileState, MapKey, Parsed, ProjectName, ProjectState, Timestamp,
};
use thiserror::Error;
use tlog::TreeSize;

use crate::entries::{EntryReader, ReadError};

/// What the log says, as far as a batch has to know it.
pub(crate) struct Admission<'a> {
    catalog: &'a Catalog,
    entries: &'a EntryReader,
    /// Entries that the catalog covers.
    size: TreeSize,
    observed: Timestamp,
    known: KnownKeys<'a>,
    states: States,
}

/// States by name, loaded once and moved on by what is admitted.
#[derive(Clone, Default)]
struct States {
    files: HashMap<String, FileState>,
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
    /// Admits against the first `size` entries of the log, at the time `observed`.
    ///
    /// # Errors
    /// [`AdmitError::Catalog`] if the catalog can not be read.
    pub(crate) fn new(
        catalog: &'a Catalog,
        entries: &'a EntryReader,
        size: TreeSize,
        observed: Timestamp,
    ) -> Result<Admission<'a>, AdmitError> {
        let known = catalog.known_keys(size)?;
        Ok(Admission { catalog, entries, size, observed, known, states: States::default() })
    }

    /// The entries, as bytes, that `facts` add; all of them or, with an error, none.
    pub(crate) async fn admit(&mut self, facts: &[Fact]) -> Result<Vec<Bytes>, AdmitError> {
        let mut changed = States::default();
        let mut added = Vec::new();
        for (number, fact) in facts.iter().enumerate() {
            for entry in self.news(fact, &mut changed).await? {
                let bytes =
                    entry.to_bytes().map_err(|source| AdmitError::Fact { number, source })?;
                added.push(Bytes::from(bytes));
            }
        }
        self.states.files.extend(changed.files);
        self.states.projects.extend(changed.projects);
        Ok(added)
    }

    /// The entries that one fact adds, with the state in `changed` moved on by them.
    async fn news(&mut self, fact: &Fact, changed: &mut States) -> Result<Vec<Entry>, AdmitError> {
        let observed = self.observed;
        if let Some(filename) = fact.filename() {
            let key = MapKey::file(filename);
            let known = self.states.files.get(filename).cloned();
            let state = self.state(&mut changed.files, filename.to_owned(), known, &key).await?;
            let news = state.admit(fact, observed, None);
            state.apply_all(&news);
            return Ok(news);
        }
        let Fact::Status(status) = fact else { return Ok(Vec::new()) };
        let key = MapKey::project(&status.project);
        let known = self.states.projects.get(&status.project).cloned();
        let state = self.state(&mut changed.projects, status.project.clone(), known, &key).await?;
        let news = state.admit_status(status, observed, None);
        let news: Vec<Entry> = news.into_iter().collect();
        state.apply_all(&news);
        Ok(news)
    }

    /// The state under `name`: as this submission changed it, else as `known`, else from the log.
    async fn state<'s, N: Eq + Hash, S: Fold>(
        &mut self,
        changed: &'s mut HashMap<N, S>,
        name: N,
        known: Option<S>,
        key: &MapKey,
    ) -> Result<&'s mut S, AdmitError> {
        use std::collections::hash_map::Entry::{Occupied, Vacant};
        Ok(match changed.entry(name) {
            Occupied(slot) => slot.into_mut(),
            Vacant(slot) => slot.insert(match known {
                Some(state) => state,
                None if self.known.has(key)? => {
                    fold(self.catalog, self.entries, self.size, key).await?
                }
                None => S::default(),
            }),
        })
    }
}

/// A state that is folded from entries.
pub(crate) trait Fold: Clone + Default {
    /// Moves on by one entry.
    fn apply(&mut self, entry: &Entry);

    /// Moves on by entries in their order.
    fn apply_all(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.apply(entry);
        }
    }
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
            if let Ok(Parsed::Known(entry)) = Entry::parse(&bytes) {
                state.apply(&entry);
            }
        }
    }
    Ok(state)
}
