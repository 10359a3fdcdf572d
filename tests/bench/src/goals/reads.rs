//! Reading: proofs, look-ups and tiles, beside handlers that only answer as many bytes. Servers run on
//! one core, who asks on another.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use client::{Answered, Trust};
use futures::stream;
use indelible_proto::v1::{BatchLookupRequest, LookupRequest};
use prost::Message as _;

use super::working::{self, WorkingSet};
use super::{proofs, proofs::Kept};
use crate::limit;
use crate::load::{self, Grpc, Http, Load, Measured, Requests, method};
use crate::log::Log;
use crate::process::{CLIENT_CORE, SERVER_CORE, Server, on_core};
use crate::table::{self, Figure, Row};

/// Connections, and requests in flight over each.
const GRPC: (usize, usize) = (4, 64);
/// Connections, with one request at a time over each.
const HTTP: usize = 32;
/// Keys of one `BatchLookup`.
const KEYS: u32 = 10_000;
/// How often it is called.
const CALLS: u32 = 3;
/// How much longer than it is measured everything is asked for beforehand.
const WARM_UP: u32 = 3;
/// Bytes of a full tile.
const TILE: u64 = 8192;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Inclusion,
    Consistency,
    Lookup,
    Tile,
}

/// Prints the lines about reading this log.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn measure(log: &Log, time: Duration) -> std::io::Result<()> {
    let begun = begin(log);
    let (server, set) = match begun {
        Ok(begun) => begun,
        Err(error) => return table::row_or_why("reading", Err(error)),
    };
    for kind in [Kind::Inclusion, Kind::Consistency, Kind::Lookup, Kind::Tile] {
        match pair(log, &server, &set, kind, time) {
            Ok(rows) => rows.iter().try_for_each(table::row)?,
            Err(error) => table::row_or_why(kind.name(), Err(error))?,
        }
    }
    table::row_or_why("BatchLookup", many(log, &server, &set))
}

/// Serves the log on its core, with an epoch over all of it.
fn begin(log: &Log) -> anyhow::Result<(Server, WorkingSet)> {
    let server = log.serve(Some(SERVER_CORE), &["--epoch-interval", "0"])?;
    let set = on_core(CLIENT_CORE, || WorkingSet::sample(&server))?;
    Ok((server, set))
}

/// As fast as it goes, and at half that rate.
fn pair(
    log: &Log,
    server: &Server,
    set: &WorkingSet,
    kind: Kind,
    time: Duration,
) -> anyhow::Result<[Row; 2]> {
    let requests = load::pool(kind.requests(set)?);
    let fast = Load { time, rate: None, server: server.pid() };
    // The first time the disk is measured: a server that has run for long has the log in the system's memory.
    kind.load(server, &requests, Load { time: WARM_UP * time, ..fast })?;
    let ours = kind.load(server, &requests, fast)?;
    kind.verify(&log.trust()?, server, set, &ours.kept)?;
    let steady = Load { rate: Some(ours.rate() / 2.0), ..fast };
    let ours_steady = kind.load(server, &requests, steady)?;

    let limit = limit::start(ours.answer_bytes(), TILE)?;
    let at_limit = |load| Load { server: limit.pid(), ..load };
    let empty = kind.load(&limit, &requests, at_limit(fast))?;
    let empty_steady = kind.load(&limit, &requests, at_limit(steady))?;
    limit.end()?;

    let (what, bytes) = (kind.name(), ours.answer_bytes());
    let beside = format!("nothing but {bytes} bytes");
    let (in_flight, cpu) = (kind.in_flight(), ours.server_micros() / empty.server_micros());
    let fast = Row::new(format!("{what}, {in_flight} in flight"), kind.goal())
        .ours(figure(&ours).and(format!("CPU x {cpu:.2}")))
        .beside(&beside, figure(&empty));
    let rate = table::grouped(ours_steady.rate());
    let steady = Row::new(format!("{what}, at a steady {rate}/s"), "")
        .ours(Figure::millis(ours_steady.latency.median().as_secs_f64()).and(&ours_steady.latency))
        .beside(
            &beside,
            Figure::millis(empty_steady.latency.median().as_secs_f64()).and(&empty_steady.latency),
        );
    Ok([fast, steady])
}

