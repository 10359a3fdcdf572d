//! Very many facts at once, with the same result as one submission after the other.
//!
//! What changes is only when the steps of a batch happen. Admission, integration and commits go on for
//! as long as facts come, each commit followed by the second opinion on what it wrote. The catalog takes
//! the new entries in sorted, after the last commit; then the head is signed, once, over all of them.
//!
//! Until then the catalog does not know what was added, so [`Added`] does. Interrupted at any moment, the
//! store holds the entries of some commits: the next opening of the log catalogues, confirms and signs
//! them as after every crash, and the same facts submitted again add the rest.

mod added;
#[cfg(test)]
mod tests;

use std::collections::hash_map::Entry as Slot;
use std::sync::Arc;

use bytes::Bytes;
use catalog::{Bulk, Catalog};
use record::{
    Entry, EntryError, Fact, FileEntry, FileState, ListedFile, MapKey, Parsed, StatusFact,
    Timestamp,
};
use store::StoreError;
use thiserror::Error;
use tlog::{HashedEntry, LeafIndex, TreeHead, TreeSize};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::added::{Added, NameHash, NameHasher};
use super::admission::{AdmitError, fold};
use super::batch::{EntryBuffer, batch_of, hashed, read_back};
use super::open::OpenError;
use super::writer::{StepError, Writer};
use super::{OPENING, Reading, Sequencer};
use super::{Parts, second_opinion};
use crate::derived::{DerivedError, blocking};

/// Entries of one commit: whole tiles of level 1, so that only the last commit leaves a partial tile below.
const COMMIT_ENTRIES: usize = 1 << 17;
/// Bytes of entries from which on a commit is due all the same.
const COMMIT_BYTES: usize = 96 << 20;

/// Writes very many facts to a log that nobody else has open.
pub struct BulkWriter {
    writer: Writer,
    bulk: Bulk,
    added: Added,
    pending: Vec<HashedEntry<Bytes>>,
    pending_bytes: usize,
    /// Entries from which on a commit is due.
    commit_entries: usize,
    commit: Option<Commit>,
    /// The second opinion on the commit before.
    confirming: Option<JoinHandle<Result<(), StepError>>>,
    /// Entries that the catalog covers, and the log held before.
    before: TreeSize,
    /// Positions of added entries whose file was spoken of before.
    recurring: Vec<u64>,
}

/// Which data set facts come from, and when they were read.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Name of the data set.
    pub via: Arc<str>,
    /// The log's clock.
    pub observed: Timestamp,
}

/// Makes candidates of facts that have one origin.
pub struct Candidates {
    origin: Origin,
    names: KnownNames,
    buffer: EntryBuffer,
}

/// A fact, with what can be computed of it beforehand and on any processor.
pub struct Candidate(Kind);

enum Kind {
    /// A listed file of which the log knew nothing before: its entry if it is the first of its name.
    NewFile { entry: HashedEntry<Bytes>, keys: Vec<MapKey>, name: NameHash },
    /// Whatever else. They are few.
    Fact(Box<(Fact, Origin)>),
}

