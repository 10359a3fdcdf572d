//! Many submitters at once.

use std::collections::BTreeSet;

use futures::future::join_all;

use tonic::Code;

use crate::harness::{Reader, Server, Submitter, TestLog, files};

/// Submits one batch on a stream of its own.
async fn submit_alone(
    server: &Server,
    range: std::ops::Range<u64>,
) -> Result<u64, indelible_proto::v1::Refused> {
    let mut submitter = Submitter::open(server).await;
    submitter.try_submit(files(range)).await.unwrap().map(|logged| logged.entries)
}

#[tokio::test]
async fn the_same_facts_from_many_sides_are_logged_once() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    let same = (0..16).map(|_| submit_alone(&server, 0..50));
    let overlapping = (0..16).map(|n| submit_alone(&server, n * 10..n * 10 + 60));
    let (same, overlapping) = futures::join!(join_all(same), join_all(overlapping));
    let logged: u64 = same.into_iter().chain(overlapping).map(Result::unwrap).sum();
    let tree = Reader::open(&server).await.tree().await;
    assert_eq!((logged, tree.size()), (210, 210));
    assert_eq!(tree.entries.iter().collect::<BTreeSet<_>>().len(), 210);
    server.terminate().await;
}

#[tokio::test]
async fn a_full_pool_refuses_whole_submissions_for_the_moment() {
    let log = TestLog::create().await;
    let server = log.serve_with(&["--pool", "1", "--batch", "1"]).await;
    let answers = join_all((0..64).map(|n| submit_alone(&server, n * 10..n * 10 + 10))).await;
    let (mut logged, mut refused) = (0, Vec::new());
    for (number, answer) in (0..).zip(answers) {
        match answer {
            Ok(entries) => logged += entries,
            Err(why) => {
                assert_eq!(why.code, Code::ResourceExhausted as i32, "{why:?}");
                assert!(why.message.contains("wait a little and submit again"), "{why:?}");
                refused.push(number);
            }
        }
    }
    assert!(!refused.is_empty(), "the pool never was full");
    assert_eq!(Reader::open(&server).await.tree().await.size(), logged);
    for number in refused {
        let again = submit_alone(&server, number * 10..number * 10 + 10).await.unwrap();
        assert_eq!(again, 10, "a part of a refused submission was logged");
    }
    assert_eq!(Reader::open(&server).await.tree().await.size(), 640);
    server.terminate().await;
}
