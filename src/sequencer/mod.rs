//! The sequencer: the one writer of the log.
//!
//! Each batch goes through the same steps in the same order (design: "the order that makes it
//! safe"): admit, integrate, commit, catalog, second opinion, sign, publish, answer. Nothing is
//! answered before a published checkpoint covers it, so there are no promises to break. The first
//! step that fails after admission stops all writing; reads go on, and the next start finishes or
//! forgets the batch by the same steps.

mod admission;
mod batch;
mod bulk;
mod committer;
#[cfg(test)]
mod definition;
mod dormant;
mod epochs;
mod finale;
mod open;
mod prepared;
mod proposal;
mod recurring;
pub mod second_opinion;
mod statements;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;

use catalog::Catalog;
use observer::Coverage;
use record::{Fact, KeyEntry, MapKey, ProjectName, ProjectState};
use store::Store;
use tlog::SigningKey;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::entries::EntryReader;
use crate::metrics;
use crate::published::Published;
use crate::publishers::Publishers;
use crate::register::HeadRegister;
use crate::space::SpaceGuard;
use crate::witnesses::{Quorum, Witnesses};
pub use admission::AdmitError;
use admission::fold;
pub use bulk::{BulkError, BulkWriter, Candidate, Candidates, KnownNames, Origin};
pub use dormant::{Dormant, Reading};
pub use epochs::EpochTimes;
pub use finale::{FinaleError, last_head};
pub use open::OpenError;
use proposal::{Answer, Proposal, Submission};
pub use proposal::{Receipt, SignedExpectation, SubmitError};
pub use recurring::Recurring;
pub use writer::StepError;

/// What submitters are told before a log is open.
const OPENING: &str = "the log is being opened";

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
    /// What admission finds out about the newest entries.
    pub recurring: Arc<Recurring>,
    /// Who cosigns heads before they are published; `None` if the log has no policy.
    pub witnesses: Option<Arc<Witnesses>>,
}

/// Bounds of the pool.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Submissions that wait at most; beyond that they are refused.
    pub pool: usize,
    /// Facts that are admitted into one batch at most, unless one submission alone has more.
    pub batch: usize,
    /// Files of one project that may be expected without ever having been listed.
    pub outstanding: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { pool: 1024, batch: 4096, outstanding: 1000 }
    }
}

/// What the writer is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriterState {
    /// A step failed. Nothing is written until the log is started again.
    Halted(String),
    /// The store failed in the middle of a write, and has to be opened again to see what became of it: nothing is
    /// written until then, and nothing else is wrong.
    Interrupted(String),
    /// There is too little room; writing goes on by itself when there is more.
    ReadOnly(String),
    /// Another process writes, and this one follows it; what submitters are told.
    Following(String),
    /// The log has its last head; what submitters are told.
    Frozen(String),
    /// All is well.
    Running,
    /// The log is shutting down.
    Stopped,
}

impl WriterState {
    /// Why nothing is written until the log is started again.
    pub fn failure(&self) -> Option<&str> {
        match self {
            WriterState::Halted(why) | WriterState::Interrupted(why) => Some(why),
            _ => None,
        }
    }
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
    publishers: Publishers,
    quorum: Option<watch::Receiver<Quorum>>,
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
        let (sequencer, dormant) = Sequencer::dormant(Reading::of(&parts), OPENING.to_owned());
        let done = dormant.wake(parts, stop).await?;
        Ok((sequencer, done))
    }

    /// Logs what is new of `facts` and returns when a published checkpoint covers it.
    ///
    /// # Errors
    /// [`SubmitError`]: nothing was logged, except perhaps with [`SubmitError::Stopped`] and
    /// [`SubmitError::ReadOnly`].
    pub async fn submit(&self, facts: Vec<Fact>) -> Result<Receipt, SubmitError> {
        self.propose(Proposal::Facts(facts)).await
    }

    /// Logs what is new of `expectations`, all or none of which their projects' keys allow, and returns
    /// when a published checkpoint covers all of them.
    ///
    /// # Errors
    /// As [`Sequencer::submit`].
    pub async fn expect(
        &self,
        expectations: Vec<SignedExpectation>,
    ) -> Result<Receipt, SubmitError> {
        self.propose(Proposal::Expectations(expectations)).await
    }

    /// Logs a change of a project's keys if they allow it, and returns when a published checkpoint covers
    /// it. The log's clock says when it was received.
    ///
    /// # Errors
    /// As [`Sequencer::submit`].
    pub async fn change_key(&self, change: KeyEntry) -> Result<Receipt, SubmitError> {
        self.propose(Proposal::Key(Box::new(change))).await
    }

    async fn propose(&self, proposal: Proposal) -> Result<Receipt, SubmitError> {
        if matches!(&*self.state.borrow(), WriterState::Following(_) | WriterState::Frozen(_)) {
            return Err(self.refusal());
        }
        let (answer, answered) = Answer::expected();
        self.pool.try_send(Submission { proposal, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SubmitError::PoolFull,
            mpsc::error::TrySendError::Closed(_) => self.refusal(),
        })?;
        self.show_waiting();
        let answer = answered.await.unwrap_or_else(|_| Err(self.refusal()));
        // Whoever is answered last leaves an empty pool behind.
        self.show_waiting();
        answer
    }

    /// Shows how many submissions wait in the pool.
    fn show_waiting(&self) {
        let waiting = self.pool.max_capacity() - self.pool.capacity();
        metrics::set("indelible_pool_submissions", waiting as u64);
    }

    /// Takes note of how far the index has been seen; the next epoch states it.
    pub fn cover(&self, coverage: Coverage) {
        if let Some(serial) = coverage.serial {
            metrics::set("indelible_serial", serial);
        }
        metrics::set("indelible_sweep_timestamp_seconds", coverage.swept);
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

    /// What publishers have said, for those who want to know before they submit.
    pub const fn publishers(&self) -> &Publishers {
        &self.publishers
    }

    /// The published head.
    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published.borrow())
    }

    /// The published head, as it changes.
    pub fn watch_published(&self) -> watch::Receiver<Arc<Published>> {
        self.published.clone()
    }

    /// Whether the newest head has the cosignatures that the log's policy asks for.
    pub fn quorum(&self) -> Quorum {
        self.quorum.as_ref().map_or(Quorum::Met, |quorum| quorum.borrow().clone())
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
            WriterState::Halted(why)
            | WriterState::Interrupted(why)
            | WriterState::ReadOnly(why) => SubmitError::ReadOnly(why),
            WriterState::Following(why) | WriterState::Frozen(why) => {
                SubmitError::NotTheWriter(why)
            }
            WriterState::Running | WriterState::Stopped => SubmitError::Stopped,
        }
    }
}
