//! Killing and starving a process that writes to the store on RocksDB.
//!
//! The test binary runs itself again as the writer. The writer prints the size of each acknowledged
//! head; whatever happens to it, the store opens with that head or the next one, complete.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use store::conformance::script;
use store::{RocksStore, Store as _, StoreError};
use tokio::runtime::Runtime;

/// Names the directory of the store to the writer.
const DIR_VARIABLE: &str = "STORE_CRASH_DIR";
/// Comes before each acknowledged size in the writer's output.
const MARK: &str = "acknowledged ";

/// The size that the writer goes to from a size.
fn next_size(size: u64) -> u64 {
    // Now and then a commit that is written as sorted files.
    let many = if size % 23 == 7 { 120_000 } else { 0 };
    size + 1 + size * 31 % 97 + many
}

/// The writer; does nothing unless started by another test.
#[test]
fn writer() {
    let Some(dir) = std::env::var_os(DIR_VARIABLE) else { return };
    runtime().block_on(write_until_failure(Path::new(&dir)));
}

/// Commits and publishes as fast as it can; after a failure checks that the handle is harmless.
async fn write_until_failure(dir: &Path) {
    let store = RocksStore::open(dir).unwrap();
    let mut size = store.head().await.unwrap().size.get();
    println!("{MARK}{size}");
    let failure = loop {
        let next = next_size(size);
        if let Err(failure) = script::grow(&store, size, next).await {
            break failure;
        }
        size = next;
        println!("{MARK}{size}");
        if let Err(failure) = store.publish(&script::checkpoint(size)).await {
            break failure;
        }
    };
    assert!(matches!(failure, StoreError::Ambiguous(_)), "{failure:?}");
    let after = script::grow(&store, size, next_size(size)).await;
    assert!(matches!(after, Err(StoreError::Halted)), "{after:?}");
    assert!(matches!(store.head().await, Err(StoreError::Halted)));
    assert!(matches!(store.publish(&script::checkpoint(size)).await, Err(StoreError::Halted)));
    script::assert_reads(&store, &script::objects(size)[0]).await;
}

fn runtime() -> Runtime {
    Runtime::new().unwrap()
}

/// Starts the writer, through a shell command that ends in running its arguments.
fn start_writer(dir: &Path, shell: &str) -> Child {
    Command::new("sh")
        .args(["-c", shell])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "writer", "--nocapture"])
        .env(DIR_VARIABLE, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Collects the last size that the writer printed in full; `None` if it did not even open the store.
fn last_acknowledged(writer: &mut Child) -> JoinHandle<Option<u64>> {
    let mut output = BufReader::new(writer.stdout.take().unwrap());
    thread::spawn(move || {
        let (mut last, mut line) = (None, String::new());
        while output.read_line(&mut line).unwrap() > 0 {
            if let Some((_, size)) = line.split_once(MARK)
                && let Some(size) = size.strip_suffix('\n')
            {
                last = Some(size.parse().unwrap());
            }
            line.clear();
        }
        last
    })
}

/// Opens the store as after a restart: its size, checked to be complete.
async fn size_after_restart(dir: &Path, acknowledged: u64) -> u64 {
    let store = RocksStore::open(dir).unwrap();
    let size = store.head().await.unwrap().size.get();
    let possible = [acknowledged, next_size(acknowledged)];
    assert!(possible.contains(&size), "size {size} is none of {possible:?}");
    script::assert_holds(&store, size).await;
    if let Some(note) = store.checkpoint().await.unwrap() {
        let published = tlog::SignedCheckpoint::parse(&note).unwrap().checkpoint().head();
        assert!(published.size.get() <= size);
        assert_eq!(published, script::head(published.size.get()));
    }
    size
}

#[test]
fn a_killed_writer_leaves_the_acknowledged_head_or_the_next() {
    let dir = tempfile::tempdir().unwrap();
    drop(RocksStore::create(dir.path()).unwrap());
    let mut size = 0;
    for round in 0..20_u64 {
        let mut writer = start_writer(dir.path(), r#"exec "$0" "$@""#);
        let acknowledged = last_acknowledged(&mut writer);
        thread::sleep(Duration::from_millis(40 + round * 7919 % 160));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let after = acknowledged.join().unwrap().unwrap_or(size);
        assert!(after >= size, "round {round}: went from {size} back to {after}");
        size = runtime().block_on(size_after_restart(dir.path(), after));
    }
    assert!(size > 1000, "the writer got only to {size}: nothing was tested");
}

/// A limit on the size of files makes appending to the log of writes fail, as a full disk does.
#[test]
fn a_writer_that_can_not_write_stops_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    drop(RocksStore::create(dir.path()).unwrap());
    let mut writer = start_writer(dir.path(), r#"trap "" XFSZ; ulimit -f 2048; exec "$0" "$@""#);
    let acknowledged = last_acknowledged(&mut writer);
    assert!(writer.wait().unwrap().success(), "the writer saw what it must not");
    let acknowledged = acknowledged.join().unwrap().unwrap();
    assert!(acknowledged > 100, "the writer got only to {acknowledged}: nothing was tested");
    runtime().block_on(size_after_restart(dir.path(), acknowledged));
}
