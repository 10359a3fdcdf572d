//! The steps of a batch, from admission to answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use catalog::CatalogError;
use observer::Coverage;
use record::{EntryError, Timestamp};
use store::{Batch, StoreError};
use thiserror::Error;
use tlog::{Checkpoint, LeafIndex, RightEdge, SignedCheckpoint, TilePath, TreeHead, TreeSize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::admission::{Admission, AdmitError};
use super::epochs::Epochs;
use super::proposal::{Proposal, Receipt, Submission, SubmitError};
use super::second_opinion::{self, SecondOpinionError};
use super::statements::StatementAdmission;
use super::{Parts, WriterState};
use crate::entries::EntryReader;
use crate::published::Published;
use crate::publishers::Publishers;
use crate::register::RegisterError;

/// Entries up to which it does not pay to work on them in two places.
const FEW: usize = 64;

/// An idle log confirms its head this often, so that the age of the head tells that it is alive.
const CONFIRM_INTERVAL: Duration = Duration::from_secs(600);

/// The single writer.
pub(super) struct Writer {
    pub(super) parts: Parts,
    pub(super) entries: EntryReader,
    pub(super) edge: RightEdge,
    /// Entries that the second opinion has seen.
    pub(super) confirmed: TreeSize,
    pub(super) epochs: Epochs,
    pub(super) publishers: Publishers,
    /// How far the index has been seen, as the observer tells.
    pub(super) coverage: watch::Receiver<Option<Coverage>>,
    pub(super) state: watch::Sender<WriterState>,
    pub(super) published: watch::Sender<Arc<Published>>,
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
    /// The store does not hold what was committed.
    #[error("the second opinion does not agree: nothing was signed")]
    SecondOpinion(#[from] SecondOpinionError),
    /// The store failed.
    #[error("the store did not take the write")]
    Store(#[from] StoreError),
}

impl Writer {
    /// Takes submissions until `stop` is cancelled, then those still in the pool.
    pub(super) async fn run(
        mut self,
        mut pool: mpsc::Receiver<Submission>,
        stop: CancellationToken,
    ) {
        let first = tokio::time::Instant::now() + CONFIRM_INTERVAL;
        let mut confirm = tokio::time::interval_at(first, CONFIRM_INTERVAL);
        let look = self.epochs.look();
        let mut epoch = tokio::time::interval_at(tokio::time::Instant::now() + look, look);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled(), if !pool.is_closed() => pool.close(),
                first = pool.recv() => match first {
                    Some(first) => {
                        self.batch(first, &mut pool).await;
                        self.sum_up_when_due().await;
                    }
                    None => break,
                },
                _ = confirm.tick() => self.confirm_idle_head().await,
                _ = epoch.tick() => self.sum_up_when_due().await,
            }
        }
        self.state.send_if_modified(|state| {
            let running = !matches!(state, WriterState::Halted(_));
            if running {
                *state = WriterState::Stopped;
            }
            running
        });
    }

    /// One batch: `first` and what else waits, up to the limit.
    async fn batch(&mut self, first: Submission, pool: &mut mpsc::Receiver<Submission>) {
        let mut weight = first.proposal.weight();
        let mut batch = vec![first];
        while weight < self.parts.limits.batch {
            let Ok(next) = pool.try_recv() else { break };
            weight += next.proposal.weight();
            batch.push(next);
        }
        if let Err(why) = self.check_writable() {
            for submission in batch {
                let _ = submission.answer.send(Err(SubmitError::ReadOnly(why.clone())));
            }
            return;
        }
        let started = Instant::now();
        let (admitted, entries) = self.admit(batch).await;
        let size = entries.len();
        match self.append(entries).await {
            Ok(published) => answer(admitted, &published),
            Err(failure) => self.halt(&failure, admitted),
        }
        metrics::histogram!("indelible_batch_seconds").record(started.elapsed().as_secs_f64());
        metrics::counter!("indelible_entries_total").increment(size as u64);
    }

    /// Refuses to write after a failure, and while there is too little room.
    pub(super) fn check_writable(&mut self) -> Result<(), String> {
        if let WriterState::Halted(why) = &*self.state.borrow() {
            return Err(why.clone());
        }
        let found = match self.parts.space.check() {
            Ok(()) => WriterState::Running,
            Err(low) => WriterState::ReadOnly(low.to_string()),
        };
        let changed = self.state.send_if_modified(|state| {
            let changed = *state != found;
            state.clone_from(&found);
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
    async fn admit(&mut self, batch: Vec<Submission>) -> (Vec<Admitted>, Vec<Bytes>) {
        let now = (self.parts.clock)();
        let (size, outstanding) = (self.edge.size(), self.parts.limits.outstanding);
        let mut admitted = Vec::with_capacity(batch.len());
        let mut statements = StatementAdmission::new(&self.publishers, size, now, outstanding);
        let mut observed = Vec::new();
        for Submission { proposal, answer } in batch {
            let before = statements.len();
            let positions = match proposal {
                Proposal::Facts(facts) => {
                    observed.push((facts, answer));
                    continue;
                }
                Proposal::Expectations(expectations) => {
                    statements.expectations(&expectations).await
                }
                Proposal::Key(change) => statements.key(&change).await.map(|place| vec![place]),
            };
            let entries = (statements.len() - before) as u64;
            match positions {
                Ok(positions) => admitted.push(Admitted { answer, entries, positions }),
                Err(refusal) => refuse(answer, refusal),
            }
        }
        let mut entries = statements.finish();
        let mut admission = Admission::new(&self.parts.catalog, &self.entries, size, now);
        for (facts, answer) in observed {
            let added = match &mut admission {
                Ok(admission) => admission.admit(&facts).await,
                Err(failure) => {
                    refuse(answer, SubmitError::ReadOnly(describe(failure)));
                    continue;
                }
            };
            match added {
                Ok(added) => {
                    let (new, positions) = (added.len() as u64, Vec::new());
                    admitted.push(Admitted { answer, entries: new, positions });
                    entries.extend(added);
                }
                Err(AdmitError::Fact { number, source }) => {
                    refuse(answer, SubmitError::Invalid { number, source });
                }
                Err(failure) => refuse(answer, SubmitError::ReadOnly(describe(&failure))),
            }
        }
        (admitted, entries)
    }

    /// Integrates, commits and publishes entries; without any, the published head stands.
    async fn append(&mut self, entries: Vec<Bytes>) -> Result<Arc<Published>, StepError> {
        if entries.is_empty() {
            return Ok(Arc::clone(&self.published.borrow()));
        }
        let first =
            LeafIndex::new(self.edge.size().get()).expect("the size of a tree is a valid position");
        let integrated = self.edge.append(&entries)?;
        let (prev, next) = (self.edge.head(), integrated.edge.head());
        self.parts.store.commit(&prev, batch_of(integrated.objects), &next).await?;
        self.edge = integrated.edge;
        self.catalogue(first, entries, next).await?;
        self.publish(next).await
    }

    /// Lets the catalog take in new entries, and the second opinion read them back: at the same time, if
    /// they are many.
    async fn catalogue(
        &mut self,
        first: LeafIndex,
        entries: Vec<Bytes>,
        head: TreeHead,
    ) -> Result<(), StepError> {
        if entries.len() < FEW {
            self.parts.catalog.apply(first, &entries)?;
            return self.confirm(head).await;
        }
        let catalog = Arc::clone(&self.parts.catalog);
        let applying = tokio::spawn(blocking(move || catalog.apply(first, &entries)));
        let confirmed = self.confirm(head).await;
        applying.await.expect("work on the catalog does not panic")?;
        confirmed
    }

    /// The second half of every batch, and of every start: from a committed head to a published one.
    pub(super) async fn finish(&mut self, head: TreeHead) -> Result<Arc<Published>, StepError> {
        self.confirm(head).await?;
        self.publish(head).await
    }

    /// Asks for the second opinion on what was committed since it was asked for last.
    async fn confirm(&mut self, head: TreeHead) -> Result<(), StepError> {
        second_opinion::confirm(&*self.parts.store, self.confirmed, head).await?;
        self.confirmed = head.size;
        Ok(())
    }

    /// Signs a confirmed head, remembers it, and shows it to everybody.
    async fn publish(&mut self, head: TreeHead) -> Result<Arc<Published>, StepError> {
        debug_assert_eq!(self.confirmed, head.size);
        let origin = self.parts.key.verifying_key().name();
        let signed = SignedCheckpoint::sign(&Checkpoint::new(origin, head)?, &self.parts.key);
        self.parts.register.write(&signed)?;
        self.parts.store.publish(&signed).await?;
        let published = Arc::new(Published::new(&signed, (self.parts.clock)()));
        self.published.send_replace(Arc::clone(&published));
        // Exact up to 2^53 entries.
        #[allow(clippy::cast_precision_loss)]
        metrics::gauge!("indelible_tree_size").set(head.size.get() as f64);
        Ok(published)
    }

    /// Reads the right edge back and signs the same head again: same key, same bytes.
    async fn confirm_idle_head(&mut self) {
        if self.check_writable().is_ok()
            && let Err(failure) = self.finish(self.edge.head()).await
        {
            self.halt(&failure, Vec::new());
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
            self.halt(&failure, Vec::new());
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
        let size = self.edge.size();
        let catalog = Arc::clone(&self.parts.catalog);
        let prepared = blocking(move || catalog.prepare_map(size)).await?;
        let entry = self.epochs.entry(prepared.root(), coverage, now)?;
        self.append(vec![Bytes::from(entry)]).await?;
        let catalog = Arc::clone(&self.parts.catalog);
        blocking(move || catalog.commit_map(prepared)).await?;
        self.epochs.written(self.edge.size().get(), coverage, now);
        metrics::histogram!("indelible_epoch_seconds").record(started.elapsed().as_secs_f64());
        Ok(())
    }

    fn halt(&mut self, failure: &StepError, waiting: Vec<Admitted>) {
        let why = format!("the log stopped writing: {}", describe(failure));
        error!(%why, "reads go on; nothing is written until the log is started again");
        metrics::counter!("indelible_halts_total").increment(1);
        self.state.send_replace(WriterState::Halted(why.clone()));
        for Admitted { answer, .. } in waiting {
            let _ = answer.send(Err(SubmitError::ReadOnly(why.clone())));
        }
    }
}

/// A submission whose entries are in the batch.
struct Admitted {
    answer: Answer,
    /// Number of entries that are new.
    entries: u64,
    /// Where each statement stands.
    positions: Vec<LeafIndex>,
}

/// Who waits for what became of a submission.
type Answer = oneshot::Sender<Result<Receipt, SubmitError>>;

/// Says why a submission is not logged. Who stopped waiting is not owed an answer.
fn refuse(answer: Answer, why: SubmitError) {
    if matches!(why, SubmitError::ReadOnly(_)) {
        error!(%why, "a submission can not be admitted");
    }
    let _ = answer.send(Err(why));
}

/// The objects of an integration, to be committed.
pub(super) fn batch_of(objects: Vec<(TilePath, Vec<u8>)>) -> Batch {
    let objects = objects.into_iter().map(|(path, bytes)| (path, Bytes::from(bytes)));
    Batch { objects: objects.collect() }
}

/// Runs what takes long where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CatalogError> + Send + 'static,
) -> Result<T, CatalogError> {
    tokio::task::spawn_blocking(work).await.expect("work on the catalog does not panic")
}

/// Answers every submission with the head that covers it.
fn answer(admitted: Vec<Admitted>, published: &Arc<Published>) {
    for Admitted { answer, entries, positions } in admitted {
        let receipt = Receipt { entries, positions, published: Arc::clone(published) };
        let _ = answer.send(Ok(receipt));
    }
}

/// An error with its causes, once, on one line.
pub(super) fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
