//! Integration: the right edge of a log, and what appending entries to it writes.
//!
//! ```
//! use tlog::RightEdge;
//!
//! let integrated = RightEdge::empty().append(&["first", "second"])?;
//! let paths: Vec<String> = integrated.objects.iter().map(|(path, _)| path.to_string()).collect();
//! assert_eq!(paths, ["tile/entries/000.p/2", "tile/0/000.p/2"]);
//!
//! let head = integrated.edge.head();
//! let reopened = RightEdge::open(head, integrated.objects)?;
//! assert_eq!(reopened, integrated.edge);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use thiserror::Error;

use crate::bundle::{Bundle, EntryTooLong, MAX_ENTRY_LEN, append_entry};
use crate::compact::CompactRange;
use crate::hash::{Hash, leaf_hash};
use crate::hash_tile::{HashTile, edge_tiles};
use crate::head::{TooLarge, TreeHead, TreeSize};
use crate::tile::{FULL_WIDTH, TILE_HEIGHT, TileKind, TilePath};

/// Bytes of a full tile.
const FULL_TILE_LEN: usize = FULL_WIDTH as usize * Hash::SIZE;

/// Why stored objects do not give the right edge of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EdgeError {
    /// The bundle is not well-formed, or its entries do not hash to the level-0 tile.
    #[error("{0} does not hold the entries of its level-0 tile: the stored object is damaged")]
    Bundle(TilePath),
    /// The object has not the length of its width.
    #[error("{0} has the wrong length: the stored object is damaged")]
    Length(TilePath),
    /// An object that [`RightEdge::plan`] names was not given.
    #[error("{0} is needed to reopen the log")]
    Missing(TilePath),
    /// The tiles do not hash to the head's root.
    #[error("the stored tiles hash to {computed}, the head says {expected}")]
    RootMismatch {
        /// The head's root.
        expected: Hash,
        /// What the tiles hash to.
        computed: Hash,
    },
}

/// Why entries cannot be appended. Nothing of the batch is integrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AppendError {
    /// One of the entries does not fit a bundle.
    #[error(transparent)]
    EntryTooLong(#[from] EntryTooLong),
    /// The log is full.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// The growing end of a log: the partial tile of every level and the partial bundle.
///
/// This is all that appending needs; it is a few kilobytes whatever the size of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightEdge {
    range: CompactRange,
    /// Bytes of the partial tile of each level, from level 0; empty where there is none.
    tiles: Vec<Vec<u8>>,
    bundle: Vec<u8>,
}

/// An entry that fits a bundle, with its leaf hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashedEntry<E> {
    entry: E,
    leaf: Hash,
}

impl<E: AsRef<[u8]>> HashedEntry<E> {
    /// Hashes an entry.
    ///
    /// # Errors
    /// [`EntryTooLong`] above [`MAX_ENTRY_LEN`].
    pub fn new(entry: E) -> Result<HashedEntry<E>, EntryTooLong> {
        let len = entry.as_ref().len();
        if len > MAX_ENTRY_LEN {
            return Err(EntryTooLong(len));
        }
        let leaf = leaf_hash(entry.as_ref());
        Ok(HashedEntry { entry, leaf })
    }

    /// The entry.
    pub const fn entry(&self) -> &E {
        &self.entry
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.entry.as_ref()
    }
}

/// What appending a batch gives: objects to store, then the edge whose head may be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integrated {
    /// Every tile and bundle that changed, with its whole content: those completed by the batch in
    /// their order, then the partial ones at the new right edge.
    pub objects: Vec<(TilePath, Vec<u8>)>,
    /// The right edge after the batch.
    pub edge: RightEdge,
}

impl RightEdge {
    /// The edge of a log without entries.
    pub const fn empty() -> RightEdge {
        RightEdge { range: CompactRange::new(), tiles: Vec::new(), bundle: Vec::new() }
    }

    /// The objects that [`open`](Self::open) needs: the partial bundle and tiles of this size.
    pub fn plan(size: TreeSize) -> Vec<TilePath> {
        edge_bundle(size).into_iter().chain(edge_tiles(size)).collect()
    }

    /// Rebuilds the edge of `head` from stored objects, which are not trusted: they must hash to it.
    ///
    /// Objects that the plan does not name are ignored.
    ///
    /// # Errors
    /// [`EdgeError`] if an object is missing or the objects are not those of `head`.
    pub fn open<B: AsRef<[u8]>>(
        head: TreeHead,
        objects: impl IntoIterator<Item = (TilePath, B)>,
    ) -> Result<RightEdge, EdgeError> {
        let objects: BTreeMap<TilePath, B> = objects.into_iter().collect();
        let find =
            |path: TilePath| objects.get(&path).map(AsRef::as_ref).ok_or(EdgeError::Missing(path));
        let mut tiles: Vec<Vec<u8>> = Vec::new();
        let mut roots = Vec::new();
        for path in edge_tiles(head.size) {
            let bytes = find(path)?;
            if bytes.len() != usize::from(path.width()) * Hash::SIZE {
                return Err(EdgeError::Length(path));
            }
            let tile = HashTile::new(bytes, path.width()).ok_or(EdgeError::Length(path))?;
            roots.extend(tile.roots());
            put_tile(&mut tiles, path, bytes);
        }
        let range = CompactRange::from_roots(head.size, roots)
            .expect("the tiles of a size have one root for each of its set bits");
        if range.root() != head.root {
            return Err(EdgeError::RootMismatch { expected: head.root, computed: range.root() });
        }
        let mut bundle = Vec::new();
        if let Some(path) = edge_bundle(head.size) {
            let bytes = find(path)?;
            check_bundle(path, bytes, &tiles[0])?;
            bundle.extend_from_slice(bytes);
        }
        Ok(RightEdge { range, tiles, bundle })
    }

