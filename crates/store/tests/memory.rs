//! The memory store: the suite, and the failures that only it can produce.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use store::conformance::{self, Backend, script};
use store::{Batch, Fault, MemoryStore, Operation, Store, StoreError};
use tlog::{TileKind, TilePath};

/// Logs in memory, by place.
#[derive(Default)]
struct Memory(Mutex<HashMap<String, MemoryStore>>);

#[async_trait]
impl Backend for Memory {
    async fn create(&self, place: &str) -> Result<Box<dyn Store>, StoreError> {
        let mut places = self.0.lock().unwrap();
        if places.contains_key(place) {
            return Err(StoreError::AlreadyExists);
        }
        let store = MemoryStore::create();
        places.insert(place.to_owned(), store.reopen());
        Ok(Box::new(store))
    }

    async fn open(&self, place: &str) -> Result<Box<dyn Store>, StoreError> {
        let places = self.0.lock().unwrap();
        Ok(Box::new(places.get(place).ok_or(StoreError::Missing)?.reopen()))
    }

    fn opens_twice(&self) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    conformance::run(&Memory::default()).await;
}

#[tokio::test]
async fn a_failed_write_leaves_the_state_before_or_after() {
    for (fault, size_after) in [(Fault::Fail, 300), (Fault::FailButPersist, 600)] {
        let store = MemoryStore::create();
        store.inject(Operation::Commit, 1, fault);
        script::grow(&store, 0, 300).await.unwrap();
        let failed = script::grow(&store, 300, 600).await;
        assert!(matches!(failed, Err(StoreError::Ambiguous(_))), "{failed:?}");

        assert!(matches!(store.head().await, Err(StoreError::Halted)));
        let again = script::grow(&store, size_after, 700).await;
        assert!(matches!(again, Err(StoreError::Halted)), "{again:?}");
        script::assert_reads(&store, &script::objects(300)[0]).await;

        let reopened = store.reopen();
        script::assert_holds(&reopened, size_after).await;
        script::grow(&reopened, size_after, 700).await.unwrap();
        script::assert_holds(&reopened, 700).await;
    }
}

#[tokio::test]
async fn a_failed_publication_leaves_the_old_or_the_new_checkpoint() {
    for (fault, published) in [(Fault::Fail, 100), (Fault::FailButPersist, 200)] {
        let store = MemoryStore::create();
        script::grow(&store, 0, 300).await.unwrap();
        store.publish(&script::checkpoint(100)).await.unwrap();
        store.inject(Operation::Publish, 0, fault);
        let failed = store.publish(&script::checkpoint(200)).await;
        assert!(matches!(failed, Err(StoreError::Ambiguous(_))), "{failed:?}");
        let after = store.checkpoint().await.unwrap().unwrap();
        assert_eq!(after, script::checkpoint(published).to_bytes());
    }
}

#[tokio::test]
async fn a_failed_read_changes_nothing() {
    let store = MemoryStore::create();
    script::grow(&store, 0, 300).await.unwrap();
    let path = script::objects(300)[0];
    for operation in [Operation::Head, Operation::Get, Operation::Checkpoint] {
        assert_eq!(store.calls(operation), 0);
        store.inject(operation, 0, Fault::FailButPersist);
    }
    assert!(matches!(store.head().await, Err(StoreError::Io(_))));
    assert!(matches!(store.get(&path).await, Err(StoreError::Io(_))));
    assert!(matches!(store.checkpoint().await, Err(StoreError::Io(_))));
    assert_eq!(store.calls(Operation::Get), 1);
    script::assert_holds(&store, 300).await;
}

#[tokio::test]
async fn a_refused_call_is_not_the_one_that_fails_but_persists() {
    let store = MemoryStore::create();
    store.inject(Operation::Commit, 0, Fault::FailButPersist);
    let conflict = store.commit(&script::head(5), Batch::default(), &script::head(6)).await;
    assert!(matches!(conflict, Err(StoreError::Conflict { .. })), "{conflict:?}");
    script::assert_holds(&store, 0).await;
}

#[tokio::test]
async fn damage_shows_until_the_object_is_written_again() {
    let store = MemoryStore::create();
    script::grow(&store, 0, 300).await.unwrap();
    let [full, partial] = [0, 1]
        .map(|index| TilePath::at_size(TileKind::Hashes(0), index, script::size(300)).unwrap());
    assert!(store.corrupt(&full, |bytes| bytes[100] ^= 1));
    assert!(store.corrupt(&partial, |bytes| bytes.truncate(31)));
    assert_ne!(store.get(&full).await.unwrap().unwrap(), script::object(&full));
    assert_eq!(store.reopen().get(&partial).await.unwrap(), None);
    assert!(!store.corrupt(&TilePath::new(TileKind::Entries, 2, 1).unwrap(), Vec::clear));

    script::grow(&store, 300, 400).await.unwrap();
    script::assert_reads(&store, &partial).await;
    assert_ne!(store.get(&full).await.unwrap().unwrap(), script::object(&full));
}

#[tokio::test]
async fn a_backup_stays_behind() {
    let store = MemoryStore::create();
    script::grow(&store, 0, 300).await.unwrap();
    let backup = store.backup();
    script::grow(&store, 300, 600).await.unwrap();
    script::assert_holds(&backup, 300).await;
    script::assert_holds(&store, 600).await;
}

#[tokio::test]
#[should_panic(expected = "tile/0/001.p/200 does not start with the 1408 bytes stored before it")]
async fn a_rewritten_tile_is_a_panic() {
    let store = MemoryStore::create();
    script::grow(&store, 0, 300).await.unwrap();
    let mut batch = script::batch(300, 456);
    for (path, bytes) in &mut batch.objects {
        if path.kind() == TileKind::Hashes(0) {
            *bytes = bytes.iter().rev().copied().collect();
        }
    }
    drop(store.commit(&script::head(300), batch, &script::head(456)).await);
}

#[tokio::test]
#[should_panic(expected = "is twice in one batch")]
async fn an_object_twice_in_a_batch_is_a_panic() {
    let store = MemoryStore::create();
    let mut batch = script::batch(0, 300);
    batch.objects.extend(script::batch(0, 300).objects);
    drop(store.commit(&script::head(0), batch, &script::head(300)).await);
}
