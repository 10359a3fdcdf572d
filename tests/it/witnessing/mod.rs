//! Heads are published when enough witnesses have cosigned them.

mod answers;
mod others;

use std::fs;
use std::time::Duration;

use client::{Client, LogUrl, Memory, Trust};
use tlog::{Policy, SignedCheckpoint};

use crate::harness::{
    Answer, Cosigner, Quorum, Server, Submitter, TestLog, copy_tree, files, policy, raw, within,
};

/// The policy's options for `serve`.
fn with_policy<'a>(path: &'a std::path::Path, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["--policy", path.to_str().unwrap(), "--witness-deadline", "30"];
    fixed.into_iter().chain(more.iter().copied()).collect()
}

async fn checkpoint(server: &Server) -> SignedCheckpoint {
    let answer = raw(server.address(), "GET", "/checkpoint", "").await;
    assert_eq!(answer.status, 200);
    SignedCheckpoint::parse(&answer.body).unwrap()
}

async fn size(server: &Server) -> u64 {
    checkpoint(server).await.checkpoint().head().size.get()
}

async fn health(server: &Server) -> (u16, String) {
    let Answer { status, body, .. } = raw(server.address(), "GET", "/healthz", "").await;
    (status, String::from_utf8(body).unwrap())
}

async fn metrics(server: &Server) -> String {
    String::from_utf8(raw(server.address(), "GET", "/metrics", "").await.body).unwrap()
}

