//! What to load for a proof: tiles, and the tiles that authenticate them.
//!
//! Proofs are made in four steps, and only the second is not pure: plan, load,
//! [verify](crate::Verified), finish.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use thiserror::Error;

use crate::hash_tile::{edge_tiles, parent_of, tile_of_node};
use crate::head::{LeafIndex, TreeHead, TreeSize};
use crate::proof::last_leaf;
use crate::tile::{FULL_WIDTH, TILE_HEIGHT, TileKind, TilePath};

/// Most level-0 tiles of one plan, 512 MiB of hashes: more is loaded in several steps.
pub const MAX_PLANNED_TILES: u64 = 1 << 16;

/// Why a question has no plan: the tree cannot answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// The tree has no entry at this position.
    #[error("position {index} is not in a tree of {size} entries")]
    IndexOutOfRange {
        /// The position asked for.
        index: LeafIndex,
        /// Entries of the tree.
        size: TreeSize,
    },
    /// The range ends before it starts.
    #[error("the range of positions from {from} to {to} ends before it starts")]
    RangeReversed {
        /// First position.
        from: LeafIndex,
        /// Position after the last.
        to: TreeSize,
    },
    /// The tree is smaller than the one asked for.
    #[error("a tree of {size} entries does not contain one of {asked}")]
    SizeOutOfRange {
        /// Entries asked for.
        asked: TreeSize,
        /// Entries of the tree.
        size: TreeSize,
    },
    /// More than [`MAX_PLANNED_TILES`] level-0 tiles.
    #[error("{0} tiles at once are too many, at most {MAX_PLANNED_TILES}: ask for a shorter range")]
    TooManyTiles(u64),
}

/// The tiles that a proof needs, those included that authenticate them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    tiles: Vec<TilePath>,
}

impl Plan {
    /// The tiles, sorted and each once.
    pub fn tiles(&self) -> &[TilePath] {
        &self.tiles
    }

    /// A plan for both; they should be of one tree head.
    #[must_use]
    pub fn merge(self, other: Plan) -> Plan {
        [self, other].into_iter().collect()
    }
}

/// The plan for all of them, each tile once; they should be of one tree head.
impl FromIterator<Plan> for Plan {
    fn from_iter<I: IntoIterator<Item = Plan>>(plans: I) -> Plan {
        let tiles: BTreeSet<TilePath> = plans.into_iter().flat_map(|plan| plan.tiles).collect();
        Plan { tiles: tiles.into_iter().collect() }
    }
}

impl TreeHead {
    /// What to load for a [`VerifiedEdge`](crate::VerifiedEdge).
    pub fn plan_edge(&self) -> Plan {
        Planner::new(self.size).finish()
    }

    /// What to load to prove that the entry at `index` is in this tree.
    ///
    /// # Errors
    /// [`PlanError::IndexOutOfRange`] if it is not.
    pub fn plan_inclusion(&self, index: LeafIndex) -> Result<Plan, PlanError> {
        check_index(index, self.size)?;
        let mut planner = Planner::new(self.size);
        planner.add(tile_of_node(self.size, 0, index.get()));
        Ok(planner.finish())
    }

    /// What to load to prove that the tree of size `older` is the beginning of this one, or to
    /// compute its root.
    ///
    /// # Errors
    /// [`PlanError::SizeOutOfRange`] if it is larger.
    pub fn plan_consistency(&self, older: TreeSize) -> Result<Plan, PlanError> {
        check_size(older, self.size)?;
        let mut planner = Planner::new(self.size);
        if let Some(last) = last_leaf(older) {
            // Subtrees smaller than the last one of the older tree do not matter.
            let height = older.get().trailing_zeros();
            planner.add(tile_of_node(self.size, height, last.get() >> height));
        }
        Ok(planner.finish())
    }

    /// What to load to know the leaf hashes at positions `from` to `to`, `to` not included.
    ///
    /// # Errors
    /// [`PlanError`] if the range is reversed, reaches beyond the tree or is too long.
    pub fn plan_leaves(&self, from: LeafIndex, to: TreeSize) -> Result<Plan, PlanError> {
        check_size(to, self.size)?;
        if from.get() > to.get() {
            return Err(PlanError::RangeReversed { from, to });
        }
        let mut planner = Planner::new(self.size);
        if to.contains(from) {
            let first = from.get() >> TILE_HEIGHT;
            let end = to.get().div_ceil(u64::from(FULL_WIDTH));
            if end - first > MAX_PLANNED_TILES {
                return Err(PlanError::TooManyTiles(end - first));
            }
            for tile in first..end {
                planner.add(TilePath::at_size(TileKind::Hashes(0), tile, self.size));
            }
        }
        Ok(planner.finish())
    }
}

pub(crate) fn check_index(index: LeafIndex, size: TreeSize) -> Result<(), PlanError> {
    if size.contains(index) { Ok(()) } else { Err(PlanError::IndexOutOfRange { index, size }) }
}

pub(crate) fn check_size(asked: TreeSize, size: TreeSize) -> Result<(), PlanError> {
    if asked <= size { Ok(()) } else { Err(PlanError::SizeOutOfRange { asked, size }) }
}

/// Collects tiles and what authenticates them: the right edge always, parents up to it.
struct Planner {
    size: TreeSize,
    tiles: BTreeSet<TilePath>,
}

impl Planner {
    fn new(size: TreeSize) -> Planner {
        Planner { size, tiles: edge_tiles(size).collect() }
    }

    /// Adds a tile and its parents.
    fn add(&mut self, tile: Option<TilePath>) {
        let mut next = tile;
        while let Some(path) = next {
            // A tile that is there already has its parents, and the edge needs none.
            if !self.tiles.insert(path) {
                return;
            }
            next = parent_of(self.size, path);
        }
    }

    fn finish(self) -> Plan {
        Plan { tiles: self.tiles.into_iter().collect() }
    }
}
