//! The one public object that changes.

use tlog::SignedCheckpoint;

use super::Backend;
use super::script::{checkpoint, grow, head, other_head, sign, size as at};
use crate::error::{Misuse, StoreError};
use crate::store::Store;

pub(super) async fn checkpoints_never_shrink(backend: &dyn Backend) {
    let store = backend.create("checkpoints-never-shrink").await.expect("the place is free");
    grow(&*store, 0, 500).await.expect("no other writer");
    let more_signatures = sign(head(300), 2);
    for allowed in [checkpoint(0), checkpoint(200), checkpoint(300), more_signatures.clone()] {
        store.publish(&allowed).await.expect("it does not shrink");
        assert_published(&*store, &allowed).await;
    }
    for (refused, why) in [
        (checkpoint(299), Misuse::CheckpointShrinks { offered: at(299), published: at(300) }),
        (checkpoint(0), Misuse::CheckpointShrinks { offered: at(0), published: at(300) }),
        (sign(other_head(300), 1), Misuse::Fork(at(300))),
    ] {
        assert_refused(&*store, &refused, &why).await;
        assert_published(&*store, &more_signatures).await;
    }
    store.publish(&checkpoint(500)).await.expect("refusals do not stop the writer");
    assert_published(&*store, &checkpoint(500)).await;
}

pub(super) async fn only_what_is_committed_is_published(backend: &dyn Backend) {
    let store = backend.create("only-what-is-committed").await.expect("the place is free");
    grow(&*store, 0, 500).await.expect("no other writer");
    for (refused, why) in [
        (checkpoint(501), Misuse::CheckpointNotCommitted { offered: at(501), committed: at(500) }),
        (sign(other_head(500), 1), Misuse::Fork(at(500))),
    ] {
        assert_refused(&*store, &refused, &why).await;
        assert_eq!(store.checkpoint().await.expect("readable"), None);
    }
}

async fn assert_refused(store: &dyn Store, checkpoint: &SignedCheckpoint, why: &Misuse) {
    match store.publish(checkpoint).await {
        Err(StoreError::Misuse(misuse)) => assert_eq!(misuse, *why),
        other => panic!("not refused with {why:?}: {other:?}"),
    }
}

async fn assert_published(store: &dyn Store, checkpoint: &SignedCheckpoint) {
    let published = store.checkpoint().await.expect("readable");
    assert_eq!(published.as_deref(), Some(&*checkpoint.to_bytes()));
}