/// Writing failed. The log holds what was committed, and can be opened again.
#[derive(Debug, Error)]
pub enum BulkError {
    /// The log can not be read.
    #[error("what the log holds can not be read")]
    Admission(#[source] AdmitError),
    /// There is too little room, or an earlier step failed.
    #[error("{0}")]
    ReadOnly(String),
    /// A step failed.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// A commit that is under way.
struct Commit {
    prev: TreeHead,
    next: TreeHead,
    entries: Vec<HashedEntry<Bytes>>,
    stored: JoinHandle<Result<(), StoreError>>,
}

impl Candidates {
    /// Of facts of an origin; `names` are those of the log that they are for.
    pub fn new(origin: Origin, names: KnownNames) -> Candidates {
        Candidates { origin, names, buffer: EntryBuffer::default() }
    }

    /// Makes room for about so many files that are listed.
    pub fn expect(&mut self, count: usize) {
        self.buffer = EntryBuffer::for_entries(count);
    }

    /// A listed file.
    ///
    /// # Errors
    /// [`EntryError`] if no entry can hold it.
    pub fn listed(&mut self, file: ListedFile) -> Result<Candidate, EntryError> {
        if self.names.has(&file.filename) {
            return Ok(self.fact(Fact::Listed(file)));
        }
        let name = self.names.hasher.hash(&file.filename);
        let Origin { via, observed } = &self.origin;
        let entry = Entry::File(FileEntry::first_sight(file, *observed, Some(via)));
        let (keys, entry) = (entry.map_keys(), self.buffer.hashed(&entry)?);
        Ok(Candidate(Kind::NewFile { entry, keys, name }))
    }

    /// Any fact.
    pub fn fact(&self, fact: Fact) -> Candidate {
        Candidate(Kind::Fact(Box::new((fact, self.origin.clone()))))
    }
}

/// The names that the log knew before a [`BulkWriter`] began.
#[derive(Clone)]
pub struct KnownNames {
    catalog: Arc<Catalog>,
    size: TreeSize,
    hasher: NameHasher,
}

impl KnownNames {
    /// Whether something is logged about a file. If that can not be read it is said to be so: who then looks
    /// closer meets the error.
    fn has(&self, filename: &str) -> bool {
        let positions = || {
            let key = MapKey::file(filename);
            self.catalog.positions(&key, self.size, None, 1)
        };
        self.size != TreeSize::ZERO && positions().map_or(true, |found| !found.is_empty())
    }
}

impl BulkWriter {
    /// Opens the log, finishing what a crash left unfinished.
    ///
    /// # Errors
    /// [`OpenError`] as for serving it.
    pub async fn open(parts: Parts) -> Result<BulkWriter, OpenError> {
        let (_, dormant) = Sequencer::dormant(Reading::of(&parts), OPENING.to_owned());
        let (writer, _) = dormant.open(parts, CancellationToken::new()).await?;
        let bulk = writer.parts.catalog.bulk().map_err(DerivedError::from)?;
        let before = writer.edge.size();
        Ok(BulkWriter {
            writer,
            bulk,
            added: Added::default(),
            pending: Vec::new(),
            pending_bytes: 0,
            commit_entries: COMMIT_ENTRIES,
            commit: None,
            confirming: None,
            before,
            recurring: Vec::new(),
        })
    }

    /// What [`Candidates::listed`] asks.
    pub fn known_names(&self) -> KnownNames {
        let catalog = Arc::clone(&self.writer.parts.catalog);
        KnownNames { catalog, size: self.before, hasher: self.added.hasher.clone() }
    }

    /// Logs a fact if it is news; whether it was.
    ///
    /// # Errors
    /// [`BulkError`]; [`AdmitError::Fact`] in it is the fact's fault, and nothing was added.
    pub async fn admit(&mut self, candidate: Candidate) -> Result<bool, BulkError> {
        let is_news = match candidate.0 {
            Kind::NewFile { entry, keys, name } => match self.added.newest(name) {
                Slot::Vacant(slot) => {
                    slot.insert(self.bulk.next().get());
                    self.push(entry, &keys)?;
                    true
                }
                Slot::Occupied(_) => {
                    let file = read_back(&entry).map_err(refused)?;
                    let via = file.via.as_deref().unwrap_or_default().into();
                    let origin = Origin { via, observed: file.observed };
                    self.admit_fact(&Fact::Listed(file.into()), &origin).await?
                }
            },
            Kind::Fact(fact) => self.admit_fact(&fact.0, &fact.1).await?,
        };
        if self.pending.len() >= self.commit_entries || self.pending_bytes >= COMMIT_BYTES {
            self.begin_commit().await?;
        }
        Ok(is_news)
    }

    /// The general case: the state is folded from the log, as it is for every submission.
    async fn admit_fact(&mut self, fact: &Fact, origin: &Origin) -> Result<bool, BulkError> {
        let via = Some(&*origin.via);
        let news = match (fact, fact.filename()) {
            (_, Some(name)) => self.file_state(name).await?.admit(fact, origin.observed, via),
            (Fact::Status(status), None) => {
                self.status_news(status, origin).await?.into_iter().collect()
            }
            _ => Vec::new(),
        };
        let is_news = !news.is_empty();
        for entry in news {
            let hashed = hashed(&entry).map_err(refused)?;
            if let Some(filename) = entry.filename() {
                let position = self.bulk.next().get();
                self.added.add(filename, position);
                self.recurring.push(position);
            }
            self.push(hashed, &entry.map_keys())?;
        }
        Ok(is_news)
    }

    fn push(&mut self, entry: HashedEntry<Bytes>, keys: &[MapKey]) -> Result<(), BulkError> {
        self.bulk.push_keys(keys).map_err(StepError::from)?;
        self.pending_bytes += entry.as_bytes().len();
        self.pending.push(entry);
        Ok(())
    }

    /// What the log holds about a file, what was added included.
    async fn file_state(&self, filename: &str) -> Result<FileState, BulkError> {
        let key = MapKey::file(filename);
        let (catalog, entries) = (&self.writer.parts.catalog, &self.writer.entries);
        let mut state: FileState =
            fold(catalog, entries, self.before, &key).await.map_err(BulkError::Admission)?;
        for position in self.added.positions(filename) {
            let bytes = self.added_entry(position).await?;
            // Another name may have the same hash.
            if let Ok(Parsed::Known(entry)) = Entry::parse(&bytes)
                && entry.filename() == Some(filename)
            {
                state.apply(&entry);
            }
        }
        Ok(state)
    }

    /// The entry that a status of a project or a release adds.
    async fn status_news(
        &mut self,
        status: &StatusFact,
        origin: &Origin,
    ) -> Result<Option<Entry>, BulkError> {
        let mut state = if let Some(changed) = self.added.projects.get(&status.project) {
            changed.clone()
        } else {
            let key = MapKey::project(&status.project);
            let (catalog, entries) = (&self.writer.parts.catalog, &self.writer.entries);
            fold(catalog, entries, self.before, &key).await.map_err(BulkError::Admission)?
        };
        let news = state.admit_status(status, origin.observed, Some(&origin.via));
        if let Some(entry) = &news {
            state.apply(entry);
            self.added.projects.insert(status.project.clone(), state);
        }
        Ok(news)
    }

    /// An entry that was added, wherever it is now.
    async fn added_entry(&self, position: u64) -> Result<Bytes, BulkError> {
        let size = self.writer.edge.size().get();
        let place = |first: u64| usize::try_from(position - first).expect("it is in memory");
        if position >= size {
            return Ok(self.pending[place(size)].entry().clone());
        }
        if let Some(commit) = &self.commit
            && position >= commit.prev.size.get()
        {
            return Ok(commit.entries[place(commit.prev.size.get())].entry().clone());
        }
        let position = LeafIndex::new(position).expect("a position of the log");
        let read = self.writer.entries.entries(&[position], self.writer.edge.size()).await;
        Ok(read.map_err(|error| BulkError::Admission(error.into()))?.remove(0))
    }

    /// Integrates what is pending and commits it, while more is admitted and the commit before is confirmed.
    async fn begin_commit(&mut self) -> Result<(), BulkError> {
        self.end_commit().await?;
        self.writer.check_writable().map_err(BulkError::ReadOnly)?;
        self.pending_bytes = 0;
        let entries = std::mem::take(&mut self.pending);
        let integrated = self.writer.edge.append_hashed(&entries).map_err(StepError::from)?;
        let (prev, next) = (self.writer.edge.head(), integrated.edge.head());
        let batch = batch_of(integrated.objects);
        let store = Arc::clone(&self.writer.parts.store);
        let stored = tokio::spawn(async move { store.commit(&prev, batch, &next).await });
        self.writer.edge = integrated.edge;
        self.commit = Some(Commit { prev, next, entries, stored });
        Ok(())
    }

    /// Waits until the commit that is under way, if there is one, is durable, and begins to confirm it.
    async fn end_commit(&mut self) -> Result<(), BulkError> {
        if let Some(Commit { prev, next, stored, .. }) = self.commit.take() {
            stored.await.expect("a commit does not panic").map_err(StepError::from)?;
            self.end_confirming().await?;
            let store = Arc::clone(&self.writer.parts.store);
            let confirm = async move { second_opinion::confirm(&*store, prev.size, next).await };
            self.confirming = Some(tokio::spawn(async move { Ok(confirm.await?) }));
        }
        Ok(())
    }

    /// Waits until the commit that is being confirmed, if there is one, is.
    async fn end_confirming(&mut self) -> Result<(), StepError> {
        match self.confirming.take() {
            Some(confirming) => confirming.await.expect("confirming does not panic"),
            None => Ok(()),
        }
    }

    /// Commits the rest, catalogues all that was added, and publishes a signed head with an epoch over the
    /// whole log. Nothing is written if nothing was added and there is such an epoch.
    ///
    /// # Errors
    /// [`BulkError`]; what is committed then is published when the log is opened again.
    pub async fn finish(mut self) -> Result<TreeSize, BulkError> {
        self.finish_commits().await?;
        let BulkWriter { mut writer, bulk, added, before, recurring, .. } = self;
        drop(added);
        let head = writer.edge.head();
        if head.size != before {
            writer.parts.recurring.note(before.get()..head.size.get(), recurring);
            let catalog = Arc::clone(&writer.parts.catalog);
            blocking(move || catalog.apply_bulk(bulk)).await.map_err(StepError::from)?;
            writer.committer.lock().await.finish(head).await?;
        }
        // Due without additions, too: an earlier import may have been killed when only this was missing.
        if !writer.epochs.covers(head.size.get()) {
            writer.check_writable().map_err(BulkError::ReadOnly)?;
            let now = (writer.parts.clock)();
            writer.sum_up(None, now).await?;
        }
        Ok(writer.edge.size())
    }

    /// Commits what is pending, and waits until all is stored and confirmed.
    async fn finish_commits(&mut self) -> Result<(), BulkError> {
        if !self.pending.is_empty() {
            self.begin_commit().await?;
        }
        self.end_commit().await?;
        self.end_confirming().await?;
        self.writer.committer.lock().await.confirmed = self.writer.edge.size();
        Ok(())
    }
}

/// The one fact that was to be admitted can not be an entry.
const fn refused(source: EntryError) -> BulkError {
    BulkError::Admission(AdmitError::Fact { number: 0, source })
}
