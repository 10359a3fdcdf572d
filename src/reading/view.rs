//! What is computed once for each published head and shared by all who ask under it.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use record::{Entry, EpochEntry, Parsed};
use tlog::{CompactRange, Hash, LeafIndex, Trail, TreeHead, TreeSize, VerifiedEdge};
use tokio::sync::OnceCell;

use super::counts::Counts;
use super::kept::KeptTiles;
use super::{AnswerError, LogReader, Nodes, ProvenEntry, positions};
use crate::entries::{ReadError, load};
use crate::published::Published;

/// Entries after the newest epoch up to which a look-up is shown to be complete.
const MAX_TAIL: u64 = 20_000;

/// The tree of a published head.
pub(super) struct View {
    edge: VerifiedEdge,
    newest: OnceCell<Option<LeafIndex>>,
    epoch: OnceCell<Arc<EpochView>>,
}

/// The newest epoch of a published head and what stands around it.
pub(super) struct EpochView {
    /// The hashes of its proof.
    pub(super) nodes: Nodes,
    /// What is shown of it.
    pub(super) proven: Arc<ProvenEpoch>,
}

/// An epoch and all that was logged after it.
#[derive(Debug)]
pub struct ProvenEpoch {
    /// The epoch entry, its proof in the first nodes of an answer.
    pub entry: ProvenEntry,
    /// The compact range up to and with the epoch entry.
    pub edge: Vec<Hash>,
    /// All entries after the epoch entry.
    pub tail: Vec<Bytes>,
}

/// What all copies of a reader share.
pub(super) struct Shared {
    /// What answers are counted by.
    pub(super) counts: Counts,
    kept: KeptTiles,
    newest: RwLock<Option<Arc<View>>>,
}

impl Shared {
    /// Keeps checked tiles of up to so many bytes.
    pub(super) fn new(kept_bytes: usize) -> Shared {
        let (counts, kept) = (Counts::new(), KeptTiles::new(kept_bytes));
        Shared { counts, kept, newest: RwLock::new(None) }
    }

    fn view(&self, head: TreeHead) -> Option<Arc<View>> {
        let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner);
        newest.as_ref().filter(|view| view.edge.head() == head).cloned()
    }

    /// Keeps a view, unless there is one of a larger tree.
    fn offer(&self, view: &Arc<View>) {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        let size = |view: &View| view.edge.head().size;
        if newest.as_ref().is_none_or(|newest| size(newest) <= size(view)) {
            *newest = Some(Arc::clone(view));
        }
    }
}

impl View {
    /// The right edge of the tree.
    pub(super) const fn edge(&self) -> &VerifiedEdge {
        &self.edge
    }

    /// Number of entries.
    pub(super) const fn size(&self) -> TreeSize {
        self.edge.head().size
    }
}

impl LogReader {
    /// The view of a published head.
    pub(super) async fn view(&self, head: TreeHead) -> Result<Arc<View>, AnswerError> {
        if let Some(view) = self.shared.view(head) {
            return Ok(view);
        }
        let tiles = load(&*self.store, head.plan_edge().tiles()).await?;
        let edge = VerifiedEdge::new(head, tiles)?;
        let view = Arc::new(View { edge, newest: OnceCell::new(), epoch: OnceCell::new() });
        self.shared.offer(&view);
        Ok(view)
    }

    /// A trail with its tiles: all but the lowest hashes.
    pub(super) async fn upper<'a>(&self, mut trail: Trail<'a>) -> Result<Trail<'a>, AnswerError> {
        let Shared { kept, counts, .. } = &*self.shared;
        kept.tiles(&*self.store, &mut trail, counts).await?;
        Ok(trail)
    }

    /// A trail with all that belongs to it.
    pub(super) async fn complete<'a>(&self, trail: Trail<'a>) -> Result<Trail<'a>, AnswerError> {
        let mut trail = self.upper(trail).await?;
        if let Some((path, places)) = trail.missing_part() {
            let part = self.store.get_part(path.kind(), path.index(), places).await?;
            trail.push_part(&part.ok_or(ReadError::Missing(path))?)?;
        }
        Ok(trail)
    }

    /// The compact range of the tree when it had `size` entries.
    pub(super) async fn range_at(
        &self,
        view: &View,
        size: TreeSize,
    ) -> Result<CompactRange, AnswerError> {
        if size == view.size() {
            return Ok(view.edge.range().clone());
        }
        let trail = self.complete(view.edge.trail_of_size(size)?).await?;
        Ok(trail.range_at(size)?)
    }

    /// Position of the newest epoch of a view.
    pub(super) async fn newest_epoch(&self, view: &View) -> Result<Option<LeafIndex>, AnswerError> {
        let found = view.newest.get_or_try_init(async || self.catalog.newest_epoch(view.size()));
        Ok(*found.await?)
    }

    /// The newest epoch entry of a published head: how far the log's observer has seen the index.
    ///
    /// # Errors
    /// [`AnswerError`] if the log can not be read.
    pub async fn newest_summary(
        &self,
        published: &Published,
    ) -> Result<Option<EpochEntry>, AnswerError> {
        let view = self.view(published.head).await?;
        let Some(newest) = self.newest_epoch(&view).await? else { return Ok(None) };
        let bytes = self.entries_at(published, &[newest]).await?.remove(0);
        match Entry::parse(&bytes) {
            Ok(Parsed::Known(Entry::Epoch(epoch))) => Ok(Some(epoch)),
            _ => Ok(None),
        }
    }

    /// The newest epoch of a view, if there is one and few enough entries follow it.
    pub(super) async fn epoch(&self, view: &View) -> Result<Option<Arc<EpochView>>, AnswerError> {
        let size = view.size().get();
        let newest = self.newest_epoch(view).await?;
        let Some(newest) = newest.filter(|epoch| size - epoch.get() <= MAX_TAIL) else {
            return Ok(None);
        };
        let shown = view.epoch.get_or_try_init(|| self.show_epoch(view, newest)).await?;
        Ok(Some(Arc::clone(shown)))
    }

    async fn show_epoch(
        &self,
        view: &View,
        position: LeafIndex,
    ) -> Result<Arc<EpochView>, AnswerError> {
        let mut nodes = Nodes::default();
        let entry = self.prove_in(view, &[position], &mut nodes).await?.remove(0);
        let after = TreeSize::new(position.get() + 1).expect("a published entry is below a size");
        let edge = self.range_at(view, after).await?.roots().to_vec();
        let rest = positions(after.get()..view.size().get());
        let tail = self.entries.entries(&rest, view.size()).await?;
        let proven = Arc::new(ProvenEpoch { entry, edge, tail });
        Ok(Arc::new(EpochView { nodes, proven }))
    }
}
