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
use tokio::sync::{Mutex, Semaphore};
use tracing::warn;

use crate::entries::{EntryReader, ReadError};
pub use limits::{Enrolment, RateLimit, TooFast};
pub use pending::{Pending, PendingError};

/// Files in all states that are kept, about 250 bytes each.
const KEPT_FILES: u64 = 400_000;
/// Projects that are kept at most, whatever they have.
const KEPT_PROJECTS: usize = 10_000;
/// States that are folded from the log at the same time.
const FOLDS: usize = 4;
/// Positions read from the catalog at a time.
const PAGE: usize = 4096;

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
pub type Shared = Arc<Mutex<Publisher>>;

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
        let states = Cache::with_weighter(KEPT_PROJECTS, KEPT_FILES, Weight);
        let folds = Arc::new(Semaphore::new(FOLDS));
        Publishers { origin: origin.into(), catalog, entries, states: Arc::new(states), folds }
    }

    /// Origin of the log that statements are bound to.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The state of a project, perhaps of an older log: see [`Publishers::catch_up`].
    pub fn of(&self, project: &ProjectName) -> Shared {
        let fresh = || {
            let state = PublisherState::new(&self.origin, project.clone());
            let publisher = Publisher { state, size: TreeSize::ZERO };
            Kept { shared: Arc::new(Mutex::new(publisher)), weight: 1 }
        };
        let found = self.states.get_or_insert_with(project, || Ok::<_, Infallible>(fresh()));
        found.unwrap_or_else(|never| match never {}).shared
    }

    /// Has the state take in the project's entries up to `size`, if it did not yet.
    ///
    /// # Errors
    /// [`PublisherError`] if the log can not be read; the state is right as far as it goes.
    pub async fn catch_up(
        &self,
        publisher: &mut Publisher,
        size: TreeSize,
    ) -> Result<(), PublisherError> {
        let key = MapKey::project(publisher.state.project());
        let _fold = match publisher.size {
            TreeSize::ZERO => self.folds.acquire().await.ok(),
            _ => None,
        };
        while publisher.size < size {
            let after = publisher.size.get().checked_sub(1);
            let after = after.and_then(|last| LeafIndex::new(last).ok());
            let positions = self.catalog.positions(&key, size, after, PAGE)?;
            let bytes = self.entries.entries(&positions, size).await?;
            for (position, bytes) in positions.iter().zip(bytes) {
                if let Ok(Parsed::Known(entry)) = Entry::parse(&bytes) {
                    publisher.take_in(*position, &entry);
                }
            }
            if positions.len() < PAGE {
                publisher.size = size;
            }
        }
        Ok(())
    }

    /// Weighs a state again after it has grown.
    pub fn settle(&self, publisher: &Publisher) {
        let project = publisher.state.project();
        if let Some(kept) = self.states.peek(project) {
            let weight = 1 + publisher.state.files().len() as u64;
            self.states.insert(project.clone(), Kept { weight, ..kept });
        }
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
