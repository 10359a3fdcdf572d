//! The contract of [`Store`] as a test suite that every backend passes.
//!
//! A backend's own test calls [`run`] with a way to create and open logs. A failed expectation is a
//! panic, as in any test.

pub mod script;

mod commits;
mod concurrency;
mod lifecycle;
mod publication;
mod reads;

use async_trait::async_trait;

use crate::error::StoreError;
use crate::store::Store;

/// How the suite makes and opens logs of one backend.
#[async_trait]
pub trait Backend: Sync {
    /// Creates and opens a log at a place named by the suite, as the backend's own `create` does.
    ///
    /// # Errors
    /// Those of the backend.
    async fn create(&self, place: &str) -> Result<Box<dyn Store>, StoreError>;

    /// Opens the log at a place, as the backend's own `open` does.
    ///
    /// # Errors
    /// Those of the backend.
    async fn open(&self, place: &str) -> Result<Box<dyn Store>, StoreError>;

    /// Whether one log can be open twice at the same time. If so, two handles race for the head.
    fn opens_twice(&self) -> bool;
}

/// Runs every case, each at a place of its own.
pub async fn run(backend: &dyn Backend) {
    lifecycle::create_then_open(backend).await;
    lifecycle::open_never_creates(backend).await;
    lifecycle::create_never_replaces(backend).await;
    lifecycle::everything_survives_reopening(backend).await;

    commits::a_commit_shows_head_and_objects(backend).await;
    commits::a_conflict_leaves_nothing_visible(backend).await;
    commits::misuse_leaves_nothing_visible(backend).await;
    commits::one_large_batch(backend).await;

    reads::every_width_stays_readable(backend).await;
    reads::parts_are_those_of_the_whole(backend).await;
    reads::nothing_beyond_what_is_committed(backend).await;

    publication::checkpoints_never_shrink(backend).await;
    publication::only_what_is_committed_is_published(backend).await;

    concurrency::readers_see_whole_commits(backend).await;
    concurrency::one_of_two_writers_wins(backend).await;
}
