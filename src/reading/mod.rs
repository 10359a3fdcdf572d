//! Answers to readers: proofs, entries and look-ups, all under the published head and never beyond
//! it. Whatever the store holds is checked against that head before it is used.

mod batch;
mod counts;
mod kept;
mod lookup;
mod near;
mod nodes;
#[cfg(test)]
mod tests;
mod view;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use catalog::{Catalog, CatalogError};
use record::{Entry, MapKey, Parsed};
use store::{Store, StoreError};
use thiserror::Error;
use tlog::{
    ConsistencyProof, FULL_WIDTH, Hash, InclusionProof, LeafIndex, LookupError, PlanError,
    TileError, TilePath, TreeSize,
};
use tokio::sync::watch;

pub use self::batch::{Answer, Batch, MapPath, Part};
pub use self::lookup::{Completeness, Lookup, MAX_LOOKUP_ENTRIES};
use self::near::Near;
use self::nodes::Nodes;
pub use self::view::ProvenEpoch;
use self::view::{Shared, View};
use crate::entries::{EntryReader, ReadError, split};
use crate::published::Published;

/// The reading side of a served log.
#[derive(Clone)]
pub struct LogReader {
    store: Arc<dyn Store>,
    catalog: Arc<Catalog>,
    entries: EntryReader,
    published: watch::Receiver<Arc<Published>>,
    shared: Arc<Shared>,
}

/// Entries with inclusion proofs under one head, each hash of the proofs once.
#[derive(Debug, Default)]
pub struct ProvenEntries {
    /// Hashes of all proofs.
    pub nodes: Vec<Hash>,
    /// In the order asked for.
    pub entries: Vec<ProvenEntry>,
}

/// An entry with its inclusion proof.
#[derive(Clone, Debug)]
pub struct ProvenEntry {
    /// Its position.
    pub index: LeafIndex,
    /// Its bytes.
    pub entry: Bytes,
    /// The hashes of its proof as positions in the nodes, leaf's sibling first.
    pub path: Vec<u32>,
}

/// An entry of a kind that is known, as the store holds it.
#[derive(Clone, Debug)]
pub struct KnownEntry {
    /// Its position.
    pub index: LeafIndex,
    /// Its bytes.
    pub bytes: Bytes,
    /// What they say.
    pub entry: Entry,
}

