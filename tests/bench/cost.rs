//! What work costs: wall time, and processor time of the server and of this process.

use std::time::{Duration, Instant};

/// Processor time of a process so far, user and system.
pub(crate) fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = |place: usize| fields[place].parse::<u64>().unwrap();
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

/// Wall time, and processor time of the server and of this process.
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) server: Duration,
    pub(crate) here: Duration,
}

/// What `work` costs.
pub(crate) async fn cost<T>(server: u32, work: impl Future<Output = T>) -> (T, Cost) {
    let here = std::process::id();
    let (before, start) = ((cpu(server), cpu(here)), Instant::now());
    let done = work.await;
    let wall = start.elapsed();
    (
        done,
        Cost {
            wall,
            server: cpu(server).saturating_sub(before.0),
            here: cpu(here).saturating_sub(before.1),
        },
    )
}