/// Waits until the published head has this size.
async fn published(server: &Server, expected: u64) {
    let reached = async {
        while size(server).await != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    within("a published head", reached).await;
}

/// Three witnesses, of which two have to cosign.
struct Three {
    log: TestLog,
    witnesses: [Cosigner; 3],
    path: std::path::PathBuf,
    text: String,
}

impl Three {
    async fn create() -> Three {
        let log = TestLog::create().await;
        let witnesses = [
            Cosigner::create("w1").await,
            Cosigner::create("w2").await,
            Cosigner::create("w3").await,
        ];
        let (path, text) = policy(&log, &witnesses.each_ref().map(Cosigner::line), &Quorum(2));
        Three { log, witnesses, path, text }
    }

    async fn witness(&self, number: usize) -> Server {
        self.witnesses[number].serve(self.log.key()).await
    }
}

#[tokio::test]
async fn what_is_published_carries_the_cosignatures_that_readers_ask_for() {
    let three = Three::create().await;
    let running = [three.witness(0).await, three.witness(1).await, three.witness(2).await];
    let server = three.log.serve_with(&with_policy(&three.path, &[])).await;
    let mut submitter = Submitter::open(&server).await;
    for batch in [0..5, 5..300, 300..301] {
        submitter.submit(files(batch)).await;
        let verified = Policy::parse(&three.text).unwrap().verify(&checkpoint(&server).await);
        assert_eq!(verified.unwrap().cosigned_at().len(), 3);
    }
    assert_eq!(size(&server).await, 301);
    let (status, line) = health(&server).await;
    assert_eq!(status, 200, "{line}");
    let metrics = metrics(&server).await;
    assert!(metrics.contains("indelible_witness_quorum 1"), "{metrics}");
    let cosigned = r#"indelible_witness_answers_total{witness="w1",outcome="cosigned"}"#;
    assert!(metrics.contains(cosigned), "{metrics}");

    // A reader with the same policy, and one that wants a witness that never cosigned.
    let url = LogUrl::parse(&server.url).unwrap();
    let reader = |text: &str, memory: &str| {
        let memory = Memory::open(three.log.path(memory)).unwrap();
        Client::new(Trust::from_policy(text).unwrap(), url.clone(), memory).unwrap()
    };
    let head = reader(&three.text, "reader").checkpoint().await.unwrap();
    assert_eq!(head.cosigned_at().len(), 3);
    let other = Cosigner::create("other").await;
    let stricter = format!("log {}\n{}\nquorum other\n", three.log.key(), other.line());
    let refused = reader(&stricter, "strict").checkpoint().await.unwrap_err();
    assert!(format!("{refused:?}").contains("QuorumNotMet"), "{refused:?}");
    server.terminate().await;
    for witness in running {
        witness.terminate().await;
    }
}

#[tokio::test]
async fn without_a_quorum_entries_wait_and_nothing_is_published() {
    let three = Three::create().await;
    let (one, two) = (three.witness(0).await, three.witness(1).await);
    let server = three.log.serve_with(&with_policy(&three.path, &[])).await;
    Submitter::open(&server).await.submit(files(0..5)).await;
    two.terminate().await;
    let mut submitter = Submitter::open(&server).await;
    let waiting = tokio::spawn(async move { submitter.submit(files(5..10)).await });
    let unwell = async {
        loop {
            let (status, line) = health(&server).await;
            if status == 503 {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let line = within("a health that says so", unwell).await;
    assert!(line.contains("'enough' is not met: cosigned by w1"), "{line}");
    assert!(metrics(&server).await.contains("indelible_witness_quorum 0"));
    assert_eq!(size(&server).await, 5, "what is not cosigned is not shown");
    assert!(!waiting.is_finished(), "nobody is answered");

    let two = three.witness(1).await;
    let logged = within("the answer", waiting).await.unwrap();
    assert_eq!(logged.entries, 5);
    assert_eq!(size(&server).await, 10);
    assert_eq!(health(&server).await.0, 200);
    server.terminate().await;
    one.terminate().await;
    two.terminate().await;
}

#[tokio::test]
async fn a_log_that_ends_while_it_waits_publishes_when_it_can() {
    let three = Three::create().await;
    let (one, two) = (three.witness(0).await, three.witness(1).await);
    let options = with_policy(&three.path, &[]);
    let server = three.log.serve_with(&options).await;
    Submitter::open(&server).await.submit(files(0..5)).await;
    two.terminate().await;
    let mut submitter = Submitter::open(&server).await;
    let waiting = tokio::spawn(async move { submitter.try_submit(files(5..10)).await });
    let committed = async {
        while health(&server).await.0 != 503 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    within("entries that wait", committed).await;
    server.terminate().await;
    let unanswered = within("the answer", waiting).await.unwrap();
    assert!(unanswered.is_err() || unanswered.is_ok_and(|answer| answer.is_err()));

    // Still too few: readers go on with what was published.
    let server = three.log.serve_with(&options).await;
    assert_eq!(size(&server).await, 5);
    assert_eq!(health(&server).await.0, 503);
    let two = three.witness(1).await;
    published(&server, 10).await;
    Submitter::open(&server).await.submit(files(10..11)).await;
    server.terminate().await;
    one.terminate().await;
    two.terminate().await;
    let clean = three.log.fsck().await;
    assert_eq!(clean.code, Some(0), "{}", clean.stderr);
}

#[tokio::test]
async fn who_fails_open_publishes_and_says_so() {
    let three = Three::create().await;
    let refused = three.log.refusal(&with_policy(&three.path, &[])).await;
    assert!(refused.contains("too few witnesses cosigned"), "{refused}");

    let server = three.log.serve_with(&with_policy(&three.path, &["--fail-open"])).await;
    Submitter::open(&server).await.submit(files(0..5)).await;
    assert_eq!(size(&server).await, 5);
    let (status, line) = health(&server).await;
    assert_eq!(status, 200);
    assert!(line.contains("failing open: the quorum 'enough' is not met"), "{line}");
    assert!(metrics(&server).await.contains("indelible_witness_quorum 0"));
    server.terminate().await;
}

#[tokio::test]
async fn a_restored_backup_is_refused_because_witnesses_remember() {
    let three = Three::create().await;
    let running = [three.witness(0).await, three.witness(1).await, three.witness(2).await];
    let options = with_policy(&three.path, &[]);
    let server = three.log.serve_with(&options).await;
    Submitter::open(&server).await.submit(files(0..5)).await;
    server.terminate().await;
    copy_tree(three.log.data(), &three.log.path("backup"));

    let server = three.log.serve_with(&options).await;
    Submitter::open(&server).await.submit(files(5..10)).await;
    server.terminate().await;
    fs::rename(three.log.data(), three.log.path("newest")).unwrap();
    // Key, store, head and catalog, all from before.
    copy_tree(&three.log.path("backup"), three.log.data());
    let why = three.log.refusal(&options).await;
    assert!(why.contains("it cosigned this log at size 10"), "{why}");
    assert!(why.contains("put the newest store back"), "{why}");

    // Also when the operator fails open, and the way out is what it says.
    let mut open = options.clone();
    open.push("--fail-open");
    assert!(three.log.refusal(&open).await.contains("contradicts this log"));
    fs::remove_dir_all(three.log.data()).unwrap();
    fs::rename(three.log.path("newest"), three.log.data()).unwrap();
    let server = three.log.serve_with(&options).await;
    Submitter::open(&server).await.submit(files(10..11)).await;
    server.terminate().await;
    for witness in running {
        witness.terminate().await;
    }
}

#[tokio::test]
async fn a_policy_of_another_log_is_refused() {
    let (log, other) = (TestLog::create().await, TestLog::named("log.example/other").await);
    let witness = Cosigner::create("w1").await;
    let (path, _) = policy(&other, &[witness.line()], &Quorum(1));
    let why = log.refusal(&["--policy", path.to_str().unwrap()]).await;
    assert!(why.contains("does not list this log"), "{why}");
    fs::write(&path, "nonsense\n").unwrap();
    let why = log.refusal(&["--policy", path.to_str().unwrap()]).await;
    assert!(why.contains("is not a policy"), "{why}");
}