fn figure(measured: &Measured) -> Figure {
    let cpu = format!("{:.1} us of CPU", measured.server_micros());
    Figure::rate(measured.rate()).and(&measured.latency).and(cpu)
}

impl Kind {
    /// What the rate is to be, as a part of the limit.
    const fn goal(self) -> &'static str {
        match self {
            Kind::Lookup => "0.50",
            Kind::Consistency | Kind::Inclusion | Kind::Tile => "0.80",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Kind::Inclusion => "GetInclusionProof",
            Kind::Consistency => "GetConsistencyProof",
            Kind::Lookup => "Lookup",
            Kind::Tile => "full tiles over HTTP/1.1",
        }
    }

    const fn in_flight(self) -> usize {
        match self {
            Kind::Tile => HTTP,
            _ => GRPC.0 * GRPC.1,
        }
    }

    fn requests(self, set: &WorkingSet) -> anyhow::Result<Vec<Bytes>> {
        Ok(match self {
            Kind::Inclusion => set.inclusion(),
            Kind::Consistency => set.consistency(),
            Kind::Lookup => set.lookups(),
            Kind::Tile => set.tiles()?,
        })
    }

    /// Asks from the other core.
    fn load(self, server: &Server, requests: &Requests, load: Load) -> anyhow::Result<Measured> {
        on_core(CLIENT_CORE, || async move {
            if self == Kind::Tile {
                let workers = Http::connect(&server.address, requests, HTTP).await?;
                return load::run(workers, load).await;
            }
            let path = method(self.name());
            let workers = Grpc::connect(&server.address, &path, requests, GRPC).await?;
            load::run(workers, load).await
        })
    }

    fn verify(
        self,
        trust: &Trust,
        server: &Server,
        set: &WorkingSet,
        kept: &Kept,
    ) -> anyhow::Result<()> {
        ensure!(!kept.is_empty(), "no answer was kept");
        match self {
            Kind::Inclusion => proofs::inclusion(trust, set, kept),
            Kind::Lookup => proofs::lookups(trust, kept),
            Kind::Consistency => on_core(CLIENT_CORE, || proofs::consistency(trust, server, kept)),
            Kind::Tile => {
                ensure!(kept.iter().all(|(_, tile)| tile.len() as u64 == TILE), "half a tile");
                Ok(())
            }
        }
    }
}

/// Many keys in one call, with and without verification.
fn many(log: &Log, server: &Server, set: &WorkingSet) -> anyhow::Result<Row> {
    let keys = set.keys(KEYS.into());
    let verified = on_core(CLIENT_CORE, || async {
        let mut client = log.client(server)?;
        let start = Instant::now();
        for _ in 0..CALLS {
            let mut answers = client.lookup_many(keys.clone());
            while let Some(answer) = answers.next().await? {
                let Answered::Found(answer) = answer else { continue };
                answer.completeness().context("an answer that is complete")?;
            }
        }
        Ok(start.elapsed() / CALLS)
    })?;
    let (unverified, bytes) = on_core(CLIENT_CORE, || async {
        let reader = working::reader(server).await?;
        let lookups: Vec<LookupRequest> = keys.iter().map(working::request).collect();
        let (start, mut bytes) = (Instant::now(), 0);
        for _ in 0..CALLS {
            let parts =
                lookups.chunks(1000).map(|part| BatchLookupRequest { lookups: part.into() });
            let parts: Vec<_> = parts.collect();
            let mut answers = reader.clone().batch_lookup(stream::iter(parts)).await?.into_inner();
            while let Some(answer) = answers.message().await? {
                bytes += answer.encoded_len();
            }
        }
        Ok((start.elapsed() / CALLS, bytes / CALLS as usize))
    })?;
    let size = format!("{} KiB", bytes >> 10);
    let count = table::grouped(KEYS.into());
    Ok(Row::new(format!("BatchLookup of {count} keys, verified"), "under 500 ms")
        .ours(Figure::millis(verified.as_secs_f64()))
        .beside("unverified", Figure::millis(unverified.as_secs_f64()).and(size)))
}
