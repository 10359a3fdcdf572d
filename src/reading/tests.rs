//! Answers from a store that may be damaged: right ones, or none.

use std::sync::Arc;

use catalog::Catalog;
use record::Timestamp;
use store::{Batch, MemoryStore, Operation, Store};
use tempfile::TempDir;
use tlog::{
    Checkpoint, LeafIndex, RightEdge, SignedCheckpoint, SigningKey, TileError, TilePath, TreeHead,
    TreeSize, leaf_hash,
};
use tokio::sync::watch;

use super::{AnswerError, LogReader};
use crate::published::Published;

const ORIGIN: &str = "log.example/pypi";

/// Room for all that is checked here.
const PLENTY: usize = 1 << 24;

fn entry(position: u64) -> Vec<u8> {
    format!(r#"{{"v":2,"number":{position}}}"#).into_bytes()
}

fn index(index: u64) -> LeafIndex {
    LeafIndex::new(index).unwrap()
}

fn size(size: u64) -> TreeSize {
    TreeSize::new(size).unwrap()
}

fn published(head: TreeHead) -> Arc<Published> {
    let key = SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap();
    let signed = SignedCheckpoint::sign(&Checkpoint::new(ORIGIN, head).unwrap(), &key);
    Arc::new(Published::new(&signed, Timestamp::from_unix(0).unwrap()))
}

/// A log in memory and its reader.
struct TestLog {
    edge: RightEdge,
    store: Arc<MemoryStore>,
    news: watch::Sender<Arc<Published>>,
    reader: LogReader,
    _dir: TempDir,
}

impl TestLog {
    async fn new(entries: u64, kept_bytes: usize) -> TestLog {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Arc::new(Catalog::open(dir.path(), ORIGIN).unwrap());
        let store = Arc::new(MemoryStore::create());
        let (news, seen) = watch::channel(published(TreeHead::EMPTY));
        let reader = LogReader::new(store.clone(), catalog, seen, kept_bytes);
        let mut log = TestLog { edge: RightEdge::empty(), store, news, reader, _dir: dir };
        log.grow(entries).await;
        log
    }

    async fn grow(&mut self, entries: u64) {
        let (head, first) = (self.head(), self.head().size.get());
        let new: Vec<_> = (first..first + entries).map(entry).collect();
        let grown = self.edge.append(&new).unwrap();
        let objects = grown.objects.into_iter().map(|(path, bytes)| (path, bytes.into())).collect();
        self.edge = grown.edge;
        self.store.commit(&head, Batch { objects }, &self.head()).await.unwrap();
        self.news.send_replace(published(self.head()));
    }

    fn head(&self) -> TreeHead {
        self.edge.head()
    }

    /// Asks for a proof and checks it.
    async fn inclusion(&self, at: u64) -> Result<(), AnswerError> {
        let published = self.reader.published();
        let (proof, bytes) = self.reader.inclusion(&published, index(at), self.head().size).await?;
        assert_eq!(bytes, entry(at));
        self.head().verify_inclusion(index(at), &leaf_hash(&bytes), &proof).unwrap();
        Ok(())
    }

    /// Asks for a proof from the tree of a size whose root is not known here.
    async fn consistency_from(&self, older: u64) -> Result<(), AnswerError> {
        let published = self.reader.published();
        self.reader.consistency(&published, size(older), self.head().size).await.map(drop)
    }

    async fn consistency(&self, older: TreeHead) -> Result<(), AnswerError> {
        let published = self.reader.published();
        let proof = self.reader.consistency(&published, older.size, self.head().size).await?;
        self.head().verify_consistency(&older, &proof).unwrap();
        Ok(())
    }

    fn flip(&self, text: &str, at: usize) {
        let path: TilePath = text.parse().unwrap();
        assert!(self.store.corrupt(&path, |bytes| bytes[at] ^= 0x20), "{text}");
    }
}

fn is_damage(answer: &Result<(), AnswerError>) -> bool {
    let mismatch = |error: &TileError| {
        matches!(error, TileError::HashMismatch(_) | TileError::RootMismatch { .. })
    };
    matches!(answer, Err(AnswerError::Tile(error)) if mismatch(error))
}

#[tokio::test]
async fn proofs_hold_at_every_size_whatever_is_kept() {
    for kept_bytes in [0, PLENTY] {
        let mut log = TestLog::new(1, kept_bytes).await;
        let mut heads = vec![TreeHead::EMPTY, log.head()];
        for grown in [6, 248, 1, 1, 255, 300, 64_724, 1, 256, 1000] {
            log.grow(grown).await;
            let n = log.head().size.get();
            for at in (0..n).step_by(usize::try_from(n / 90 + 1).unwrap()).chain([n - 1]) {
                log.inclusion(at).await.unwrap();
            }
            heads.push(log.head());
            for older in &heads {
                log.consistency(*older).await.unwrap();
            }
        }
        let now = log.reader.published();
        for older in &heads[1..] {
            for at in [0, older.size.get() / 2, older.size.get() - 1] {
                let answer = log.reader.inclusion(&now, index(at), older.size).await;
                let (proof, _) = answer.unwrap();
                older.verify_inclusion(index(at), &leaf_hash(&entry(at)), &proof).unwrap();
            }
            for oldest in heads.iter().filter(|head| head.size <= older.size) {
                let proof = log.reader.consistency(&now, oldest.size, older.size).await.unwrap();
                older.verify_consistency(oldest, &proof).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_damaged_tile_is_refused_and_not_kept() {
    for (tile, at) in [("tile/0/003", 3 * 8192 / 4), ("tile/1/000", 3 * 32), ("tile/2/000", 9)] {
        let log = TestLog::new(66_100, PLENTY).await;
        log.flip(tile, at);
        for _ in 0..2 {
            let answer = log.inclusion(3 * 256 + 7).await;
            assert!(is_damage(&answer), "{tile}: {answer:?}");
        }
        // Mended, it serves: nothing of the damage was kept.
        log.flip(tile, at);
        log.inclusion(3 * 256 + 7).await.unwrap();
    }
}

#[tokio::test]
async fn damage_beside_a_kept_tile_is_refused() {
    let log = TestLog::new(66_100, PLENTY).await;
    log.inclusion(3 * 256 + 7).await.unwrap();
    // Hashes 16 to 23 of the tile whose upper nodes are kept.
    log.flip("tile/0/003", 20 * 32 + 5);
    let answer = log.consistency_from(3 * 256 + 21).await;
    assert!(is_damage(&answer), "{answer:?}");
    log.consistency_from(3 * 256 + 25).await.unwrap();
    log.flip("tile/0/003", 20 * 32 + 5);
    // One of the entries 16 to 23: what is not what the tree says is not shown, nor its neighbours.
    log.flip("tile/entries/003", 20 * (2 + entry(3 * 256).len()) + 5);
    for at in 16..24 {
        let answer = log.inclusion(3 * 256 + at).await;
        assert!(is_damage(&answer), "{at}: {answer:?}");
    }
    for at in [0, 7, 15, 24, 255] {
        log.inclusion(3 * 256 + at).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_kept_is_compared_with_the_head_it_is_used_under() {
    let log = TestLog::new(66_100, PLENTY).await;
    log.inclusion(300).await.unwrap();
    // Another log in the same place, as after somebody has exchanged everything below the reader.
    let entries: Vec<_> = (5..66_105).map(entry).collect();
    let grown = RightEdge::empty().append(&entries).unwrap();
    for (path, bytes) in &grown.objects {
        log.store.corrupt(path, |stored| stored.clone_from(bytes));
    }
    let exchanged = published(grown.edge.head());
    let answer = log.reader.inclusion(&exchanged, index(300), exchanged.head.size).await;
    let (proof, bytes) = answer.unwrap();
    assert_eq!(bytes, entry(305));
    let leaf = leaf_hash(&bytes);
    exchanged.head.verify_inclusion(index(300), &leaf, &proof).unwrap();
}

#[tokio::test]
async fn a_kept_tile_is_not_read_again() {
    let log = TestLog::new(66_100, PLENTY).await;
    log.inclusion(300).await.unwrap();
    let before = log.store.calls(Operation::Get);
    log.inclusion(350).await.unwrap();
    assert_eq!(log.store.calls(Operation::Get) - before, 1, "the entry and its neighbours");
    let nothing_kept = TestLog::new(66_100, 0).await;
    nothing_kept.inclusion(300).await.unwrap();
    let before = nothing_kept.store.calls(Operation::Get);
    nothing_kept.inclusion(350).await.unwrap();
    assert_eq!(nothing_kept.store.calls(Operation::Get) - before, 3, "and two tiles");
}

#[tokio::test]
async fn many_proofs_are_those_of_one_each() {
    let log = TestLog::new(2000, PLENTY).await;
    let published = log.reader.published();
    let positions: Vec<_> =
        [5, 6, 7, 8, 300, 12, 1999, 1998, 0, 1024, 1025, 1500].map(index).into();
    let proven = log.reader.prove(&published, &positions).await.unwrap();
    for (position, proven_entry) in positions.iter().zip(proven.entries) {
        let hashes = proven_entry.path.iter().map(|at| proven.nodes[*at as usize]).collect();
        let proof = tlog::InclusionProof::new(hashes);
        assert_eq!(proven_entry.index, *position);
        assert_eq!(proven_entry.entry, entry(position.get()));
        let leaf = leaf_hash(&proven_entry.entry);
        log.head().verify_inclusion(*position, &leaf, &proof).unwrap();
    }
    assert!(matches!(
        log.reader.inclusion(&published, index(2000), size(2000)).await,
        Err(AnswerError::Beyond { .. })
    ));
}
