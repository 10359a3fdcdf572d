//! A log moves to a bucket and back, and a replica reads a bucket.

use std::fs;
use std::ops::Range;

use tokio::process::Command;

use crate::following::{replica, shows};
use crate::harness::{Ended, Server, Submitter, TestLog, Weed, files, fsck, indelibled, raw, run};

pub(super) fn migrate(weed: &Weed, log: &TestLog, to: &[&str]) -> Command {
    let mut command = indelibled(["migrate", "--data"]);
    command.arg(log.data()).args(to);
    weed.tell(&mut command);
    command
}

pub(super) async fn moved(command: Command, size: u64) {
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains(&format!("moved: size {size}, root ")), "{}", ended.stdout);
}

async fn refused(command: Command, why: &str) {
    let ended = run(command).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stdout);
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
}

async fn serve(weed: &Weed, log: &TestLog, more: &[&str]) -> Server {
    let mut command = log.command(more);
    weed.tell(&mut command);
    Server::start(command).await
}

async fn grow(weed: &Weed, log: &TestLog, numbers: Range<u64>) -> Vec<u8> {
    grow_with(weed, log, &[], numbers).await
}

/// Serves the log with more options for a moment, in which it is given these files; its head.
pub(super) async fn grow_with(
    weed: &Weed,
    log: &TestLog,
    more: &[&str],
    numbers: Range<u64>,
) -> Vec<u8> {
    let server = serve(weed, log, more).await;
    Submitter::open(&server).await.submit(files(numbers)).await;
    let note = raw(server.address(), "GET", "/checkpoint", "").await.body;
    server.terminate().await;
    note
}

#[tokio::test]
async fn a_log_moves_to_a_bucket_and_back_and_is_never_written_in_two_places() {
    let Some(weed) = Weed::start().await else { return };
    let log = TestLog::create().await;
    let url = Weed::log("moved");
    let to_bucket = ["--store", &url];
    refused(migrate(&weed, &log, &to_bucket), "serve it for a moment").await;
    let note = grow(&weed, &log, 0..6000).await;
    moved(migrate(&weed, &log, &to_bucket), 6000).await;
    refused(migrate(&weed, &log, &to_bucket), "is in s3://").await;
    assert!(log.path("log/store.moved").exists() && !log.path("log/store").exists());
    let clean = |ended: Ended| assert!(ended.stdout.contains("clean: size"), "{}", ended.stdout);
    clean(super::fsck(&weed, log.data()).await);
    let server = serve(&weed, &log, &[]).await;
    assert_eq!(raw(server.address(), "GET", "/checkpoint", "").await.body, note, "not a byte else");
    refused(migrate(&weed, &log, &["--local"]), "is being served").await;
    server.terminate().await;
    grow(&weed, &log, 6000..6100).await;

    fs::copy(log.path("log/bucket"), log.path("bucket")).unwrap();
    moved(migrate(&weed, &log, &["--local"]), 6100).await;
    clean(fsck(log.data()).await);
    grow(&weed, &log, 6100..6101).await;
    // Another server on the bucket, which was not told.
    let other = log.path("other");
    fs::create_dir(&other).unwrap();
    fs::copy(log.path("log/key"), other.join("key")).unwrap();
    fs::copy(log.path("bucket"), other.join("bucket")).unwrap();
    let mut command = log.command_at(&other, &[]);
    weed.tell(&mut command);
    let why = Server::refusal(command).await;
    assert!(why.contains("was moved to another store"), "{why}");
}

#[tokio::test]
async fn a_move_that_is_killed_goes_on_and_another_logs_bucket_is_refused() {
    let Some(weed) = Weed::start().await else { return };
    let log = TestLog::create().await;
    grow(&weed, &log, 0..10_000).await;
    grow(&weed, &log, 10_000..20_000).await;
    let url = Weed::log("killed");
    for milliseconds in [300, 600, 900] {
        let mut child = migrate(&weed, &log, &["--store", &url]).spawn().unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
        child.kill().await.unwrap();
    }
    moved(migrate(&weed, &log, &["--store", &url]), 20_000).await;

    let other = TestLog::create().await;
    grow(&weed, &other, 50..60).await;
    refused(migrate(&weed, &other, &["--store", &url]), "holds another log").await;
    grow(&weed, &log, 20_000..20_001).await;
}

#[tokio::test]
async fn a_replica_follows_the_bucket_itself() {
    let Some(weed) = Weed::start().await else { return };
    let log = TestLog::create().await;
    grow(&weed, &log, 0..300).await;
    let url = Weed::log("log");
    moved(migrate(&weed, &log, &["--store", &url]), 300).await;
    let mut command = replica(&log, "replica", &url);
    weed.tell(&mut command);
    let copy = Server::start(command).await;
    assert_eq!(copy.published_size().await, 300);
    let server = serve(&weed, &log, &[]).await;
    Submitter::open(&server).await.submit(files(300..900)).await;
    shows(&copy, 900).await;
    for path in ["/checkpoint", "/tile/0/003.p/132", "/tile/entries/002"] {
        let [one, two] = [
            raw(server.address(), "GET", path, "").await,
            raw(copy.address(), "GET", path, "").await,
        ];
        assert_eq!((one.status, one.body), (two.status, two.body), "{path}");
    }
    server.terminate().await;
    copy.terminate().await;
}
