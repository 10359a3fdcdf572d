//! A bucket that was put back to what it held before: what the log has answered since is not in it, and who goes
//! on from there forks the log.

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::fsck;
use super::moving::{grow_with, migrate, moved};
use crate::harness::{Cosigner, Quorum, Server, TestLog, Weed, copy_tree, policy};

/// All objects of the bucket.
async fn contents(objects: &dyn ObjectStore) -> Vec<(Path, Bytes)> {
    let names: Vec<_> = objects.list(None).try_collect().await.unwrap();
    let mut found = Vec::new();
    for name in names {
        // Not all that is listed is there.
        if let Ok(object) = objects.get(&name.location).await {
            found.push((name.location, object.bytes().await.unwrap()));
        }
    }
    found
}

/// Makes `before` all that the bucket holds.
async fn restore(objects: &dyn ObjectStore, before: &[(Path, Bytes)]) {
    for (name, _) in contents(objects).await {
        objects.delete(&name).await.unwrap();
    }
    for (name, bytes) in before {
        objects.put(name, bytes.clone().into()).await.unwrap();
    }
}

#[tokio::test]
async fn a_restored_bucket_is_refused_by_who_remembers_more() {
    let Some(weed) = Weed::start().await else { return };
    let (log, witness) = (TestLog::create().await, Cosigner::create("w1").await);
    let (path, _) = policy(&log, &[witness.line()], &Quorum(1));
    let running = witness.serve(log.key()).await;
    let options = ["--policy", path.to_str().unwrap(), "--lease", "1"];
    log.serve_with(&options).await.terminate().await;
    moved(migrate(&weed, &log, &["--store", &Weed::log("log")]), 0).await;
    let grow = async |numbers| grow_with(&weed, &log, &options, numbers).await;
    let refusal = async |mut command| {
        weed.tell(&mut command);
        Server::refusal(command).await
    };
    grow(0..5).await;
    let (objects, directory) = (weed.objects(), log.path("before"));
    let before = contents(&*objects).await;
    copy_tree(log.data(), &directory);
    grow(5..300).await;
    let newest = contents(&*objects).await;

    restore(&*objects, &before).await;
    // The machine that wrote remembers its head.
    let why = refusal(log.command(&options)).await;
    for part in ["is of size 300", "the store ends at size 5", "would fork the log"] {
        assert!(why.contains(part), "{part}: {why}");
    }
    // One that was restored with the bucket does not, and its witness does.
    let why = refusal(log.command_at(&directory, &options)).await;
    assert!(why.contains("it cosigned this log at size 300"), "{why}");
    assert!(why.contains("put the newest store back"), "{why}");

    restore(&*objects, &newest).await;
    grow(300..301).await;
    let ended = fsck(&weed, log.data()).await;
    assert!(ended.stdout.contains("clean: size 301,"), "{} {}", ended.stdout, ended.stderr);
    running.terminate().await;
}
