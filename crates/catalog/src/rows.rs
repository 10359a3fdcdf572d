//! Layout of the database: rows (map key, position) without values, and three words about the whole.

use record::MapKey;
use tlog::LeafIndex;

/// Column family of the rows.
pub(crate) const ROWS: &str = "rows";
/// Column family of the words about the whole.
pub(crate) const META: &str = "meta";

/// In [`META`]: what the layout is.
pub(crate) const FORMAT: &str = "format";
/// In [`META`]: origin of the log.
pub(crate) const ORIGIN: &str = "origin";
/// In [`META`]: number of entries applied, as eight bytes, big-endian.
pub(crate) const CURSOR: &str = "cursor";

/// The layout described here.
pub(crate) const CURRENT_FORMAT: &str = "indelible catalog 1";

/// Length of the part of a row that a look-up knows.
pub(crate) const PREFIX_LEN: usize = MapKey::SIZE;
const ROW_LEN: usize = PREFIX_LEN + size_of::<u64>();

/// The row that says: this entry has this key. Rows sort by key, then by position.
pub(crate) fn row(key: &MapKey, position: u64) -> [u8; ROW_LEN] {
    let mut row = [0; ROW_LEN];
    row[..PREFIX_LEN].copy_from_slice(key.as_bytes());
    row[PREFIX_LEN..].copy_from_slice(&position.to_be_bytes());
    row
}

/// The position in a row; `None` if it is none.
pub(crate) fn position(row: &[u8]) -> Option<LeafIndex> {
    let row: &[u8; ROW_LEN] = row.try_into().ok()?;
    let (_, position) = row.split_last_chunk()?;
    LeafIndex::new(u64::from_be_bytes(*position)).ok()
}
