//! The sequencer: the one writer of the log.
//!
//! Each batch goes through the same steps in the same order (design: "the order that makes it
//! safe"): admit, integrate, commit, catalog, second opinion, sign, publish, answer. Nothing is
//! answered before a published checkpoint covers it, so there are no promises to break. The first
//! step that fails after admission stops all writing; reads go on, and the next start finishes or
//! forgets the batch by the same steps.

mod admission;
mod epochs;
mod open;
pub mod second_opinion;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;

use catalog::Catalog;
use observer::Coverage;
use record::{EntryError, Fact, MapKey, ProjectName, ProjectState};
use store::Store;
use thiserror::Error;
use tlog::SigningKey;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::entries::EntryReader;
use crate::published::Published;
use crate::register::HeadRegister;
use crate::space::SpaceGuard;
use admission::fold;
pub use epochs::EpochTimes;
pub use open::OpenError;
pub use writer::StepError;

/// What a sequencer works with.
pub struct Parts {
    /// The log's bytes and its trusted head.
    pub store: Arc<dyn Store>,
    /// The derived view; brought up to the store's head at start.
    pub catalog: Arc<Catalog>,
    /// The log's key; its name is the origin.
    pub key: SigningKey,
    /// The head remembered outside the store.
    pub register: HeadRegister,
    /// Where room is needed.
    pub space: SpaceGuard,
    /// The log's clock.
    pub clock: Clock,
    /// Bounds.
    pub limits: Limits,
    /// When the log sums itself up.
    pub epochs: EpochTimes,
}

/// Bounds of the pool.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Submissions that wait at most; beyond that they are refused.
    pub pool: usize,
    /// Facts that are admitted into one batch at most, unless one submission alone has more.
    pub batch: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { pool: 1024, batch: 4096 }
    }
}

/// What became of submitted facts.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Number of entries that were new.
    pub entries: u64,
    /// The published head that covers them.
    pub published: Arc<Published>,
}

/// Submitted facts were not logged.
#[derive(Clone, Debug, Error)]
pub enum SubmitError {
    /// The submitter's fault; nothing of the submission was logged.
    #[error("fact {number} was refused: {source}")]
    Invalid {
        /// Which fact, from 0.
        number: usize,
        /// What is wrong with it.
        source: EntryError,
    },
    /// Too much is waiting. Nothing was logged; send it again later.
    #[error("the pool is full: wait a little and submit again")]
    PoolFull,
    /// The log takes no entries now.
    #[error("{0}")]
    ReadOnly(String),
    /// The log stopped before it could say. Submitting the same facts again is safe.
    #[error("the log stopped before it could answer: submit again when it is back")]
    Stopped,
}

/// What the writer is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriterState {
    /// A step failed. Nothing is written until the log is started again.
    Halted(String),
    /// There is too little room; writing goes on by itself when there is more.
    ReadOnly(String),
    /// All is well.
    Running,
    /// The log is shutting down.
    Stopped,
}

struct Submission {
    facts: Vec<Fact>,
    answer: oneshot::Sender<Result<Receipt, SubmitError>>,
}

/// How the rest of the program reaches the sequencer.
#[derive(Clone)]
pub struct Sequencer {
    pool: mpsc::Sender<Submission>,
    state: watch::Receiver<WriterState>,
    published: watch::Receiver<Arc<Published>>,
    coverage: watch::Sender<Option<Coverage>>,
    catalog: Arc<Catalog>,
    entries: EntryReader,
}

impl Sequencer {
    /// Opens the log, finishes what a crash left unfinished, and starts the writer. It stops, after
    /// what is in the pool, when `stop` is cancelled; the handle tells when that is done.
    ///
    /// # Errors
    /// [`OpenError`] if serving this log could fork it or the store is damaged.
    pub async fn start(
        parts: Parts,
        stop: CancellationToken,
    ) -> Result<(Sequencer, JoinHandle<()>), OpenError> {
        let (pool, submissions) = mpsc::channel(parts.limits.pool);
        let catalog = Arc::clone(&parts.catalog);
        let entries = EntryReader::new(Arc::clone(&parts.store));
        let (coverage, covered) = watch::channel(None);
        let (writer, state, published) = open::open(parts, covered).await?;
        let done = tokio::spawn(writer.run(submissions, stop));
        Ok((Sequencer { pool, state, published, coverage, catalog, entries }, done))
    }

    /// Logs what is new of `facts` and returns when a published checkpoint covers it.
    ///
    /// # Errors
    /// [`SubmitError`]: nothing was logged, except perhaps with [`SubmitError::Stopped`] and
    /// [`SubmitError::ReadOnly`].
    pub async fn submit(&self, facts: Vec<Fact>) -> Result<Receipt, SubmitError> {
        let (answer, answered) = oneshot::channel();
        self.pool.try_send(Submission { facts, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SubmitError::PoolFull,
            mpsc::error::TrySendError::Closed(_) => self.refusal(),
        })?;
        answered.await.unwrap_or_else(|_| Err(self.refusal()))
    }

    /// Takes note of how far the index has been seen; the next epoch states it.
    pub fn cover(&self, coverage: Coverage) {
        self.coverage.send_replace(Some(coverage));
    }

    /// What the published log says about a project.
    ///
    /// # Errors
    /// The reason, in words, if the log can not be read.
    pub async fn project(&self, project: &ProjectName) -> Result<ProjectState, String> {
        let size = self.published().head.size;
        fold(&self.catalog, &self.entries, size, &MapKey::project(project))
            .await
            .map_err(|error| error.to_string())
    }

    /// The published head.
    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published.borrow())
    }

    /// The published head, as it changes.
    pub fn watch_published(&self) -> watch::Receiver<Arc<Published>> {
        self.published.clone()
    }

    /// What the writer is doing, as it changes.
    pub fn watch_state(&self) -> watch::Receiver<WriterState> {
        self.state.clone()
    }

    /// What the writer is doing now.
    pub fn state(&self) -> WriterState {
        self.state.borrow().clone()
    }

    fn refusal(&self) -> SubmitError {
        match self.state() {
            WriterState::Halted(why) | WriterState::ReadOnly(why) => SubmitError::ReadOnly(why),
            WriterState::Running | WriterState::Stopped => SubmitError::Stopped,
        }
    }
}
