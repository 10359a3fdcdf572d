//! A made-up log: every object, head and checkpoint follows from coordinates alone, so that a test
//! knows what a store must hold without keeping a copy.
//!
//! Shapes and lengths are those of a real log; the hashes are arbitrary, for a store never looks at
//! them.

use std::ops::Range;

use bytes::Bytes;
use tlog::{
    Checkpoint, Hash, MAX_LEVEL, SignedCheckpoint, SigningKey, TileKind, TilePath, TreeHead,
    TreeSize, append_entry, leaf_hash,
};

use crate::error::StoreError;
use crate::store::{Batch, Store};

/// Name of the made-up log.
pub const ORIGIN: &str = "log.example/conformance";

/// A size of the made-up log.
pub fn size(size: u64) -> TreeSize {
    TreeSize::new(size).expect("sizes of the script are small")
}

/// Its head at a size.
pub fn head(at: u64) -> TreeHead {
    match at {
        0 => TreeHead::EMPTY,
        _ => TreeHead { size: size(at), root: leaf_hash(&at.to_be_bytes()) },
    }
}

/// Its head at a size, if it had taken another turn.
pub fn other_head(at: u64) -> TreeHead {
    TreeHead { size: size(at), root: leaf_hash(b"another turn") }
}

/// The bytes of one of its objects.
pub fn object(path: &TilePath) -> Bytes {
    let first = path.index() * 256;
    (first..first + u64::from(path.width())).flat_map(|at| item(path.kind(), at)).collect()
}

/// A hash, or an entry with its length before it.
fn item(kind: TileKind, position: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    match kind {
        TileKind::Entries => {
            append_entry(&mut bytes, &entry(position)).expect("entries of the script are short");
        }
        TileKind::Hashes(level) => bytes.extend_from_slice(hash(level, position).as_bytes()),
    }
    bytes
}

/// Entries of all lengths from nothing to 149 bytes.
fn entry(position: u64) -> Vec<u8> {
    let text = position.to_be_bytes();
    text.iter().copied().cycle().take(usize::try_from(position % 150).unwrap_or(0)).collect()
}

fn hash(level: u8, position: u64) -> Hash {
    leaf_hash(&[&[level][..], &position.to_be_bytes()].concat())
}

/// Every object of the log at a size, each at its widest.
pub fn objects(at: u64) -> Vec<TilePath> {
    changed(0, at)
}

/// The objects that differ between two sizes, as wide as the later one makes them.
pub fn changed(from: u64, to: u64) -> Vec<TilePath> {
    let levels =
        (0..=MAX_LEVEL).map(TileKind::Hashes).take_while(|kind| first(*kind, to).is_some());
    let kinds = levels.chain([TileKind::Entries]);
    kinds.flat_map(|kind| changed_of(kind, from, to)).collect()
}

fn changed_of(kind: TileKind, from: u64, to: u64) -> impl Iterator<Item = TilePath> {
    let level = if let TileKind::Hashes(level) = kind { u32::from(level) } else { 0 };
    let start = from.checked_shr(8 * (level + 1)).unwrap_or(0);
    (start..)
        .map_while(move |index| TilePath::at_size(kind, index, size(to)))
        .filter(move |path| TilePath::at_size(kind, path.index(), size(from)) != Some(*path))
}

fn first(kind: TileKind, at: u64) -> Option<TilePath> {
    TilePath::at_size(kind, 0, size(at))
}

/// The batch that takes the log from one size to a larger one.
pub fn batch(from: u64, to: u64) -> Batch {
    let objects = changed(from, to).into_iter().map(|path| (path, object(&path))).collect();
    Batch { objects }
}

/// Its checkpoint at a size.
pub fn checkpoint(at: u64) -> SignedCheckpoint {
    sign(head(at), 1)
}

/// A checkpoint of any head, signed with a key of the given number.
pub fn sign(head: TreeHead, key: u8) -> SignedCheckpoint {
    let key = SigningKey::from_seed(ORIGIN, &[key; 32]).expect("the origin is a key name");
    let checkpoint = Checkpoint::new(ORIGIN, head).expect("the origin is an origin");
    SignedCheckpoint::sign(&checkpoint, &key)
}

/// Takes a store from one size of the made-up log to a larger one.
///
/// # Errors
/// Those of [`Store::commit`].
pub async fn grow(store: &dyn Store, from: u64, to: u64) -> Result<(), StoreError> {
    store.commit(&head(from), batch(from, to), &head(to)).await
}

/// Checks that a store holds exactly the made-up log of a size.
///
/// # Panics
/// If the head or any object is another.
pub async fn assert_holds(store: &dyn Store, at: u64) {
    assert_eq!(store.head().await.expect("the head is readable"), head(at));
    for path in objects(at) {
        assert_reads(store, &path).await;
    }
    for path in changed(at, at + 1) {
        let beyond = store.get(&path).await.expect("the store answers");
        assert_eq!(beyond, None, "{path} is not part of a tree of size {at}");
    }
}

/// Checks that a store answers for one object of the made-up log.
///
/// # Panics
/// If it is absent or another.
pub async fn assert_reads(store: &dyn Store, path: &TilePath) {
    let stored = store.get(path).await.expect("the store answers");
    assert!(stored.is_some(), "{path} is absent");
    assert!(stored == Some(object(path)), "{path} has other bytes");
}

/// Checks that a store answers for some hashes or entries of one object of the made-up log.
///
/// # Panics
/// If they are absent or others.
pub async fn assert_reads_part(store: &dyn Store, path: &TilePath, places: Range<u16>) {
    let (kind, index) = (path.kind(), path.index());
    let stored = store.get_part(kind, index, places.clone()).await.expect("the store answers");
    let mut expected = Vec::new();
    for place in places.clone() {
        expected.extend_from_slice(&item(kind, index * 256 + u64::from(place)));
    }
    assert_eq!(stored, Some(expected.into()), "{path} {places:?}");
}