/// A question was not answered.
#[derive(Debug, Error)]
pub enum AnswerError {
    /// The reader asks beyond the published head.
    #[error("{what} {asked} is beyond the published size {published}: ask again later")]
    Beyond {
        /// What is beyond: an index or a size.
        what: &'static str,
        /// The number asked for.
        asked: u64,
        /// Entries that are published.
        published: TreeSize,
    },
    /// The log's catalog failed.
    #[error("the catalog can not be read")]
    Catalog(#[source] CatalogError),
    /// No tree has what is asked for.
    #[error(transparent)]
    Impossible(#[from] PlanError),
    /// A trail lacks what a proof needs: a defect of the program.
    #[error(transparent)]
    Plan(#[from] LookupError),
    /// The log can not read its entries back.
    #[error("the log can not read its own entries")]
    Read(#[from] ReadError),
    /// The log can not read its tiles.
    #[error("the log can not read its own tiles")]
    Store(#[from] StoreError),
    /// The log's tiles are damaged.
    #[error("the log's own tiles are damaged")]
    Tile(#[from] TileError),
    /// More than one answer holds.
    #[error(
        "{found} entries or more have this key, an answer holds at most {MAX_LOOKUP_ENTRIES}: \
             read the log's tiles instead"
    )]
    TooMany {
        /// How many there are at least.
        found: usize,
    },
}

impl LogReader {
    /// Reads what is committed in `store` and `catalog` as far as it is `published`. Up to
    /// `kept_bytes` of checked tiles are kept.
    pub fn new(
        store: Arc<dyn Store>,
        catalog: Arc<Catalog>,
        published: watch::Receiver<Arc<Published>>,
        kept_bytes: usize,
    ) -> LogReader {
        let entries = EntryReader::new(Arc::clone(&store));
        let shared = Arc::new(Shared::new(kept_bytes));
        LogReader { store, catalog, entries, published, shared }
    }

    /// The published head now.
    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published.borrow())
    }

    /// The published head as it changes.
    pub fn watch(&self) -> watch::Receiver<Arc<Published>> {
        self.published.clone()
    }

    /// The positions of the newest entries with a key, newest first.
    ///
    /// # Errors
    /// [`AnswerError::Catalog`] if the catalog can not be read.
    pub fn newest(
        &self,
        published: &Published,
        key: &MapKey,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, AnswerError> {
        let mut newest = VecDeque::new();
        for page in self.catalog.pages(*key, published.head.size, None) {
            newest.extend(page.map_err(AnswerError::Catalog)?);
            newest.drain(..newest.len().saturating_sub(limit));
        }
        Ok(newest.into_iter().rev().collect())
    }

    /// The entries at `positions`, in that order, as the store holds them.
    ///
    /// # Errors
    /// [`AnswerError`] if one of them is beyond `published`, or the log can not be read.
    pub async fn entries_at(
        &self,
        published: &Published,
        positions: &[LeafIndex],
    ) -> Result<Vec<Bytes>, AnswerError> {
        Ok(self.entries.entries(positions, published.head.size).await?)
    }

    /// The same without entries of unknown kinds, with what the others say.
    ///
    /// # Errors
    /// As [`entries_at`](LogReader::entries_at).
    pub async fn known_entries_at(
        &self,
        published: &Published,
        positions: &[LeafIndex],
    ) -> Result<Vec<KnownEntry>, AnswerError> {
        let entries = self.entries_at(published, positions).await?;
        let known =
            positions.iter().zip(entries).filter_map(|(index, bytes)| match Entry::parse(&bytes) {
                Ok(Parsed::Known(entry)) => Some(KnownEntry { index: *index, bytes, entry }),
                _ => None,
            });
        Ok(known.collect())
    }

    /// The inclusion proof of the entry at `index` in the tree of `size`, with the entry.
    ///
    /// # Errors
    /// [`AnswerError`] if either is beyond `published`, or the log can not be read.
    pub async fn inclusion(
        &self,
        published: &Published,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<(InclusionProof, Bytes), AnswerError> {
        check_within("size", size.get(), published.head.size.get(), published)?;
        check_within("index", index.get().saturating_add(1), size.get(), published)
            .map_err(|_| beyond("index", index.get(), published))?;
        let view = self.view(published.head).await?;
        let near = self.near(&view, index).await?;
        let proof = near.inclusion(index, &self.range_at(&view, size).await?)?;
        let entry = near.entry(index).expect("it is near itself").clone();
        Ok((proof, entry))
    }

    /// The consistency proof between the trees of two sizes.
    ///
    /// # Errors
    /// [`AnswerError`] if `to` is beyond `published`, `from` beyond `to`, or the log can not be read.
    pub async fn consistency(
        &self,
        published: &Published,
        from: TreeSize,
        to: TreeSize,
    ) -> Result<ConsistencyProof, AnswerError> {
        check_within("size", from.max(to).get(), published.head.size.get(), published)?;
        if from > to {
            return Err(PlanError::SizeOutOfRange { asked: from, size: to }.into());
        }
        let view = self.view(published.head).await?;
        let trail = self.complete(view.edge().trail_of_size(from)?).await?;
        Ok(trail.consistency(from, &self.range_at(&view, to).await?)?)
    }

    /// Up to a bundle of entries from `start` on, below `end`; `start` is below both.
    ///
    /// # Errors
    /// [`AnswerError`] if they are beyond `published` or the log can not be read.
    pub async fn entries(
        &self,
        published: &Published,
        start: LeafIndex,
        end: TreeSize,
    ) -> Result<Vec<Bytes>, AnswerError> {
        check_within("size", end.get(), published.head.size.get(), published)?;
        let bundle_end = (split(start).0 + 1) * u64::from(FULL_WIDTH);
        let positions = positions(start.get()..bundle_end.min(end.get()));
        Ok(self.entries.entries(&positions, published.head.size).await?)
    }

    /// The entries at `positions`, proven under `published`.
    ///
    /// # Errors
    /// [`AnswerError`] if one is beyond `published` or the log can not be read.
    pub async fn prove(
        &self,
        published: &Published,
        positions: &[LeafIndex],
    ) -> Result<ProvenEntries, AnswerError> {
        let mut nodes = Nodes::default();
        let view = self.view(published.head).await?;
        let entries = self.prove_in(&view, positions, &mut nodes).await?;
        Ok(ProvenEntries { nodes: nodes.take_new(), entries })
    }

    /// The same, with proofs that refer to `nodes`.
    async fn prove_in(
        &self,
        view: &View,
        positions: &[LeafIndex],
        nodes: &mut Nodes,
    ) -> Result<Vec<ProvenEntry>, AnswerError> {
        let mut proven = Vec::with_capacity(positions.len());
        let mut last: Option<Near<'_>> = None;
        for &index in positions {
            let near = match last.take().filter(|near| near.entry(index).is_some()) {
                Some(near) => near,
                None => self.near(view, index).await?,
            };
            let proof = near.inclusion(index, view.edge().range())?;
            let entry = near.entry(index).expect("it is near itself").clone();
            proven.push(ProvenEntry { index, entry, path: nodes.places(proof.hashes()) });
            last = Some(near);
        }
        Ok(proven)
    }

    /// The published bytes of a tile or bundle; `None` if the published tree has none that wide.
    ///
    /// # Errors
    /// [`AnswerError`] if the log can not be read.
    pub async fn object(&self, path: &TilePath) -> Result<Option<Bytes>, AnswerError> {
        let size = self.published.borrow().head.size;
        match TilePath::at_size(path.kind(), path.index(), size) {
            Some(widest) if path.width() <= widest.width() => Ok(self.store.get(path).await?),
            _ => Ok(None),
        }
    }
}

impl From<CatalogError> for AnswerError {
    fn from(error: CatalogError) -> AnswerError {
        match error {
            CatalogError::TooManyPositions { limit } => AnswerError::TooMany { found: limit + 1 },
            error => AnswerError::Catalog(error),
        }
    }
}

/// Positions of a range below the published size.
pub fn positions(indexes: impl IntoIterator<Item = u64>) -> Vec<LeafIndex> {
    let indexes = indexes.into_iter();
    indexes.map(|index| LeafIndex::new(index).expect("a published position is valid")).collect()
}

fn check_within(
    what: &'static str,
    asked: u64,
    bound: u64,
    published: &Published,
) -> Result<(), AnswerError> {
    if asked > bound { Err(beyond(what, asked, published)) } else { Ok(()) }
}

fn beyond(what: &'static str, asked: u64, published: &Published) -> AnswerError {
    AnswerError::Beyond { what, asked, published: published.head.size }
}
