//! What look-ups cost: one by one and many at once, on the wire, in the server and in the client.
//!
//! ```text
//! cargo bench -p indelibled --bench lookups -- [FILES] [KEYS]
//! ```
//!
//! Fills a log of its own with FILES files (100,000 unless said), 27 to a project, serves it with the real
//! program and asks it for KEYS keys (1,000): half of them hashes, a quarter filenames, a quarter absent
//! filenames. Everything that is called verified went through the client library. Prints Markdown.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
#![allow(dead_code, unused_imports, reason = "the harness of the tests has more than is used here")]

#[path = "cost.rs"]
mod cost;
#[path = "../it/harness/mod.rs"]
mod harness;

use std::time::{Duration, Instant};

use client::{Answered, Client, LookupKey, VerifiedLookup};
use futures::stream::{self, StreamExt as _};
use indelible_proto::v1::fact::Fact as Kind;
use indelible_proto::v1::lookup_request::Key;
use indelible_proto::v1::{BatchLookupRequest, Fact, ListedFile, LookupRequest};
use prost::Message as _;

use cost::{Cost, cost};
use harness::{Reader, Server, Submitter, TestLog, fact, sha256};

const FILES_PER_PROJECT: u64 = 27;
/// Facts in one submission.
const SUBMISSION: u64 = 16_000;
/// Single look-ups in flight at once.
const IN_FLIGHT: usize = 64;
/// How often the many are asked for, for the sake of the clock.
const ROUNDS: u32 = 5;

fn filename(number: u64) -> String {
    format!("project_{}-1.{number}.tar.gz", number / FILES_PER_PROJECT)
}

fn listed(number: u64) -> Fact {
    fact(Kind::Listed(ListedFile {
        project: format!("project-{}", number / FILES_PER_PROJECT),
        version: format!("1.{number}"),
        filename: filename(number),
        sha256: sha256(number).as_bytes().to_vec().into(),
        size: Some(number),
        uploaded: Some("2026-11-21T01:13:58.123456Z".to_owned()),
        ..ListedFile::default()
    }))
}

/// Keys all over the log.
fn keys(files: u64, count: u64) -> Vec<LookupKey> {
    let spread = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % files;
    let key = |number: u64| match number % 4 {
        0 | 1 => LookupKey::Sha256(sha256(spread(number))),
        2 => LookupKey::File(filename(spread(number))),
        _ => LookupKey::File(format!("absent-{number}.tar.gz")),
    };
    (0..count).map(key).collect()
}

fn wire(key: &LookupKey) -> LookupRequest {
    let key = match key {
        LookupKey::File(name) => Key::Filename(name.clone()),
        LookupKey::Project(name) => Key::Project(name.to_string()),
        LookupKey::Sha256(digest) => Key::Sha256(digest.to_string()),
    };
    LookupRequest { key: Some(key) }
}

fn row(what: &str, keys: usize, bytes: Option<usize>, cost: &Cost) {
    let count = f64::from(u32::try_from(keys).unwrap());
    let each = |time: Duration| time.as_secs_f64() * 1e6 / count;
    let bytes = bytes.map_or("-".to_owned(), |bytes| (bytes / keys).to_string());
    println!(
        "| {what} | {:.0} | {bytes} | {:.0} | {:.0} |",
        count / cost.wall.as_secs_f64(),
        each(cost.server),
        each(cost.here)
    );
}

async fn fill(log: &TestLog, files: u64) {
    let server = log.serve_with(&["--epoch-interval", "3600"]).await;
    let mut submitter = Submitter::open(&server).await;
    let mut next = 0;
    while next < files {
        let end = files.min(next + SUBMISSION);
        submitter.submit((next..end).map(listed).collect()).await;
        next = end;
    }
    server.terminate().await;
}

