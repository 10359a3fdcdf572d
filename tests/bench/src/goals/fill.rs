//! Filling a log: by the importer, or over gRPC where the program has none.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::generate;
use crate::log::Log;
use crate::process::{self, program};
use crate::submit::{Submissions, Until, streams, submit};
use crate::table::{Figure, Row};

/// What imported entries say of where they are from.
const VIA: &str = "bench";
/// Facts in one submission.
const SUBMISSION: u64 = 16_000;
const SUBMISSIONS_IN_FLIGHT: usize = 4;
/// How often the memory of the importer is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// What a log is filled with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    /// A listing in the columns of the public export.
    pub(crate) listing: Option<PathBuf>,
    /// Names for listings that have to be made.
    pub(crate) names: Option<PathBuf>,
}

/// Fills an empty log with `files` files, or those of the listing, and says what that cost.
///
/// # Errors
/// The log does not take them.
pub(crate) fn fill(log: &Log, source: &Source, files: u64) -> anyhow::Result<Row> {
    if !has_import()? {
        return observe(log, files);
    }
    if let Some(listing) = &source.listing {
        return import(log, listing);
    }
    let listing = log.beside("listing.jsonl");
    generate::listing(files, source.names.as_deref(), &listing)?;
    let imported = import(log, &listing);
    std::fs::remove_file(&listing)?;
    imported
}

fn has_import() -> anyhow::Result<bool> {
    let mut command = Command::new(program("indelibled")?);
    command.args(["import", "--help"]).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command.status()?.success())
}

fn import(log: &Log, listing: &Path) -> anyhow::Result<Row> {
    let mut command = Command::new(program("indelibled")?);
    command.args(["import", "--via", VIA, "--data"]).arg(log.data().path()).arg(listing);
    command.env_remove("RUST_LOG").stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().context("the importer")?;
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak = process::memory(child.id(), "VmHWM").unwrap_or(peak);
        std::thread::sleep(LOOK);
    };
    let seconds = start.elapsed().as_secs_f64();
    ensure!(status.success(), "the importer failed: {status}");
    let entries = process::on_all_cores(size(log))?;
    row("import", entries, seconds, peak)
}

/// Entries of the log, of which a server tells.
async fn size(log: &Log) -> anyhow::Result<u64> {
    let server = log.serve(None, &[])?;
    let size = log.client(&server)?.checkpoint().await?.head().size.get();
    server.end()?;
    Ok(size)
}

fn observe(log: &Log, files: u64) -> anyhow::Result<Row> {
    let submissions = Submissions {
        facts: SUBMISSION,
        in_flight: SUBMISSIONS_IN_FLIGHT,
        until: Until::Facts(files),
    };
    // One epoch at the end is enough.
    let server = log.serve(None, &["--epoch-interval", "86400"])?;
    let submitted = process::on_all_cores(async {
        submit(&streams(&server.url(), SUBMISSIONS_IN_FLIGHT).await?, 0, submissions).await
    })?;
    let peak = process::memory(server.pid(), "VmHWM")?;
    server.end()?;
    let row = row("fill over gRPC", submitted.entries, submitted.seconds, peak)?;
    Ok(row.say("this program has no `import`"))
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn row(what: &str, entries: u64, seconds: f64, peak: u64) -> anyhow::Result<Row> {
    ensure!(entries > 0, "the log is empty");
    let figure = Figure::rate(entries as f64 / seconds);
    let figure = figure.and(format!("{seconds:.1} s")).and(format!("at most {} MiB", peak >> 20));
    Ok(Row::new(format!("{what}, {entries} entries"), "").ours(figure))
}
