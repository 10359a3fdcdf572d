//! Submissions, one after the other, several under way at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use indelibled::grpc::RemoteLog;
use observer::Log;
use tokio::task::JoinSet;
use tonic::transport::Endpoint;

use crate::facts::facts;
use crate::latency::Latency;
use crate::log::TOKEN;

/// Requests of one stream that a server works on at the same time.
const STREAM: usize = 64;

/// What is submitted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Submissions {
    /// Facts in one submission.
    pub(crate) facts: u64,
    /// Submissions under way at once.
    pub(crate) in_flight: usize,
    /// When to stop.
    pub(crate) until: Until,
}

/// When no more is submitted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// So many facts are submitted.
    Facts(u64),
    /// So much time has passed.
    Passed(Duration),
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Submitted {
    pub(crate) entries: u64,
    pub(crate) seconds: f64,
    pub(crate) latency: Latency,
}

impl Submitted {
    /// Entries a second.
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^53")]
    pub(crate) fn rate(&self) -> f64 {
        self.entries as f64 / self.seconds
    }
}

/// As many streams to a server as it takes for `in_flight` requests.
///
/// # Errors
/// It can not be reached.
pub(crate) async fn streams(url: &str, in_flight: usize) -> anyhow::Result<Vec<Arc<dyn Log>>> {
    let mut streams: Vec<Arc<dyn Log>> = Vec::new();
    for _ in 0..in_flight.div_ceil(STREAM) {
        let channel = Endpoint::from_shared(url.to_owned())?.connect().await?;
        streams.push(Arc::new(RemoteLog::new(channel, TOKEN)?));
    }
    Ok(streams)
}

/// Submits facts that `logs`, which are one, have not seen, numbered from `first` on. Every one of them
/// must become an entry.
///
/// # Errors
/// A submission that is refused.
pub(crate) async fn submit(
    logs: &[Arc<dyn Log>],
    first: u64,
    submissions: Submissions,
) -> anyhow::Result<Submitted> {
    let work =
        Arc::new(Work { next: AtomicU64::new(first), first, start: Instant::now(), submissions });
    let mut workers = JoinSet::new();
    for number in 0..submissions.in_flight {
        let log = Arc::clone(&logs[number % logs.len()]);
        workers.spawn(Arc::clone(&work).submit(log));
    }
    let (mut entries, mut latency) = (0, Latency::new()?);
    while let Some(done) = workers.join_next().await {
        let (logged, times) = done.context("a worker panicked")??;
        entries += logged;
        latency.merge(&times)?;
    }
    Ok(Submitted { entries, seconds: work.start.elapsed().as_secs_f64(), latency })
}

struct Work {
    next: AtomicU64,
    first: u64,
    start: Instant,
    submissions: Submissions,
}

impl Work {
    /// One worker.
    async fn submit(self: Arc<Work>, log: Arc<dyn Log>) -> anyhow::Result<(u64, Latency)> {
        let (mut entries, mut latency) = (0, Latency::new()?);
        while let Some(numbers) = self.take() {
            let expected = numbers.end - numbers.start;
            let facts = facts(numbers)?;
            let begin = Instant::now();
            let logged = log.submit(facts).await?.entries;
            latency.record(begin.elapsed());
            ensure!(logged == expected, "{logged} entries of {expected} facts");
            entries += logged;
        }
        Ok((entries, latency))
    }

    /// The numbers of the next submission.
    fn take(&self) -> Option<std::ops::Range<u64>> {
        let end = match self.submissions.until {
            Until::Facts(count) => self.first + count,
            Until::Passed(time) if self.start.elapsed() < time => u64::MAX,
            Until::Passed(_) => return None,
        };
        let begin = self.next.fetch_add(self.submissions.facts, Ordering::Relaxed);
        (begin < end).then(|| begin..end.min(begin + self.submissions.facts))
    }
}
