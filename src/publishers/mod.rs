//! What publishers have said: the keys and expectations of the projects that are spoken of.
//!
//! The states are folded from the log when they are first asked for, kept within bounds, and moved on by
//! what was logged since. The writer alone decides by them; whoever asks before only saves it work.

mod limits;
mod pending;

use std::convert::Infallible;
use std::sync::Arc;

use catalog::{Catalog, CatalogError};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use record::{Entry, MapKey, Parsed, ProjectName, PublisherState, StatementRefusal};
use thiserror::Error;
use tlog::{LeafIndex, TreeSize};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use tracing::warn;

use crate::entries::{EntryReader, ReadError};
pub use limits::{Enrolment, RateLimit, TooFast};
pub use pending::{Pending, PendingError};

/// Files in all states that are kept, about 250 bytes each.
const KEPT_FILES: u64 = 400_000;
/// What a state without files counts for.
const EMPTY_WEIGHT: u64 = 4;
/// How many states the cache makes room for at first.
const USUAL_PROJECTS: usize = 10_000;
/// States that are folded from the log at the same time.
const FOLDS: usize = 4;

/// The states of projects, shared by those who ask and the one who decides.
#[derive(Clone)]
pub struct Publishers {
    origin: Arc<str>,
    catalog: Arc<Catalog>,
    entries: EntryReader,
    states: Arc<Cache<ProjectName, Kept, Weight>>,
    folds: Arc<Semaphore>,
}

/// One project's state, moved on by one at a time.
type Shared = Arc<Mutex<Publisher>>;

/// What a project's publisher has said, and how far that was read.
pub struct Publisher {
    /// The fold of the project's entries.
    pub state: PublisherState,
    /// Entries of the log below this are in it.
    pub size: TreeSize,
}

/// A state can not be read from the log.
#[derive(Debug, Error)]
pub enum PublisherError {
    /// The log's own catalog failed.
    #[error("the catalog can not be read")]
    Catalog(#[from] CatalogError),
    /// The log's own store failed.
    #[error("an entry of the log can not be read")]
    Read(#[from] ReadError),
}

/// A state as it is kept, weighed when it was put there: the cache needs weights that stay.
#[derive(Clone)]
struct Kept {
    shared: Shared,
    weight: u64,
}

#[derive(Clone)]
struct Weight;

impl Weighter<ProjectName, Kept> for Weight {
    fn weight(&self, _: &ProjectName, kept: &Kept) -> u64 {
        kept.weight
    }
}

impl Publishers {
    /// Reads from the log with this origin.
    pub fn new(origin: &str, catalog: Arc<Catalog>, entries: EntryReader) -> Publishers {
        let states = Cache::with_weighter(USUAL_PROJECTS, KEPT_FILES, Weight);
        let folds = Arc::new(Semaphore::new(FOLDS));
        Publishers { origin: origin.into(), catalog, entries, states: Arc::new(states), folds }
    }

    /// Origin of the log that statements are bound to.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The state of a project with everything that the log has of it below `size`, for one at a time.
    ///
    /// # Errors
    /// [`PublisherError`] if the log can not be read; the state is kept, and right as far as it goes.
    pub async fn at(
        &self,
        project: &ProjectName,
        size: TreeSize,
    ) -> Result<OwnedMutexGuard<Publisher>, PublisherError> {
        let mut publisher = self.shared(project).lock_owned().await;
        if publisher.size < size {
            let caught_up = self.catch_up(&mut publisher, size).await;
            self.settle(&publisher);
            caught_up?;
        }
        Ok(publisher)
    }

    /// Weighs a state again after it has grown, so that those that are kept stay within their bounds.
    pub fn settle(&self, publisher: &Publisher) {
        let project = publisher.state.project();
        if let Some(kept) = self.states.peek(project) {
            let weight = EMPTY_WEIGHT + publisher.state.files().len() as u64;
            self.states.insert(project.clone(), Kept { weight, ..kept });
        }
    }

    fn shared(&self, project: &ProjectName) -> Shared {
        let fresh = || {
            let state = PublisherState::new(&self.origin, project.clone());
            let publisher = Publisher { state, size: TreeSize::ZERO };
            Kept { shared: Arc::new(Mutex::new(publisher)), weight: EMPTY_WEIGHT }
        };
        let found = self.states.get_or_insert_with(project, || Ok::<_, Infallible>(fresh()));
        found.unwrap_or_else(|never| match never {}).shared
    }

    /// Has the state take in the project's entries up to `size`.
    async fn catch_up(
        &self,
        publisher: &mut Publisher,
        size: TreeSize,
    ) -> Result<(), PublisherError> {
        let key = MapKey::project(publisher.state.project());
        let _fold = match publisher.size {
            TreeSize::ZERO => self.folds.acquire().await.ok(),
            _ => None,
        };
        let after = publisher.size.get().checked_sub(1);
        let after = after.and_then(|last| LeafIndex::new(last).ok());
        for positions in self.catalog.pages(key, size, after) {
            let positions = positions?;
            let bytes = self.entries.entries(&positions, size).await?;
            for (position, bytes) in positions.iter().zip(bytes) {
                if let Ok(Parsed::Known(entry)) = Entry::parse(&bytes) {
                    publisher.take_in(*position, &entry);
                }
            }
        }
        publisher.size = size;
        Ok(())
    }

    /// What all states that are kept weigh together.
    #[cfg(test)]
    pub(crate) fn weight(&self) -> u64 {
        self.states.weight()
    }
}

impl Publisher {
    /// Takes in the project's next entry, which this log has logged and so found right.
    pub fn take_in(&mut self, position: LeafIndex, entry: &Entry) {
        let taken = match entry {
            Entry::Expected(expected) if *self.state.project() == expected.project => {
                self.state.apply_verified(position, expected).map_err(StatementRefusal::from)
            }
            other => self.state.apply(position, other),
        };
        if let Err(why) = taken {
            warn!(%position, %why, "an entry of this log does not count");
        }
        self.size = TreeSize::new(position.get() + 1).unwrap_or(self.size);
    }
}
