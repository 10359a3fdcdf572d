//! Logs in a bucket for the suite, and the fault matrix: every request fails, and the log goes on.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;
use store::conformance::{Backend, script};
use store::{BucketStore, Store, StoreError};

use super::failing::{Failing, Fails};

/// Logs in one bucket, by prefix.
pub(crate) struct Bucket(pub(crate) Arc<dyn ObjectStore>);

#[async_trait]
impl Backend for Bucket {
    async fn create(&self, place: &str) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(BucketStore::create(Arc::clone(&self.0), place).await?))
    }

    async fn open(&self, place: &str) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(BucketStore::open(Arc::clone(&self.0), place).await?))
    }

    fn opens_twice(&self) -> bool {
        true
    }
}

/// Sizes after the commits of a run: with partial objects, and with full ones.
const SIZES: [u64; 5] = [3, 255, 256, 300, 600];

/// Runs a log in this bucket once for each of its requests, which fails before it takes effect, and once
/// for each whose answer is lost; after each failure the log is opened again and must hold what was
/// acknowledged. Returns how many runs had a failure.
pub(crate) async fn every_request_fails(bucket: &Arc<dyn ObjectStore>) -> u64 {
    let mut failures = 0;
    for fails in [Fails::Before, Fails::After] {
        for request in 0.. {
            let prefix = format!("{fails:?}/{request}");
            let failing = Arc::new(Failing::new(Arc::clone(bucket), request, fails));
            let objects: Arc<dyn ObjectStore> = Arc::clone(&failing) as Arc<dyn ObjectStore>;
            let certain = run(objects, &prefix).await;
            verify(bucket, &prefix, certain).await;
            if !failing.has_failed() {
                assert_eq!(certain, Some((600, 600)));
                break;
            }
            failures += 1;
        }
    }
    failures
}

/// Creates a log and lets it grow, with a publication after each commit, until something fails; returns
/// what is certain to have been committed and published.
async fn run(objects: Arc<dyn ObjectStore>, prefix: &str) -> Option<(u64, u64)> {
    let store = BucketStore::create(objects, prefix).await.ok()?;
    let (mut committed, mut published) = (0, 0);
    for size in SIZES {
        if script::grow(&store, committed, size).await.is_err() {
            break;
        }
        committed = size;
        if store.publish(&script::checkpoint(size)).await.is_err() {
            break;
        }
        published = size;
    }
    Some((committed, published))
}

/// Whatever is certain is there, and nothing half.
async fn verify(bucket: &Arc<dyn ObjectStore>, prefix: &str, certain: Option<(u64, u64)>) {
    let store = match BucketStore::open(Arc::clone(bucket), prefix).await {
        Ok(store) => store,
        Err(StoreError::Missing) => {
            assert_eq!(certain, None, "an acknowledged log is gone");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let (committed, published) = certain.unwrap_or_default();
    let size = store.head().await.unwrap().size.get();
    let next = SIZES.into_iter().find(|size| *size > committed);
    assert!(size == committed || Some(size) == next, "{size} after {committed}");
    if size > 0 {
        script::assert_holds(&store, size).await;
    }
    let note = store.checkpoint().await.unwrap();
    let expected = |size| Some(script::checkpoint(size).to_bytes().into());
    let newest = if published == 0 { None } else { expected(published) };
    assert!(note == newest || note == expected(committed), "published after {published}");
    script::grow(&store, size, size + 300).await.unwrap();
    script::assert_holds(&store, size + 300).await;
    store.publish(&script::checkpoint(size + 300)).await.unwrap();
}
