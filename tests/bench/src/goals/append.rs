//! The live path: facts become entries that are durable, signed and published before they are answered.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use indelibled::log::OpenLog;
use indelibled::settings::Settings;
use observer::Log as Submit;
use tokio_util::sync::CancellationToken;

use super::durability;
use super::siglog::Siglog;
use super::tessera::{Adds, Tessera};
use crate::log::Log;
use crate::process;
use crate::submit::{Submissions, Submitted, Until, streams, submit};
use crate::table::{self, Figure, Row};

/// Facts in a submission, which is a batch.
const BATCHES: [u64; 3] = [256, 1024, 4096];
/// Batches under way at once: the sequencer never waits for the next.
const BATCHES_IN_FLIGHT: usize = 4;
/// Who has 150 bytes in an entry, and shows a signed head at most ten times a second.
const TESSERA: &str = "Tessera POSIX, before a head is signed";
/// Submissions of one fact under way at once.
const SINGLES: [usize; 3] = [1, 64, 1024];

/// Peers, or why there is none.
struct Peers {
    tessera: anyhow::Result<Tessera>,
    siglog: anyhow::Result<Siglog>,
}

/// Prints the lines about the live path.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn measure(time: Duration) -> std::io::Result<()> {
    let probe = tempfile::tempdir().map_err(anyhow::Error::from);
    let probe = probe.and_then(|dir| durability::fdatasync(dir.path(), time));
    let what = "one fdatasync after 200 bytes";
    table::row_or_why(what, probe.map(|probe| Row::new(what, "").beside("disk", probe.figure())))?;
    let peers = Peers { tessera: Tessera::find(), siglog: Siglog::find() };
    for size in BATCHES {
        let what = format!("durable append, batches of {size}");
        table::row_or_why(&what, batches(&what, size, &peers, time))?;
    }
    for in_flight in SINGLES {
        let what = format!("durable append, single facts, {in_flight} in flight");
        table::row_or_why(&what, singles(&what, in_flight, &peers, time))?;
    }
    Ok(())
}

fn batches(what: &str, size: u64, peers: &Peers, time: Duration) -> anyhow::Result<Row> {
    let submissions =
        Submissions { facts: size, in_flight: BATCHES_IN_FLIGHT, until: Until::Passed(time) };
    let limit = durability::rocksdb(tempfile::tempdir()?.path(), size, time / 2)?;
    let batch = usize::try_from(size)?;
    let alone = alone(submissions, Some(batch))?;
    let adds = Adds { batch: Some(size), in_flight: BATCHES_IN_FLIGHT * batch };
    Ok(Row::new(what, "3 times Tessera")
        .ours(served(submissions, Some(batch))?)
        .beside_or_why(TESSERA, found(&peers.tessera).and_then(|peer| peer.adds(adds, time)))
        .beside("RocksDB, synced batches", limit.figure())
        .beside("sequencer without gRPC", figure(&alone)))
}

fn singles(what: &str, in_flight: usize, peers: &Peers, time: Duration) -> anyhow::Result<Row> {
    let submissions = Submissions { facts: 1, in_flight, until: Until::Passed(time) };
    let alone = alone(submissions, None)?;
    let ours = served(submissions, None)?;
    let ours = ours.and(format!("sequencer without gRPC {}/s", table::grouped(alone.rate())));
    let adds = Adds { batch: None, in_flight };
    let tessera = found(&peers.tessera).and_then(|peer| peer.adds(adds, time));
    let siglog = found(&peers.siglog).and_then(|peer| peer.adds(in_flight, time));
    Ok(Row::new(what, "latency of 2 synced writes")
        .ours(ours)
        .beside_or_why(TESSERA, tessera)
        .beside_or_why("siglog, before it is durable", siglog))
}

/// A peer, or once more why there is none.
fn found<T>(peer: &anyhow::Result<T>) -> anyhow::Result<&T> {
    peer.as_ref().map_err(|error| anyhow!("{error:#}"))
}

fn figure(submitted: &Submitted) -> Figure {
    Figure::rate(submitted.rate()).and(&submitted.latency)
}

/// Through gRPC, at the real program.
#[expect(clippy::cast_precision_loss, reason = "a count far below 2^53")]
fn served(submissions: Submissions, batch: Option<usize>) -> anyhow::Result<Figure> {
    let log = Log::create()?;
    let batch = batch.map(|batch| batch.to_string());
    let options = batch.as_deref().map_or(vec![], |batch| vec!["--batch", batch]);
    let server = log.serve(None, &options)?;
    let before = process::cpu(server.pid())?;
    let submitted = process::on_all_cores(async {
        submit(&streams(&server.url(), submissions.in_flight).await?, 0, submissions).await
    })?;
    let spent = process::cpu(server.pid())?.saturating_sub(before);
    server.end()?;
    let each = spent.as_secs_f64() * 1e6 / submitted.entries as f64;
    Ok(figure(&submitted).and(format!("{each:.1} us of the server's CPU each")))
}

/// In this process, without gRPC.
fn alone(submissions: Submissions, batch: Option<usize>) -> anyhow::Result<Submitted> {
    let log = Log::create()?;
    let settings = Settings { batch, min_free: Some(0), ..Settings::default() };
    process::on_all_cores(async {
        let stop = CancellationToken::new();
        let open = OpenLog::open(log.data(), &settings, stop.clone()).await?;
        let sequencer: Arc<dyn Submit> = Arc::new(open.sequencer.clone());
        let submitted = submit(&[sequencer], 0, submissions).await;
        stop.cancel();
        open.closed().await?;
        submitted
    })
}
