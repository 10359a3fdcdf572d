//! Which entries are conflicts: found once, in the order of the log, and remembered.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalog::{Catalog, CatalogError, KnownKeys};
use record::{Entry, FileEntry, MapKey, Parsed, Reconciled};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tlog::{FULL_WIDTH, LeafIndex, TreeSize};
use tokio::sync::watch;
use tracing::warn;

use crate::durable;
use crate::entries::{EntryReader, ReadError};
use crate::published::Published;
use crate::publishers::{PublisherError, Publishers};
use crate::reading::positions;
use crate::sequencer::Recurring;

/// Conflicts that are remembered: the newest.
const KEPT: usize = 200;
/// Entries read between two times at which the place is written down, if nothing is found.
const SAVE_EVERY: u64 = 100_000;
/// Entries of one file that are looked at: more tell nothing new.
const PER_FILE: usize = 256;

/// The newest conflicts, and how far the log was searched for them. Derived; the file may be deleted,
/// which costs one reading of the log.
pub struct Conflicts {
    path: PathBuf,
    catalog: Arc<Catalog>,
    entries: EntryReader,
    publishers: Publishers,
    recurring: Arc<Recurring>,
    found: Mutex<Found>,
    /// What the file holds.
    saved: Mutex<Found>,
}

/// What the file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    /// Entries that were searched.
    size: u64,
    /// Positions of conflicts, ascending.
    positions: Vec<u64>,
}

/// The log could not be searched.
#[derive(Debug, Error)]
pub enum ConflictError {
    /// The log's own catalog failed.
    #[error("the catalog can not be read")]
    Catalog(#[from] CatalogError),
    /// The file could not be written.
    #[error("{path} can not be written")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// What publishers said could not be read.
    #[error(transparent)]
    Publisher(#[from] PublisherError),
    /// The log's own store failed.
    #[error("an entry of the log can not be read")]
    Read(#[from] ReadError),
}

impl Conflicts {
    /// Goes on where the file `path` ends; it begins anew if there is none, or it can not be read.
    pub fn open(
        path: PathBuf,
        catalog: Arc<Catalog>,
        entries: EntryReader,
        publishers: Publishers,
        recurring: Arc<Recurring>,
    ) -> Conflicts {
        let found = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                warn!(path = %path.display(), %error, "the conflicts are searched for again");
                Found::default()
            }),
            Err(_) => Found::default(),
        };
        let saved = Mutex::new(found.clone());
        Conflicts { path, catalog, entries, publishers, recurring, found: Mutex::new(found), saved }
    }

    /// The newest conflicts, newest first.
    pub fn newest(&self, limit: usize) -> Vec<LeafIndex> {
        let found = self.lock();
        found.positions.iter().rev().take(limit).filter_map(|p| LeafIndex::new(*p).ok()).collect()
    }

    /// Searches what is published, and what will be, until the log is closed.
    pub async fn follow(self: Arc<Self>, mut published: watch::Receiver<Arc<Published>>) {
        loop {
            let size = published.borrow_and_update().head.size;
            if let Err(error) = self.search(size).await {
                warn!(%error, "conflicts can not be searched for; tried again with the next entries");
            }
            if published.changed().await.is_err() {
                return;
            }
        }
    }

    /// Searches the entries below `size` that were not searched before, if admission noted all of them: what
    /// takes longer is left to who [follows](Conflicts::follow) the log.
    ///
    /// # Errors
    /// [`ConflictError`] if the log can not be read, or the result not written.
    pub async fn search_noted(&self, size: TreeSize) -> Result<(), ConflictError> {
        let searched = self.lock().size;
        match self.recurring.within(&(searched..size.get())) {
            Some(_) => self.search(size).await,
            None => Ok(()),
        }
    }

