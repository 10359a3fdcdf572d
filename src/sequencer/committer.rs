//! The second half of a batch: from integrated entries to a published head that covers them.
//!
//! One batch at a time goes through it, while the next is being admitted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tlog::{Checkpoint, SignedCheckpoint, TreeHead, TreeSize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, error, info_span, instrument};

use super::batch::{Admitted, Integrated};
use super::proposal::{Receipt, SubmitError};
use super::writer::StepError;
use super::{Parts, WriterState, second_opinion};
use crate::derived::blocking;
use crate::describe;
use crate::published::Published;

/// Entries up to which it does not pay to work on them in two places.
const FEW: usize = 64;
/// Wait before witnesses are asked again, of which too few cosigned.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Takes batches from integration to their answers.
pub(super) struct Committer {
    pub(super) parts: Arc<Parts>,
    /// Entries that the second opinion has seen.
    pub(super) confirmed: TreeSize,
    pub(super) state: watch::Sender<WriterState>,
    pub(super) published: watch::Sender<Arc<Published>>,
    /// What was published last, by this process or before.
    pub(super) newest: Option<SignedCheckpoint>,
    /// Ends the wait for witnesses.
    pub(super) stop: CancellationToken,
}

impl Committer {
    /// Commits and publishes a batch that was opened at `opened`, and answers who waits for it. Without
    /// anything integrated the published head is the answer.
    #[instrument(skip_all)]
    pub(super) async fn batch(
        &mut self,
        integrated: Option<Integrated>,
        admitted: Vec<Admitted>,
        opened: Instant,
    ) {
        if let Some(why) = self.state.borrow().failure() {
            return refuse_all(admitted, why);
        }
        for Admitted { answer, .. } in &admitted {
            Span::current().follows_from(answer.cause());
        }
        let size = integrated.as_ref().map_or(0, |integrated| integrated.indexed.len());
        let published = match integrated {
            Some(integrated) => self.append(integrated).await,
            None => Ok(Arc::clone(&self.published.borrow())),
        };
        match published {
            Ok(published) => answer(admitted, &published),
            Err(failure) => refuse_all(admitted, &self.halt(&failure)),
        }
        metrics::histogram!("indelible_batch_seconds").record(opened.elapsed().as_secs_f64());
        metrics::counter!("indelible_entries_total").increment(size as u64);
    }

    /// Commits and publishes what was integrated.
    pub(super) async fn append(
        &mut self,
        integrated: Integrated,
    ) -> Result<Arc<Published>, StepError> {
        let Integrated { first, indexed, recurring, objects, prev, next } = integrated;
        step("commit", self.parts.store.commit(&prev, objects, &next)).await?;
        self.parts.recurring.note(prev.size.get()..next.size.get(), recurring);
        if indexed.len() < FEW {
            self.parts.catalog.apply_indexed(first, &indexed)?;
            return self.finish(next).await;
        }
        let catalog = Arc::clone(&self.parts.catalog);
        let applying = blocking(move || catalog.apply_indexed(first, &indexed));
        let (applied, confirmed) = tokio::join!(step("catalog", applying), self.confirm(next));
        applied?;
        confirmed?;
        self.publish(next).await
    }

    /// The same when a log is opened. If too few witnesses cosign, readers go on with the head that was
    /// published before, as long as that has its quorum, and this one is published by the writer.
    pub(super) async fn open(&mut self, head: TreeHead) -> Result<(), StepError> {
        self.confirm(head).await?;
        let missing = match self.try_publish(head).await {
            Err(StepError::Quorum(missing)) => missing,
            settled => return settled.map(drop),
        };
        let witnesses = self.parts.witnesses.as_ref();
        let stands = |newest: &&SignedCheckpoint| {
            witnesses.is_some_and(|witnesses| witnesses.check(newest).is_ok())
        };
        let Some(newest) = self.newest.as_ref().filter(stands) else {
            return Err(StepError::Quorum(missing));
        };
        let published = Published::new(newest, (self.parts.clock)());
        self.published.send_replace(Arc::new(published));
        Ok(())
    }

