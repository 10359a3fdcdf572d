//! Following a log that another process writes: read replicas keep a copy of it, standbys read the store
//! that they may come to write.
//!
//! Nothing is shown that is not verified: the head against the key or the policy and against the head
//! remembered before, each entry against the head, the newest epoch's map against the entries. A log that
//! contradicts itself is followed no further; what proves it is kept.

mod copy;
mod files;
mod standby;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use catalog::Catalog;
use client::{Error, Heads, Memory, Tiles, Trust};
use record::{MapRoot, Timestamp};
use store::{Store, StoreError};
use thiserror::Error as ThisError;
use tlog::{LeafIndex, SignedCheckpoint, VerifiedCheckpoint};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::clock::Clock;
use crate::derived::{self, DerivedError};
use crate::describe;
use crate::published::Published;
use crate::sequencer::Dormant;
pub use copy::{Copy, CopyError};
pub use files::{tiles_at, tiles_of};
pub use standby::{Lease, Standby};

/// A head that is served again is shown again only after so many seconds.
const SHOW_AGAIN: u64 = 30;
/// After a failure the log is looked at again after so many intervals.
const AFTER_FAILURE: u32 = 5;

/// Keeps a catalog, and for a replica a store, up to what a log publishes.
pub struct Follower {
    tiles: Tiles,
    heads: Heads,
    trust: Trust,
    /// The copy that is kept; `None` if the log's own store is read.
    copy: Option<Copy>,
    store: Arc<dyn Store>,
    catalog: Arc<Catalog>,
    clock: Clock,
    interval: Duration,
}

/// What a follower works with.
pub struct Followed {
    /// The log, by its files.
    pub tiles: Tiles,
    /// By which keys.
    pub trust: Trust,
    /// What is read, and kept by a replica.
    pub store: Arc<dyn Store>,
    /// The derived view of it.
    pub catalog: Arc<Catalog>,
    /// This machine's clock.
    pub clock: Clock,
    /// From one look to the next.
    pub interval: Duration,
}

/// The log can not be followed.
#[derive(Debug, ThisError)]
pub enum FollowError {
    /// Something is not copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The catalog does not take it in.
    #[error(transparent)]
    Derived(#[from] DerivedError),
    /// The log's own summary of its entries is false.
    #[error(
        "the epoch at position {position} states the map root {stated}, its entries give {computed}: the log \
         leaves something out, and has signed that"
    )]
    Map {
        /// Where the epoch stands.
        position: LeafIndex,
        /// As it says.
        stated: MapRoot,
        /// As the entries give it.
        computed: MapRoot,
    },
    /// The copy's store failed.
    #[error("the copy can not be written")]
    Store(#[from] StoreError),
}

impl From<Error> for FollowError {
    fn from(error: Error) -> FollowError {
        CopyError::Source(error).into()
    }
}

impl FollowError {
    /// Whether nothing that the log may serve later makes it good.
    fn is_final(&self) -> bool {
        matches!(
            self,
            FollowError::Map { .. }
                | FollowError::Store(_)
                | FollowError::Copy(
                    CopyError::Source(Error::Disproven(_))
                        | CopyError::Diverged { .. }
                        | CopyError::Append(_)
                        | CopyError::Read(_)
                        | CopyError::Store(_)
                )
        )
    }
}

impl Follower {
    /// A replica: everything is copied into the store. What is remembered, and what proves a fork, is kept in
    /// the directory `memory`.
    ///
    /// # Errors
    /// [`FollowError`] if what was copied before can not be read.
    pub async fn copying(followed: Followed, memory: &Path) -> Result<Follower, FollowError> {
        let copy = Copy::open(Arc::clone(&followed.store)).await?;
        Ok(Follower { copy: Some(copy), ..Follower::in_place(followed, memory)? })
    }

    /// A reader of the log's own store.
    ///
    /// # Errors
    /// [`FollowError`] if the directory can not be made.
    pub fn in_place(followed: Followed, memory: &Path) -> Result<Follower, FollowError> {
        let Followed { tiles, trust, store, catalog, clock, interval } = followed;
        let memory = Memory::open(memory).map_err(Error::from)?;
        let heads = Heads::new(trust.clone(), memory);
        Ok(Follower { tiles, heads, trust, copy: None, store, catalog, clock, interval })
    }