    /// Searches the entries below `size` that were not searched before: those of which admission knows that
    /// they recur or, where nobody noted that, all.
    async fn search(&self, size: TreeSize) -> Result<(), ConflictError> {
        let mut found = self.lock().clone();
        if found.size > size.get() {
            // Of another log, or of one that was restored.
            found = Found::default();
        }
        while found.size < size.get() {
            let rest = found.size..size.get();
            let (places, end) = match self.recurring.within(&rest) {
                Some(recurring) => (recurring, size.get()),
                None => rest_of_bundle(rest),
            };
            for places in places.chunks(FULL_WIDTH.into()) {
                self.search_at(places, &mut found, size).await?;
            }
            found.size = end;
            self.recurring.forget_before(end);
            self.remember(&found)?;
            // After an import this goes on for long, and a log that is closed ends it.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Searches the entries at some places.
    async fn search_at(
        &self,
        places: &[u64],
        found: &mut Found,
        size: TreeSize,
    ) -> Result<(), ConflictError> {
        let positions = positions(places.iter().copied());
        let entries = self.entries.entries(&positions, size).await?;
        let mut known = self.catalog.known_keys(size)?;
        for (position, bytes) in positions.iter().zip(entries) {
            let Ok(Parsed::Known(entry)) = Entry::parse(&bytes) else { continue };
            if self.is_conflict(&mut known, *position, &entry, size).await? {
                found.positions.push(position.get());
                let surplus = found.positions.len().saturating_sub(KEPT);
                found.positions.drain(..surplus);
            }
        }
        Ok(())
    }

    async fn is_conflict(
        &self,
        known: &mut KnownKeys<'_>,
        position: LeafIndex,
        entry: &Entry,
        size: TreeSize,
    ) -> Result<bool, ConflictError> {
        match entry {
            Entry::Content(_) => Ok(true),
            Entry::Expected(_) | Entry::File(_) => {
                let filename = entry.filename().unwrap_or_default();
                let before = self.earlier(known, position, filename).await?;
                let changed = match entry {
                    Entry::File(file) => is_changed(file, &before),
                    _ => false,
                };
                let spoken_of =
                    before.iter().any(|other| other.kind() != entry.kind() && is_word(other));
                Ok(changed || (spoken_of && self.differs(entry, size).await?))
            }
            _ => Ok(false),
        }
    }

    /// The entries of a file before a position.
    async fn earlier(
        &self,
        known: &mut KnownKeys<'_>,
        position: LeafIndex,
        filename: &str,
    ) -> Result<Vec<Entry>, ConflictError> {
        let key = MapKey::file(filename);
        // Nearly every entry is the first about its file.
        if known.first(&key)? == Some(position) {
            return Ok(Vec::new());
        }
        let below = TreeSize::new(position.get()).unwrap_or(TreeSize::ZERO);
        let before = self.catalog.positions(&key, below, None, PER_FILE)?;
        let entries = self.entries.entries(&before, below).await?;
        let known = entries.iter().filter_map(|bytes| match Entry::parse(bytes) {
            Ok(Parsed::Known(entry)) => Some(entry),
            _ => None,
        });
        Ok(known.collect())
    }

    /// Whether the file that the entry is about differs from what its publisher expects.
    async fn differs(&self, entry: &Entry, size: TreeSize) -> Result<bool, ConflictError> {
        let (Some(project), Some(filename)) = (entry.project(), entry.filename()) else {
            return Ok(false);
        };
        let reconciled = self.publishers.at(project, size).await?.state.reconcile(filename);
        Ok(matches!(reconciled, Some(Reconciled::Differs { .. })))
    }

    /// Shows what was found. It is written down when there is something new, and else now and then: a log
    /// that grows all the time would wait for this file as often as for its own.
    fn remember(&self, found: &Found) -> Result<(), ConflictError> {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = found.size.abs_diff(saved.size) >= SAVE_EVERY;
        if is_due || found.positions != saved.positions {
            let text = serde_json::to_vec(found).expect("numbers always serialise");
            durable::replace(&self.path, &text)
                .map_err(|source| ConflictError::Io { path: self.path.clone(), source })?;
            saved.clone_from(found);
        }
        self.lock().clone_from(found);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The places of `rest` that are in its first bundle, and where they end.
fn rest_of_bundle(rest: Range<u64>) -> (Vec<u64>, u64) {
    let width = u64::from(FULL_WIDTH);
    let end = ((rest.start / width + 1) * width).min(rest.end);
    ((rest.start..end).collect(), end)
}

/// Whether the file was listed with another hash before.
fn is_changed(file: &FileEntry, before: &[Entry]) -> bool {
    before.iter().any(|other| matches!(other, Entry::File(known) if known.sha256 != file.sha256))
}

/// Whether the entry names a hash that the file has, or is to have.
fn is_word(entry: &Entry) -> bool {
    matches!(entry, Entry::Expected(_) | Entry::File(_))
}
