//! Layout of the database.
//!
//! The rows (map key, position), without values, are the whole truth. What stands beside them can be
//! computed from them or only saves searching:
//!
//! | family | key | value |
//! | --- | --- | --- |
//! | [`ROWS`] | map key, position | |
//! | [`EPOCHS`] | position of an `epoch` entry | |
//! | [`MARKS`] | position beyond the committed map | [`MARK_LEN`] bytes of each of the entry's map keys |
//! | [`BUCKETS`] | bits, number of the bucket | summary of its keys in the committed map |
//! | [`PARTS`] | bits, number of a bucket | what smaller parts it has, or had: `map::parts` |
//! | [`META`] | a word's name | a word about the whole |
//!
//! Numbers are big-endian, so that they sort. The newest rows and marks are only in memory: [`Newest`].
//!
//! [`Newest`]: crate::newest::Newest

use record::{MapBucket, MapKey};
use tlog::{LeafIndex, TreeSize};

/// Column family of the rows.
pub(crate) const ROWS: &str = "rows";
/// Column family of the positions of `epoch` entries.
pub(crate) const EPOCHS: &str = "epochs";
/// Column family of what entries beyond the committed map touch in it.
pub(crate) const MARKS: &str = "marks";
/// Column family of the committed map's buckets.
pub(crate) const BUCKETS: &str = "buckets";
/// Column family of what the buckets are made of.
pub(crate) const PARTS: &str = "parts";
/// Column family of the words about the whole.
pub(crate) const META: &str = "meta";

/// All column families.
pub(crate) const FAMILIES: [&str; 6] = [ROWS, EPOCHS, MARKS, BUCKETS, PARTS, META];

/// In [`META`]: what the layout is.
pub(crate) const FORMAT: &str = "format";
/// In [`META`]: origin of the log.
pub(crate) const ORIGIN: &str = "origin";
/// In [`META`]: number of entries applied, as eight bytes, big-endian.
pub(crate) const CURSOR: &str = "cursor";
/// In [`META`]: size, bits and root of the committed map; absent before the first.
pub(crate) const MAP: &str = "map";

/// The layout described here.
pub(crate) const CURRENT_FORMAT: &str = "indelible catalog 2";

/// Length of the part of a row that a look-up knows.
pub(crate) const PREFIX_LEN: usize = MapKey::SIZE;
/// Length of the part of a map key that a mark keeps: more bits than buckets are told apart by.
pub(crate) const MARK_LEN: usize = MapBucket::MARK_LEN;
/// Length of a row.
pub(crate) const ROW_LEN: usize = PREFIX_LEN + size_of::<u64>();

/// The row that says: this entry has this key. Rows sort by key, then by position.
pub(crate) fn row(key: &MapKey, position: u64) -> [u8; ROW_LEN] {
    let mut row = [0; ROW_LEN];
    row[..PREFIX_LEN].copy_from_slice(key.as_bytes());
    row[PREFIX_LEN..].copy_from_slice(&position.to_be_bytes());
    row
}

/// Map key and position of a row; `None` if it is none.
pub(crate) fn parse_row(row: &[u8]) -> Option<(MapKey, LeafIndex)> {
    let (key, position) = row.split_first_chunk::<PREFIX_LEN>()?;
    Some((MapKey::from(*key), parse_position(position)?))
}

/// A position as it stands in the database; `None` if it is none.
pub(crate) fn parse_position(bytes: &[u8]) -> Option<LeafIndex> {
    LeafIndex::new(u64::from_be_bytes(bytes.try_into().ok()?)).ok()
}

/// A size as it stands in the database; `None` if it is none.
pub(crate) fn parse_size(bytes: &[u8]) -> Option<TreeSize> {
    TreeSize::new(u64::from_be_bytes(bytes.try_into().ok()?)).ok()
}

/// What is kept of a map key of an entry, to find what it touches in the map. The mark of an entry is that of all its
/// keys, one after the other.
pub(crate) fn mark(key: &MapKey) -> &[u8] {
    &key.as_bytes()[..MARK_LEN]
}
