//! The store in a bucket: the suite, and requests that fail one after the other.
#![allow(clippy::unwrap_used)]

mod failing;

use std::sync::Arc;

use async_trait::async_trait;
use failing::{Failing, Fails};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use store::conformance::{self, Backend, script};
use store::{BucketStore, Store, StoreError};

/// Logs in one bucket, by prefix.
struct Bucket(Arc<dyn ObjectStore>);

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

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    conformance::run(&Bucket(Arc::new(InMemory::new()))).await;
}

/// Sizes after the commits of a run: with partial objects, and with full ones.
const SIZES: [u64; 5] = [3, 255, 256, 300, 600];

/// Creates a log and lets it grow, with a publication after each commit, until something fails; returns
/// what is certain to have been committed and published.
async fn run(objects: Arc<dyn ObjectStore>) -> Option<(u64, u64)> {
    let store = BucketStore::create(objects, "log").await.ok()?;
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

#[tokio::test]
async fn every_request_that_fails_leaves_a_log_that_goes_on() {
    for fails in [Fails::Before, Fails::After] {
        let mut request = 0;
        loop {
            let bucket: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
            let failing = Arc::new(Failing::new(Arc::clone(&bucket), request, fails));
            let certain = run(Arc::clone(&failing) as Arc<dyn ObjectStore>).await;
            verify(bucket, certain).await;
            if !failing.has_failed() {
                assert_eq!(certain, Some((600, 600)));
                break;
            }
            request += 1;
        }
        assert!(request > 30, "{request} requests");
    }
}

/// Whatever is certain is there, and nothing half.
async fn verify(bucket: Arc<dyn ObjectStore>, certain: Option<(u64, u64)>) {
    let store = match BucketStore::open(Arc::clone(&bucket), "log").await {
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

#[tokio::test]
async fn what_is_superfluous_is_removed() {
    let bucket = Arc::new(InMemory::new());
    let store =
        BucketStore::create(Arc::clone(&bucket) as Arc<dyn ObjectStore>, "log").await.unwrap();
    let mut from = 0;
    for to in (1..=1024).step_by(31) {
        script::grow(&store, from, to).await.unwrap();
        from = to;
    }
    let names = names(&bucket).await;
    let partial = names.iter().filter(|name| name.contains(".p/")).count();
    assert_eq!(names.iter().filter(|name| name.contains("/staged/")).count(), 1, "{names:?}");
    assert_eq!(names.iter().filter(|name| name.contains("/probe/")).count(), 0);
    // Of level 1, which has four hashes, and nothing else.
    let of_level_1 = names.iter().filter(|name| name.contains("tile/1/000.p/")).count();
    assert_eq!(partial, of_level_1, "{names:?}");
}

async fn names(bucket: &InMemory) -> Vec<String> {
    use futures::TryStreamExt as _;
    let listed: Vec<_> = bucket.list(None).try_collect().await.unwrap();
    listed.into_iter().map(|object| object.location.to_string()).collect()
}

#[tokio::test]
async fn static_readers_find_the_paths_of_a_server() {
    let bucket = Arc::new(InMemory::new());
    let store =
        BucketStore::create(Arc::clone(&bucket) as Arc<dyn ObjectStore>, "a/log").await.unwrap();
    script::grow(&store, 0, 300).await.unwrap();
    store.publish(&script::checkpoint(300)).await.unwrap();
    for path in script::objects(300) {
        let found = bucket.get(&Path::from(format!("a/log/public/{path}"))).await.unwrap();
        let header = |name| found.attributes.get(name).unwrap().to_string();
        assert_eq!(
            header(&object_store::Attribute::CacheControl),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(found.bytes().await.unwrap(), script::object(&path));
    }
    let checkpoint = bucket.get(&Path::from("a/log/public/checkpoint")).await.unwrap();
    let header = checkpoint.attributes.get(&object_store::Attribute::CacheControl).unwrap();
    assert_eq!(header.to_string(), "no-cache");
    assert_eq!(checkpoint.bytes().await.unwrap(), script::checkpoint(300).to_bytes());
}

#[tokio::test]
async fn a_bucket_without_conditional_puts_is_refused() {
    let careless: Arc<dyn ObjectStore> = Arc::new(failing::Careless(InMemory::new()));
    let Err(refused) = BucketStore::create(careless, "log").await else { panic!("it was taken") };
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(why.contains("two writers could fork the log"), "{why}");
}
