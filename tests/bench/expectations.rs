//! What publishers' expectations cost: rate, growth of the log, memory, and what a spammer does to others.
//!
//! ```text
//! cargo bench -p indelibled --bench expectations -- [KEYS] [EACH] [CALL]
//! ```
//!
//! Serves a log of its own with the real program, enrols KEYS keys (1,000 unless said), each for a project,
//! and lets each state EACH expectations (1,000), CALL (20) in a call, 64 calls under way. Meanwhile one
//! more key states as much as it can, far above its limit, and forgeries in the name of others. Every
//! answer is covered by a published head, and its count of positions is checked. Prints Markdown.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
#![allow(dead_code, unused_imports, reason = "the harness of the tests has more than is used here")]

#[path = "cost.rs"]
mod cost;
#[path = "../it/harness/mod.rs"]
mod harness;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use indelible_proto::v1::fact::Fact as Kind;
use indelible_proto::v1::submit_client::SubmitClient;
use indelible_proto::v1::{ExpectRequest, Fact, ListedFile};
use tonic::Code;
use tonic::transport::Channel;

use cost::cost;
use harness::{Publisher, Server, Submitter, TestLog, change, desk, fact, sha256};

/// Calls under way at once.
const IN_FLIGHT: usize = 64;
/// Connections that they share.
const CONNECTIONS: usize = 8;

fn publisher(number: usize) -> Publisher {
    let seed = u8::try_from(number % 251 + 1).unwrap();
    Publisher::new(&format!("project-{number}"), seed)
}

/// Something of the project is on the index, so that it can enrol.
fn listed(number: usize) -> Fact {
    fact(Kind::Listed(ListedFile {
        project: format!("project-{number}"),
        version: "0.1".to_owned(),
        filename: format!("project_{number}-0.1.tar.gz"),
        sha256: sha256(number as u64).as_bytes().to_vec().into(),
        ..ListedFile::default()
    }))
}

async fn enrol(server: &Server, keys: usize) {
    let facts: Vec<Fact> = (0..=keys).map(listed).collect();
    for chunk in facts.chunks(16_000) {
        Submitter::open(server).await.submit(chunk.to_vec()).await;
    }
    stream::iter(0..=keys)
        .for_each_concurrent(IN_FLIGHT, |number| async move {
            change(server, publisher(number).enrolment()).await.unwrap().unwrap();
        })
        .await;
}

/// The expectations of one call, signed.
fn call(by: &Publisher, first: usize, count: usize) -> ExpectRequest {
    let versions = (first..first + count).map(|minor| by.sdist(&format!("1.{minor}")));
    ExpectRequest { expectations: versions.collect() }
}

/// States everything, signing as it goes; returns how long each call took.
async fn state_all(server: &Server, keys: usize, each: usize, size: usize) -> Vec<Duration> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(desk(server).await);
    }
    let calls = (0..each).step_by(size).flat_map(|first| (0..keys).map(move |key| (key, first)));
    let took = stream::iter(calls.enumerate()).map(|(number, (key, first))| {
        let mut client = connections[number % CONNECTIONS].clone();
        async move {
            let count = size.min(each - first);
            let request = call(&publisher(key), first, count);
            let start = Instant::now();
            let answer = client.expect(request).await.unwrap().into_inner();
            assert_eq!(answer.indexes.len(), count);
            start.elapsed()
        }
    });
    took.buffer_unordered(IN_FLIGHT).collect().await
}

/// States without end what is not wanted: more than one key may, and forgeries.
async fn spam(mut client: SubmitClient<Channel>, number: usize, size: usize, stop: &AtomicBool) {
    let (spammer, victim) = (publisher(number), publisher(0));
    let (mut taken, mut held, mut denied, mut first) = (0_u64, 0_u64, 0_u64, 0);
    while !stop.load(Ordering::Relaxed) {
        let mut request = call(&spammer, first, size);
        if first % 2 == 1 {
            for forged in &mut request.expectations {
                forged.project = victim.project.to_string();
                forged.key = victim.public().to_string();
                forged.filename = forged.filename.replace(&format!("_{number}-"), "_0-");
            }
        }
        match client.expect(request).await.map_err(|status| status.code()) {
            Ok(_) => taken += 1,
            Err(Code::ResourceExhausted) => held += 1,
            Err(Code::PermissionDenied) => denied += 1,
            Err(other) => panic!("{other}"),
        }
        first += 1;
    }
    println!("\nThe spammer's calls: {taken} taken, {held} over its limit, {denied} forged.");
}

fn size_of(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => size_of(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// A line of the status of a process, in MiB.
fn memory(pid: u32, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let value = status.lines().find_map(|found| found.strip_prefix(line)).unwrap();
    value.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

async fn run(keys: usize, each: usize, size: usize, with_spammer: bool) {
    let log = TestLog::create().await;
    let (limit, epochs) = (each.to_string(), "300");
    let options =
        ["--enrolment", "open", "--expectations-per-hour", &limit, "--outstanding", &limit];
    let server =
        log.serve_with(&[options.as_slice(), &["--epoch-interval", epochs]].concat()).await;
    enrol(&server, keys).await;
    let (pid, before) = (server.pid(), size_of(log.data()));
    let stop = AtomicBool::new(!with_spammer);
    let work = async {
        let took = state_all(&server, keys, each, size).await;
        stop.store(true, Ordering::Relaxed);
        took
    };
    let spam = async {
        if with_spammer {
            spam(desk(&server).await, keys, size, &stop).await;
        }
    };
    let ((mut took, ()), cost) = Box::pin(cost(pid, async { futures::join!(work, spam) })).await;
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1e3;
    let count = f64::from(u32::try_from(keys * each).unwrap());
    let peak = memory(pid, "VmHWM");
    server.terminate().await;
    #[expect(clippy::cast_precision_loss, reason = "a size in bytes")]
    let growth = (size_of(log.data()) - before) as f64 / count;
    println!(
        "| {} | {:.0} | {:.0} | {:.1} / {:.1} | {growth:.0} | {peak} |",
        if with_spammer { "with a spammer" } else { "alone" },
        count / cost.wall.as_secs_f64(),
        cost.server.as_secs_f64() * 1e6 / count,
        at(50),
        at(99),
    );
}

#[tokio::main]
async fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|text| text.parse().ok()).collect();
    let number = |place: usize, default| numbers.get(place).copied().unwrap_or(default);
    let (keys, each, size) = (number(0, 1000), number(1, 1000), number(2, 20));
    println!("{keys} keys, {each} expectations each, {size} in a call\n");
    println!(
        "| | expectations/s | server us each | ms a call, p50 / p99 | bytes of disk each | peak MiB |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for with_spammer in [false, true] {
        Box::pin(run(keys, each, size, with_spammer)).await;
    }
}
