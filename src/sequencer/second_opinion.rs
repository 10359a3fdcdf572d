//! The second opinion: before each signature the root is computed again, by another implementation
//! of RFC 6962 (`rs_merkle`), from tiles and entries read back from the store.
//!
//! `rs_merkle` holds its tree in memory, so it is fed one tile at a time: the hashes of a full tile
//! give the hash one level up, and the hashes of the right-edge tile of a level plus, as last leaf,
//! the root of the partial tile below give the root so far. Its own `verify` is never used: it
//! accepts wrong positions and surplus hashes.

use std::ops::Range;

use rs_merkle::{Hasher, MerkleTree};
use sha2::{Digest as _, Sha256};
use store::{Store, StoreError};
use thiserror::Error;
use tlog::{Bundle, FULL_WIDTH, Hash, MAX_LEVEL, TileKind, TilePath, TreeHead, TreeSize};

/// RFC 6962 hashing for `rs_merkle`; independent of `tlog`'s.
#[derive(Clone)]
struct Rfc6962;

impl Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(entry: &[u8]) -> [u8; 32] {
        Sha256::new_with_prefix([0x00]).chain_update(entry).finalize().into()
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        let Some(right) = right else { return *left };
        Sha256::new_with_prefix([0x01]).chain_update(left).chain_update(right).finalize().into()
    }
}

/// The store does not hold the tree whose head was about to be signed. Nothing may be signed.
#[derive(Debug, Error)]
pub enum SecondOpinionError {
    /// An entry does not hash to its leaf, or a full tile not to its hash one level up.
    #[error("{0} does not agree with the objects that it must agree with")]
    Disagrees(TilePath),
    /// The object is not as long as its width says.
    #[error("{0} has the wrong length")]
    Length(TilePath),
    /// The tree has the object, the store does not.
    #[error("{0} is missing from the store")]
    Missing(TilePath),
    /// The right edge gives another root.
    #[error("the tiles of size {size} give the root {computed}, the head says {expected}")]
    Root {
        /// Size of the tree.
        size: TreeSize,
        /// As the tiles give it.
        computed: Hash,
        /// As the head says.
        expected: Hash,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Confirms that the store holds the tree of `head`, given that it held the first `confirmed`
/// entries when last asked: entries, tiles completed or widened since, and the root.
///
/// With `confirmed` zero the whole log is checked.
///
/// # Errors
/// [`SecondOpinionError`] for the first object that is missing or wrong.
pub async fn confirm(
    store: &dyn Store,
    confirmed: TreeSize,
    head: TreeHead,
) -> Result<(), SecondOpinionError> {
    let opinion = SecondOpinion { store, size: head.size };
    let mut root = None;
    for level in 0..=MAX_LEVEL {
        let hashes = in_level(level, head.size);
        if hashes == 0 {
            break;
        }
        let known = in_level(level, confirmed);
        for index in known / u64::from(FULL_WIDTH)..hashes.div_ceil(u64::from(FULL_WIDTH)) {
            opinion.check_tile(level, index, known).await?;
        }
        root = opinion.root_up_to(level, root).await?;
    }
    let computed = root.map_or(Hash::EMPTY_ROOT, Hash::new);
    if computed != head.root {
        let (size, expected) = (head.size, head.root);
        return Err(SecondOpinionError::Root { size, computed, expected });
    }
    Ok(())
}

/// Number of hashes at `level` of a tree of `size`.
fn in_level(level: u8, size: TreeSize) -> u64 {
    size.get().checked_shr(8 * u32::from(level)).unwrap_or(0)
}

struct SecondOpinion<'a> {
    store: &'a dyn Store,
    size: TreeSize,
}

impl SecondOpinion<'_> {
    /// A level-0 tile is what its entries hash to. Of any other tile the hashes from `known` on are
    /// what the full tiles below hash to; those before were confirmed when they were new.
    async fn check_tile(
        &self,
        level: u8,
        index: u64,
        known: u64,
    ) -> Result<(), SecondOpinionError> {
        let path = self.path(TileKind::Hashes(level), index);
        let hashes = self.tile(path).await?;
        let agrees = match level.checked_sub(1) {
            None => hashes == self.leaf_hashes(index).await?,
            Some(below) => {
                let first = index * u64::from(FULL_WIDTH);
                let new = known.max(first)..first + u64::from(path.width());
                let roots = self.roots(below, new).await?;
                hashes.ends_with(&roots)
            }
        };
        if agrees { Ok(()) } else { Err(SecondOpinionError::Disagrees(path)) }
    }

    /// Leaf hashes of the entries of bundle `index`.
    async fn leaf_hashes(&self, index: u64) -> Result<Vec<[u8; 32]>, SecondOpinionError> {
        let path = self.path(TileKind::Entries, index);
        let bytes = self.object(path).await?;
        let bundle =
            Bundle::parse(&bytes, path.width()).map_err(|_| SecondOpinionError::Length(path))?;
        Ok(bundle.entries().map(Rfc6962::hash).collect())
    }

    /// Roots of full tiles of a level.
    async fn roots(
        &self,
        level: u8,
        tiles: Range<u64>,
    ) -> Result<Vec<[u8; 32]>, SecondOpinionError> {
        let mut roots = Vec::new();
        for index in tiles {
            let tile = self.tile(self.path(TileKind::Hashes(level), index)).await?;
            roots.extend(root_of(&tile));
        }
        Ok(roots)
    }

    /// Root over the right edge from level 0 to `level`, given the root `below` of the levels under
    /// it; `None` while all of it is full tiles.
    async fn root_up_to(
        &self,
        level: u8,
        below: Option<[u8; 32]>,
    ) -> Result<Option<[u8; 32]>, SecondOpinionError> {
        let hashes = in_level(level, self.size);
        let full = hashes / u64::from(FULL_WIDTH);
        let mut edge = match hashes % u64::from(FULL_WIDTH) {
            0 => Vec::new(),
            _ => self.tile(self.path(TileKind::Hashes(level), full)).await?,
        };
        edge.extend(below);
        Ok(root_of(&edge))
    }

    fn path(&self, kind: TileKind, index: u64) -> TilePath {
        let path = TilePath::at_size(kind, index, self.size);
        path.expect("only tiles that the tree has are asked for")
    }

    async fn tile(&self, path: TilePath) -> Result<Vec<[u8; 32]>, SecondOpinionError> {
        let bytes = self.object(path).await?;
        let (hashes, rest) = bytes.as_chunks::<{ Hash::SIZE }>();
        if hashes.len() != usize::from(path.width()) || !rest.is_empty() {
            return Err(SecondOpinionError::Length(path));
        }
        Ok(hashes.to_vec())
    }

    async fn object(&self, path: TilePath) -> Result<bytes::Bytes, SecondOpinionError> {
        self.store.get(&path).await?.ok_or(SecondOpinionError::Missing(path))
    }
}

/// The root `rs_merkle` gives for these hashes; `None` if there are none.
fn root_of(hashes: &[[u8; 32]]) -> Option<[u8; 32]> {
    MerkleTree::<Rfc6962>::from_leaves(hashes).root()
}
