//! Opening a log: refuse what could fork it, then finish what a crash left unfinished by the steps
//! that every batch takes.

use std::sync::Arc;

use bytes::Bytes;
use catalog::CatalogError;
use observer::Coverage;
use record::{Entry, Parsed};
use store::StoreError;
use thiserror::Error;
use tlog::{
    Bundle, EdgeError, Hash, LeafIndex, PolicyError, RightEdge, SignedCheckpoint, TileError,
    TilePath, TreeHead, TreeSize, Verified,
};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::committer::Committer;
use super::epochs::Epochs;
use super::writer::{NextBatch, StepError, Writer, blocking};
use super::{Parts, WriterState};
use crate::entries::{EntryReader, ReadError, load, split};
use crate::published::Published;
use crate::publishers::Publishers;
use crate::register::RegisterError;

/// Entries from which on the catalog takes in what it misses sorted.
const MANY: u64 = 100_000;

/// Why a log was not opened. Nothing was written.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The store ends before a head that was signed: it was restored from a backup, or replaced.
    #[error(
        "{what} is of size {remembered}, and the store ends at size {stored}: the store is older \
         than what was signed, and going on from it would fork the log. Put the newest store back; \
         a log whose newest entries are lost can only be frozen, never continued"
    )]
    Behind {
        /// Which head is newer.
        what: &'static str,
        /// Its size.
        remembered: TreeSize,
        /// The store's size.
        stored: TreeSize,
    },
    /// The catalog can not be opened or brought up to date.
    #[error("the catalog can not be brought up to date; it is derived: delete it and start again")]
    Catalog(#[from] CatalogError),
    /// The catalog has seen entries that the store does not have.
    #[error(
        "the catalog is of another log or of a longer one; it is derived: delete it and start again"
    )]
    CatalogAhead,
    /// The right edge is not that of the head.
    #[error("the store does not hold the tree that its head names")]
    Edge(#[from] EdgeError),
    /// A signed head is not a head of the stored log.
    #[error(
        "{what} of size {size} has the root {remembered}, the store has {stored} there: \
         this is another log's store, or a fork"
    )]
    Fork {
        /// Which head differs.
        what: &'static str,
        /// Its size.
        size: TreeSize,
        /// Its root.
        remembered: Hash,
        /// The root that the store has at that size.
        stored: Hash,
    },
    /// A remembered or published head was not signed with the log's key.
    #[error(
        "{what} was not signed with the key that is here: put the key back with which the log was \
         created, an existing log is never given a new one"
    )]
    OtherKey {
        /// Which head.
        what: &'static str,
        /// What is wrong with its signature.
        source: PolicyError,
    },
    /// A remembered or published head was signed for another log.
    #[error("{what} is of the log {found}, and the key is of {expected}")]
    OtherLog {
        /// Which head.
        what: &'static str,
        /// Its origin.
        found: String,
        /// The origin of the key.
        expected: String,
    },
    /// Entries can not be read back.
    #[error("the log can not be read back")]
    Read(#[from] ReadError),
    /// The remembered head can not be read.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The steps that finish a batch failed.
    #[error("the head of the log can not be signed and published")]
    Step(#[source] Box<StepError>),
    /// The store can not be read.
    #[error("the store can not be read")]
    Store(#[from] StoreError),
    /// What is published is not a checkpoint.
    #[error("the published checkpoint is damaged")]
    Checkpoint(#[from] tlog::InvalidCheckpoint),
    /// A tile is not part of the tree.
    #[error("a tile of the store is damaged")]
    Tile(#[from] TileError),
}

type Opened = (Writer, watch::Receiver<WriterState>, watch::Receiver<Arc<Published>>);

/// Opens the log and publishes its head.
pub(super) async fn open(
    parts: Parts,
    publishers: Publishers,
    coverage: watch::Receiver<Option<Coverage>>,
    stop: CancellationToken,
) -> Result<Opened, OpenError> {
    let head = parts.store.head().await?;
    let remembered = parts.register.read()?;
    let newest = match parts.store.checkpoint().await? {
        Some(bytes) => Some(SignedCheckpoint::parse(&bytes)?),
        None => None,
    };
    let signed = [("the head last signed", &remembered), ("the published head", &newest)];
    let mut confirmed = TreeSize::ZERO;
    for (what, checkpoint) in signed {
        if let Some(checkpoint) = checkpoint {
            check_signed(&parts, head, what, checkpoint).await?;
            confirmed = confirmed.max(checkpoint.checkpoint().head().size);
        }
    }
    let edge = open_edge(&parts, head).await?;
    catch_up(&parts, head).await?;

    let entries = EntryReader::new(Arc::clone(&parts.store));
    let epochs = open_epochs(&parts, &entries, head.size).await?;
    let (state, state_seen) = watch::channel(WriterState::Running);
    let placeholder = Published { head, note: Bytes::new(), confirmed: (parts.clock)() };
    let (published, published_seen) = watch::channel(Arc::new(placeholder));
    let parts = Arc::new(parts);
    let mut committer = Committer {
        parts: Arc::clone(&parts),
        confirmed,
        state: state.clone(),
        published,
        newest,
        stop,
    };
    committer.open(head).await.map_err(|error| OpenError::Step(Box::new(error)))?;
    let writer = Writer {
        parts,
        entries,
        edge,
        epochs,
        publishers,
        coverage,
        state,
        committer: Arc::new(Mutex::new(committer)),
        tasks: JoinSet::new(),
        next: NextBatch::new(head.size),
    };
    Ok((writer, state_seen, published_seen))
}

/// A head once signed must be signed with this key, and be a head of what is stored now.
async fn check_signed(
    parts: &Parts,
    head: TreeHead,
    what: &'static str,
    checkpoint: &SignedCheckpoint,
) -> Result<(), OpenError> {
    let key = parts.key.verifying_key();
    let expected = key.name();
    let (found, signed) = (checkpoint.checkpoint().origin(), checkpoint.checkpoint().head());
    if found != expected {
        let (found, expected) = (found.to_owned(), expected.to_owned());
        return Err(OpenError::OtherLog { what, found, expected });
    }
    checkpoint
        .verify(expected, std::slice::from_ref(key))
        .map_err(|source| OpenError::OtherKey { what, source })?;
    if signed.size > head.size {
        let (remembered, stored) = (signed.size, head.size);
        return Err(OpenError::Behind { what, remembered, stored });
    }
    let stored = root_at(parts, head, signed.size).await?;
    if stored != signed.root {
        let (size, remembered) = (signed.size, signed.root);
        return Err(OpenError::Fork { what, size, remembered, stored });
    }
    Ok(())
}

/// Root of the stored tree when it had `size` entries.
async fn root_at(parts: &Parts, head: TreeHead, size: TreeSize) -> Result<Hash, OpenError> {
    if size == head.size {
        return Ok(head.root);
    }
    let plan = head.plan_consistency(size).expect("a size below the head's can be planned");
    let tiles = load(&*parts.store, plan.tiles()).await?;
    let verified = Verified::new(head, tiles)?;
    Ok(verified.root_at(size).expect("the plan names the tiles of this root"))
}

async fn open_edge(parts: &Parts, head: TreeHead) -> Result<RightEdge, OpenError> {
    let objects = load(&*parts.store, &RightEdge::plan(head.size)).await?;
    Ok(RightEdge::open(head, objects)?)
}

/// Finds the newest epoch, and brings the catalog's map up to it.
///
/// A log whose newest epoch states a wrong root can not unwrite it. It goes on, answers without
/// completeness until the next epoch, and says so.
async fn open_epochs(
    parts: &Parts,
    entries: &EntryReader,
    size: TreeSize,
) -> Result<Epochs, OpenError> {
    let opened = (parts.clock)();
    let Some(position) = parts.catalog.newest_epoch(size)? else {
        return Ok(Epochs::new(parts.epochs, None, 0, opened));
    };
    let bytes = entries.entries(&[position], size).await?.remove(0);
    let Ok(Parsed::Known(Entry::Epoch(newest))) = Entry::parse(&bytes) else {
        return Err(CatalogError::Damaged("an epoch's position").into());
    };
    let covered = TreeSize::new(position.get()).expect("a position is a size");
    let catalog = Arc::clone(&parts.catalog);
    if catalog.map_size() < covered {
        let prepared = blocking({
            let catalog = Arc::clone(&catalog);
            move || catalog.prepare_map(covered)
        })
        .await?;
        if prepared.root() == newest.map {
            blocking(move || catalog.commit_map(prepared)).await?;
        } else {
            let (stated, computed) = (newest.map, prepared.root());
            error!(%position, %stated, %computed, "the newest epoch states another map than there is");
        }
    }
    Ok(Epochs::new(parts.epochs, Some(&newest), position.get() + 1, opened))
}

/// Brings the catalog up to the head, from entries that are checked against it.
async fn catch_up(parts: &Parts, head: TreeHead) -> Result<(), OpenError> {
    if parts.catalog.cursor() > head.size {
        return Err(OpenError::CatalogAhead);
    }
    let entries = EntryReader::new(Arc::clone(&parts.store));
    let behind = head.size.get() - parts.catalog.cursor().get();
    let mut bulk = if behind >= MANY { Some(parts.catalog.bulk()?) } else { None };
    let mut next = parts.catalog.cursor();
    while next < head.size {
        let first = LeafIndex::new(next.get()).expect("a size is a position");
        let (path, bytes) = entries.bundle(first, head.size).await?;
        let bundle = Bundle::parse(&bytes, path.width())
            .map_err(|source| ReadError::Damaged { path, source })?;
        check_bundle(parts, head, &path, &bundle).await?;
        let (_, place) = split(first);
        let new: Vec<&[u8]> = bundle.entries().skip(place).collect();
        match &mut bulk {
            Some(bulk) => new.iter().try_for_each(|entry| bulk.push(entry))?,
            None => parts.catalog.apply(first, &new)?,
        }
        next = TreeSize::new(next.get() + new.len() as u64).expect("no more than the head has");
    }
    let Some(bulk) = bulk else { return Ok(()) };
    let catalog = Arc::clone(&parts.catalog);
    Ok(blocking(move || catalog.apply_bulk(bulk)).await?)
}

/// The entries of a bundle are leaves of the tree.
async fn check_bundle(
    parts: &Parts,
    head: TreeHead,
    path: &TilePath,
    bundle: &Bundle<'_>,
) -> Result<(), OpenError> {
    let from = LeafIndex::new(path.index() * u64::from(tlog::FULL_WIDTH))
        .expect("an entry of the tree has a valid position");
    let to = TreeSize::new(from.get() + u64::from(path.width()))
        .expect("an entry of the tree has a valid position");
    let plan = head.plan_leaves(from, to).expect("a bundle of the tree can be planned");
    let verified = Verified::new(head, load(&*parts.store, plan.tiles()).await?)?;
    for (position, entry) in (from.get()..).zip(bundle.entries()) {
        let position = LeafIndex::new(position).expect("an entry of the tree");
        let leaf = verified.leaf(position).expect("the plan names the tile of this leaf");
        if leaf != tlog::leaf_hash(entry) {
            return Err(OpenError::Tile(TileError::HashMismatch(*path)));
        }
    }
    Ok(())
}
