//! Many look-ups in one call, of the real program.

use client::{Answered, Client, LookupKey, VerifiedLookup};
use record::ProjectName;

use crate::harness::{Server, Submitter, TestLog, file, files, sha256};

/// More keys than the server looks ahead, some of them twice, some absent.
fn keys() -> Vec<LookupKey> {
    let of_file = |number: u64| {
        let listed = file(number);
        [
            LookupKey::Sha256(sha256(number)),
            LookupKey::File(listed.filename),
            LookupKey::Project(ProjectName::parse(&listed.project).unwrap()),
            LookupKey::File(format!("absent-{number}.tar.gz")),
        ]
    };
    (0..400).flat_map(of_file).collect()
}

async fn answers(client: &mut Client, keys: &[LookupKey]) -> Vec<VerifiedLookup> {
    let mut lookups = client.lookup_many(keys.to_vec());
    let mut answers = Vec::new();
    while let Some(answer) = lookups.next().await.unwrap() {
        let Answered::Found(answer) = answer else { panic!("{answer:?}") };
        answers.push(*answer);
    }
    answers
}

/// Asks the same one by one, and both ways.
async fn assert_same(log: &TestLog, server: &Server, complete: bool) {
    let mut client = log.client(server, "client");
    let keys = keys();
    let many = answers(&mut client, &keys).await;
    assert_eq!(many.len(), keys.len());
    for (key, answer) in keys.iter().zip(many).step_by(7) {
        assert_eq!(answer.completeness().is_some(), complete, "{key:?}");
        assert_eq!(client.lookup(key).await.unwrap(), answer, "{key:?}");
    }
}

#[tokio::test]
async fn many_look_ups_are_the_single_ones() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(0..300)).await;
    assert_same(&log, &server, false).await;
    server.terminate().await;

    // An epoch over the first, and a tail of several messages after it.
    let server = log.serve_with(&["--epoch-interval", "0"]).await;
    Submitter::open(&server).await.submit(files(300..301)).await;
    server.terminate().await;
    let server = log.serve_with(&["--epoch-interval", "3600"]).await;
    Submitter::open(&server).await.submit(files(301..2500)).await;
    assert_same(&log, &server, true).await;
    server.terminate().await;
}
