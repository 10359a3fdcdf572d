//! The fault matrix: every operation of the store, at every place where it is called, fails or fails
//! after it took effect; then the log is started again and every byte of it is verified.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use catalog::Catalog;
use record::{Digest, Entry, Fact, ListedFile, MapBuilder, MapKey, Parsed, ProjectName, map_value};
use store::{Batch, Fault, MemoryStore, Operation, RocksStore, Store, StoreError};
use tlog::{
    Hash, LeafIndex, RightEdge, SignedCheckpoint, SigningKey, TileKind, TilePath, TreeHead,
    TreeSize,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::definition::observed;
use super::{EpochTimes, Limits, Parts, Sequencer, SubmitError, WriterState, second_opinion};
use crate::entries::EntryReader;
use crate::reading::positions;
use crate::register::HeadRegister;
use crate::space::SpaceGuard;

const ORIGIN: &str = "log.example/faults";
/// Facts of each submission: together they cross the boundary of a tile twice.
const SUBMISSIONS: [u64; 4] = [3, 254, 1, 260];

/// Heads by size, as seen by anybody: two roots for one size are a fork.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<BTreeMap<u64, Hash>>>);

impl Seen {
    fn head(&self, head: TreeHead) {
        let mut seen = self.0.lock().expect("not poisoned");
        let known = seen.insert(head.size.get(), head.root);
        assert!(known.is_none_or(|root| root == head.root), "two roots for size {}", head.size);
    }

    pub(super) fn signed(&self, register: &Path) {
        if let Some(checkpoint) = HeadRegister::new(register.to_owned()).read().unwrap() {
            self.head(checkpoint.checkpoint().head());
        }
    }
}

fn facts(submission: usize) -> Vec<Fact> {
    let count = SUBMISSIONS[submission];
    let fact = |number| {
        let name = format!("p{submission}-{number}");
        Fact::Listed(ListedFile {
            project: ProjectName::normalise(&format!("p{submission}")).unwrap(),
            version: "1".to_owned(),
            sha256: Digest::sha256(name.as_bytes()),
            filename: name,
            size: None,
            blake2b: None,
            metadata: None,
            uploaded: None,
            yanked: None,
            provenance: false,
        })
    };
    (0..count).map(fact).collect()
}

pub(super) fn parts(store: Arc<dyn Store>, dir: &Path) -> Parts {
    Parts {
        store,
        catalog: Arc::new(Catalog::open(&dir.join("catalog"), ORIGIN).unwrap()),
        key: SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap(),
        register: HeadRegister::new(dir.join("head")),
        space: SpaceGuard::new(dir.to_owned(), 0),
        clock: Arc::new(observed),
        limits: Limits::default(),
        epochs: EpochTimes::default(),
        recurring: Arc::default(),
        witnesses: None,
    }
}

/// Submits everything until something fails, with an epoch after every batch; returns which
/// submissions were answered.
async fn session(parts: Parts, seen: &Seen) -> Vec<usize> {
    let epochs = EpochTimes { interval: Duration::ZERO, ..EpochTimes::default() };
    let parts = Parts { epochs, ..parts };
    let stop = CancellationToken::new();
    let mut answered = Vec::new();
    let Ok((sequencer, done)) = Sequencer::start(parts, stop.clone()).await else {
        return answered;
    };
    for (submission, &entries) in SUBMISSIONS.iter().enumerate() {
        match sequencer.submit(facts(submission)).await {
            Ok(receipt) => {
                assert!(receipt.entries == 0 || receipt.entries == entries);
                seen.head(receipt.published.head);
                answered.push(submission);
            }
            Err(SubmitError::ReadOnly(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    seen.head(sequencer.published().head);
    drop(sequencer);
    stop.cancel();
    done.await.unwrap();
    answered
}

/// The stored log is, byte for byte, the log of its entries; and every head seen is one of its heads.
/// Returns how many entries there are that are no epochs.
pub(super) async fn verify(store: &MemoryStore, seen: &Seen) -> usize {
    let store: Arc<dyn Store> = Arc::new(store.reopen());
    let head = store.head().await.unwrap();
    second_opinion::confirm(&*store, TreeSize::ZERO, head).await.unwrap();
    let reader = EntryReader::new(Arc::clone(&store));
    let all = positions(0..head.size.get());
    let entries = reader.entries(&all, head.size).await.unwrap();
    let oracle = RightEdge::empty().append(&entries).unwrap();
    assert_eq!(oracle.edge.head(), head);
    for (path, bytes) in oracle.objects {
        assert_eq!(store.get(&path).await.unwrap().as_deref(), Some(bytes.as_slice()), "{path}");
    }
    for (&size, &root) in seen.0.lock().expect("not poisoned").iter() {
        let prefix = &entries[..usize::try_from(size).unwrap()];
        assert_eq!(RightEdge::empty().append(prefix).unwrap().edge.head().root, root);
    }
    verify_epochs(&entries)
}

/// Every epoch is numbered in turn and states the map of the entries before it. Returns how many
/// other entries there are.
fn verify_epochs(entries: &[Bytes]) -> usize {
    let mut rows: BTreeMap<MapKey, Vec<LeafIndex>> = BTreeMap::new();
    let mut epochs = 0;
    for (position, bytes) in (0..).zip(entries) {
        let Ok(Parsed::Known(entry)) = Entry::parse(bytes) else { panic!("entry {position}") };
        if let Entry::Epoch(epoch) = &entry {
            let mut map = MapBuilder::new();
            for (key, positions) in &rows {
                map.push(*key, &map_value(positions).unwrap()).unwrap();
            }
            assert_eq!((epoch.epoch, epoch.map), (epochs, map.root()), "entry {position}");
            epochs += 1;
        }
        for key in entry.map_keys() {
            rows.entry(key).or_default().push(LeafIndex::new(position).unwrap());
        }
    }
    entries.len() - usize::try_from(epochs).unwrap()
}

/// How often an undisturbed session calls an operation.
async fn calls(operation: Operation) -> u64 {
    let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
    let answered = session(parts(store.clone(), dir.path()), &Seen::default()).await;
    assert_eq!(answered.len(), SUBMISSIONS.len());
    store.calls(operation)
}

async fn one_fault(operation: Operation, place: u64, fault: Fault, keep_catalog: bool) {
    let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
    let seen = Seen::default();
    store.inject(operation, place, fault);
    let answered = session(parts(store.clone(), dir.path()), &seen).await;
    seen.signed(&dir.path().join("head"));
    verify(&store, &seen).await;
    if !keep_catalog {
        std::fs::remove_dir_all(dir.path().join("catalog")).unwrap();
    }

    // The next start finishes or forgets the batch; all submissions again leave each fact once.
    let again = session(parts(Arc::new(store.reopen()), dir.path()), &seen).await;
    assert_eq!(again.len(), SUBMISSIONS.len(), "{operation:?} {place} {fault:?}");
    seen.signed(&dir.path().join("head"));
    let logged = verify(&store, &seen).await;
    assert_eq!(logged as u64, SUBMISSIONS.iter().sum::<u64>());
    assert!(answered.len() <= again.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_every_operation_leaves_one_history() {
    for operation in [
        Operation::Checkpoint,
        Operation::Commit,
        Operation::Get,
        Operation::Head,
        Operation::Publish,
    ] {
        for place in 0..calls(operation).await {
            for fault in [Fault::Fail, Fault::FailButPersist] {
                one_fault(operation, place, fault, place % 2 == 0).await;
            }
        }
    }
}

/// A store that, once armed, flips a bit of every object of one kind that it hands out.
struct Flipping {
    inner: MemoryStore,
    kind: TileKind,
    armed: AtomicBool,
}

#[async_trait]
impl Store for Flipping {
    async fn head(&self) -> Result<TreeHead, StoreError> {
        self.inner.head().await
    }

    async fn get(&self, path: &TilePath) -> Result<Option<Bytes>, StoreError> {
        let found = self.inner.get(path).await?;
        if path.kind() != self.kind || !self.armed.load(Ordering::Relaxed) {
            return Ok(found);
        }
        Ok(found.map(|bytes| {
            let mut bytes = bytes.to_vec();
            bytes[9] ^= 1;
            bytes.into()
        }))
    }

    async fn commit(
        &self,
        prev: &TreeHead,
        batch: Batch,
        next: &TreeHead,
    ) -> Result<(), StoreError> {
        self.inner.commit(prev, batch, next).await
    }

    async fn publish(&self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError> {
        self.inner.publish(checkpoint).await
    }

    async fn checkpoint(&self) -> Result<Option<Bytes>, StoreError> {
        self.inner.checkpoint().await
    }
}

#[tokio::test]
async fn what_is_read_back_damaged_is_never_signed() {
    for kind in [TileKind::Entries, TileKind::Hashes(0), TileKind::Hashes(1)] {
        let dir = tempfile::tempdir().unwrap();
        let inner = MemoryStore::create();
        let store = Arc::new(Flipping { inner, kind, armed: AtomicBool::new(false) });
        let stop = CancellationToken::new();
        let (sequencer, done) =
            Sequencer::start(parts(store.clone(), dir.path()), stop.clone()).await.unwrap();
        sequencer.submit(facts(0)).await.unwrap();
        let before = sequencer.published().head;
        store.armed.store(true, Ordering::Relaxed);
        let refused = sequencer.submit(facts(1)).await.expect_err("refused");
        assert!(refused.to_string().contains("second opinion"), "{kind:?}: {refused}");
        assert!(matches!(sequencer.state(), WriterState::Halted(_)));
        // Even when reads are fine again, nothing is written before a new start.
        store.armed.store(false, Ordering::Relaxed);
        assert!(matches!(sequencer.submit(facts(2)).await, Err(SubmitError::ReadOnly(_))));
        assert_eq!(sequencer.published().head, before);
        let remembered = HeadRegister::new(dir.path().join("head")).read().unwrap().unwrap();
        assert_eq!(remembered.checkpoint().head(), before, "nothing else was signed");
        stop.cancel();
        done.await.unwrap();
    }
}

#[tokio::test]
async fn the_second_opinion_finds_every_damaged_object() {
    let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
    session(parts(store.clone(), dir.path()), &Seen::default()).await;
    let head = store.head().await.unwrap();
    let reader = EntryReader::new(store.clone());
    let entries = reader.entries(&positions(0..head.size.get()), head.size).await.unwrap();
    let objects = RightEdge::empty().append(&entries).unwrap().objects;
    assert!(objects.len() > 6, "full and partial tiles of two levels");
    for (path, bytes) in objects {
        for place in [0, bytes.len() / 2, bytes.len() - 1] {
            assert!(store.corrupt(&path, |bytes| bytes[place] ^= 0x10));
            let opinion = second_opinion::confirm(&*store, TreeSize::ZERO, head).await;
            assert!(opinion.is_err(), "{path} at {place}");
            assert!(store.corrupt(&path, |bytes| bytes[place] ^= 0x10));
        }
    }
    second_opinion::confirm(&*store, TreeSize::ZERO, head).await.unwrap();
    let other = TreeHead { root: Hash::EMPTY_ROOT, ..head };
    assert!(second_opinion::confirm(&*store, TreeSize::ZERO, other).await.is_err());
}

#[tokio::test]
async fn an_older_store_is_refused() {
    let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
    let backup = store.backup();
    session(parts(store.clone(), dir.path()), &Seen::default()).await;
    std::fs::remove_dir_all(dir.path().join("catalog")).unwrap();
    let stop = CancellationToken::new();
    let refused = Sequencer::start(parts(Arc::new(backup), dir.path()), stop).await;
    let message = refused.err().expect("a fork is refused").to_string();
    assert!(message.contains("would fork the log"), "{message}");
}

#[tokio::test]
async fn a_head_that_can_not_be_remembered_is_not_published() {
    let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
    let stop = CancellationToken::new();
    let mut parts = parts(store.clone(), dir.path());
    parts.register = HeadRegister::new(dir.path().join("missing/head"));
    let refused = Sequencer::start(parts, stop).await;
    assert!(refused.is_err());
    assert_eq!(store.reopen().checkpoint().await.unwrap(), None);
}

#[tokio::test]
async fn a_bad_fact_refuses_its_submission_only() {
    let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
    let stop = CancellationToken::new();
    let (sequencer, done) =
        Sequencer::start(parts(store.clone(), dir.path()), stop.clone()).await.unwrap();
    let mut bad = facts(0);
    if let Fact::Listed(file) = &mut bad[1] {
        file.filename = "line\nbreak".to_owned();
    }
    let refused = sequencer.submit(bad).await.expect_err("refused");
    assert!(matches!(refused, SubmitError::Invalid { number: 1, .. }), "{refused}");
    assert!(refused.to_string().contains("filename"), "{refused}");
    // Nothing of it was logged, and nothing of it is remembered as logged.
    assert_eq!(sequencer.submit(facts(0)).await.unwrap().entries, SUBMISSIONS[0]);
    assert_eq!(sequencer.submit(facts(0)).await.unwrap().entries, 0);
    stop.cancel();
    done.await.unwrap();
}

#[tokio::test]
async fn a_low_disk_makes_the_log_read_only_for_as_long_as_it_lasts() {
    let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
    let stop = CancellationToken::new();
    let mut parts = parts(store.clone(), dir.path());
    parts.space = SpaceGuard::new(dir.path().to_owned(), u64::MAX);
    let (sequencer, done) = Sequencer::start(parts, stop.clone()).await.unwrap();
    let refused = sequencer.submit(facts(0)).await.expect_err("refused");
    assert!(refused.to_string().contains("read-only"), "{refused}");
    assert!(matches!(sequencer.state(), WriterState::ReadOnly(_)));
    stop.cancel();
    done.await.unwrap();
    assert_eq!(sequencer.state(), WriterState::Stopped);
}

/// Who asks about projects can not make the log keep more than it is willing to.
#[tokio::test]
async fn what_publishers_said_is_weighed_by_its_files_whoever_asked() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(MemoryStore::create());
    let stop = CancellationToken::new();
    let (sequencer, done) = Sequencer::start(parts(store, dir.path()), stop.clone()).await.unwrap();
    let receipt = sequencer.submit(facts(1)).await.unwrap();
    let publishers = sequencer.publishers().clone();
    let project = ProjectName::normalise("p1").unwrap();
    let held = publishers.at(&project, receipt.published.head.size).await.unwrap();
    assert_eq!(held.state.files().len() as u64, SUBMISSIONS[1]);
    assert!(publishers.weight() >= SUBMISSIONS[1], "{}", publishers.weight());
    stop.cancel();
    done.await.unwrap();
}

/// Batches overlap: what one adds is known to the next before the catalog has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_submitted_many_times_at_once_is_logged_once() {
    const SUBMITTERS: usize = 32;
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(RocksStore::create(dir.path().join("store")).unwrap());
    let limits = Limits { batch: 16, ..Limits::default() };
    let parts = Parts { limits, ..parts(store, dir.path()) };
    let stop = CancellationToken::new();
    let (sequencer, done) = Sequencer::start(parts, stop.clone()).await.unwrap();
    let all = Arc::new(facts(3));
    let mut submitters = JoinSet::new();
    for submitter in 0..SUBMITTERS {
        let (sequencer, all) = (sequencer.clone(), Arc::clone(&all));
        submitters.spawn(async move {
            let mut added = 0;
            for round in 0..20 {
                let start = (submitter * 7 + round * 13) % (all.len() - 9);
                let receipt = sequencer.submit(all[start..start + 9].to_vec()).await.unwrap();
                added += receipt.entries;
            }
            // Whatever else: at the end nobody's facts are missing.
            added + sequencer.submit(all.to_vec()).await.unwrap().entries
        });
    }
    let added: u64 = submitters.join_all().await.into_iter().sum();
    assert_eq!(added, SUBMISSIONS[3]);
    assert_eq!(sequencer.published().head.size.get(), added);
    drop(sequencer);
    stop.cancel();
    done.await.unwrap();
}
