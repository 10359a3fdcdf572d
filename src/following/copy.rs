//! Copying a log from one place to another: every byte is verified before it is kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{Tiles, VerifiedEntry};
use futures::StreamExt as _;
use store::{Batch, Store, StoreError};
use thiserror::Error;
use tlog::{AppendError, Hash, RightEdge, TreeHead, TreeSize, VerifiedCheckpoint};
use tracing::info;

use crate::entries::{ReadError, right_edge, root_at};

/// Time between two words about a long copy.
const PROGRESS: Duration = Duration::from_secs(5);

/// A copy of a log, in a store of its own.
pub struct Copy {
    store: Arc<dyn Store>,
    edge: RightEdge,
}

/// A log could not be copied. What was copied before stays, and is gone on with.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The place that is copied from.
    #[error(transparent)]
    Source(#[from] client::Error),
    /// The copy is of another log, or of one that forked.
    #[error(
        "what was copied before is not part of the log of size {size} that is served now: it is of another \
         log, or one of the two is a fork. Find out which, and copy into an empty directory"
    )]
    Diverged {
        /// Size of the tree that is served.
        size: TreeSize,
    },
    /// An entry that no log can have: a defect of the program.
    #[error("the entries can not be integrated")]
    Append(#[from] AppendError),
    /// The copy can not be read back.
    #[error("the copy can not be read back")]
    Read(#[from] ReadError),
    /// The copy's store failed.
    #[error("the copy can not be written")]
    Store(#[from] StoreError),
}

impl Copy {
    /// Goes on with the copy in `store`.
    ///
    /// # Errors
    /// [`CopyError::Store`] or [`CopyError::Read`] if it can not be read.
    pub async fn open(store: Arc<dyn Store>) -> Result<Copy, CopyError> {
        let head = store.head().await?;
        let edge = right_edge(&*store, head).await?;
        Ok(Copy { store, edge })
    }

    /// The tree that was copied.
    pub fn head(&self) -> TreeHead {
        self.edge.head()
    }

    /// Root of the copied tree when it had `size` entries, which is no more than it has.
    pub(super) async fn root_at(&self, size: TreeSize) -> Result<Hash, CopyError> {
        if size > self.edge.size() {
            return Err(CopyError::Diverged { size });
        }
        Ok(root_at(&*self.store, self.head(), size).await?)
    }

    /// Copies from `tiles` until the copy holds the tree of `served`, which is verified, and says now and then how
    /// far it is. Interrupted, it goes on from there the next time.
    ///
    /// # Errors
    /// [`CopyError`] if something is missing, not verified, or can not be written.
    pub async fn bring_up(
        &mut self,
        tiles: &Tiles,
        served: &VerifiedCheckpoint,
    ) -> Result<(), CopyError> {
        let (size, mut told) = (served.head().size, Instant::now());
        let mut steps = std::pin::pin!(tiles.entries_from(served, self.edge.size()));
        while self.edge.size() < size
            && let Some(entries) = steps.next().await.transpose()?
        {
            self.append(&entries).await?;
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                info!("copied {} of {size} entries", self.edge.size());
            }
        }
        if self.edge.size() == size && self.head() != served.head() {
            return Err(CopyError::Diverged { size });
        }
        Ok(())
    }

    /// One durable step.
    async fn append(&mut self, entries: &[VerifiedEntry]) -> Result<(), CopyError> {
        let bytes: Vec<&[u8]> = entries.iter().map(VerifiedEntry::bytes).collect();
        let integrated = self.edge.append(&bytes)?;
        let objects = integrated.objects.into_iter().map(|(path, bytes)| (path, bytes.into()));
        let batch = Batch { objects: objects.collect() };
        self.store.commit(&self.edge.head(), batch, &integrated.edge.head()).await?;
        self.edge = integrated.edge;
        Ok(())
    }
}
