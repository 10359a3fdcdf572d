//! A log in a bucket, of which several processes may be the writer: this one follows the log until it has the
//! lease, and then writes until another has it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use store::{BucketStore, Seen, StoreError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{FollowError, Follower, serve_on};
use crate::data_dir::LogStore;
use crate::sequencer::{Dormant, Parts, Sequencer, WriterState};

/// Looks at the head object within the time after which a silent writer is taken for gone.
const LOOKS: u32 = 10;
/// How often the writer says within that time that it is there.
const WORDS: u32 = 3;
/// Time between two looks, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The lease on a log in a bucket.
#[derive(Clone)]
pub struct Lease {
    store: Arc<BucketStore>,
    /// Time after which a silent writer is taken for gone.
    time: Duration,
}

/// What became of a look at the head object.
enum Found {
    /// The lease was taken.
    Taken,
    /// Somebody wrote since the look before.
    Changed,
    /// Nobody did, or it was the first look.
    Unchanged,
}

impl Lease {
    /// A lease on the log in `store`. All who may write to it should agree on `time`; nothing but the time to take
    /// over, and needless take-overs, depend on it.
    pub fn new(store: Arc<BucketStore>, time: Duration) -> Lease {
        Lease { store, time }
    }

    /// Keeps others from writing to `store` while a command does that is no server; `None` for a store that only
    /// one process can open.
    ///
    /// # Errors
    /// A log that is being served, or a bucket that can not be reached.
    pub async fn of_only_writer(store: &LogStore, time: Duration) -> anyhow::Result<Option<Lease>> {
        let LogStore::Bucket(store) = store else { return Ok(None) };
        let lease = Lease::new(Arc::clone(store), time);
        if !lease.take_if_free().await? {
            info!("a process writes to this log, or did lately; waiting to see");
            if !lease.take_from_silent().await? {
                bail!("the log is being served: stop its servers first");
            }
        }
        let held = lease.clone();
        tokio::spawn(async move { held.hold().await });
        Ok(Some(lease))
    }

    /// Takes the lease if nobody holds it.
    ///
    /// # Errors
    /// [`StoreError`] if the object store can not be reached.
    pub async fn take_if_free(&self) -> Result<bool, StoreError> {
        let seen = self.store.look().await?;
        Ok(!seen.is_held() && self.store.take_over(&seen).await?)
    }

    /// Waits until nobody holds the lease, or its holder has been silent for long enough, and takes it. `false` if
    /// `stop` was cancelled before.
    ///
    /// It counts looks at which nothing had changed, so that a process that was paused itself does not take its
    /// own pause for the writer's.
    pub async fn wait(&self, stop: &CancellationToken) -> bool {
        let (mut before, mut unchanged) = (None, 0);
        loop {
            match self.look(&mut before, &mut unchanged).await {
                Ok(Found::Taken) => return true,
                Ok(_) => {}
                Err(error) => warn!(%error, "the lease can not be taken now"),
            }
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep(self.pause()) => {}
            }
        }
    }

    /// As [`wait`](Self::wait), but not for a holder that is there: `false` at its first sign.
    ///
    /// # Errors
    /// [`StoreError`] if the object store can not be reached.
    pub async fn take_from_silent(&self) -> Result<bool, StoreError> {
        let (mut before, mut unchanged) = (None, 0);
        loop {
            match self.look(&mut before, &mut unchanged).await? {
                Found::Taken => return Ok(true),
                Found::Changed => return Ok(false),
                Found::Unchanged => tokio::time::sleep(self.pause()).await,
            }
        }
    }

    /// Looks once, and takes the lease if it is time; `unchanged` counts the looks since the last change.
    async fn look(
        &self,
        before: &mut Option<Seen>,
        unchanged: &mut u128,
    ) -> Result<Found, StoreError> {
        let seen = self.store.look().await?;
        let changed = before.as_ref().is_some_and(|before| !before.is_as(&seen));
        *unchanged = if changed { 0 } else { *unchanged + 1 };
        let patience = self.time.as_millis().div_ceil(self.pause().as_millis().max(1));
        if (!seen.is_held() || *unchanged > patience) && self.store.take_over(&seen).await? {
            return Ok(Found::Taken);
        }
        *before = Some(seen);
        Ok(if changed { Found::Changed } else { Found::Unchanged })
    }

    fn pause(&self) -> Duration {
        (self.time / LOOKS).min(LONGEST_PAUSE)
    }

    /// Says again and again that this process is there; returns when another has the lease.
    pub async fn hold(&self) {
        let mut failing = false;
        loop {
            tokio::time::sleep(self.time / WORDS).await;
            match self.store.renew().await {
                Ok(()) => failing = false,
                Err(StoreError::TakenOver) => return,
                Err(error) => {
                    if !failing {
                        warn!(%error, "the lease can not be renewed now");
                    }
                    failing = true;
                }
            }
        }
    }

    /// Whether another has the lease.
    async fn is_lost(&self) -> bool {
        matches!(self.store.renew().await, Err(StoreError::TakenOver))
    }

    /// Gives it up, so that others need not wait.
    pub async fn release(&self) {
        if let Err(error) = self.store.release().await {
            warn!(%error, "the lease ends by itself");
        }
    }
}

