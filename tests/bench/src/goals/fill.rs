//! Filling a log with the importer.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::generate;
use crate::log::Log;
use crate::process::{self, program};
use crate::table::{Figure, Row};

/// What imported entries say of where they are from.
const VIA: &str = "bench";
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
    if let Some(listing) = &source.listing {
        return import(log, listing);
    }
    let listing = log.beside("listing.jsonl");
    generate::listing(files, source.names.as_deref(), &listing)?;
    let imported = import(log, &listing);
    std::fs::remove_file(&listing)?;
    imported
}

fn import(log: &Log, listing: &Path) -> anyhow::Result<Row> {
    let mut command = Command::new(program("indelibled")?);
    command.args(["import", "--min-free", "0", "--via", VIA, "--data"]);
    command.arg(log.data().path()).arg(listing);
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
    row(process::on_all_cores(size(log))?, seconds, peak)
}

/// Entries of the log, of which a server tells.
async fn size(log: &Log) -> anyhow::Result<u64> {
    let server = log.serve(None, &[])?;
    let size = log.client(&server)?.checkpoint().await?.head().size.get();
    server.end()?;
    Ok(size)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn row(entries: u64, seconds: f64, peak: u64) -> anyhow::Result<Row> {
    ensure!(entries > 0, "the log is empty");
    let count = entries as f64;
    let figure = Figure::rate(count / seconds);
    let figure = figure.and(format!("{seconds:.1} s")).and(format!("at most {} MiB", peak >> 20));
    let what = format!("import of {} entries, from start to end", crate::table::grouped(count));
    Ok(Row::new(what, "").ours(figure))
}