/// Serves the log with an epoch over all of it.
async fn serve(log: &TestLog, client: &mut Option<Client>, files: u64) -> Server {
    let server = log.serve_with(&["--epoch-interval", "0"]).await;
    Submitter::open(&server).await.submit(vec![listed(files)]).await;
    let reader = client.insert(log.client(&server, "client"));
    while reader.lookup(&keys(files, 1)[0]).await.unwrap().completeness().is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server
}

async fn one_by_one(client: &mut Client, keys: &[LookupKey]) -> Vec<VerifiedLookup> {
    let mut answers = Vec::with_capacity(keys.len());
    for key in keys {
        answers.push(client.lookup(key).await.unwrap());
    }
    answers
}

async fn many(client: &mut Client, keys: &[LookupKey]) {
    for _ in 0..ROUNDS {
        let mut lookups = client.lookup_many(keys.to_vec());
        while let Some(answer) = lookups.next().await.unwrap() {
            assert!(matches!(answer, Answered::Found(found) if found.completeness().is_some()));
        }
    }
}

/// Bytes of the answers to single look-ups, unverified.
async fn single_bytes(reader: &Reader, keys: &[LookupKey]) -> usize {
    let ask = |key| {
        let mut log = reader.log.clone();
        async move { log.lookup(wire(key)).await.unwrap().into_inner().encoded_len() }
    };
    stream::iter(keys)
        .map(ask)
        .buffer_unordered(IN_FLIGHT)
        .fold(0, async |sum, len| sum + len)
        .await
}

/// Bytes of the answers to all keys at once, unverified.
async fn many_bytes(reader: &Reader, keys: &[LookupKey]) -> usize {
    let lookups: Vec<LookupRequest> = keys.iter().map(wire).collect();
    let messages = lookups.chunks(1000).map(|part| BatchLookupRequest { lookups: part.into() });
    let messages = stream::iter(messages.collect::<Vec<_>>());
    let mut answers = reader.log.clone().batch_lookup(messages).await.unwrap().into_inner();
    let mut bytes = 0;
    while let Some(message) = answers.message().await.unwrap() {
        bytes += message.encoded_len();
    }
    bytes
}

/// Time to verify an answer alone, from its offline form.
fn verification(log: &TestLog, answers: &[VerifiedLookup]) -> Duration {
    let trust = log.trust();
    let evidence: Vec<_> = answers.iter().map(|answer| answer.to_evidence().unwrap()).collect();
    let start = Instant::now();
    for evidence in evidence {
        VerifiedLookup::from_evidence(evidence, &trust).unwrap();
    }
    start.elapsed() / u32::try_from(answers.len()).unwrap()
}

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let files = numbers.next().unwrap_or(100_000);
    let keys = keys(files, numbers.next().unwrap_or(1_000));
    let log = TestLog::create().await;
    fill(&log, files).await;
    let mut client = None;
    let server = serve(&log, &mut client, files).await;
    let client = client.as_mut().unwrap();
    let (reader, pid) = (Reader::open(&server).await, server.pid());

    println!("{files} files, {} keys\n", keys.len());
    println!("| look-ups | keys/s | bytes/key | server us/key | client us/key |");
    println!("| --- | --- | --- | --- | --- |");
    let (answers, alone) = cost(pid, one_by_one(client, &keys)).await;
    let (bytes, crowd) = cost(pid, single_bytes(&reader, &keys)).await;
    row("one by one, verified", keys.len(), Some(bytes), &alone);
    row("64 in flight, unverified", keys.len(), Some(bytes), &crowd);
    let bytes = many_bytes(&reader, &keys).await;
    let ((), batch) = cost(pid, many(client, &keys)).await;
    let per_round = Cost {
        wall: batch.wall / ROUNDS,
        server: batch.server / ROUNDS,
        here: batch.here / ROUNDS,
    };
    row("all at once, verified", keys.len(), Some(bytes), &per_round);
    let alone = verification(&log, &answers);
    println!("\nverifying one answer from its offline form: {:.0} us", alone.as_secs_f64() * 1e6);
    server.terminate().await;
}
