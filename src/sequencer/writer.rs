//! The first half of a batch: what waits is admitted, and gets its places in the tree.
//!
//! While one batch is committed, confirmed and published, the next is admitted already, against the log
//! before both and what both have changed. It gets its places when the one before is published.

use std::sync::Arc;
use std::time::{Duration, Instant};

use catalog::CatalogError;
use observer::Coverage;
use record::{EntryError, Fact, Timestamp};
use store::StoreError;
use thiserror::Error;
use tlog::{PolicyError, RightEdge, TreeSize};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::admission::{Admission, AdmitError, Logged, Recent};
use super::batch::{Admitted, Integrated, NewEntry};
use super::committer::Committer;
use super::epochs::Epochs;
use super::prepared::Preparation;
use super::proposal::{Answer, Proposal, Submission, SubmitError};
use super::second_opinion::SecondOpinionError;
use super::statements::StatementAdmission;
use super::{Parts, WriterState};
use crate::derived::blocking;
use crate::describe;
use crate::entries::EntryReader;
use crate::publishers::Publishers;
use crate::register::RegisterError;
use crate::witnesses::WitnessAlarm;

/// An idle log confirms its head this often, so that the age of the head tells that it is alive.
const CONFIRM_INTERVAL: Duration = Duration::from_secs(600);

/// The single writer.
pub(super) struct Writer {
    pub(super) parts: Arc<Parts>,
    pub(super) entries: EntryReader,
    /// Right edge of all that was integrated.
    pub(super) edge: RightEdge,
    pub(super) epochs: Epochs,
    pub(super) publishers: Publishers,
    /// How far the index has been seen, as the observer tells.
    pub(super) coverage: watch::Receiver<Option<Coverage>>,
    pub(super) state: watch::Sender<WriterState>,
    /// Locked while a batch is under way.
    pub(super) committer: Arc<Mutex<Committer>>,
    /// What works with the committer.
    pub(super) tasks: JoinSet<()>,
    pub(super) next: NextBatch,
}

/// What is admitted and not integrated, and what admission has to know.
pub(super) struct NextBatch {
    opened: Instant,
    weight: usize,
    admitted: Vec<Admitted>,
    entries: Vec<NewEntry>,
    /// What admission has to know of this batch.
    recent: Recent,
    /// The same of the batch before, which the catalog may not know yet.
    before: Recent,
    /// Entries that the catalog knows for certain.
    known: TreeSize,
}

