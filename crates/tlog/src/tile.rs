//! Tiles and entry bundles: their coordinates and their paths (C2SP tlog-tiles).
//!
//! ```
//! use tlog::TilePath;
//!
//! let path: TilePath = "tile/0/x001/x234/067.p/8".parse()?;
//! assert_eq!((path.index(), path.width()), (1_234_067, 8));
//! assert_eq!(path.to_string(), "tile/0/x001/x234/067.p/8");
//! assert!("tile/0/x000/001".parse::<TilePath>().is_err());
//! # Ok::<(), tlog::InvalidTilePath>(())
//! ```

use alloc::string::ToString as _;
use core::fmt;
use core::str::FromStr;

use thiserror::Error;

use crate::head::TreeSize;

/// Hashes of a full tile, entries of a full bundle.
pub const FULL_WIDTH: u16 = 256;

/// Height of the tree over a full tile: each level of tiles is 8 levels of the tree.
pub(crate) const TILE_HEIGHT: u32 = FULL_WIDTH.ilog2();

/// Highest tile level of the format.
pub const MAX_LEVEL: u8 = 63;

/// What a file of the log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// A bundle of entries, the preimages of the level-0 tile with the same index.
    Entries,
    /// A tile of hashes at a level from 0 to [`MAX_LEVEL`].
    Hashes(u8),
}

/// Coordinates of one tile or entry bundle; `Display` and `FromStr` are its path under the prefix.
///
/// There is exactly one path for each value; anything else does not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    width: u16,
}

/// The text is not the canonical path of a tile or entry bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "not the canonical path of a tile: expected tile/<level>/<index>[.p/<width>] or \
     tile/entries/<index>[.p/<width>]"
)]
pub struct InvalidTilePath;

impl TilePath {
    /// A tile or bundle that is `width` wide.
    ///
    /// # Errors
    /// [`InvalidTilePath`] for a level above [`MAX_LEVEL`] or a width outside 1..=256.
    pub fn new(kind: TileKind, index: u64, width: u16) -> Result<TilePath, InvalidTilePath> {
        let level_ok = !matches!(kind, TileKind::Hashes(level) if level > MAX_LEVEL);
        if !level_ok || width == 0 || width > FULL_WIDTH {
            return Err(InvalidTilePath);
        }
        Ok(TilePath { kind, index, width })
    }

    /// The widest version of tile `index` of `kind` in a tree of `size`; `None` if it has none.
    pub fn at_size(kind: TileKind, index: u64, size: TreeSize) -> Option<TilePath> {
        let first = index.checked_mul(u64::from(FULL_WIDTH))?;
        let width = hashes_at(kind, size).checked_sub(first)?.min(u64::from(FULL_WIDTH));
        TilePath::new(kind, index, u16::try_from(width).ok()?).ok()
    }

    /// The tile or bundle of `kind` that is partial in a tree of `size`; `None` if none is.
    pub fn partial_at_size(kind: TileKind, size: TreeSize) -> Option<TilePath> {
        let full_tiles = hashes_at(kind, size) / u64::from(FULL_WIDTH);
        TilePath::at_size(kind, full_tiles, size)
    }

    /// Hashes of which level, or entries.
    pub const fn kind(&self) -> TileKind {
        self.kind
    }

    /// Place among the tiles of its kind, from 0.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Number of hashes or entries, 1..=256.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether all 256 hashes or entries are there.
    pub const fn is_full(&self) -> bool {
        self.width == FULL_WIDTH
    }

    /// The full version of this tile or bundle.
    #[must_use]
    pub const fn full(&self) -> TilePath {
        TilePath { width: FULL_WIDTH, ..*self }
    }
}

/// Number of hashes that a level has in a tree of `size`, or of its entries.
fn hashes_at(kind: TileKind, size: TreeSize) -> u64 {
    let level = match kind {
        TileKind::Entries => 0,
        TileKind::Hashes(level) => u32::from(level),
    };
    size.get().checked_shr(TILE_HEIGHT * level).unwrap_or(0)
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Entries => f.write_str("tile/entries/")?,
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        write_index(f, self.index)?;
        if !self.is_full() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

/// Writes an index as groups of three digits, all but the last prefixed with `x`.
fn write_index(f: &mut fmt::Formatter<'_>, index: u64) -> fmt::Result {
    let mut group = 1;
    while index / group >= 1000 {
        group *= 1000;
    }
    while group > 1 {
        write!(f, "x{:03}/", index / group % 1000)?;
        group /= 1000;
    }
    write!(f, "{:03}", index % 1000)
}

impl FromStr for TilePath {
    type Err = InvalidTilePath;

    fn from_str(text: &str) -> Result<TilePath, InvalidTilePath> {
        let path = parse_loosely(text).ok_or(InvalidTilePath)?;
        if path.to_string() == text { Ok(path) } else { Err(InvalidTilePath) }
    }
}

/// Reads every canonical path right and possibly others too: the caller formats again and compares.
fn parse_loosely(text: &str) -> Option<TilePath> {
    let (kind, rest) = text.strip_prefix("tile/")?.split_once('/')?;
    let kind = match kind {
        "entries" => TileKind::Entries,
        level => TileKind::Hashes(level.parse().ok()?),
    };
    let (groups, width) = match rest.split_once(".p/") {
        Some((groups, width)) => (groups, width.parse().ok()?),
        None => (rest, FULL_WIDTH),
    };
    let mut index: u64 = 0;
    for group in groups.split('/') {
        let digits: u64 = group.trim_start_matches('x').parse().ok()?;
        index = index.checked_mul(1000)?.checked_add(digits)?;
    }
    TilePath::new(kind, index, width).ok()
}
