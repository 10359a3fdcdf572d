//! What a log costs when it is idle, and as it grows.

use std::time::Duration;

use super::working::WorkingSet;
use crate::latency::Latency;
use crate::load::{self, Grpc, Load, method, pool};
use crate::log::Log;
use crate::process::{self, Server, on_all_cores};
use crate::submit::{Submissions, Until, streams, submit};
use crate::table::{self, grouped};

/// Time in which nothing is asked.
const IDLE: Duration = Duration::from_secs(5);
/// Numbers of the facts that are added: no log is filled with these.
const ADDED: u64 = 1 << 41;

/// Begins the table.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn begin() -> std::io::Result<()> {
    table::print(
        "| entries | bytes each on disk, of it the entry | start | MiB after start, at most | \
         append one, p50 / p99 | prove one | look one up | idle, of a core | narrow objects |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    )
}

/// Prints the line of this log.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn measure(log: &Log, time: Duration) -> std::io::Result<()> {
    let line = line(log, time);
    table::print(&line.unwrap_or_else(|error| format!("| not measured: {error:#} |")))
}

fn line(log: &Log, time: Duration) -> anyhow::Result<String> {
    let disk = log.disk()?;
    let server = log.serve(None, &["--epoch-interval", "0"])?;
    let (start, pid) = (server.starting.as_secs_f64(), server.pid());
    let resident = process::memory(pid, "VmRSS")?;
    let set = on_all_cores(WorkingSet::sample(&server))?;
    let proof = single(&server, "GetInclusionProof", set.inclusion(), time)?;
    let lookup = single(&server, "Lookup", set.lookups(), time)?;
    let peak = process::memory(pid, "VmHWM")?;
    server.end()?;
    let (appended, idle) = usual(log, set.size, time)?;
    let (narrow, objects) = narrow_objects(log)?;
    let mib = |bytes: u64| bytes >> 20;
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    let (entries, each) = (set.size as f64, disk as f64 / set.size as f64);
    Ok(format!(
        "| {} | {each:.0}, {:.0} | {start:.2} s | {}, {} | {} | {} | {} | {idle:.1} % | {narrow} of {objects} |",
        grouped(entries),
        set.entry_bytes,
        mib(resident),
        mib(peak),
        appended,
        proof,
        lookup,
    ))
}

/// What appending one fact takes, and being idle after that, with the epochs of an ordinary log.
fn usual(log: &Log, size: u64, time: Duration) -> anyhow::Result<(Latency, f64)> {
    let server = log.serve(None, &[])?;
    let one = Submissions { facts: 1, in_flight: 1, until: Until::Passed(time) };
    let appended =
        on_all_cores(async { submit(&streams(&server.url(), 1).await?, ADDED + size, one).await })?;
    let idle = idle(server.pid())?;
    server.end()?;
    Ok((appended.latency, idle))
}

/// Share of a core that the server takes while nothing is asked, in per cent.
fn idle(pid: u32) -> anyhow::Result<f64> {
    let before = process::cpu(pid)?;
    std::thread::sleep(IDLE);
    let spent = process::cpu(pid)?.saturating_sub(before);
    Ok(spent.as_secs_f64() / IDLE.as_secs_f64() * 100.0)
}

/// How long single requests take.
fn single(
    server: &Server,
    name: &str,
    requests: Vec<bytes::Bytes>,
    time: Duration,
) -> anyhow::Result<Latency> {
    let requests = pool(requests);
    let load = Load { time, rate: None, server: server.pid() };
    let measured = on_all_cores(async {
        let workers = Grpc::connect(&server.address, &method(name), &requests, (1, 1)).await?;
        load::run(workers, load).await
    })?;
    Ok(measured.latency)
}

/// Tiles and bundles in the store that are not full, and all of them. At most one of each level is
/// narrow in a store in which none accumulate.
fn narrow_objects(log: &Log) -> anyhow::Result<(usize, usize)> {
    let store = log.data().open_local_store()?;
    let (mut narrow, mut all) = (0, 0);
    for path in store.objects() {
        narrow += usize::from(!path?.is_full());
        all += 1;
    }
    Ok((narrow, all))
}
