//! Admission: which entries do facts add to what the log already says? (design: sequencer, "admit")
//!
//! Current state is read through the catalog: the positions of a file's or project's entries, then
//! the entries themselves, folded by `record`. What earlier submissions of the same batch add, and what the
//! batch adds that is under way, may not be in the catalog yet and is kept here.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use catalog::{Catalog, CatalogError, KnownKeys};
use record::{
    Entry, EntryError, Fact, FileState, MapKey, Parsed, ProjectName, ProjectState, Timestamp,
};
use thiserror::Error;
use tlog::TreeSize;

use super::batch::NewEntry;
use crate::entries::{EntryReader, ReadError};

/// What the log says, as far as a batch has to know it.
pub(super) struct Admission<'a> {
    log: Logged<'a>,
    observed: Timestamp,
    known: KnownKeys<'a>,
    /// Of what was admitted after the first entries of the log, before this batch.
    before: &'a States,
    /// Of what was admitted into this batch.
    states: &'a mut States,
}

/// The first entries of the log, which the catalog covers.
#[derive(Clone, Copy)]
pub(super) struct Logged<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) entries: &'a EntryReader,
    pub(super) size: TreeSize,
}

/// States by name, loaded once and moved on by what is admitted.
#[derive(Clone, Default)]
pub(super) struct States {
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
    /// Admits against `log` and what else was admitted since, at the time `observed`. The states of what is
    /// admitted now are left in `states`.
    ///
    /// # Errors
    /// [`AdmitError::Catalog`] if the catalog can not be read.
    pub(super) fn new(
        log: Logged<'a>,
        before: &'a States,
        states: &'a mut States,
        observed: Timestamp,
    ) -> Result<Admission<'a>, AdmitError> {
        let known = log.catalog.known_keys(log.size)?;
        Ok(Admission { log, observed, known, before, states })
    }

    /// The entries that `facts` add; all of them or, with an error, none.
    pub(super) async fn admit(&mut self, facts: &[Fact]) -> Result<Vec<NewEntry>, AdmitError> {
        let mut changed = States::default();
        let mut added = Vec::new();
        for (number, fact) in facts.iter().enumerate() {
            let News { entries, is_known } = self.news(fact, &mut changed).await?;
            for entry in entries {
                let new = NewEntry::of(&entry, is_known);
                added.push(new.map_err(|source| AdmitError::Fact { number, source })?);
            }
        }
        self.states.files.extend(changed.files);
        self.states.projects.extend(changed.projects);
        Ok(added)
    }

    /// The entries that one fact adds, with the state in `changed` moved on by them.
    async fn news(&mut self, fact: &Fact, changed: &mut States) -> Result<News, AdmitError> {
        let observed = self.observed;
        if let Some(filename) = fact.filename() {
            let key = MapKey::file(filename);
            let admitted = self.states.files.get(filename).or(self.before.files.get(filename));
            let slot = changed.files.entry(filename.to_owned());
            let (state, is_known) =
                current(slot, admitted, &mut self.known, self.log, &key).await?;
            let entries = state.admit(fact, observed, None);
            state.apply_all(&entries);
            return Ok(News { entries, is_known });
        }
        let Fact::Status(status) = fact else { return Ok(News::default()) };
        let name = &status.project;
        let key = MapKey::project(name);
        let admitted = self.states.projects.get(name).or(self.before.projects.get(name));
        let slot = changed.projects.entry(name.clone());
        let (state, is_known) = current(slot, admitted, &mut self.known, self.log, &key).await?;
        let entries: Vec<Entry> = state.admit_status(status, observed, None).into_iter().collect();
        state.apply_all(&entries);
        Ok(News { entries, is_known })
    }
}

/// What a fact adds.
#[derive(Default)]
struct News {
    entries: Vec<Entry>,
    /// Whether something was known of its subject before.
    is_known: bool,
}

/// A state, and whether anything was known of it: as this submission changed it, else as it was `admitted`,
/// else as the log has it under its key.
async fn current<'s, N, S: Fold>(
    changed: Slot<'s, N, S>,
    admitted: Option<&S>,
    known: &mut KnownKeys<'_>,
    log: Logged<'_>,
    key: &MapKey,
) -> Result<(&'s mut S, bool), AdmitError> {
    let slot = match changed {
        Slot::Occupied(slot) => return Ok((slot.into_mut(), true)),
        Slot::Vacant(slot) => slot,
    };
    Ok(match admitted {
        Some(state) => (slot.insert(state.clone()), true),
        None if known.has(key)? => {
            (slot.insert(fold(log.catalog, log.entries, log.size, key).await?), true)
        }
        None => (slot.insert(S::default()), false),
    })
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
