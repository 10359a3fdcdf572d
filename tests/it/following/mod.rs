//! Read replicas: they serve what another process writes, verified, and follow no fork.

use std::fs;
use std::path::Path;
use std::time::Duration;

use client::LookupKey;
use indelible_proto::v1::{GetInclusionProofRequest, LookupRequest, lookup_request};
use tokio::process::Command;

use crate::harness::{
    Reader, Server, Submitter, TestLog, copy_tree, files, free_address, indelibled, raw, run,
    within,
};

/// The command for a replica in the directory `name` beside the log; it trusts the log's key alone.
pub(crate) fn replica(log: &TestLog, name: &str, place: &str) -> Command {
    let policy = log.path("follow.policy");
    fs::write(&policy, format!("log {}\nquorum none\n", log.key())).unwrap();
    let mut command = indelibled(["serve", "--listen", "127.0.0.1:0", "--follow", place]);
    command.args(["--follow-interval", "50", "--min-free", "0", "--data"]);
    command.arg(log.path(name)).arg("--policy").arg(policy);
    command
}

/// Waits until `server` shows `size` entries.
pub(crate) async fn shows(server: &Server, size: u64) {
    let shown = async {
        while server.published_size().await != size {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within("the head that was published", shown).await;
}

/// Both serve the same bytes with the same headers.
async fn assert_same_files(one: &Server, other: &Server, paths: &[&str]) {
    for path in paths {
        let (one, other) = (
            raw(one.address(), "GET", path, "").await,
            raw(other.address(), "GET", path, "").await,
        );
        assert_eq!((one.status, other.status), (200, 200), "{path}");
        assert_eq!(one.body, other.body, "{path}");
        for header in ["content-type", "cache-control"] {
            assert_eq!(one.header(header), other.header(header), "{path} {header}");
        }
    }
}

/// Both give the same answers over gRPC.
async fn assert_same_answers(one: &Server, other: &Server, size: u64) {
    let (mut one, mut other) = (Reader::open(one).await, Reader::open(other).await);
    for index in [0, 1, 255, size - 1] {
        let ask = GetInclusionProofRequest { index, size: None };
        let asked = one.log.get_inclusion_proof(ask).await.unwrap().into_inner();
        assert_eq!(asked, other.log.get_inclusion_proof(ask).await.unwrap().into_inner());
    }
    for filename in ["never-1.0.tar.gz", "project-0-1.0.tar.gz"] {
        let key = Some(lookup_request::Key::Filename(filename.to_owned()));
        let ask = LookupRequest { key };
        let asked = one.log.lookup(ask.clone()).await.unwrap().into_inner();
        assert_eq!(asked, other.log.lookup(ask).await.unwrap().into_inner(), "{filename}");
    }
}

#[tokio::test]
async fn a_replica_serves_the_same_bytes_and_grows_with_the_log() {
    let log = TestLog::create().await;
    let writer = log.serve_with(&["--epoch-interval", "0"]).await;
    let mut submitter = Submitter::open(&writer).await;
    submitter.submit(files(0..700)).await;
    // With an epoch.
    shows(&writer, 701).await;
    let copy = Server::start(replica(&log, "replica", &writer.url)).await;
    assert_eq!(copy.published_size().await, 701, "it is shown when it is complete");
    let tiles =
        ["/checkpoint", "/tile/0/000", "/tile/0/001", "/tile/1/000.p/2", "/tile/entries/001"];
    assert_same_files(&writer, &copy, &tiles).await;
    assert_same_answers(&writer, &copy, 701).await;

    submitter.submit(files(700..1500)).await;
    shows(&writer, 1502).await;
    shows(&copy, 1502).await;
    assert_same_answers(&writer, &copy, 1502).await;
    let found = log.client(&copy, "reader").lookup(&LookupKey::File("never.whl".to_owned())).await;
    assert!(found.unwrap().entries().is_empty(), "absence is proven");

    let refused = Submitter::try_open(&copy.url, None).await.err().unwrap();
    assert_eq!(refused.code(), tonic::Code::Unauthenticated);
    let metrics = String::from_utf8(raw(copy.address(), "GET", "/metrics", "").await.body).unwrap();
    assert!(metrics.contains("indelible_follower_lag_entries 0"), "{metrics}");
    assert_eq!(raw(copy.address(), "GET", "/healthz", "").await.status, 200);
    copy.terminate().await;
    writer.terminate().await;
}

#[tokio::test]
async fn a_replica_of_a_replica_goes_on_after_kills_and_without_its_log() {
    let log = TestLog::create().await;
    let writer = log.serve().await;
    let mut submitter = Submitter::open(&writer).await;
    submitter.submit(files(0..300)).await;
    let first = Server::start(replica(&log, "first", &writer.url)).await;
    let second = Server::start(replica(&log, "second", &first.url)).await;
    for round in 1..4 {
        submitter.submit(files(round * 300..(round + 1) * 300)).await;
    }
    shows(&second, 1200).await;
    second.kill().await;
    submitter.submit(files(1200..1300)).await;
    writer.terminate().await;
    // It serves what it has, as long as it can be verified, also when nothing can be followed.
    first.kill().await;
    let mut lonely = replica(&log, "second", "http://127.0.0.1:9");
    lonely.env("RUST_LOG", "debug");
    let lonely = Server::try_start(lonely);
    let lonely = tokio::time::timeout(Duration::from_secs(20), lonely).await;
    let lonely =
        lonely.expect("a replica shows what it has").map_err(|ended| ended.stderr).unwrap();
    assert_eq!(lonely.published_size().await, 1200);
    lonely.terminate().await;
}

#[tokio::test]
async fn a_fork_is_not_followed_and_its_proof_is_kept() {
    let log = TestLog::create().await;
    let listen = free_address();
    let serve = || {
        let mut command = indelibled(["serve", "--listen", &listen, "--min-free", "0", "--data"]);
        command.arg(log.data()).arg("--token-file").arg(log.path("token"));
        Server::start(command)
    };
    let writer = serve().await;
    Submitter::open(&writer).await.submit(files(0..5)).await;
    writer.terminate().await;
    copy_tree(log.data(), &log.path("backup"));
    let writer = serve().await;
    Submitter::open(&writer).await.submit(files(5..10)).await;
    let copy = Server::start(replica(&log, "replica", &writer.url)).await;
    shows(&copy, 10).await;
    let honest = raw(copy.address(), "GET", "/checkpoint", "").await.body;
    writer.terminate().await;

    fs::remove_dir_all(log.data()).unwrap();
    copy_tree(&log.path("backup"), log.data());
    let writer = serve().await;
    Submitter::open(&writer).await.submit(files(100..120)).await;
    let halted = async {
        while raw(copy.address(), "GET", "/healthz", "").await.status != 503 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within("the refusal of a fork", halted).await;
    let health = raw(copy.address(), "GET", "/healthz", "").await.body;
    let health = String::from_utf8(health).unwrap();
    assert!(health.contains("followed no further"), "{health}");
    assert_eq!(raw(copy.address(), "GET", "/checkpoint", "").await.body, honest);
    let report = evidence(&log.path("replica/heads"), "fork");
    client::ForkReport::parse(report.as_bytes()).unwrap().verify(&log.trust()).unwrap();

    // Started again, it still knows.
    copy.terminate().await;
    let again = Server::start(replica(&log, "replica", &writer.url)).await;
    assert_eq!(raw(again.address(), "GET", "/checkpoint", "").await.body, honest);
    again.terminate().await;
    writer.terminate().await;
}

/// The one file of a kind.
fn evidence(dir: &Path, extension: &str) -> String {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    let mut found = files.filter(|path| path.extension().is_some_and(|found| found == extension));
    fs::read_to_string(found.next().expect("evidence was kept")).unwrap()
}

#[tokio::test]
async fn what_can_not_be_followed_is_refused_with_a_reason() {
    let log = TestLog::create().await;
    let refused = |command: Command| async move {
        let ended = run(command).await;
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        ended.stderr
    };
    let why = refused(replica(&log, "replica", "ftp://log.example")).await;
    assert!(why.contains("can not be followed"), "{why}");
    let mut without = indelibled(["serve", "--follow", "http://127.0.0.1:9", "--data"]);
    without.arg(log.path("replica"));
    let why = refused(without).await;
    assert!(why.contains("--policy"), "{why}");
    let own = replica(&log, "log", "http://127.0.0.1:9");
    let why = refused(own).await;
    assert!(why.contains("holds a log of its own"), "{why}");
}