    /// Publishes the head that opening the log left unpublished, if there is one.
    pub(super) async fn catch_up(&mut self, head: TreeHead) {
        if self.published.borrow().head != head
            && let Err(failure) = self.publish(head).await
        {
            self.halt(&failure);
        }
    }

    /// From a committed and catalogued head to a published one.
    pub(super) async fn finish(&mut self, head: TreeHead) -> Result<Arc<Published>, StepError> {
        self.confirm(head).await?;
        self.publish(head).await
    }

    /// Asks for the second opinion on what was committed since it was asked for last.
    async fn confirm(&mut self, head: TreeHead) -> Result<(), StepError> {
        let confirming = second_opinion::confirm(&*self.parts.store, self.confirmed, head);
        step("confirm", confirming).await?;
        self.confirmed = head.size;
        Ok(())
    }

    /// Signs a confirmed head, remembers it, has it cosigned, and shows it to everybody. It waits for as long
    /// as the quorum of witnesses is missing.
    async fn publish(&mut self, head: TreeHead) -> Result<Arc<Published>, StepError> {
        loop {
            let missing = match self.try_publish(head).await {
                Err(StepError::Quorum(missing)) => missing,
                settled => return settled,
            };
            tokio::select! {
                () = self.stop.cancelled() => return Err(StepError::Quorum(missing)),
                () = tokio::time::sleep(ASK_AGAIN) => {}
            }
        }
    }

    /// As [`publish`](Self::publish); with [`StepError::Quorum`] nothing changed but that the head is signed.
    async fn try_publish(&mut self, head: TreeHead) -> Result<Arc<Published>, StepError> {
        debug_assert_eq!(self.confirmed, head.size);
        let origin = self.parts.key.verifying_key().name();
        let signing = async {
            let signed = SignedCheckpoint::sign(&Checkpoint::new(origin, head)?, &self.parts.key);
            self.parts.register.write(&signed)?;
            Ok::<_, StepError>(signed)
        };
        let signed = step("sign", signing).await?;
        let store = &*self.parts.store;
        let public = if let Some(witnesses) = &self.parts.witnesses {
            let cosigned = witnesses.cosign(store, &signed, self.newest.as_ref());
            let public = step("cosign", cosigned).await?.map_err(StepError::Quorum)?;
            step("publish", store.publish(&public)).await?;
            public
        } else {
            // Nothing is in it that the register does not have.
            step("publish", store.publish_remembered(&signed)).await?;
            signed
        };
        let published = Arc::new(Published::new(&public, (self.parts.clock)()));
        self.published.send_replace(Arc::clone(&published));
        self.newest = Some(public);
        published.count();
        Ok(published)
    }

    /// Stops all writing, and says why.
    pub(super) fn halt(&self, failure: &StepError) -> String {
        let why = format!("the log stopped writing: {}", describe(failure));
        error!(%why, "reads go on; nothing is written until the log is started again");
        metrics::counter!("indelible_halts_total").increment(1);
        let state =
            if failure.is_of_a_write() { WriterState::Interrupted } else { WriterState::Halted };
        self.state.send_replace(state(why.clone()));
        why
    }
}

/// Does a step, and counts the time that it takes.
async fn step<T>(name: &'static str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.instrument(info_span!("step", otel.name = name)).await;
    let seconds = begun.elapsed().as_secs_f64();
    metrics::histogram!("indelible_step_seconds", "step" => name).record(seconds);
    done
}

/// Answers every submission with the head that covers it.
fn answer(admitted: Vec<Admitted>, published: &Arc<Published>) {
    for Admitted { answer, entries, positions } in admitted {
        let receipt = Receipt { entries, positions, published: Arc::clone(published) };
        answer.give(Ok(receipt));
    }
}

/// Tells everybody in a batch that the log takes no entries.
fn refuse_all(admitted: Vec<Admitted>, why: &str) {
    for Admitted { answer, .. } in admitted {
        answer.give(Err(SubmitError::ReadOnly(why.to_owned())));
    }
}
