//! Creating, opening, opening again.

use tlog::TreeHead;

use super::Backend;
use super::publication::Way;
use super::script::{assert_holds, checkpoint, grow};
use crate::error::StoreError;

pub(super) async fn create_then_open(backend: &dyn Backend) {
    let place = "create-then-open";
    let created = backend.create(place).await.expect("the place is free");
    assert_eq!(created.head().await.expect("readable"), TreeHead::EMPTY);
    assert_eq!(created.checkpoint().await.expect("readable"), None);
    drop(created);
    let opened = backend.open(place).await.expect("it exists");
    assert_holds(&*opened, 0).await;
}

pub(super) async fn open_never_creates(backend: &dyn Backend) {
    for _ in 0..2 {
        let opened = backend.open("open-never-creates").await.map(drop);
        assert!(matches!(opened, Err(StoreError::Missing)), "not Missing: {opened:?}");
    }
}

pub(super) async fn create_never_replaces(backend: &dyn Backend) {
    let place = "create-never-replaces";
    for size in [0, 5] {
        let store = match size {
            0 => backend.create(place).await.expect("the place is free"),
            _ => backend.open(place).await.expect("it exists"),
        };
        if size > 0 {
            grow(&*store, 0, size).await.expect("no other writer");
        }
        drop(store);
        let created = backend.create(place).await.map(drop);
        assert!(matches!(created, Err(StoreError::AlreadyExists)), "not refused: {created:?}");
        let opened = backend.open(place).await.expect("it exists");
        assert_holds(&*opened, size).await;
    }
}

pub(super) async fn everything_survives_reopening(backend: &dyn Backend) {
    for way in Way::ALL {
        let place = format!("everything-survives-reopening-{way:?}");
        drop(backend.create(&place).await.expect("the place is free"));
        let sizes = [0, 1, 255, 256, 257, 700, 70_000];
        for (from, to) in sizes.into_iter().zip(sizes.into_iter().skip(1)) {
            let store = backend.open(&place).await.expect("it exists");
            grow(&*store, from, to).await.expect("no other writer");
            way.publish(&*store, &checkpoint(to)).await.expect("it is committed");
            drop(store);
            let store = backend.open(&place).await.expect("it exists");
            assert_holds(&*store, to).await;
            let published = store.checkpoint().await.expect("readable");
            assert_eq!(published.as_deref(), Some(&*checkpoint(to).to_bytes()));
        }
    }
}
