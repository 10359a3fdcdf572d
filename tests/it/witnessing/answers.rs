//! Every answer that a witness can give, also those that it should not.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use tlog::{AddCheckpoint, CosigningKey, KeyKind, TreeHead, VerifyingKey};
use tokio::net::TcpListener;

use super::{checkpoint, health, size, with_policy};
use crate::harness::{Quorum, Server, Submitter, TestLog, files, policy};

/// What it is told to answer next; it cosigns whatever it is asked to, when it was told nothing.
type Scripted = fn(&AddCheckpoint, &CosigningKey) -> Response;

/// A witness in this process that does as it is told.
struct Told {
    line: String,
    script: Arc<Mutex<VecDeque<Scripted>>>,
    asked: Arc<Mutex<Vec<(Instant, AddCheckpoint)>>>,
}

impl Told {
    async fn start(script: &[Scripted]) -> Told {
        let script = Arc::new(Mutex::new(script.iter().copied().collect::<VecDeque<_>>()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let key = Arc::new(key(2));
        let line = key.verifying_key().to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = format!("witness told {line} http://{}/", listener.local_addr().unwrap());
        let (told, heard) = (Arc::clone(&script), Arc::clone(&asked));
        let answer = move |body: Bytes| {
            let (told, heard, key) = (Arc::clone(&told), Arc::clone(&heard), Arc::clone(&key));
            async move {
                let request = AddCheckpoint::parse(&body).unwrap();
                heard.lock().unwrap().push((Instant::now(), request.clone()));
                let next = told.lock().unwrap().pop_front();
                next.map_or_else(|| cosign(&request, &key), |next| next(&request, &key))
            }
        };
        let routes = Router::new().route("/add-checkpoint", post(answer));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Told { line, script, asked }
    }

    fn next(&self, script: &[Scripted]) {
        self.script.lock().unwrap().extend(script.iter().copied());
    }

    fn asked(&self) -> Vec<(Instant, AddCheckpoint)> {
        self.asked.lock().unwrap().clone()
    }
}

fn key(seed: u8) -> CosigningKey {
    CosigningKey::from_seed("witness.example/told", &[seed; 32]).unwrap()
}

/// The lines of cosignatures, by whom it is told, on whatever it is asked to cosign.
fn lines(request: &AddCheckpoint, keys: &[&CosigningKey]) -> String {
    let body = request.to_string();
    let note = body.split_once("\n\n").unwrap().1;
    let text = note.split_once("\n\n").unwrap().0.to_owned() + "\n";
    let line = |key: &&CosigningKey| tlog::cosign(&text, key, 1_795_000_000).to_string() + "\n";
    keys.iter().map(line).collect()
}

fn cosign(request: &AddCheckpoint, key: &CosigningKey) -> Response {
    lines(request, &[key]).into_response()
}

fn latest(size: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", tlog::TLOG_SIZE_CONTENT_TYPE.parse().unwrap());
    (StatusCode::CONFLICT, headers, size.to_owned()).into_response()
}

async fn log_with(told: &Told) -> (TestLog, Server) {
    let log = TestLog::create().await;
    let (path, _) = policy(&log, std::slice::from_ref(&told.line), &Quorum(1));
    let server = log.serve_with(&with_policy(&path, &[])).await;
    (log, server)
}

#[tokio::test]
async fn the_size_that_is_unknown_is_asked_for_and_corrected() {
    let told = Told::start(&[|_, _| latest("0\n")]).await;
    let (log, server) = log_with(&told).await;
    let mut submitter = Submitter::open(&server).await;
    submitter.submit(files(0..5)).await;
    // It has forgotten what it cosigned, twice.
    told.next(&[|_, _| latest("3\n"), |_, _| latest("2\n")]);
    submitter.submit(files(5..9)).await;
    assert_eq!(size(&server).await, 9);
    let asked: Vec<(u64, u64)> = told
        .asked()
        .iter()
        .map(|(_, request)| {
            let body = request.to_string();
            let size = body.split_once("\n\n").unwrap().1.lines().nth(1).unwrap();
            (request.old().get(), size.parse().unwrap())
        })
        .collect();
    assert_eq!(asked, [(0, 0), (0, 0), (0, 5), (5, 9), (3, 9), (2, 9)]);
    for (_, request) in told.asked() {
        let body = request.to_string();
        let signatures = body.lines().filter(|line| line.starts_with('\u{2014}')).count();
        assert_eq!(signatures, 1, "the log's own line alone: {body}");
        let keys = [log.key().clone()];
        let refusal = request.judge(&keys, TreeHead::EMPTY).err();
        let is_forged = matches!(refusal, Some(tlog::WitnessRefusal::Signature(_)));
        assert!(!is_forged, "{body}");
    }
    server.terminate().await;
}

#[tokio::test]
async fn lines_of_others_are_ignored_and_bad_ones_refused() {
    let told = Told::start(&[]).await;
    let (_log, server) = log_with(&told).await;
    let mut submitter = Submitter::open(&server).await;
    told.next(&[
        // Nothing but another's line; a line over something else; no lines; too many words.
        |request, _| lines(request, &[&key(3)]).into_response(),
        |_, key| format!("{}\n", tlog::cosign("something else\n", key, 1)).into_response(),
        |_, _| "".into_response(),
        |request, key| (lines(request, &[key]) + "thank you\n").into_response(),
        |request, key| lines(request, &[&self::key(3), key]).into_response(),
    ]);
    submitter.submit(files(0..3)).await;
    let published = checkpoint(&server).await;
    let key: VerifyingKey = key(2).verifying_key().clone();
    assert_eq!(key.kind(), KeyKind::Cosignature);
    assert_eq!(published.note().signatures().len(), 2, "{published}");
    assert_eq!(published.note().verify(&[key]).unwrap().len(), 1);
    // Once at the start, and the last of five attempts, none of them before its time.
    let times: Vec<Instant> = told.asked().iter().map(|(time, _)| *time).collect();
    assert_eq!(times.len(), 6);
    let waits: Vec<Duration> = times.windows(2).skip(1).map(|two| two[1] - two[0]).collect();
    for (wait, least) in waits.iter().zip([1, 2, 4, 8]) {
        assert!(*wait >= Duration::from_secs(least), "{waits:?}");
    }
    server.terminate().await;
}

#[tokio::test]
async fn who_asks_for_time_gets_it() {
    let told = Told::start(&[]).await;
    let (_log, server) = log_with(&told).await;
    told.next(&[|_, _| {
        (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3")], "slowly").into_response()
    }]);
    Submitter::open(&server).await.submit(files(0..3)).await;
    let times: Vec<Instant> = told.asked().iter().map(|(time, _)| *time).collect();
    assert_eq!(times.len(), 3);
    assert!(times[2] - times[1] >= Duration::from_secs(3));
    assert!(server.said().contains("429 Too Many Requests: slowly"), "{}", server.said());
    server.terminate().await;
}

/// What stops the log: nothing is published after it, and no start mends it.
async fn alarming(answer: Scripted, expected: &str) {
    let told = Told::start(&[]).await;
    let (log, server) = log_with(&told).await;
    let mut submitter = Submitter::open(&server).await;
    submitter.submit(files(0..3)).await;
    told.next(&[answer, answer]);
    let refused = submitter.refused(files(3..5)).await;
    assert!(refused.message.contains(expected), "{}", refused.message);
    assert_eq!(size(&server).await, 3);
    let (status, line) = health(&server).await;
    assert_eq!(status, 503);
    assert!(line.contains("the witness 'told' contradicts this log"), "{line}");
    let again = submitter.refused(files(5..6)).await;
    assert!(again.message.contains("stopped writing"), "{}", again.message);
    server.terminate().await;
    let why = log.refusal(&with_policy(&log.path("policy"), &[])).await;
    assert!(why.contains(expected), "{why}");
    // The operator found out that the witness was wrong, and it is right again.
    let server = log.serve_with(&with_policy(&log.path("policy"), &[])).await;
    assert_eq!(size(&server).await, 5);
    server.terminate().await;
}

#[tokio::test]
async fn a_witness_that_cosigned_more_than_there_is_stops_the_log() {
    alarming(|_, _| latest("77\n"), "it cosigned this log at size 77").await;
}

#[tokio::test]
async fn a_witness_that_saw_another_history_stops_the_log() {
    let refuse = |_: &AddCheckpoint, _: &CosigningKey| {
        (StatusCode::UNPROCESSABLE_ENTITY, "another root\n").into_response()
    };
    alarming(refuse, "422 Unprocessable Entity: another root").await;
}

#[tokio::test]
async fn a_conflict_without_a_size_stops_the_log() {
    alarming(|_, _| StatusCode::CONFLICT.into_response(), "409 Conflict").await;
}
