//! Epochs: look-ups that are complete, evidence that stays true, coverage that is stated.

use std::path::Path;
use std::time::Duration;

use client::{Client, LookupKey, VerifiedLookup};
use record::ProjectName;

use crate::harness::{Server, Submitter, TestLog, file, files, raw, sha256, within};

/// An epoch after every batch.
const AT_ONCE: [&str; 2] = ["--epoch-interval", "0"];

/// The answer once an epoch covers everything.
async fn complete(client: &mut Client, key: &LookupKey) -> VerifiedLookup {
    let settled = async {
        loop {
            let answer = client.lookup(key).await.unwrap();
            let size = answer.checkpoint().head().size.get();
            if answer.completeness().is_some_and(|epoch| epoch.position().get() + 1 == size) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within("an epoch over everything", settled).await
}

/// A key of each kind that is there, and one that is not, with how many entries each has.
fn keys() -> [(LookupKey, usize); 4] {
    let listed = file(5);
    let project = ProjectName::parse(&listed.project).unwrap();
    let of_project = (0..300).filter(|number| file(*number).project == listed.project).count();
    [
        (LookupKey::File(listed.filename), 1),
        (LookupKey::Project(project), of_project),
        (LookupKey::Sha256(sha256(5)), 1),
        (LookupKey::File("never-listed-1.0.tar.gz".to_owned()), 0),
    ]
}

/// How often a look-up was answered so.
async fn counted(server: &Server, answer: &str) -> u64 {
    let metrics = raw(server.address(), "GET", "/metrics", "").await.body;
    let metrics = String::from_utf8(metrics).unwrap();
    let name = format!("indelible_lookups_total{{answer=\"{answer}\"}} ");
    let count = metrics.lines().find_map(|line| line.strip_prefix(&name));
    count.expect("it is counted from the start").parse().unwrap()
}

#[tokio::test]
async fn answers_are_complete_and_their_evidence_stays_true() {
    let log = TestLog::create().await;
    let server = log.serve_with(&AT_ONCE).await;
    let mut submitter = Submitter::open(&server).await;
    for numbers in [0..1, 1..260, 260..300] {
        submitter.submit(files(numbers)).await;
    }
    let mut evidence = Vec::new();
    for (key, count) in keys() {
        let answer = complete(&mut log.client(&server, "client"), &key).await;
        assert_eq!(answer.entries().len(), count, "{key:?}");
        evidence.push((key, answer.claims(), answer.to_evidence().unwrap().to_string()));
    }
    assert!(counted(&server, "found").await >= 3);
    assert!(counted(&server, "absent").await >= 1);
    // The log grows tenfold and is started again without its catalog.
    submitter.submit(files(300..3000)).await;
    drop(submitter);
    server.terminate().await;
    std::fs::remove_dir_all(log.data().join("catalog")).unwrap();
    let server = log.serve_with(&AT_ONCE).await;
    for (key, claims, text) in evidence {
        let parsed = record::Evidence::parse(text.as_bytes()).unwrap();
        let old = VerifiedLookup::from_evidence(parsed, &log.trust()).unwrap();
        assert_eq!(old.claims(), claims);
        let new = complete(&mut log.client(&server, "client"), &key).await;
        assert!(new.checkpoint().head().size > old.checkpoint().head().size);
        assert!(new.entries().starts_with(old.entries()), "{key:?}");
        let (old, new) = (old.completeness().unwrap(), new.completeness().unwrap());
        assert!(new.epoch().epoch > old.epoch().epoch);
    }
    server.terminate().await;
    assert_eq!(log.fsck().await.code, Some(0));
}

#[tokio::test]
async fn without_an_epoch_nobody_claims_completeness() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(0..3)).await;
    for (key, _) in keys() {
        let answer = log.client(&server, "client").lookup(&key).await.unwrap();
        assert_eq!(answer.completeness(), None);
        assert!(answer.to_evidence().is_none());
    }
}

#[tokio::test]
async fn a_changed_entry_of_the_tail_is_shown_before_the_next_epoch() {
    let log = TestLog::create().await;
    let server = log.serve_with(&AT_ONCE).await;
    Submitter::open(&server).await.submit(files(0..3)).await;
    let (key, _) = keys()[3].clone();
    complete(&mut log.client(&server, "client"), &key).await;
    server.terminate().await;

    // With the usual interval the next entries have no epoch yet.
    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(3..10)).await;
    let (key, _) = keys()[0].clone();
    let answer = log.client(&server, "client").lookup(&key).await.unwrap();
    let epoch = answer.completeness().unwrap().position();
    let [entry] = answer.entries() else { panic!("{answer:?}") };
    assert!(entry.index() > epoch, "read from the tail");
    server.terminate().await;
}

#[tokio::test]
async fn the_coverage_of_the_observer_is_stated() {
    let log = TestLog::create().await;
    let index = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/index");
    let more = ["--epoch-interval", "0", "--index", index.to_str().unwrap()];
    let server = log.serve_with(&more).await;
    let key = LookupKey::File("requests-2.31.0.tar.gz".to_owned());
    let mut client = log.client(&server, "client");
    let stated = async {
        loop {
            let answer = client.lookup(&key).await.unwrap();
            let swept = answer.completeness().and_then(|epoch| epoch.epoch().swept);
            if let Some(swept) = swept {
                return (swept, answer.completeness().unwrap().epoch().time);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (swept, time) = within("a sweep to be stated", stated).await;
    assert!(swept <= time, "the sweep began before the epoch that states it");
    server.terminate().await;
}