/// A step of a batch failed. Writing stops.
#[derive(Debug, Error)]
pub enum StepError {
    /// The derived view could not be read or written.
    #[error("the catalog could not take the new entries")]
    Catalog(#[from] CatalogError),
    /// The origin can not be one.
    #[error("what was about to be signed is not a checkpoint")]
    Checkpoint(#[from] tlog::InvalidCheckpoint),
    /// The log is full, or an entry too long: a defect of admission.
    #[error("the entries can not be integrated")]
    Append(#[from] tlog::AppendError),
    /// The epoch can not be an entry: a defect of the program.
    #[error("the epoch can not be written down")]
    Epoch(#[from] EntryError),
    /// The outside head could not be written.
    #[error("the signed head could not be remembered outside the store")]
    Register(#[from] RegisterError),
    /// Too few witnesses cosigned, and the log was stopped before more did. The head is published when it is
    /// started again.
    #[error("the head is committed, but not published: too few witnesses cosigned it")]
    Quorum(#[source] PolicyError),
    /// The store does not hold what was committed.
    #[error("the second opinion does not agree: nothing was signed")]
    SecondOpinion(#[from] SecondOpinionError),
    /// The store failed.
    #[error("the store did not take the write")]
    Store(#[from] StoreError),
    /// A witness contradicts the log.
    #[error(transparent)]
    Witness(#[from] WitnessAlarm),
}

impl StepError {
    /// Whether a write failed, and opening the store again shows what became of it.
    pub(super) const fn is_of_a_write(&self) -> bool {
        use StoreError::{Ambiguous, Halted, Io};
        matches!(self, StepError::Store(Ambiguous(_) | Halted | Io(_)))
    }
}

impl NextBatch {
    /// Nothing, for a log whose catalog knows `known` entries, which are all.
    pub(super) fn new(known: TreeSize) -> NextBatch {
        NextBatch {
            opened: Instant::now(),
            weight: 0,
            admitted: Vec::new(),
            entries: Vec::new(),
            recent: Recent::default(),
            before: Recent::default(),
            known,
        }
    }

    /// Whether nobody waits for it.
    fn is_empty(&self) -> bool {
        self.admitted.is_empty()
    }
}

impl Writer {
    /// Takes submissions until `stop` is cancelled, then those still in the pool.
    pub(super) async fn run(
        mut self,
        mut pool: mpsc::Receiver<Submission>,
        stop: CancellationToken,
    ) {
        let (mut committer, head) = (self.flush().await, self.edge.head());
        self.tasks.spawn(async move { committer.catch_up(head).await });
        let first = tokio::time::Instant::now() + CONFIRM_INTERVAL;
        let mut confirm = tokio::time::interval_at(first, CONFIRM_INTERVAL);
        let look = self.epochs.look();
        let mut epoch = tokio::time::interval_at(tokio::time::Instant::now() + look, look);
        loop {
            let committer = Arc::clone(&self.committer);
            let has_room = self.next.weight < self.parts.limits.batch;
            tokio::select! {
                biased;
                () = stop.cancelled(), if !pool.is_closed() => pool.close(),
                free = committer.lock_owned(), if !self.next.is_empty() => {
                    self.hand_over(free);
                    // The next batch is admitted while the disk is waited for, not before.
                    tokio::task::yield_now().await;
                    self.sum_up_when_due().await;
                }
                first = pool.recv(), if has_room => match first {
                    Some(first) => self.take(first, &mut pool).await,
                    None => break,
                },
                _ = confirm.tick() => self.confirm_idle_head().await,
                _ = epoch.tick() => self.sum_up_when_due().await,
            }
        }
        self.flush().await;
        // Whoever opens the log after this finds nothing of it open any more.
        while self.tasks.join_next().await.is_some() {}
        self.state.send_if_modified(|state| {
            let running = state.failure().is_none();
            if running {
                *state = WriterState::Stopped;
            }
            running
        });
    }

    /// Admits `first` and what else waits into the next batch, up to its limit.
    async fn take(&mut self, first: Submission, pool: &mut mpsc::Receiver<Submission>) {
        if self.next.is_empty() {
            self.next.opened = Instant::now();
        }
        let mut weight = self.next.weight + first.proposal.weight();
        let mut taken = vec![first];
        while weight < self.parts.limits.batch {
            let Ok(next) = pool.try_recv() else { break };
            weight += next.proposal.weight();
            taken.push(next);
        }
        if let Err(why) = self.check_writable() {
            for submission in taken {
                submission.answer.give(Err(SubmitError::ReadOnly(why.clone())));
            }
            return;
        }
        self.admit(taken).await;
        self.next.weight = if self.next.is_empty() { 0 } else { weight };
    }

    /// Refuses to write after a failure, and while there is too little room.
    pub(super) fn check_writable(&mut self) -> Result<(), String> {
        if let Some(why) = self.state.borrow().failure() {
            return Err(why.to_owned());
        }
        let found = match self.parts.space.check() {
            Ok(()) => WriterState::Running,
            Err(low) => WriterState::ReadOnly(low.to_string()),
        };
        let changed = self.state.send_if_modified(|state| {
            // The batch that is under way may have failed just now.
            let changed = *state != found && state.failure().is_none();
            if changed {
                state.clone_from(&found);
            }
            changed
        });
        if let WriterState::ReadOnly(why) = found {
            if changed {
                warn!(%why, "the log is read-only");
            }
            return Err(why);
        }
        if changed {
            info!("there is room again: the log takes entries");
        }
        Ok(())
    }

    /// Admits each submission by itself; those that can not be are answered at once. The statements of
    /// publishers come first: see [`StatementAdmission`].
    async fn admit(&mut self, taken: Vec<Submission>) {
        let now = (self.parts.clock)();
        let mut observed = Vec::new();
        let mut statements = Vec::new();
        for Submission { proposal, answer } in taken {
            match proposal {
                Proposal::Facts(facts) => observed.push((facts, answer)),
                statement => statements.push((statement, answer)),
            }
        }
        if !statements.is_empty() {
            self.admit_statements(statements, now).await;
        }
        if !observed.is_empty() {
            self.admit_facts(observed, now).await;
        }
    }

    async fn admit_facts(&mut self, observed: Vec<(Vec<Fact>, Answer)>, now: Timestamp) {
        let NextBatch { known, before, recent, admitted, entries: new, .. } = &mut self.next;
        let (facts, answers): (Vec<_>, Vec<_>) = observed.into_iter().unzip();
        let catalog = &self.parts.catalog;
        let preparation = Preparation { catalog: Arc::clone(catalog), size: *known, observed: now };
        let prepared = match preparation.prepare(facts).await {
            Ok(prepared) => prepared,
            Err(failure) => {
                let why = describe(&AdmitError::Catalog(failure));
                for answer in answers {
                    refuse(answer, SubmitError::ReadOnly(why.clone()));
                }
                return;
            }
        };
        let log = Logged { catalog, entries: &self.entries, size: *known };
        let mut admission = Admission::new(log, before, recent, now);
        for (facts, answer) in prepared.into_iter().zip(answers) {
            match admission.admit(facts).await {
                Ok(added) => {
                    let entries = added.len() as u64;
                    admitted.push(Admitted { answer, entries, positions: Vec::new() });
                    new.extend(added);
                }
                Err(AdmitError::Fact { number, source }) => {
                    refuse(answer, SubmitError::Invalid { number, source });
                }
                Err(failure) => refuse(answer, SubmitError::ReadOnly(describe(&failure))),
            }
        }
    }

    /// Admits statements as the first of a batch, against a log that is published as a whole.
    async fn admit_statements(&mut self, statements: Vec<(Proposal, Answer)>, now: Timestamp) {
        self.flush().await;
        let (size, outstanding) = (self.edge.size(), self.parts.limits.outstanding);
        let mut admission = StatementAdmission::new(&self.publishers, size, now, outstanding);
        for (proposal, answer) in statements {
            let before = admission.len();
            let positions = match proposal {
                Proposal::Expectations(expectations) => admission.expectations(&expectations).await,
                Proposal::Key(change) => admission.key(&change).await.map(|place| vec![place]),
                Proposal::Facts(_) => unreachable!("facts are no statement"),
            };
            let entries = (admission.len() - before) as u64;
            match positions {
                Ok(positions) => self.next.admitted.push(Admitted { answer, entries, positions }),
                Err(refusal) => refuse(answer, refusal),
            }
        }
        self.next.entries = admission.finish();
    }

    /// Gives the next batch its places, and hands it to whoever is free to commit it.
    fn hand_over(&mut self, mut committer: OwnedMutexGuard<Committer>) {
        let known = self.edge.size();
        let NextBatch { opened, admitted, entries, recent, .. } =
            std::mem::replace(&mut self.next, NextBatch::new(known));
        self.next.before = recent;
        let integrated = if entries.is_empty() {
            Ok(None)
        } else {
            Integrated::at(&mut self.edge, entries).map(Some)
        };
        let integrated = integrated.unwrap_or_else(|full| {
            committer.halt(&full.into());
            None
        });
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(async move { committer.batch(integrated, admitted, opened).await });
    }

    /// Waits until all that is admitted is published, or refused.
    pub(super) async fn flush(&mut self) -> OwnedMutexGuard<Committer> {
        let mut free = Arc::clone(&self.committer).lock_owned().await;
        if !self.next.is_empty() {
            self.hand_over(free);
            free = Arc::clone(&self.committer).lock_owned().await;
        }
        self.next = NextBatch::new(self.edge.size());
        free
    }

    /// Reads the right edge back and signs the same head again: same key, same bytes.
    async fn confirm_idle_head(&mut self) {
        let mut committer = self.flush().await;
        if self.check_writable().is_ok()
            && let Err(failure) = committer.finish(self.edge.head()).await
        {
            committer.halt(&failure);
        }
    }

    async fn sum_up_when_due(&mut self) {
        let (now, coverage) = ((self.parts.clock)(), *self.coverage.borrow());
        // Asked for even when no epoch is due: an idle log must notice a full disk, too.
        let writable = self.check_writable().is_ok();
        if !writable || !self.epochs.is_due(self.edge.size().get(), coverage, now) {
            return;
        }
        if let Err(failure) = self.sum_up(coverage, now).await {
            self.committer.lock().await.halt(&failure);
        }
    }

    /// Writes an epoch over all entries there are. The catalog's readers move on to its map only when
    /// it is published; until then, and if this fails, theirs is the one before.
    pub(super) async fn sum_up(
        &mut self,
        coverage: Option<Coverage>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let started = Instant::now();
        let mut committer = self.flush().await;
        let size = self.edge.size();
        let catalog = Arc::clone(&self.parts.catalog);
        let prepared = blocking(move || catalog.prepare_map(size)).await?;
        let epoch = self.epochs.entry(prepared.root(), coverage, now);
        let integrated = Integrated::at(&mut self.edge, vec![NewEntry::of(&epoch, false)?])?;
        committer.append(integrated).await?;
        let catalog = Arc::clone(&self.parts.catalog);
        blocking(move || catalog.commit_map(prepared)).await?;
        self.epochs.written(self.edge.size().get(), coverage, now);
        self.next = NextBatch::new(self.edge.size());
        metrics::histogram!("indelible_epoch_seconds").record(started.elapsed().as_secs_f64());
        Ok(())
    }
}

/// Says why a submission is not logged.
fn refuse(answer: Answer, why: SubmitError) {
    if matches!(why, SubmitError::ReadOnly(_)) {
        error!(%why, "a submission can not be admitted");
    }
    answer.give(Err(why));
}
