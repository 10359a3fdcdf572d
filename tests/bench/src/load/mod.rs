//! Load: requests one after the other by many workers at once, as fast as they are answered or at a
//! fixed rate. All workers run on the thread that asks for it.

mod grpc;
mod http;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future;

use crate::latency::Latency;
use crate::process;

pub(crate) use grpc::{Grpc, framed, method};
pub(crate) use http::{Http, Refused, get};

/// Time before anything is counted.
const WARM_UP: Duration = Duration::from_millis(400);
/// One answer in so many is kept to be verified.
const KEPT: usize = 997;

/// The request of each number.
pub(crate) type Requests = Arc<dyn Fn(usize) -> Bytes + Send + Sync>;

/// Requests that are made before, again and again.
pub(crate) fn pool(requests: Vec<Bytes>) -> Requests {
    Arc::new(move |number| requests[number % requests.len()].clone())
}

/// Who sends one request at a time.
pub(crate) trait Exchange {
    /// Sends the request of this number and returns the answer.
    fn exchange(&mut self, number: usize) -> impl Future<Output = anyhow::Result<Bytes>>;
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Answers in the time that counted.
    pub(crate) requests: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
    pub(crate) latency: Latency,
    /// Processor time of the server.
    pub(crate) server: Duration,
    /// Some of the answers, with the numbers of their requests.
    pub(crate) kept: Vec<(usize, Bytes)>,
}

impl Measured {
    /// Answers a second.
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^53")]
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// Processor time of the server for each request, in microseconds.
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^53")]
    pub(crate) fn server_micros(&self) -> f64 {
        self.server.as_secs_f64() * 1e6 / self.requests as f64
    }

    /// Bytes of an answer on the average.
    pub(crate) fn answer_bytes(&self) -> u64 {
        self.bytes / self.requests.max(1)
    }
}

/// How the load comes, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) time: Duration,
    /// Requests a second; as fast as they are answered if there is none. Times then count from when a
    /// request was due.
    pub(crate) rate: Option<f64>,
    /// The process whose time is taken.
    pub(crate) server: u32,
}

/// Lets `workers` work.
///
/// # Errors
/// The first request that fails.
pub(crate) async fn run<E: Exchange>(workers: Vec<E>, load: Load) -> anyhow::Result<Measured> {
    let run = Run {
        pace: Pace {
            turn: tokio::sync::Mutex::new(0),
            start: Instant::now(),
            period: load.rate.map(f64::recip),
        },
        recording: Cell::new(false),
        stopped: Cell::new(false),
        measured: RefCell::new(Measured {
            requests: 0,
            bytes: 0,
            seconds: 0.0,
            latency: Latency::new()?,
            server: Duration::ZERO,
            kept: Vec::new(),
        }),
    };
    let work = future::try_join_all(workers.into_iter().map(|worker| run.work(worker)));
    future::try_join(work, run.observe(load)).await?;
    Ok(run.measured.into_inner())
}

struct Run {
    pace: Pace,
    recording: Cell<bool>,
    stopped: Cell<bool>,
    measured: RefCell<Measured>,
}

impl Run {
    /// One worker.
    async fn work(&self, mut worker: impl Exchange) -> anyhow::Result<()> {
        while !self.stopped.get() {
            let (number, due) = self.pace.next().await;
            let counted = self.recording.get();
            let answer = worker.exchange(number).await?;
            if counted && self.recording.get() {
                self.count(number, due.elapsed(), answer);
            }
        }
        Ok(())
    }

    fn count(&self, number: usize, time: Duration, answer: Bytes) {
        let mut measured = self.measured.borrow_mut();
        measured.requests += 1;
        measured.bytes += answer.len() as u64;
        measured.latency.record(time);
        if number.is_multiple_of(KEPT) {
            measured.kept.push((number, answer));
        }
    }

    /// Says when counting begins and ends, and takes the server's time.
    async fn observe(&self, load: Load) -> anyhow::Result<()> {
        tokio::time::sleep(WARM_UP).await;
        let (before, begin) = (process::cpu(load.server)?, Instant::now());
        self.recording.set(true);
        tokio::time::sleep(load.time).await;
        self.recording.set(false);
        let mut measured = self.measured.borrow_mut();
        measured.seconds = begin.elapsed().as_secs_f64();
        measured.server = process::cpu(load.server)?.saturating_sub(before);
        self.stopped.set(true);
        Ok(())
    }
}

/// Numbers the requests and says when each is due.
struct Pace {
    /// The number of the next request. Who holds it waits until that is due.
    turn: tokio::sync::Mutex<usize>,
    start: Instant,
    /// Seconds from one request to the next.
    period: Option<f64>,
}

impl Pace {
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^53")]
    async fn next(&self) -> (usize, Instant) {
        let mut turn = self.turn.lock().await;
        let number = *turn;
        *turn += 1;
        let Some(period) = self.period else { return (number, Instant::now()) };
        let due = self.start + Duration::from_secs_f64(number as f64 * period);
        // Sleeping is a thousand times too coarse.
        while Instant::now() < due {
            tokio::task::yield_now().await;
        }
        (number, due)
    }
}
