//! Readers beside a writer, and two writers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tlog::{TileKind, TreeHead};

use super::Backend;
use super::script::{assert_holds, assert_reads, batch, grow, head, objects, other_head};
use crate::error::StoreError;
use crate::store::{Batch, Store};

/// Whatever head a reader sees, the objects of that head are there.
pub(super) async fn readers_see_whole_commits(backend: &dyn Backend) {
    let created = backend.create("readers-see-whole-commits").await.expect("the place is free");
    let store: Arc<dyn Store> = Arc::from(created);
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> =
        (0..3).map(|_| tokio::spawn(read_until(Arc::clone(&store), Arc::clone(&done)))).collect();
    let mut from = 0;
    for step in 0..60 {
        let to = from + 1 + step * 17 % 300;
        grow(&*store, from, to).await.expect("no other writer");
        tokio::task::yield_now().await;
        from = to;
    }
    done.store(true, Ordering::Release);
    for reader in readers {
        reader.await.expect("the reader found everything");
    }
    assert_holds(&*store, from).await;
}

/// Reads the right edge of whatever tree is there, until told to stop.
async fn read_until(store: Arc<dyn Store>, done: Arc<AtomicBool>) {
    while !done.load(Ordering::Acquire) {
        let seen = store.head().await.expect("the head is readable");
        assert_eq!(seen, head(seen.size.get()));
        for path in objects(seen.size.get()).into_iter().rev().take(4) {
            assert_reads(&*store, &path).await;
        }
        tokio::task::yield_now().await;
    }
}

/// Two writers go different ways from the same head: one gets there, with all of its objects and
/// none of the other's.
pub(super) async fn one_of_two_writers_wins(backend: &dyn Backend) {
    for round in 0..10 {
        let place = format!("one-of-two-writers-{round}");
        let created = backend.create(&place).await.expect("the place is free");
        let first: Arc<dyn Store> = Arc::from(created);
        let second = if backend.opens_twice() {
            Arc::from(backend.open(&place).await.expect("it can be opened twice"))
        } else {
            Arc::clone(&first)
        };
        let turns = [(batch(0, 300), head(300)), (other_batch(), other_head(300))];
        let writers: Vec<_> = [first, second]
            .into_iter()
            .zip(turns.clone())
            .map(|(store, (batch, next))| tokio::spawn(write(store, batch, next)))
            .collect();
        let mut winners = Vec::new();
        for (writer, turn) in writers.into_iter().zip(turns) {
            if writer.await.expect("the writer does not panic") {
                winners.push(turn);
            }
        }
        assert_eq!(winners.len(), 1, "round {round}: one of two wins");
        let store = backend.open(&place).await.expect("it exists");
        assert_turn(&*store, winners.remove(0)).await;
    }
}

/// Tries to make the first commit of a log; says whether this writer won.
async fn write(store: Arc<dyn Store>, batch: Batch, next: TreeHead) -> bool {
    match store.commit(&TreeHead::EMPTY, batch, &next).await {
        Ok(()) => true,
        Err(StoreError::Conflict { expected: TreeHead::EMPTY, .. }) => false,
        other => panic!("the loser got {other:?} instead of a conflict"),
    }
}

/// The objects of another tree of the same shape.
fn other_batch() -> Batch {
    let mut other = batch(0, 300);
    for (path, bytes) in &mut other.objects {
        if let TileKind::Hashes(_) = path.kind() {
            *bytes = bytes.iter().map(|byte| !byte).collect();
        }
    }
    other
}

async fn assert_turn(store: &dyn Store, (batch, next): (Batch, TreeHead)) {
    assert_eq!(store.head().await.expect("the head is readable"), next);
    for (path, bytes) in batch.objects {
        let stored = store.get(&path).await.expect("the store answers");
        assert!(stored == Some(bytes), "{path} is the loser's");
    }
}