    /// Number of entries.
    pub const fn size(&self) -> TreeSize {
        self.range.size()
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        self.range.head()
    }

    /// Integrates a batch without changing this edge: nothing counts until it is committed.
    ///
    /// # Errors
    /// [`AppendError`] if an entry is too long or the log full.
    pub fn append<E: AsRef<[u8]>>(&self, entries: &[E]) -> Result<Integrated, AppendError> {
        let hashed = entries.iter().map(HashedEntry::new).collect::<Result<Vec<_>, _>>()?;
        self.append_hashed(&hashed)
    }

    /// The same for entries whose leaf hashes were computed beforehand, say on several processors.
    ///
    /// # Errors
    /// [`AppendError::TooLarge`] if the log is full.
    pub fn append_hashed<E: AsRef<[u8]>>(
        &self,
        entries: &[HashedEntry<E>],
    ) -> Result<Integrated, AppendError> {
        let mut edge = self.clone();
        let mut objects = Vec::new();
        for entry in entries {
            edge.push(entry.as_bytes(), entry.leaf, &mut objects)?;
        }
        edge.write_partial(self.size(), &mut objects);
        Ok(Integrated { objects, edge })
    }

    /// Adds one entry, and to `objects` the bundle and tiles it completes.
    fn push(
        &mut self,
        entry: &[u8],
        leaf: Hash,
        objects: &mut Vec<(TilePath, Vec<u8>)>,
    ) -> Result<(), AppendError> {
        append_entry(&mut self.bundle, entry)?;
        let index = self.size().get();
        let tiles = &mut self.tiles;
        let bundle = &mut self.bundle;
        self.range.append_with(leaf, |height, node| {
            if height % TILE_HEIGHT != 0 {
                return;
            }
            let level = (height / TILE_HEIGHT) as usize;
            if tiles.len() == level {
                tiles.push(Vec::new());
            }
            tiles[level].extend_from_slice(node.as_bytes());
            if tiles[level].len() < FULL_TILE_LEN {
                return;
            }
            let tile = index >> (height + TILE_HEIGHT);
            if level == 0 {
                // The next one will be about as long.
                let next = Vec::with_capacity(bundle.len() + bundle.len() / 16);
                objects.push((full(TileKind::Entries, tile), core::mem::replace(bundle, next)));
            }
            let kind = TileKind::Hashes(level.try_into().expect("a tree has at most 8 levels"));
            let next = Vec::with_capacity(FULL_TILE_LEN);
            objects.push((full(kind, tile), core::mem::replace(&mut tiles[level], next)));
        })?;
        Ok(())
    }

    /// Adds the partial bundle and tiles that changed since the log had `old` entries.
    fn write_partial(&self, old: TreeSize, objects: &mut Vec<(TilePath, Vec<u8>)>) {
        if self.size() == old {
            return;
        }
        if let Some(path) = edge_bundle(self.size()) {
            objects.push((path, self.bundle.clone()));
        }
        for (level, bytes) in (0..).zip(&self.tiles) {
            let shift = TILE_HEIGHT * u32::from(level);
            if old.get() >> shift == self.size().get() >> shift {
                break;
            }
            if let Some(path) = TilePath::partial_at_size(TileKind::Hashes(level), self.size()) {
                objects.push((path, bytes.clone()));
            }
        }
    }
}

/// The partial bundle of a log of this size.
fn edge_bundle(size: TreeSize) -> Option<TilePath> {
    TilePath::partial_at_size(TileKind::Entries, size)
}

fn full(kind: TileKind, index: u64) -> TilePath {
    TilePath::new(kind, index, FULL_WIDTH).expect("a level of a tree and the full width are valid")
}

/// Puts the bytes of a tile at its level; the levels come from the highest to the lowest.
fn put_tile(tiles: &mut Vec<Vec<u8>>, path: TilePath, bytes: &[u8]) {
    let TileKind::Hashes(level) = path.kind() else { return };
    let level = usize::from(level);
    if tiles.len() <= level {
        tiles.resize(level + 1, Vec::new());
    }
    tiles[level] = bytes.to_vec();
}

/// Checks that a bundle holds the preimages of the level-0 tile with the same index.
fn check_bundle(path: TilePath, bundle: &[u8], tile: &[u8]) -> Result<(), EdgeError> {
    let parsed = Bundle::parse(bundle, path.width()).map_err(|_| EdgeError::Bundle(path))?;
    let hashes = parsed.entries().map(leaf_hash);
    let same = hashes.zip(tile.chunks(Hash::SIZE)).all(|(hash, bytes)| hash.as_bytes() == bytes);
    if same { Ok(()) } else { Err(EdgeError::Bundle(path)) }
}
