//! The checkpoint cosigned last, for monitors.

use std::sync::atomic::Ordering;

use indelible_witness::origin_hash;
use tlog::{SignedCheckpoint, VerifyingKey};

use crate::harness::{Answer, Log, NOW, ORIGIN, Served, new_dir};

fn path() -> String {
    format!("/{}/checkpoint", origin_hash(ORIGIN))
}

/// The time of the one cosignature of an answer that has also the log's signature.
fn cosigned_at(answer: &Answer, log: &Log, own_key: &VerifyingKey, size: usize) -> u64 {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let checkpoint = SignedCheckpoint::parse(answer.body.as_bytes()).unwrap();
    let verified = checkpoint.verify(ORIGIN, &[log.key(), own_key.clone()]).unwrap();
    assert_eq!(verified.head(), log.head(size));
    assert_eq!(checkpoint.note().signatures().len(), 2, "{}", answer.body);
    verified.cosigned_at()[0].1
}

#[test]
fn a_log_is_found_by_the_hash_of_its_origin() {
    let known = "0985c185d9fc055c5ece31c59f30b5df62e29e1f1e406f6e0b8df76b172d27a9";
    assert_eq!(origin_hash(ORIGIN), known);
}

#[tokio::test]
async fn only_what_was_cosigned_is_there() {
    let log = Log::new("entry");
    let (dir, own_key) = new_dir();
    let served = Served::start(dir.path(), &[log.key()]).await;
    assert_eq!(served.get(&path()).await.status, 404);
    assert_eq!(served.post(log.request(3, 5)).await.status, 409);
    assert_eq!(served.get(&path()).await.status, 404);
    served.post(log.request(0, 5)).await.cosignature();
    let answer = served.get(&path()).await;
    assert_eq!(answer.content_type, "text/plain; charset=utf-8");
    assert_eq!(cosigned_at(&answer, &log, &own_key, 5), NOW);
    assert_eq!(served.get(&path().to_uppercase()).await.status, 404);
    assert_eq!(served.get("/0/checkpoint").await.status, 404);
}

#[tokio::test]
async fn a_cosignature_is_less_than_an_hour_old_when_fetched() {
    let log = Log::new("entry");
    let (dir, own_key) = new_dir();
    let served = Served::start(dir.path(), &[log.key()]).await;
    served.post(log.request(0, 5)).await.cosignature();
    let mut last = NOW;
    for minutes in [0, 10, 29, 31, 59, 60, 89, 121, 10_000] {
        let now = NOW + 60 * minutes;
        served.clock.store(now, Ordering::SeqCst);
        let time = cosigned_at(&served.get(&path()).await, &log, &own_key, 5);
        assert!(now - time < 3600 && time >= last, "after {minutes} minutes: {time}");
        last = time;
    }
    // A clock that was ahead and is right again: no cosignature of the future stays.
    served.clock.store(NOW, Ordering::SeqCst);
    assert_eq!(cosigned_at(&served.get(&path()).await, &log, &own_key, 5), NOW);
}

#[tokio::test]
async fn without_the_time_nothing_is_cosigned() {
    let log = Log::new("entry");
    let (dir, _) = new_dir();
    let served = Served::start(dir.path(), &[log.key()]).await;
    served.clock.store(0, Ordering::SeqCst);
    let answer = served.post(log.request(0, 5)).await;
    assert_eq!((answer.status, &*answer.body), (503, "the clock of this witness is not set\n"));
    assert_eq!(served.get("/healthz").await.status, 503);
    served.clock.store(NOW, Ordering::SeqCst);
    assert_eq!(served.get(&path()).await.status, 404);
    served.post(log.request(0, 5)).await.cosignature();
}
