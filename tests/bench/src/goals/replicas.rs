//! Replicas: how fast one copies a log, and what several on one core answer together.

use std::time::Duration;

use anyhow::ensure;

use super::working::WorkingSet;
use crate::load::{self, Grpc, Http, Load, Measured, method};
use crate::log::Log;
use crate::process::{self, CLIENT_CORE, SERVER_CORE, Server, on_core};
use crate::table::{self, Figure, Row};

/// How many replicas answer together.
const COUNTS: [usize; 3] = [1, 2, 4];
/// Connections, and requests in flight over each, altogether.
const GRPC: (usize, usize) = (4, 64);
/// Connections with one request at a time, altogether.
const HTTP: usize = 32;

/// Prints the lines about replicas of this log.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn measure(log: &Log, time: Duration) -> std::io::Result<()> {
    match rows(log, time) {
        Ok(rows) => rows.iter().try_for_each(table::row),
        Err(error) => table::row_or_why("replicas", Err(error)),
    }
}

fn rows(log: &Log, time: Duration) -> anyhow::Result<Vec<Row>> {
    let writer = log.serve(None, &["--epoch-interval", "0"])?;
    let set = process::on_all_cores(WorkingSet::sample(&writer))?;
    let mut replicas = vec![log.follow(&writer, 0, None)?];
    let mut rows = vec![copying(&set, &replicas[0])];
    // From here on they answer on one core, beside each other.
    replicas.remove(0).end()?;
    let (tiles, proofs) = (load::pool(set.tiles()?), load::pool(set.inclusion()));
    for count in COUNTS {
        while replicas.len() < count {
            replicas.push(log.follow(&writer, replicas.len(), Some(SERVER_CORE))?);
        }
        for replica in &replicas {
            // A new one searches all of the log for conflicts, once.
            process::wait_until_idle(replica.pid())?;
        }
        let load = Load { time, rate: None, server: replicas[0].pid() };
        let addresses: Vec<&str> = replicas.iter().map(|replica| &*replica.address).collect();
        let tiles = on_core(CLIENT_CORE, || async {
            let mut workers = Vec::new();
            for address in &addresses {
                workers.extend(Http::connect(address, &tiles, HTTP / count).await?);
            }
            load::run(workers, load).await
        })?;
        let proofs = on_core(CLIENT_CORE, || async {
            let (path, mut workers) = (method("GetInclusionProof"), Vec::new());
            for address in &addresses {
                let each = (GRPC.0 / count, GRPC.1);
                workers.extend(Grpc::connect(address, &path, &proofs, each).await?);
            }
            load::run(workers, load).await
        })?;
        ensure!(!tiles.kept.is_empty() && !proofs.kept.is_empty(), "nothing was answered");
        rows.push(row(count, "full tiles over HTTP/1.1", &tiles));
        rows.push(row(count, "GetInclusionProof", &proofs));
    }
    Ok(rows)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn copying(set: &WorkingSet, replica: &Server) -> Row {
    let rate = set.size as f64 / replica.starting.as_secs_f64();
    Row::new("a new replica, until it serves all of the log", "")
        .ours(Figure::rate(rate))
        .say("entries copied, verified, catalogued; from the log on the same two cores")
}

fn row(count: usize, what: &str, measured: &Measured) -> Row {
    let figure = Figure::rate(measured.rate()).and(&measured.latency);
    Row::new(format!("{what}, {count} replicas on one core"), "").ours(figure)
}
