//! The store in a bucket: the suite, and requests that fail one after the other.
#![allow(clippy::unwrap_used)]

mod failing;
mod matrix;
mod takeover;

use std::sync::Arc;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use store::conformance::{self, script};
use store::{BucketStore, Store, StoreError};

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    conformance::run(&matrix::Bucket(Arc::new(InMemory::new()))).await;
}

#[tokio::test]
async fn every_request_that_fails_leaves_a_log_that_goes_on() {
    let bucket: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let requests = matrix::every_request_fails(&bucket).await;
    assert!(requests > 60, "{requests} requests");
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
    let careless = Arc::new(failing::Failing::careless(Arc::new(InMemory::new())));
    let Err(refused) = BucketStore::create(careless, "log").await else { panic!("it was taken") };
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(why.contains("two writers could fork the log"), "{why}");
}

#[tokio::test]
async fn another_takes_over_wherever_a_writer_fails() {
    let bucket: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let requests = takeover::every_request_fails(&bucket).await;
    assert!(requests > 60, "{requests} requests");
}

#[tokio::test]
async fn a_lease_is_held_given_up_and_taken_by_one() {
    let bucket: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let open = || BucketStore::open(Arc::clone(&bucket), "log");
    BucketStore::create(Arc::clone(&bucket), "log").await.unwrap();
    let (one, two) = (open().await.unwrap(), open().await.unwrap());
    let free = one.look().await.unwrap();
    assert!(!free.is_held());
    assert!(matches!(one.renew().await, Err(StoreError::TakenOver)), "it was never held");
    let (took_one, took_two) = (one.take_over(&free).await, two.take_over(&free).await);
    assert_eq!((took_one.unwrap(), took_two.unwrap()), (true, false));
    assert!(matches!(script::grow(&two, 0, 3).await, Err(StoreError::TakenOver)));

    let seen = two.look().await.unwrap();
    one.renew().await.unwrap();
    assert!(!seen.is_as(&two.look().await.unwrap()), "the holder said that it is there");
    let seen = two.look().await.unwrap();
    script::grow(&one, 0, 3).await.unwrap();
    assert!(!seen.is_as(&two.look().await.unwrap()), "a commit says it, too");
    assert!(seen.is_held());

    one.release().await.unwrap();
    let free = two.look().await.unwrap();
    assert!(!free.is_held());
    assert!(two.take_over(&free).await.unwrap());
    assert!(matches!(one.renew().await, Err(StoreError::TakenOver)));
    assert!(matches!(script::grow(&one, 3, 9).await, Err(StoreError::TakenOver)));
    script::grow(&two, 3, 9).await.unwrap();
    // What the first had committed and published late is no hindrance.
    one.publish(&script::checkpoint(3)).await.unwrap();
    two.publish(&script::checkpoint(9)).await.unwrap();
    assert!(matches!(
        one.publish(&script::checkpoint(3)).await,
        Err(StoreError::Misuse(_) | StoreError::TakenOver)
    ));
}

#[tokio::test]
async fn a_log_that_was_moved_can_only_be_read() {
    let bucket: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let open = || BucketStore::open(Arc::clone(&bucket), "log");
    let store = BucketStore::create(Arc::clone(&bucket), "log").await.unwrap();
    script::grow(&store, 0, 300).await.unwrap();
    assert!(
        matches!(store.retire().await, Err(StoreError::TakenOver)),
        "who retires it holds the lease"
    );
    assert!(store.take_over(&store.look().await.unwrap()).await.unwrap());
    store.retire().await.unwrap();
    store.retire().await.unwrap();
    let later = open().await.unwrap();
    assert!(store.is_retired().await && later.is_retired().await);
    for store in [&store, &later] {
        let seen = store.look().await.unwrap();
        assert!(matches!(store.take_over(&seen).await, Err(StoreError::Retired)));
        assert!(matches!(script::grow(store, 300, 301).await, Err(StoreError::Retired)));
        assert!(matches!(store.publish(&script::checkpoint(300)).await, Err(StoreError::Retired)));
        script::assert_holds(store, 300).await;
    }
}

/// Puts, gets, deletions, and kilobytes sent.
fn cost(bucket: &failing::Failing) -> (usize, usize, usize, usize) {
    let seen = bucket.seen();
    let count = |what| seen.iter().filter(|(found, _)| *found == what).count();
    let bytes: usize = seen.iter().map(|(_, bytes)| bytes).sum();
    (count("put"), count("get"), count("delete"), bytes.div_ceil(1000))
}

#[tokio::test]
async fn a_published_checkpoint_costs_so_many_requests() {
    let inner = Arc::new(InMemory::new());
    let bucket = Arc::new(failing::Failing::new(inner, u64::MAX, failing::Fails::Before));
    let objects = Arc::clone(&bucket) as Arc<dyn ObjectStore>;
    let store = BucketStore::create(objects, "log").await.unwrap();
    assert!(store.take_over(&store.look().await.unwrap()).await.unwrap());
    script::grow(&store, 0, 1_000_010).await.unwrap();
    store.publish(&script::checkpoint(1_000_010)).await.unwrap();

    bucket.seen();
    store.renew().await.unwrap();
    assert_eq!(cost(&bucket), (1, 0, 0, 1), "idle: one put for each word of the writer");
    store.look().await.unwrap();
    assert_eq!(cost(&bucket), (0, 1, 0, 0), "who stands by: one get for each look");

    script::grow(&store, 1_000_010, 1_000_011).await.unwrap();
    store.publish(&script::checkpoint(1_000_011)).await.unwrap();
    // The staged batch, the head, a bundle, a tile, the checkpoint; and the batch before.
    let (puts, gets, deletions, _) = cost(&bucket);
    assert_eq!((puts, gets, deletions), (5, 0, 1), "one entry");

    script::grow(&store, 1_000_011, 1_004_107).await.unwrap();
    store.publish(&script::checkpoint(1_004_107)).await.unwrap();
    // 17 bundles and as many tiles, one tile a level up, and what is superfluous of the first.
    let (puts, gets, deletions, _) = cost(&bucket);
    assert_eq!((puts, gets), (3 + 17 * 2 + 1, 0), "a full batch of 4,096 entries");
    assert_eq!(deletions, 5, "a full batch of 4,096 entries");
}