    /// Shows what the log publishes, until `stop` is cancelled.
    ///
    /// # Errors
    /// [`FollowError`] that nothing can make good. What was verified before is shown on.
    pub async fn follow(
        &mut self,
        dormant: &Dormant,
        stop: &CancellationToken,
    ) -> Result<(), FollowError> {
        if let Err(failure) = self.show_kept(dormant).await {
            warn!(why = %describe(&failure), "what was copied before can not be shown");
        }
        let mut failures = 0_u32;
        loop {
            let pause = match self.step(dormant).await {
                Ok(()) => {
                    failures = 0;
                    self.interval
                }
                Err(failure) if failure.is_final() => {
                    let why = format!("the log is followed no further: {}", describe(&failure));
                    error!(%why, "reads go on with what was verified");
                    metrics::counter!("indelible_halts_total").increment(1);
                    dormant.halt(why);
                    return Err(failure);
                }
                Err(failure) => {
                    if failures == 0 {
                        warn!(why = %describe(&failure), "the log can not be followed now");
                    }
                    failures += 1;
                    metrics::counter!("indelible_follower_failures_total").increment(1);
                    self.interval * AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Whether what the log has published may continue what is remembered of it.
    ///
    /// # Errors
    /// [`FollowError`] if it contradicts that.
    pub async fn check(&mut self) -> Result<(), FollowError> {
        match self.heads.served_by(&self.tiles).await {
            Err(contradicts @ Error::Disproven(_)) => Err(contradicts.into()),
            // A new log has published nothing.
            _ => Ok(()),
        }
    }

    /// Shows what a replica copied before, so that it serves also while its log can not be reached.
    async fn show_kept(&mut self, dormant: &Dormant) -> Result<(), FollowError> {
        let Some(copy) = &self.copy else { return Ok(()) };
        let Some(note) = self.store.checkpoint().await? else { return Ok(()) };
        let kept = SignedCheckpoint::parse(&note).map_err(Error::malformed)?;
        let kept = self.trust.verify(&kept).map_err(Error::from)?;
        let size = kept.head().size;
        if copy.root_at(size).await? != kept.head().root {
            return Err(CopyError::Diverged { size }.into());
        }
        self.derive(&kept).await?;
        dormant.show(Published::new(kept.signed(), (self.clock)()));
        Ok(())
    }

    /// Looks once, and shows what is new.
    async fn step(&mut self, dormant: &Dormant) -> Result<(), FollowError> {
        let served = self.heads.served_by(&self.tiles).await?;
        let (shown, now) = (dormant.shown(), (self.clock)());
        let is_first = shown.note.is_empty();
        let size = served.head().size;
        report_lag(size.get().saturating_sub(shown.head.size.get()), now);
        if !is_first {
            if size < shown.head.size {
                return Ok(());
            }
            let note = served.signed().to_bytes();
            let age = now.unix().saturating_sub(shown.confirmed.unix());
            if shown.note == note && age < SHOW_AGAIN {
                return Ok(());
            }
        }
        if is_first || size > shown.head.size {
            self.take_in(&served).await?;
        }
        if self.copy.is_some() {
            self.store.publish(served.signed()).await?;
        }
        let published = Published::new(served.signed(), now);
        published.count();
        dormant.show(published);
        report_lag(0, now);
        Ok(())
    }

    /// Brings the copy and the catalog up to a head.
    async fn take_in(&mut self, served: &VerifiedCheckpoint) -> Result<(), FollowError> {
        if let Some(copy) = &mut self.copy {
            copy.bring_up(&self.tiles, served).await?;
        }
        self.derive(served).await
    }

    /// Brings the catalog up to a head of which everything is in the store.
    async fn derive(&self, served: &VerifiedCheckpoint) -> Result<(), FollowError> {
        let newest = derived::bring_up(&self.store, &self.catalog, served.head()).await?;
        if let Some(newest) = newest
            && let Some(computed) = newest.contradicted_by
        {
            let (position, stated) = (newest.position, newest.epoch.map);
            return Err(FollowError::Map { position, stated, computed });
        }
        Ok(())
    }
}

/// What becomes of a process that follows no further: it serves what was verified until `stop` is cancelled.
///
/// # Errors
/// The failure, if there is nothing to serve.
async fn serve_on(
    failure: FollowError,
    dormant: &Dormant,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    if dormant.shown().note.is_empty() {
        return Err(failure).context("the log can not be followed");
    }
    stop.cancelled().await;
    Ok(())
}

/// Follows until `stop` is cancelled, and never writes.
///
/// # Errors
/// What keeps anything from being served.
pub async fn replicate(
    mut follower: Follower,
    dormant: Dormant,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    match follower.follow(&dormant, &stop).await {
        Ok(()) => Ok(()),
        Err(failure) => serve_on(failure, &dormant, &stop).await,
    }
}

/// Entries that are published and not shown yet.
fn report_lag(entries: u64, now: Timestamp) {
    crate::metrics::set("indelible_follower_lag_entries", entries);
    if entries == 0 {
        crate::metrics::set("indelible_follower_caught_up_timestamp_seconds", now.unix());
    }
}
