//! Opening a log: refuse what could fork it, then finish what a crash left unfinished by the steps
//! that every batch takes.

use std::sync::Arc;

use observer::Coverage;
use store::StoreError;
use thiserror::Error;
use tlog::{Hash, PolicyError, SignedCheckpoint, TreeHead, TreeSize};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::committer::Committer;
use super::epochs::Epochs;
use super::writer::{NextBatch, StepError, Writer};
use super::{Parts, WriterState};
use crate::derived::{self, DerivedError, NewestEpoch};
use crate::entries::{self, EntryReader, ReadError};
use crate::published::Published;
use crate::publishers::Publishers;
use crate::register::RegisterError;

/// Why a log was not opened. Nothing was written.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The store ends before a head that was signed: it was restored from a backup, or replaced.
    #[error(
        "{what} is of size {remembered}, and the store ends at size {stored}: the store is older \
         than what was signed, and going on from it would fork the log. Put the newest store back; \
         a log whose newest entries are lost can only be frozen, never continued"
    )]
    Behind {
        /// Which head is newer.
        what: &'static str,
        /// Its size.
        remembered: TreeSize,
        /// The store's size.
        stored: TreeSize,
    },
    /// The catalog can not be brought up to date.
    #[error(transparent)]
    Derived(#[from] DerivedError),
    /// A signed head is not a head of the stored log.
    #[error(
        "{what} of size {size} has the root {remembered}, the store has {stored} there: \
         this is another log's store, or a fork"
    )]
    Fork {
        /// Which head differs.
        what: &'static str,
        /// Its size.
        size: TreeSize,
        /// Its root.
        remembered: Hash,
        /// The root that the store has at that size.
        stored: Hash,
    },
    /// A remembered or published head was not signed with the log's key.
    #[error(
        "{what} was not signed with the key that is here: put the key back with which the log was \
         created, an existing log is never given a new one"
    )]
    OtherKey {
        /// Which head.
        what: &'static str,
        /// What is wrong with its signature.
        source: PolicyError,
    },
    /// A remembered or published head was signed for another log.
    #[error("{what} is of the log {found}, and the key is of {expected}")]
    OtherLog {
        /// Which head.
        what: &'static str,
        /// Its origin.
        found: String,
        /// The origin of the key.
        expected: String,
    },
    /// Entries can not be read back.
    #[error("the log can not be read back")]
    Read(#[from] ReadError),
    /// The remembered head can not be read.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The steps that finish a batch failed.
    #[error("the head of the log can not be signed and published")]
    Step(#[source] Box<StepError>),
    /// The store can not be read.
    #[error("the store can not be read")]
    Store(#[from] StoreError),
    /// What is published is not a checkpoint.
    #[error("the published checkpoint is damaged")]
    Checkpoint(#[from] tlog::InvalidCheckpoint),
}

/// What a writer shows and is told.
pub(super) struct Channels {
    pub(super) coverage: watch::Receiver<Option<Coverage>>,
    pub(super) state: watch::Sender<WriterState>,
    pub(super) published: watch::Sender<Arc<Published>>,
}

/// Opens the log and publishes its head.
pub(super) async fn open(
    parts: Parts,
    publishers: Publishers,
    channels: Channels,
    stop: CancellationToken,
) -> Result<Writer, OpenError> {
    let Channels { coverage, state, published } = channels;
    let head = parts.store.head().await?;
    let remembered = parts.register.read()?;
    let newest = match parts.store.checkpoint().await? {
        Some(bytes) => Some(SignedCheckpoint::parse(&bytes)?),
        None => None,
    };
    let signed = [("the head last signed", &remembered), ("the published head", &newest)];
    let mut confirmed = TreeSize::ZERO;
    for (what, checkpoint) in signed {
        if let Some(checkpoint) = checkpoint {
            check_signed(&parts, head, what, checkpoint).await?;
            confirmed = confirmed.max(checkpoint.checkpoint().head().size);
        }
    }
    let edge = entries::right_edge(&*parts.store, head).await?;
    let newest_epoch = derived::bring_up(&parts.store, &parts.catalog, head).await?;

    let entries = EntryReader::new(Arc::clone(&parts.store));
    let epochs = open_epochs(&parts, newest_epoch);
    let parts = Arc::new(parts);
    let mut committer = Committer {
        parts: Arc::clone(&parts),
        confirmed,
        state: state.clone(),
        published,
        newest,
        stop,
    };
    committer.open(head).await.map_err(|error| OpenError::Step(Box::new(error)))?;
    state.send_replace(WriterState::Running);
    Ok(Writer {
        parts,
        entries,
        edge,
        epochs,
        publishers,
        coverage,
        state,
        committer: Arc::new(Mutex::new(committer)),
        tasks: JoinSet::new(),
        next: NextBatch::new(head.size),
    })
}

/// A head once signed must be signed with this key, and be a head of what is stored now.
async fn check_signed(
    parts: &Parts,
    head: TreeHead,
    what: &'static str,
    checkpoint: &SignedCheckpoint,
) -> Result<(), OpenError> {
    let key = parts.key.verifying_key();
    let expected = key.name();
    let (found, signed) = (checkpoint.checkpoint().origin(), checkpoint.checkpoint().head());
    if found != expected {
        let (found, expected) = (found.to_owned(), expected.to_owned());
        return Err(OpenError::OtherLog { what, found, expected });
    }
    checkpoint
        .verify(expected, std::slice::from_ref(key))
        .map_err(|source| OpenError::OtherKey { what, source })?;
    if signed.size > head.size {
        let (remembered, stored) = (signed.size, head.size);
        return Err(OpenError::Behind { what, remembered, stored });
    }
    let stored = entries::root_at(&*parts.store, head, signed.size).await?;
    if stored != signed.root {
        let (size, remembered) = (signed.size, signed.root);
        return Err(OpenError::Fork { what, size, remembered, stored });
    }
    Ok(())
}

/// Goes on from the newest epoch.
///
/// A log whose newest epoch states a wrong root can not unwrite it. It goes on, answers without
/// completeness until the next epoch, and says so.
fn open_epochs(parts: &Parts, newest: Option<NewestEpoch>) -> Epochs {
    let opened = (parts.clock)();
    let Some(newest) = newest else {
        return Epochs::new(parts.epochs, None, 0, opened);
    };
    if let Some(computed) = newest.contradicted_by {
        let (position, stated) = (newest.position, newest.epoch.map);
        error!(%position, %stated, %computed, "the newest epoch states another map than there is");
    }
    Epochs::new(parts.epochs, Some(&newest.epoch), newest.position.get() + 1, opened)
}
