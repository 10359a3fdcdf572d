//! The log's files (C2SP tlog-tiles), verified. Works on any log of that format.

mod http;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tlog::{
    Bundle, ConsistencyProof, FULL_WIDTH, Hash, LeafIndex, MAX_ENTRY_LEN, MAX_NOTE_LEN, Plan,
    ProofFile, SignedCheckpoint, TileError, TileKind, TilePath, TreeHead, TreeSize, Verified,
    VerifiedCheckpoint, bundle_prefix, leaf_hash,
};

use crate::entry::VerifiedEntry;
use crate::error::{Disproof, Error, Undecided};
use crate::head::{History, Past};
use crate::trust::LogUrl;

/// Files in flight at once.
const CONCURRENCY: usize = 8;
/// Bundles that are read in one step. All of their entries are in memory at once.
const STEP_BUNDLES: u64 = 16;
/// Steps that are fetched and verified at once.
const STEPS_AHEAD: usize = 4;

/// Where a log's files lie, below the log's prefix. What they hold is not believed.
#[async_trait]
pub trait Files: Debug + Send + Sync {
    /// The file at `path`, such as `checkpoint` or `tile/0/000`, of at most `limit` bytes; `None` if there is
    /// none.
    ///
    /// # Errors
    /// [`Error::Undecided`] if it can not be read, or is longer.
    async fn get(&self, path: &str, limit: usize) -> Result<Option<Bytes>, Error>;

    /// What people call the place.
    fn place(&self) -> String;
}

/// A reader of the log's tiles, bundles and checkpoint. But for the checkpoint it hands out nothing that is
/// not verified.
#[derive(Clone, Debug)]
pub struct Tiles {
    files: Arc<dyn Files>,
}

impl Tiles {
    /// Prepares to read the log at `url`.
    ///
    /// # Errors
    /// [`Error::Undecided`] if the machine cannot do HTTP.
    pub fn new(url: LogUrl) -> Result<Tiles, Error> {
        Ok(Tiles::of(Arc::new(http::Served::new(url)?)))
    }

    /// Reads the log whose files are these.
    pub fn of(files: Arc<dyn Files>) -> Tiles {
        Tiles { files }
    }

    /// The entries from `from` up to, not including, `to`, of the tree of `checkpoint`.
    ///
    /// All of them are in memory at once: ask for a few thousand at a time.
    ///
    /// # Errors
    /// [`Error`] if one of them is not there or not verified, or the range is none of the tree.
    pub async fn entries(
        &self,
        checkpoint: &VerifiedCheckpoint,
        from: LeafIndex,
        to: TreeSize,
    ) -> Result<Vec<VerifiedEntry>, Error> {
        let head = checkpoint.head();
        let plan = head.plan_leaves(from, to).map_err(Error::malformed)?;
        let bundles: Vec<TilePath> =
            plan.tiles().iter().filter_map(|tile| bundle_in_range(tile, from, to)).collect();
        let tree = self.verified(head, &plan);
        let (tree, bundles) = futures::join!(tree, self.fetch_all(&bundles));
        let (tree, bundles) = (tree?, bundles?);
        let mut entries = Vec::with_capacity(bundles.len() * usize::from(FULL_WIDTH));
        for (path, bytes) in bundles {
            verify_entries(&tree, &path, &bytes, &mut entries)?;
        }
        entries.retain(|entry| entry.index() >= from && to.contains(entry.index()));
        Ok(entries)
    }

    /// The entries from `from` on, to the end of the tree of `checkpoint`: some thousands at a time, in their
    /// order. What comes next is fetched and verified meanwhile, on all processors.
    ///
    /// Each item is as from [`entries`](Tiles::entries); the first that fails is the last that is of use. Must
    /// be used within a runtime of tokio.
    pub fn entries_from(
        &self,
        checkpoint: &VerifiedCheckpoint,
        from: TreeSize,
    ) -> impl Stream<Item = Result<Vec<VerifiedEntry>, Error>> + use<> {
        let (tiles, checkpoint) = (self.clone(), checkpoint.clone());
        let size = checkpoint.head().size;
        let steps = std::iter::successors(Some(from), move |from| Some(end_of_step(*from, size)));
        let steps = steps.take_while(move |from| *from < size);
        stream::iter(steps)
            .map(move |from| {
                let (tiles, checkpoint) = (tiles.clone(), checkpoint.clone());
                let reading = tokio::spawn(async move {
                    let first = LeafIndex::new(from.get()).map_err(Error::malformed)?;
                    tiles.entries(&checkpoint, first, end_of_step(from, size)).await
                });
                async move { reading.await.expect("reading entries does not panic") }
            })
            .buffered(STEPS_AHEAD)
    }

    /// The proof that the entry at `index` is in the tree of `checkpoint`, with the entry's bytes.
    pub(crate) async fn proof_file(
        &self,
        checkpoint: &VerifiedCheckpoint,
        index: LeafIndex,
    ) -> Result<ProofFile, Error> {
        let head = checkpoint.head();
        let plan = head.plan_inclusion(index).map_err(Error::malformed)?;
        let proof = self.verified(head, &plan).await?.inclusion(index);
        let end = TreeSize::new(index.get() + 1).map_err(Error::malformed)?;
        let entries = self.entries(checkpoint, index, end).await?;
        Ok(ProofFile {
            extra: entries.first().map(|entry| entry.bytes().to_vec()).filter(|e| !e.is_empty()),
            index,
            proof: proof.expect("the plan has every tile of the proof"),
            checkpoint: checkpoint.signed().clone(),
        })
    }

