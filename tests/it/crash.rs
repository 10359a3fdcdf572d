//! SIGKILL under load, again and again: nothing that was answered is ever lost or contradicted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tlog::{CompactRange, ConsistencyProof, TreeHead, leaf_hash};
use tokio::task::JoinSet;

use crate::harness::{Reader, Server, Submitter, TOKEN, TestLog, files, long, within};

/// Submitters at work at the same time.
const SUBMITTERS: u64 = 4;

/// A submission that the log answered.
struct Answered {
    /// Numbers of its files.
    files: std::ops::Range<u64>,
    /// The note it was answered with.
    checkpoint: Bytes,
}

/// Submits until the log is gone; returns what was answered.
async fn submit_all_the_time(url: String, next: Arc<AtomicU64>) -> Vec<Answered> {
    let mut answered = Vec::new();
    let Ok(mut submitter) = Submitter::try_open(&url, Some(TOKEN)).await else { return answered };
    loop {
        let count = next.load(Ordering::Relaxed) % 40 + 1;
        let first = next.fetch_add(count, Ordering::Relaxed);
        let files_range = first..first + count;
        match submitter.try_submit(files(files_range.clone())).await {
            Ok(logged) => {
                let logged = logged.expect("a log that is well takes good facts");
                assert_eq!(logged.entries, count);
                answered.push(Answered { files: files_range, checkpoint: logged.checkpoint });
            }
            Err(_) => return answered,
        }
    }
}

/// Reads checkpoints until the log is gone.
async fn read_all_the_time(mut reader: Reader) -> Vec<Bytes> {
    let mut notes = Vec::new();
    let request = indelible_proto::v1::GetCheckpointRequest {};
    while let Ok(answer) = reader.log.get_checkpoint(request).await {
        notes.push(answer.into_inner().checkpoint);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    notes
}

/// Everything the log ever told anybody.
#[derive(Default)]
struct Told {
    /// Heads, and the notes that signed them, by size.
    notes: BTreeMap<u64, (TreeHead, Bytes)>,
    /// Numbers of the files that were answered.
    files: BTreeSet<u64>,
}

impl Told {
    /// For one size there is one note, down to its bytes.
    fn note(&mut self, log: &TestLog, note: &Bytes) {
        let head = log.head(note);
        let size = head.size.get();
        let (_, before) = self.notes.entry(size).or_insert_with(|| (head, note.clone()));
        assert_eq!(before, note, "two notes of size {size}");
    }

    /// What was told before holds in what the log serves now.
    async fn check(&self, log: &TestLog, server: &Server) {
        let mut reader = Reader::open(server).await;
        let tree = reader.tree().await;
        let now = log.head(&reader.checkpoint().await);
        assert_eq!(now.size.get(), tree.size());
        let text: Vec<_> =
            tree.entries.iter().map(|entry| String::from_utf8_lossy(entry)).collect();
        let mut found: Vec<u64> = text.iter().filter_map(|entry| number(entry)).collect();
        found.sort_unstable();
        let once = found.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(once, "a file is logged twice");
        for number in &self.files {
            assert!(found.binary_search(number).is_ok(), "file {number} was answered and is lost");
        }
        let mut range = CompactRange::new();
        for (count, entry) in (1..).zip(&tree.entries) {
            range.append(leaf_hash(entry)).unwrap();
            if let Some((head, _)) = self.notes.get(&count) {
                assert_eq!(range.head(), *head, "the tree of size {count} is another");
            }
        }
        assert_eq!(range.head(), now);
        // The newest few as others check it, with proofs.
        for (count, (older, _)) in self.notes.iter().rev().take(20) {
            let proof = reader.consistency(*count, None).await.expect("an answered size is there");
            now.verify_consistency(older, &ConsistencyProof::new(proof)).unwrap();
        }
    }
}

/// The number of the file that an entry is about; `None` if the log wrote it by itself.
fn number(entry: &str) -> Option<u64> {
    let version = entry.split("\"version\":\"1.").nth(1)?;
    Some(version.split('"').next()?.parse().unwrap())
}

/// Some milliseconds, other ones in each round and each run.
fn moment() -> Duration {
    let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
    Duration::from_millis(u64::from(nanos / 1000 % 400))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_it_loses_nothing() {
    let log = TestLog::create().await;
    let rounds = if long() { 100 } else { 15 };
    let next = Arc::new(AtomicU64::new(0));
    let mut told = Told::default();
    for round in 0..rounds {
        let server = log.serve().await;
        told.check(&log, &server).await;
        let reading = tokio::spawn(read_all_the_time(Reader::open(&server).await));
        let mut submitting = JoinSet::new();
        for _ in 0..SUBMITTERS {
            submitting.spawn(submit_all_the_time(server.url.clone(), Arc::clone(&next)));
        }
        tokio::time::sleep(moment()).await;
        server.kill().await;
        for answered in within("the submitters", submitting.join_all()).await.into_iter().flatten()
        {
            told.files.extend(answered.files);
            told.note(&log, &answered.checkpoint);
        }
        for note in within("the reader", reading).await.unwrap() {
            told.note(&log, &note);
        }
        if round % 5 == 4 {
            let fsck = log.fsck().await;
            assert_eq!(fsck.code, Some(0), "after round {round}: {fsck:?}");
        }
    }
    assert!(told.files.len() > 100, "only {} files were answered", told.files.len());
    let server = log.serve().await;
    told.check(&log, &server).await;
    server.terminate().await;
    let fsck = log.fsck().await;
    assert_eq!(fsck.code, Some(0), "{fsck:?}");
}
