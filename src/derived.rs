//! What is derived from the log: the catalog is brought up to a head, from entries that are checked against
//! that head.

use std::sync::Arc;

use catalog::{Catalog, CatalogError};
use record::{Entry, EpochEntry, MapRoot, Parsed};
use store::{Store, StoreError};
use thiserror::Error;
use tlog::{Bundle, LeafIndex, TileError, TilePath, TreeHead, TreeSize, Verified};

use crate::entries::{EntryReader, ReadError, load, split};

/// Entries from which on the catalog takes in what it misses sorted.
const MANY: u64 = 100_000;

/// The catalog can not be brought up to a head.
#[derive(Debug, Error)]
pub enum DerivedError {
    /// The catalog can not be read or written.
    #[error("the catalog can not be brought up to date; it is derived: delete it and start again")]
    Catalog(#[from] CatalogError),
    /// The catalog has seen entries that the store does not have.
    #[error(
        "the catalog is of another log or of a longer one; it is derived: delete it and start again"
    )]
    CatalogAhead,
    /// Entries can not be read back.
    #[error("the log can not be read back")]
    Read(#[from] ReadError),
    /// The store can not be read.
    #[error("the store can not be read")]
    Store(#[from] StoreError),
    /// A tile is not part of the tree.
    #[error("a tile of the store is damaged")]
    Tile(#[from] TileError),
}

/// The newest epoch of a tree.
pub struct NewestEpoch {
    /// Its position.
    pub position: LeafIndex,
    /// What it says.
    pub epoch: EpochEntry,
    /// Root of the map as the entries before it give it, if the epoch states another.
    pub contradicted_by: Option<MapRoot>,
}

/// Brings the catalog up to `head`, from the entries in `store`, which are checked against it, and its map up to
/// the newest epoch there is, which is returned.
///
/// # Errors
/// [`DerivedError`] if the log or its catalog can not be read or written, or the catalog is ahead.
pub async fn bring_up(
    store: &Arc<dyn Store>,
    catalog: &Arc<Catalog>,
    head: TreeHead,
) -> Result<Option<NewestEpoch>, DerivedError> {
    let entries = EntryReader::new(Arc::clone(store));
    bring_rows_up(store, &entries, catalog, head).await?;
    bring_map_up(catalog, &entries, head.size).await
}

/// Brings the catalog's map up to the newest epoch among the first `size` entries, if there is one.
async fn bring_map_up(
    catalog: &Arc<Catalog>,
    entries: &EntryReader,
    size: TreeSize,
) -> Result<Option<NewestEpoch>, DerivedError> {
    let Some(position) = catalog.newest_epoch(size)? else { return Ok(None) };
    let bytes = entries.entries(&[position], size).await?.remove(0);
    let Ok(Parsed::Known(Entry::Epoch(epoch))) = Entry::parse(&bytes) else {
        return Err(CatalogError::Damaged("an epoch's position").into());
    };
    let covered = TreeSize::new(position.get()).expect("a position is a size");
    let mut contradicted_by = None;
    if catalog.map_size() < covered {
        let prepared = blocking({
            let catalog = Arc::clone(catalog);
            move || catalog.prepare_map(covered)
        })
        .await?;
        if prepared.root() == epoch.map {
            let catalog = Arc::clone(catalog);
            blocking(move || catalog.commit_map(prepared)).await?;
        } else {
            contradicted_by = Some(prepared.root());
        }
    }
    Ok(Some(NewestEpoch { position, epoch, contradicted_by }))
}

/// Takes the entries up to `head` into the catalog.
async fn bring_rows_up(
    store: &Arc<dyn Store>,
    entries: &EntryReader,
    catalog: &Arc<Catalog>,
    head: TreeHead,
) -> Result<(), DerivedError> {
    if catalog.cursor() > head.size {
        return Err(DerivedError::CatalogAhead);
    }
    let behind = head.size.get() - catalog.cursor().get();
    let mut bulk = if behind >= MANY { Some(catalog.bulk()?) } else { None };
    let mut next = catalog.cursor();
    while next < head.size {
        let first = LeafIndex::new(next.get()).expect("a size is a position");
        let (path, bytes) = entries.bundle(first, head.size).await?;
        let bundle = Bundle::parse(&bytes, path.width())
            .map_err(|source| ReadError::Damaged { path, source })?;
        check_bundle(&**store, head, &path, &bundle).await?;
        let (_, place) = split(first);
        let new: Vec<&[u8]> = bundle.entries().skip(place).collect();
        match &mut bulk {
            Some(bulk) => new.iter().try_for_each(|entry| bulk.push(entry))?,
            None => catalog.apply(first, &new)?,
        }
        next = TreeSize::new(next.get() + new.len() as u64).expect("no more than the head has");
    }
    let Some(bulk) = bulk else { return Ok(()) };
    let catalog = Arc::clone(catalog);
    Ok(blocking(move || catalog.apply_bulk(bulk)).await?)
}

/// The entries of a bundle are leaves of the tree.
async fn check_bundle(
    store: &dyn Store,
    head: TreeHead,
    path: &TilePath,
    bundle: &Bundle<'_>,
) -> Result<(), DerivedError> {
    let from = LeafIndex::new(path.index() * u64::from(tlog::FULL_WIDTH))
        .expect("an entry of the tree has a valid position");
    let to = TreeSize::new(from.get() + u64::from(path.width()))
        .expect("an entry of the tree has a valid position");
    let plan = head.plan_leaves(from, to).expect("a bundle of the tree can be planned");
    let verified = Verified::new(head, load(store, plan.tiles()).await?)?;
    for (position, entry) in (from.get()..).zip(bundle.entries()) {
        let position = LeafIndex::new(position).expect("an entry of the tree");
        let leaf = verified.leaf(position).expect("the plan names the tile of this leaf");
        if leaf != tlog::leaf_hash(entry) {
            return Err(DerivedError::Tile(TileError::HashMismatch(*path)));
        }
    }
    Ok(())
}

/// Runs what takes long where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CatalogError> + Send + 'static,
) -> Result<T, CatalogError> {
    tokio::task::spawn_blocking(work).await.expect("work on the catalog does not panic")
}
