//! A bucket that was put back to what it held before: what the log has answered since is not in it, and who goes
//! on from there forks the log.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::moving::{migrate, moved};
use crate::harness::{
    Cosigner, Quorum, Server, Submitter, TestLog, Weed, copy_tree, files, policy, run,
};

/// All objects of the bucket.
async fn contents(objects: &dyn ObjectStore) -> Vec<(Path, Bytes)> {
    let listed = objects.list_with_delimiter(None).await.unwrap();
    let mut folders = listed.common_prefixes;
    let (mut names, mut found) = (listed.objects, Vec::new());
    while let Some(folder) = folders.pop() {
        let listed = objects.list_with_delimiter(Some(&folder)).await.unwrap();
        folders.extend(listed.common_prefixes);
        names.extend(listed.objects);
    }
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

async fn refusal(mut command: tokio::process::Command, weed: &Weed) -> String {
    weed.tell(&mut command);
    let ended = Server::try_start(command).await.err().expect("it is not served");
    assert_eq!(ended.code, Some(2));
    ended.stderr
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
    let grow = async |numbers| {
        let mut command = log.command(&options);
        weed.tell(&mut command);
        let server = Server::start(command).await;
        Submitter::open(&server).await.submit(files(numbers)).await;
        server.terminate().await;
    };
    grow(0..5).await;
    let (objects, directory) = (weed.objects(), log.path("before"));
    let before = contents(&*objects).await;
    copy_tree(log.data(), &directory);
    grow(5..300).await;
    let newest = contents(&*objects).await;

    restore(&*objects, &before).await;
    // The machine that wrote remembers its head.
    let why = refusal(log.command(&options), &weed).await;
    for part in ["is of size 300", "the store ends at size 5", "would fork the log"] {
        assert!(why.contains(part), "{part}: {why}");
    }
    // One that was restored with the bucket does not, and its witness does.
    let why = refusal(log.command_at(&directory, &options), &weed).await;
    assert!(why.contains("it cosigned this log at size 300"), "{why}");
    assert!(why.contains("put the newest store back"), "{why}");

    restore(&*objects, &newest).await;
    grow(300..301).await;
    let mut fsck = crate::harness::indelibled(["fsck", "--data"]);
    fsck.arg(log.data());
    weed.tell(&mut fsck);
    let ended = run(fsck).await;
    assert!(ended.stdout.contains("clean: size 301,"), "{} {}", ended.stdout, ended.stderr);
    running.terminate().await;
}