/// What a process needs to follow a log and to write to it later.
pub struct Standby {
    /// Who writes.
    pub lease: Lease,
    /// What it writes with.
    pub parts: Parts,
    /// Shows the log until then.
    pub follower: Follower,
    /// The other end of `sequencer`.
    pub dormant: Dormant,
    /// How the rest of the program reaches it.
    pub sequencer: Sequencer,
}

impl Standby {
    /// Follows, writes, and ends when `stop` is cancelled.
    ///
    /// # Errors
    /// That another process took over, or that the log can not be opened for writing: this process is of no
    /// use any more, and should be started again.
    pub async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        if !self.lease.take_if_free().await? {
            info!("another process writes to this log; this one stands by");
            match self.wait(&stop).await {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                // Who knows of a fork does not go on with it.
                Err(failure) => return serve_on(failure, &self.dormant, &stop).await,
            }
            metrics::counter!("indelible_takeovers_total").increment(1);
            info!("the writer is gone: taking over");
        }
        let lease = self.lease.clone();
        let done = self.write(stop).await;
        lease.release().await;
        done
    }

    /// Follows until this process has the lease; `false` if `stop` was cancelled before.
    async fn wait(&mut self, stop: &CancellationToken) -> Result<bool, FollowError> {
        let (following, waiting) = (CancellationToken::new(), stop.child_token());
        let Standby { lease, follower, dormant, .. } = self;
        // What works on the catalog is waited for.
        let (taken, followed) = tokio::join!(
            async {
                let taken = lease.wait(&waiting).await;
                following.cancel();
                taken
            },
            async {
                let followed = follower.follow(dormant, &following).await;
                waiting.cancel();
                followed
            },
        );
        if taken && followed.is_err() {
            lease.release().await;
        }
        followed.map(|()| taken)
    }

    /// Writes with the lease, if nothing that is remembered speaks against it.
    async fn write(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        self.follower.check().await.context("this log is not written to")?;
        let Standby { lease, parts, dormant, sequencer, .. } = self;
        let writing = CancellationToken::new();
        let opened = dormant.wake(parts, writing.clone()).await;
        let writer = opened.context("the log can not be opened")?;
        info!("this process writes to the log");
        write(&lease, &sequencer, writer, writing, &stop).await
    }
}

/// Why this process writes no more.
enum End {
    /// It was asked to stop.
    Asked,
    /// Something is wrong that a new start does not mend.
    Halted,
    /// The store failed in the middle of a write.
    Interrupted(String),
    /// Another has the lease.
    TakenOver,
}

/// Lets the writer write until `stop` is cancelled.
async fn write(
    lease: &Lease,
    sequencer: &Sequencer,
    writer: JoinHandle<()>,
    writing: CancellationToken,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut state = sequencer.watch_state();
    let end = tokio::select! {
        () = lease.hold() => End::TakenOver,
        end = failed(&mut state) => if lease.is_lost().await { End::TakenOver } else { end },
        () = stop.cancelled() => End::Asked,
    };
    if matches!(end, End::Halted) {
        // It writes no more, and others may; reads go on.
        lease.release().await;
        stop.cancelled().await;
    }
    writing.cancel();
    let _ = writer.await;
    match end {
        End::Asked | End::Halted => Ok(()),
        End::Interrupted(why) => bail!("{why}; start this process again, to stand by"),
        End::TakenOver => bail!(
            "another process has taken over writing to this log: start this process again, to stand by"
        ),
    }
}

/// Waits until the writer has given up, and says how.
async fn failed(state: &mut watch::Receiver<WriterState>) -> End {
    match state.wait_for(|state| state.failure().is_some()).await.as_deref() {
        Ok(WriterState::Interrupted(why)) => End::Interrupted(why.clone()),
        // Without a sender there is no writer any more.
        Ok(_) | Err(_) => End::Halted,
    }
}
