//! The one public object that changes.

use tlog::SignedCheckpoint;

use super::Backend;
use super::script::{checkpoint, grow, head, other_head, sign, size as at};
use crate::error::{Misuse, StoreError};
use crate::store::Store;

/// The two ways to publish, which follow the same rules.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Durable,
    Remembered,
}

impl Way {
    pub(super) const ALL: [Way; 2] = [Way::Durable, Way::Remembered];

    pub(super) async fn publish(
        self,
        store: &dyn Store,
        checkpoint: &SignedCheckpoint,
    ) -> Result<(), StoreError> {
        match self {
            Way::Durable => store.publish(checkpoint).await,
            Way::Remembered => store.publish_remembered(checkpoint).await,
        }
    }
}

pub(super) async fn checkpoints_never_shrink(backend: &dyn Backend) {
    for way in Way::ALL {
        let name = format!("checkpoints-never-shrink-{way:?}");
        let store = backend.create(&name).await.expect("the place is free");
        grow(&*store, 0, 500).await.expect("no other writer");
        let more_signatures = sign(head(300), 2);
        for allowed in [checkpoint(0), checkpoint(200), checkpoint(300), more_signatures.clone()] {
            way.publish(&*store, &allowed).await.expect("it does not shrink");
            assert_published(&*store, &allowed).await;
        }
        for (refused, why) in [
            (checkpoint(299), Misuse::CheckpointShrinks { offered: at(299), published: at(300) }),
            (checkpoint(0), Misuse::CheckpointShrinks { offered: at(0), published: at(300) }),
            (sign(other_head(300), 1), Misuse::Fork(at(300))),
        ] {
            assert_refused(way.publish(&*store, &refused).await, &why);
            assert_published(&*store, &more_signatures).await;
        }
        way.publish(&*store, &checkpoint(500)).await.expect("refusals do not stop the writer");
        assert_published(&*store, &checkpoint(500)).await;
    }
}

pub(super) async fn only_what_is_committed_is_published(backend: &dyn Backend) {
    let store = backend.create("only-what-is-committed").await.expect("the place is free");
    grow(&*store, 0, 500).await.expect("no other writer");
    for (refused, why) in [
        (checkpoint(501), Misuse::CheckpointNotCommitted { offered: at(501), committed: at(500) }),
        (sign(other_head(500), 1), Misuse::Fork(at(500))),
    ] {
        for way in Way::ALL {
            assert_refused(way.publish(&*store, &refused).await, &why);
            assert_eq!(store.checkpoint().await.expect("readable"), None);
        }
    }
}

fn assert_refused(published: Result<(), StoreError>, why: &Misuse) {
    match published {
        Err(StoreError::Misuse(misuse)) => assert_eq!(misuse, *why),
        other => panic!("not refused with {why:?}: {other:?}"),
    }
}

async fn assert_published(store: &dyn Store, checkpoint: &SignedCheckpoint) {
    let published = store.checkpoint().await.expect("readable");
    assert_eq!(published.as_deref(), Some(&*checkpoint.to_bytes()));
}