    /// The checkpoint that is served, which nobody has verified.
    ///
    /// # Errors
    /// [`Error::Undecided`] if none is.
    pub async fn served_head(&self) -> Result<SignedCheckpoint, Error> {
        SignedCheckpoint::parse(&self.checkpoint().await?).map_err(Error::malformed)
    }

    /// The bytes of the served checkpoint, unverified.
    pub(crate) async fn checkpoint(&self) -> Result<Bytes, Error> {
        let bytes = self.files.get("checkpoint", MAX_NOTE_LEN).await?;
        bytes.ok_or_else(|| {
            Undecided::Missing(format!("checkpoint at {}/checkpoint", self.place())).into()
        })
    }

    /// Where the log's files are read.
    fn place(&self) -> String {
        self.files.place()
    }

    /// Loads a plan's tiles and checks them against the head.
    async fn verified(&self, head: TreeHead, plan: &Plan) -> Result<Verified, Error> {
        let tiles = self.fetch_all(plan.tiles()).await?;
        Verified::new(head, tiles).map_err(|error| match error {
            TileError::HashMismatch(_) | TileError::RootMismatch { .. } => {
                Disproof::Tiles(error).into()
            }
            other => Error::malformed(other),
        })
    }

    async fn fetch_all(&self, paths: &[TilePath]) -> Result<Vec<(TilePath, Bytes)>, Error> {
        let fetch = |path: TilePath| async move { Ok((path, self.fetch(&path).await?)) };
        stream::iter(paths.iter().copied()).map(fetch).buffered(CONCURRENCY).try_collect().await
    }

    /// A tile or bundle as wide as asked for. A log may have dropped a partial one whose full version
    /// exists: the partial one is then what the full one begins with.
    async fn fetch(&self, path: &TilePath) -> Result<Bytes, Error> {
        if let Some(bytes) = self.files.get(&path.to_string(), max_len(path)).await? {
            return Ok(bytes);
        }
        let full = path.full();
        if !path.is_full()
            && let Some(bytes) = self.files.get(&full.to_string(), max_len(&full)).await?
        {
            let len = match path.kind() {
                TileKind::Entries => bundle_prefix(&bytes, path.width()),
                TileKind::Hashes(_) => Some(max_len(path)).filter(|len| *len <= bytes.len()),
            };
            let len = len.ok_or_else(|| Error::malformed(format_args!("{full} is too short")))?;
            return Ok(bytes.slice(..len));
        }
        let missing = format!("{}/{path} although its tree has it", self.place());
        Err(Undecided::Missing(missing).into())
    }
}

/// Where a step that begins at `cursor` ends: whole bundles, as far as the tree goes.
pub(crate) fn end_of_step(cursor: TreeSize, size: TreeSize) -> TreeSize {
    let width = u64::from(FULL_WIDTH);
    let end = (cursor.get() / width + STEP_BUNDLES) * width;
    TreeSize::new(end).map_or(size, |end| end.min(size))
}

/// Length of a tile, greatest length of a bundle.
fn max_len(path: &TilePath) -> usize {
    usize::from(path.width())
        * match path.kind() {
            TileKind::Entries => size_of::<u16>() + MAX_ENTRY_LEN,
            TileKind::Hashes(_) => Hash::SIZE,
        }
}

/// The bundle of a level-0 tile, if it has entries of the range.
fn bundle_in_range(tile: &TilePath, from: LeafIndex, to: TreeSize) -> Option<TilePath> {
    let first = tile.index().checked_mul(u64::from(FULL_WIDTH))?;
    let in_range = first < to.get() && first + u64::from(tile.width()) > from.get();
    let is_leaf_tile = tile.kind() == TileKind::Hashes(0);
    TilePath::new(TileKind::Entries, tile.index(), tile.width())
        .ok()
        .filter(|_| in_range && is_leaf_tile)
}

/// Checks a bundle against its level-0 tile, and adds its entries to `entries`.
fn verify_entries(
    tree: &Verified,
    path: &TilePath,
    bytes: &Bytes,
    entries: &mut Vec<VerifiedEntry>,
) -> Result<(), Error> {
    let bundle = Bundle::parse(bytes, path.width())
        .map_err(|error| Error::malformed(format_args!("{path}: {error}")))?;
    let first = path.index() * u64::from(FULL_WIDTH);
    for (index, entry) in (first..).zip(bundle.entries()) {
        let index = LeafIndex::new(index).map_err(Error::malformed)?;
        let leaf = tree.leaf(index).expect("the plan has the level-0 tile of each bundle");
        if leaf != leaf_hash(entry) {
            return Err(Disproof::Bundle { path: *path, index }.into());
        }
        entries.push(VerifiedEntry::new(index, bytes.slice_ref(entry)));
    }
    Ok(())
}

impl History for Tiles {
    async fn past(&self, newer: TreeHead, older: TreeHead) -> Result<Past, Error> {
        let plan = newer.plan_consistency(older.size).map_err(Error::malformed)?;
        let tree = self.verified(newer, &plan).await?;
        let planned = "the plan has every tile of the proof";
        let root = tree.root_at(older.size).expect(planned);
        let proof: ConsistencyProof = tree.consistency(older.size).expect(planned);
        Past::verify(newer, older.size, root, proof)
            .map_err(|error| Error::proof(format_args!("the tree's own past"), error))
    }
}
