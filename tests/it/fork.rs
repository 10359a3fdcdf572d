//! An operator who gets around every safeguard of the server, and clients that remember.

use std::fs;

use client::{Disproof, Error, Undecided};

use crate::harness::{Submitter, TestLog, copy_tree, files};

#[tokio::test]
async fn who_rewrites_history_is_caught_by_those_who_remember() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(0..5)).await;
    log.client(&server, "early").checkpoint().await.unwrap();
    server.terminate().await;
    copy_tree(log.data(), &log.path("backup"));

    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(5..10)).await;
    log.client(&server, "late").checkpoint().await.unwrap();
    server.terminate().await;

    // Key, store, head and catalog, all from before: the server can not know.
    fs::remove_dir_all(log.data()).unwrap();
    copy_tree(&log.path("backup"), log.data());
    let server = log.serve().await;
    let rollback = log.client(&server, "late").checkpoint().await.unwrap_err();
    assert!(matches!(rollback, Error::Undecided(Undecided::Rollback { .. })), "{rollback:?}");

    Submitter::open(&server).await.submit(files(100..110)).await;
    log.client(&server, "early").checkpoint().await.unwrap();
    let fork = log.client(&server, "late").checkpoint().await.unwrap_err();
    let Error::Disproven(Disproof::Fork { report, .. }) = fork else { panic!("{fork:?}") };
    report.verify(&log.trust()).unwrap();
    server.terminate().await;
}
