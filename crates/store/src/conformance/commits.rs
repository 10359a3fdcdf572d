//! What a commit shows, and what a refused one does not.

use bytes::Bytes;
use tlog::{TileKind, TilePath, TreeHead};

use super::Backend;
use super::script::{assert_holds, batch, grow, head, other_head};
use crate::error::StoreError;
use crate::store::Batch;

pub(super) async fn a_commit_shows_head_and_objects(backend: &dyn Backend) {
    let store = backend.create("a-commit-shows").await.expect("the place is free");
    let mut from = 0;
    for to in [1, 2, 7, 255, 256, 257, 511, 512, 1000] {
        grow(&*store, from, to).await.expect("no other writer");
        assert_holds(&*store, to).await;
        from = to;
    }
}

pub(super) async fn a_conflict_leaves_nothing_visible(backend: &dyn Backend) {
    let store = backend.create("a-conflict-leaves-nothing").await.expect("the place is free");
    grow(&*store, 0, 10).await.expect("no other writer");
    let wrong = [head(9), head(11), other_head(10), TreeHead::EMPTY];
    for prev in wrong {
        match store.commit(&prev, batch(10, 600), &head(600)).await {
            Err(StoreError::Conflict { expected, found }) => {
                assert_eq!((expected, found), (prev, head(10)));
            }
            other => panic!("a commit on top of {prev:?} gave {other:?}"),
        }
        assert_holds(&*store, 10).await;
    }
    grow(&*store, 10, 600).await.expect("a conflict does not stop the right writer");
    assert_holds(&*store, 600).await;
}

pub(super) async fn misuse_leaves_nothing_visible(backend: &dyn Backend) {
    let store = backend.create("misuse-leaves-nothing").await.expect("the place is free");
    grow(&*store, 0, 300).await.expect("no other writer");
    let cases = [
        (batch(200, 300), head(200), "the tree shrinks"),
        (Batch::default(), head(300), "the tree does not grow"),
        (Batch::default(), other_head(300), "another root at the same size"),
        (batch(300, 400), head(500), "tiles narrower than the tree makes them"),
        (batch(300, 500), head(400), "tiles wider than the tree"),
        (altered(300, 500, TileKind::Hashes(0), |bytes| bytes.push(0)), head(500), "odd length"),
        (altered(300, 500, TileKind::Entries, |bytes| bytes.push(0)), head(500), "trailing byte"),
        (altered(300, 500, TileKind::Entries, |bytes| bytes.truncate(1)), head(500), "cut short"),
    ];
    for (batch, next, what) in cases {
        let committed = store.commit(&head(300), batch, &next).await;
        assert!(matches!(committed, Err(StoreError::Misuse(_))), "{what}: {committed:?}");
        assert_holds(&*store, 300).await;
    }
    grow(&*store, 300, 500).await.expect("misuse does not stop the writer");
}

/// A batch with one object of a kind changed.
fn altered(from: u64, to: u64, kind: TileKind, change: impl FnOnce(&mut Vec<u8>)) -> Batch {
    let mut batch = batch(from, to);
    let is_of_kind = |(path, _): &&mut (TilePath, Bytes)| path.kind() == kind;
    let (_, bytes) = batch.objects.iter_mut().find(is_of_kind).expect("every batch has the kind");
    let mut altered = bytes.to_vec();
    change(&mut altered);
    *bytes = altered.into();
    batch
}

pub(super) async fn one_large_batch(backend: &dyn Backend) {
    let store = backend.create("one-large-batch").await.expect("the place is free");
    grow(&*store, 0, 200_000).await.expect("no other writer");
    assert_holds(&*store, 200_000).await;
}
