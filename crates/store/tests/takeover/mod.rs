//! The take-over matrix: every request of a writer fails, another takes over, and the first, which may believe
//! that it still writes, changes nothing any more.

use std::sync::Arc;

use object_store::ObjectStore;
use store::conformance::script;
use store::{BucketStore, Store, StoreError};

use super::failing::{Failing, Fails};

/// Sizes after the commits of the first writer.
const SIZES: [u64; 3] = [255, 257, 600];

/// How far a writer came for certain.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Certain {
    committed: u64,
    published: u64,
}

/// Runs it once for each request of the first writer, as [`every_request_fails`](super::matrix); returns how many
/// runs had a failure.
pub(crate) async fn every_request_fails(bucket: &Arc<dyn ObjectStore>) -> u64 {
    let mut failures = 0;
    for fails in [Fails::Before, Fails::After] {
        for request in 0.. {
            let prefix = format!("takeover/{fails:?}/{request}");
            script::grow(&BucketStore::create(Arc::clone(bucket), &prefix).await.unwrap(), 0, 3)
                .await
                .unwrap();
            let failing = Arc::new(Failing::new(Arc::clone(bucket), request, fails));
            let objects: Arc<dyn ObjectStore> = Arc::clone(&failing) as Arc<dyn ObjectStore>;
            let mut certain = Certain { committed: 3, published: 0 };
            let first = BucketStore::open(objects, &prefix).await.ok();
            if let Some(first) = &first {
                let _ = write(first, &mut certain).await;
            }
            let second = BucketStore::open(Arc::clone(bucket), &prefix).await.unwrap();
            take_over(&second, certain).await;
            if let Some(first) = &first {
                assert_deposed(first, &second).await;
            }
            if !failing.has_failed() {
                assert_eq!(certain, Certain { committed: 600, published: 600 });
                break;
            }
            failures += 1;
        }
    }
    failures
}

/// Takes the lease and writes, as far as it goes.
async fn write(store: &BucketStore, certain: &mut Certain) -> Result<(), StoreError> {
    assert!(store.take_over(&store.look().await?).await?);
    for size in SIZES {
        // What can not be said now is said later.
        let _ = store.renew().await;
        script::grow(store, certain.committed, size).await?;
        certain.committed = size;
        let _ = store.renew().await;
        store.publish(&script::checkpoint(size)).await?;
        certain.published = size;
    }
    Ok(())
}

/// The second writer finds all that was certain, and goes on.
async fn take_over(second: &BucketStore, certain: Certain) {
    let seen = second.look().await.unwrap();
    assert!(second.take_over(&seen).await.unwrap());
    let size = second.head().await.unwrap().size.get();
    let next = SIZES.into_iter().find(|size| *size > certain.committed);
    assert!(size == certain.committed || Some(size) == next, "{size} after {certain:?}");
    script::assert_holds(second, size).await;
    script::grow(second, size, size + 100).await.unwrap();
    second.publish(&script::checkpoint(size + 100)).await.unwrap();
}

/// Nothing that the first writer tries has an effect.
async fn assert_deposed(first: &BucketStore, second: &BucketStore) {
    let (head, note) = (second.head().await.unwrap(), second.checkpoint().await.unwrap());
    let size = head.size.get();
    for from in [3, 255, 257, 600, size] {
        let offered = script::batch(from, from + 7);
        let done = first.commit(&script::head(from), offered, &script::head(from + 7)).await;
        assert!(done.is_err(), "a commit on {from}");
    }
    assert!(first.renew().await.is_err(), "the lease is another's");
    let _ = first.release().await;
    for published in [255, 600] {
        assert!(first.publish(&script::checkpoint(published)).await.is_err());
    }
    let seen = second.look().await.unwrap();
    assert!(seen.is_held() && seen.is_as(&second.look().await.unwrap()));
    assert_eq!(second.head().await.unwrap(), head);
    assert_eq!(second.checkpoint().await.unwrap(), note);
    second.renew().await.unwrap();
    script::grow(second, size, size + 1).await.unwrap();
}
