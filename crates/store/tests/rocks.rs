//! The store on RocksDB: the suite, its own directory, and damage done to its files.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use store::conformance::{self, Backend, script};
use store::{RocksSettings, RocksStore, Store, StoreError};
use tempfile::TempDir;

/// Logs in directories below one.
struct Rocks(TempDir);

#[async_trait]
impl Backend for Rocks {
    async fn create(&self, place: &str) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(RocksStore::create(self.0.path().join(place))?))
    }

    async fn open(&self, place: &str) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(RocksStore::open(self.0.path().join(place))?))
    }

    fn opens_twice(&self) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    conformance::run(&Rocks(tempfile::tempdir().unwrap())).await;
}

#[tokio::test]
async fn one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = RocksStore::create(dir.path()).unwrap();
    assert!(matches!(RocksStore::open(dir.path()).map(drop), Err(StoreError::Io(_))));
    drop(store);
    RocksStore::open(dir.path()).unwrap();
}

#[tokio::test]
async fn opening_leaves_a_directory_without_a_log_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("absent")] {
        assert!(matches!(RocksStore::open(path).map(drop), Err(StoreError::Missing)));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn lists_every_object_at_its_widest() {
    let dir = tempfile::tempdir().unwrap();
    let store = RocksStore::create(dir.path()).unwrap();
    assert_eq!(store.objects().count(), 0);
    for (from, to) in [(0, 100), (100, 256), (256, 70_000)] {
        script::grow(&store, from, to).await.unwrap();
        let listed: Vec<_> = store.objects().map(Result::unwrap).collect();
        assert_eq!(listed.len(), script::objects(to).len());
        assert_eq!(BTreeSet::from_iter(listed), BTreeSet::from_iter(script::objects(to)));
    }
}

/// Entries that make a commit large enough to be written as sorted files.
const MANY: u64 = 150_000;

#[tokio::test]
async fn large_commits_hold_what_small_ones_hold() {
    let dir = tempfile::tempdir().unwrap();
    let store = RocksStore::create(dir.path()).unwrap();
    let sizes = [0, 300, 300 + MANY, 300 + 2 * MANY, 400 + 2 * MANY];
    for step in sizes.windows(2) {
        script::grow(&store, step[0], step[1]).await.unwrap();
        script::assert_holds(&store, step[1]).await;
    }
    let left = fs::read_dir(dir.path().join("sorted")).unwrap().count();
    assert_eq!(left, 0, "the database has taken the files over");
    drop(store);
    script::assert_holds(&RocksStore::open(dir.path()).unwrap(), 400 + 2 * MANY).await;
}

#[tokio::test]
async fn a_large_commit_that_was_cut_short_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let acknowledged = dir.path().join("acknowledged-head");
    let store = RocksStore::create(dir.path()).unwrap();
    script::grow(&store, 0, 512).await.unwrap();
    drop(store);
    let before = fs::read(&acknowledged).unwrap();
    let store = RocksStore::open(dir.path()).unwrap();
    script::grow(&store, 512, MANY).await.unwrap();
    drop(store);
    // The files were taken over, but the write of the head never reached the disk.
    fs::write(log_of_writes(dir.path()), []).unwrap();
    fs::write(&acknowledged, before).unwrap();
    let store = RocksStore::open(dir.path()).unwrap();
    script::assert_holds(&store, 512).await;
    let listed: BTreeSet<_> = store.objects().map(Result::unwrap).collect();
    assert_eq!(listed, BTreeSet::from_iter(script::objects(512)));
    script::grow(&store, 512, 600).await.unwrap();
    script::grow(&store, 600, MANY).await.unwrap();
    drop(store);
    script::assert_holds(&RocksStore::open(dir.path()).unwrap(), MANY).await;
}

#[tokio::test]
async fn works_with_a_tiny_cache() {
    let dir = tempfile::tempdir().unwrap();
    drop(RocksStore::create(dir.path()).unwrap());
    let settings = RocksSettings { block_cache_bytes: 64 * 1024 };
    let store = RocksStore::open_with(dir.path(), &settings).unwrap();
    script::grow(&store, 0, 70_000).await.unwrap();
    script::assert_holds(&store, 70_000).await;
}

#[tokio::test]
async fn a_creation_that_was_cut_short_may_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    drop(RocksStore::create(dir.path()).unwrap());
    // The database is there, but the write of the first head never reached the disk.
    fs::remove_file(log_of_writes(dir.path())).unwrap();
    assert!(matches!(RocksStore::open(dir.path()).map(drop), Err(StoreError::Missing)));
    script::assert_holds(&RocksStore::create(dir.path()).unwrap(), 0).await;
    script::assert_holds(&RocksStore::open(dir.path()).unwrap(), 0).await;
}

/// A log of several commits, closed; only its log of writes holds them.
async fn closed_log(dir: &Path) -> PathBuf {
    let store = RocksStore::create(dir).unwrap();
    for (from, to) in [(0, 300), (300, 600), (600, 900)] {
        script::grow(&store, from, to).await.unwrap();
    }
    drop(store);
    log_of_writes(dir)
}

fn log_of_writes(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir.join("rocksdb")).unwrap().map(|file| file.unwrap().path());
    let logs: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "log")).collect();
    let [log] = &logs[..] else { panic!("one log of writes expected: {logs:?}") };
    log.clone()
}

#[tokio::test]
async fn acknowledged_commits_are_not_forgotten_in_silence() {
    type Damage = fn(&Path, u64);
    let cases: [(&str, Damage); 3] = [
        ("a flipped bit", |log, length| {
            let mut bytes = fs::read(log).unwrap();
            bytes[usize::try_from(length).unwrap() / 2] ^= 1;
            fs::write(log, bytes).unwrap();
        }),
        ("a lost end", |log, length| {
            fs::File::options().write(true).open(log).unwrap().set_len(length - 100).unwrap();
        }),
        ("a lost file", |log, _| fs::remove_file(log).unwrap()),
    ];
    for (what, damage) in cases {
        let dir = tempfile::tempdir().unwrap();
        let log = closed_log(dir.path()).await;
        damage(&log, fs::metadata(&log).unwrap().len());
        for _ in 0..2 {
            let opened = RocksStore::open(dir.path()).map(drop);
            assert!(!matches!(opened, Ok(()) | Err(StoreError::Missing)), "{what}: {opened:?}");
        }
        let created = RocksStore::create(dir.path()).map(drop);
        assert!(created.is_err(), "{what}: a new log took the place of the damaged one");
    }
}

#[tokio::test]
async fn a_torn_write_that_was_never_acknowledged_is_dropped() {
    let garbage: [&[u8]; 3] = [&[0; 5000], &[0xa5; 5000], &[0xa5; 3]];
    for garbage in garbage {
        let dir = tempfile::tempdir().unwrap();
        let log = closed_log(dir.path()).await;
        let mut bytes = fs::read(&log).unwrap();
        bytes.extend_from_slice(garbage);
        fs::write(&log, bytes).unwrap();
        let store = RocksStore::open(dir.path()).unwrap();
        script::assert_holds(&store, 900).await;
        script::grow(&store, 900, 1000).await.unwrap();
        drop(store);
        script::assert_holds(&RocksStore::open(dir.path()).unwrap(), 1000).await;
    }
}
