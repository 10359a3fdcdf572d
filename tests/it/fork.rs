//! An operator who gets around every safeguard of the server, and clients that remember.

use std::fs;

use client::{Client, Disproof, Error, LogUrl, Memory, Trust, Undecided};

use crate::harness::{Server, Submitter, TestLog, copy_tree, files};

fn client(log: &TestLog, server: &Server, memory: &str) -> Client {
    let trust = Trust::from_key(&log.key().to_string()).unwrap();
    let memory = Memory::open(log.path(memory)).unwrap();
    Client::new(trust, LogUrl::parse(&server.url).unwrap(), memory).unwrap()
}

#[tokio::test]
async fn who_rewrites_history_is_caught_by_those_who_remember() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(0..5)).await;
    client(&log, &server, "early").checkpoint().await.unwrap();
    server.terminate().await;
    copy_tree(log.data(), &log.path("backup"));

    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(5..10)).await;
    client(&log, &server, "late").checkpoint().await.unwrap();
    server.terminate().await;

    // Key, store, head and catalog, all from before: the server can not know.
    fs::remove_dir_all(log.data()).unwrap();
    copy_tree(&log.path("backup"), log.data());
    let server = log.serve().await;
    let rollback = client(&log, &server, "late").checkpoint().await.unwrap_err();
    assert!(matches!(rollback, Error::Undecided(Undecided::Rollback { .. })), "{rollback:?}");

    Submitter::open(&server).await.submit(files(100..110)).await;
    client(&log, &server, "early").checkpoint().await.unwrap();
    let fork = client(&log, &server, "late").checkpoint().await.unwrap_err();
    let Error::Disproven(Disproof::Fork { report, .. }) = fork else { panic!("{fork:?}") };
    report.verify(&Trust::from_key(&log.key().to_string()).unwrap()).unwrap();
    server.terminate().await;
}
