//! Reading a whole log and believing nothing of it.

use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::ensure;
use client::{LogUrl, Mirror, Tiles};
use futures::StreamExt as _;
use tlog::TreeSize;

use crate::log::Log;
use crate::process::{self, Server};
use crate::table::{self, Figure, Row};

/// Prints the lines about audits of this log.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn measure(log: &Log, time: Duration) -> std::io::Result<()> {
    let server = match log.serve(None, &[]) {
        Ok(server) => server,
        Err(error) => return table::row_or_why("audit", Err(error)),
    };
    let print = |what, rate: anyhow::Result<f64>| {
        let row = |rate| {
            Row::new(what, "1,500,000/s")
                .ours(Figure::rate(rate))
                .say("x/mod verifier and torchwood client, not measured here: 830,000-1,510,000/s")
        };
        table::row_or_why(what, rate.map(row))
    };
    let rate = process::on_all_cores(tiles(log, &server, time));
    print("full audit over HTTP: entries, tiles, root", rate)?;
    let rate = process::on_all_cores(mirror(log, &server));
    print("the same, kept as a mirror, with every epoch's map", rate)
}

/// Checks every entry against tiles and every tile against the root, again and again until `time` has passed;
/// entries a second.
async fn tiles(log: &Log, server: &Server, time: Duration) -> anyhow::Result<f64> {
    let checkpoint = log.client(server)?.checkpoint().await?;
    let tiles = Tiles::new(LogUrl::parse(&server.url())?)?;
    let (size, start, mut seen) = (checkpoint.head().size.get(), Instant::now(), 0);
    while start.elapsed() < time {
        let before = seen;
        let mut steps = pin!(tiles.entries_from(&checkpoint, TreeSize::ZERO));
        while let Some(entries) = steps.next().await.transpose()? {
            seen += entries.len() as u64;
        }
        ensure!(seen - before == size, "{} entries of {size}", seen - before);
    }
    Ok(rate(seen, start))
}

/// Keeps everything in a mirror, which also computes the map of every epoch again.
async fn mirror(log: &Log, server: &Server) -> anyhow::Result<f64> {
    let tiles = Tiles::new(LogUrl::parse(&server.url())?)?;
    let mut mirror = Mirror::open(log.trust()?, &log.beside("mirror"))?;
    let (start, mut size) = (Instant::now(), 0);
    mirror.update(&tiles, |progress| size = progress.size.get()).await?;
    Ok(rate(size, start))
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn rate(entries: u64, start: Instant) -> f64 {
    entries as f64 / start.elapsed().as_secs_f64()
}
