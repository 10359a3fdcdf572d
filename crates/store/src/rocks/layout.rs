//! Keys and values.
//!
//! | column family | key | value |
//! | --- | --- | --- |
//! | `register` | `head` | the head: version byte 1, size as u64 big-endian, root |
//! | `register` | `checkpoint` | head of the published checkpoint in the same form, then its note |
//! | `register` | `layout` | [`CURRENT_LAYOUT`] |
//! | `tiles` | level as u8, index as u64 big-endian | the tile at its widest |
//! | `bundles` | index as u64 big-endian, number of the row as u8 | up to [`ROW_ENTRIES`] entries |
//!
//! One object of each level and index grows in place; narrower widths are cut from it on request,
//! so every old one works for ever. A bundle is kept in rows, so that one entry is read without the
//! other 255, and a bundle that grows writes its last rows only. Big-endian keys keep the objects of a
//! level, and the rows of a bundle, in order.

use std::ops::Range;

use tlog::{FULL_WIDTH, Hash, TileKind, TilePath, TreeHead, TreeSize};

use crate::error::StoreError;
use crate::width::first_len;

/// Column family of the head and the published checkpoint.
pub(super) const REGISTER: &str = "register";
/// Column family of the hash tiles.
pub(super) const TILES: &str = "tiles";
/// Column family of the entry bundles.
pub(super) const BUNDLES: &str = "bundles";

/// Key of the head.
pub(super) const HEAD: &[u8] = b"head";
/// Key of the published checkpoint.
pub(super) const CHECKPOINT: &[u8] = b"checkpoint";

/// Key of the word that says how everything is laid out.
pub(super) const LAYOUT: &[u8] = b"layout";
/// The layout described here.
pub(super) const CURRENT_LAYOUT: &str = "indelible store 2";

/// Entries of one row of a bundle.
pub(super) const ROW_ENTRIES: u16 = 16;

/// Key of a row of the tiles or bundles.
pub(super) type RowKey = [u8; 1 + size_of::<u64>()];

/// Some neighbouring hashes or entries of an object as they are stored: of a tile all, of a bundle up
/// to [`ROW_ENTRIES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// Column family.
    pub(super) family: &'static str,
    /// Its key.
    pub(super) key: RowKey,
    /// Which hashes or entries of the object it holds.
    pub(super) places: Range<u16>,
    /// Its value: their bytes.
    pub(super) value: &'a [u8],
}

const VERSION: u8 = 1;
const SIZE_END: usize = 1 + size_of::<u64>();
/// Length of a stored head.
pub(super) const HEAD_LEN: usize = SIZE_END + Hash::SIZE;

/// The bytes of a stored head.
pub(super) fn head_bytes(head: &TreeHead) -> [u8; HEAD_LEN] {
    let mut bytes = [VERSION; HEAD_LEN];
    bytes[1..SIZE_END].copy_from_slice(&head.size.get().to_be_bytes());
    bytes[SIZE_END..].copy_from_slice(head.root.as_bytes());
    bytes
}

/// Reads a stored head; `None` if it is none of this version.
pub(super) fn parse_head(bytes: &[u8]) -> Option<TreeHead> {
    let (&[VERSION], rest) = bytes.split_first_chunk()? else {
        return None;
    };
    let (size, root) = rest.split_first_chunk()?;
    let size = TreeSize::new(u64::from_be_bytes(*size)).ok()?;
    Some(TreeHead { size, root: Hash::try_from(root).ok()? })
}

/// The value of the published checkpoint.
pub(super) fn checkpoint_bytes(head: &TreeHead, note: &[u8]) -> Vec<u8> {
    [&head_bytes(head), note].concat()
}

/// Reads the published checkpoint: its head and its note.
pub(super) fn parse_checkpoint(bytes: &[u8]) -> Option<(TreeHead, &[u8])> {
    let (head, note) = bytes.split_at_checked(HEAD_LEN)?;
    Some((parse_head(head)?, note))
}

/// The rows of an object, in the order of their keys. Bytes are those of the width of `path`.
pub(super) fn object_rows<'a>(path: &TilePath, bytes: &'a [u8]) -> impl Iterator<Item = Row<'a>> {
    let (kind, index, width) = (path.kind(), path.index(), path.width());
    let mut rest = bytes;
    (0..width).step_by(row_width(kind).into()).map(move |first| {
        let count = (width - first).min(row_width(kind));
        let length = first_len(kind, count, rest).unwrap_or(rest.len());
        let (value, after) = rest.split_at(length);
        rest = after;
        let (family, key) = row_of(kind, index, first);
        Row { family, key, places: first..first + count, value }
    })
}

/// Column family and key of the row that holds the hash or entry at a place of an object.
pub(super) fn row_of(kind: TileKind, index: u64, place: u16) -> (&'static str, RowKey) {
    let (mut key, index) = (RowKey::default(), index.to_be_bytes());
    match kind {
        TileKind::Entries => {
            let (start, row) = key.split_at_mut(index.len());
            start.copy_from_slice(&index);
            row.copy_from_slice(&(place / ROW_ENTRIES).to_be_bytes()[1..]);
            (BUNDLES, key)
        }
        TileKind::Hashes(level) => {
            key[0] = level;
            key[1..].copy_from_slice(&index);
            (TILES, key)
        }
    }
}

/// Hashes or entries of one row.
pub(super) const fn row_width(kind: TileKind) -> u16 {
    match kind {
        TileKind::Entries => ROW_ENTRIES,
        TileKind::Hashes(_) => FULL_WIDTH,
    }
}

/// Reads a row of the tiles or bundles: of which object, and which places of it.
pub(super) fn parse_row(
    family: &str,
    key: &[u8],
    value: &[u8],
) -> Result<(TileKind, u64, Range<u16>), StoreError> {
    let (kind, index, first) = parse_row_key(family, key)
        .ok_or_else(|| StoreError::Corrupt(format!("key {key:02x?} of {family} has no meaning")))?;
    // Widest first: all but the last row of each kind are full.
    let is_exact = |count: &u16| first_len(kind, *count, value) == Some(value.len());
    let count = (1..=row_width(kind)).rev().find(is_exact).ok_or_else(|| {
        let length = value.len();
        StoreError::Corrupt(format!("{family} {key:02x?} has {length} bytes, which fit no width"))
    })?;
    Ok((kind, index, first..first + count))
}

fn parse_row_key(family: &str, key: &[u8]) -> Option<(TileKind, u64, u16)> {
    let (kind, index, first) = match (family, key) {
        (BUNDLES, [index @ .., row]) => (TileKind::Entries, index, u16::from(*row) * ROW_ENTRIES),
        (TILES, [level, index @ ..]) => (TileKind::Hashes(*level), index, 0),
        _ => return None,
    };
    let index = u64::from_be_bytes(index.try_into().ok()?);
    TilePath::new(kind, index, first + 1).ok()?;
    Some((kind, index, first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::script;

    fn path(text: &str) -> TilePath {
        text.parse().unwrap()
    }

    #[test]
    fn keys_are_frozen() {
        for (text, place, family, key) in [
            ("tile/0/000.p/1", 0, TILES, [0; 9]),
            ("tile/0/000", 255, TILES, [0; 9]),
            ("tile/63/x001/234", 1, TILES, [63, 0, 0, 0, 0, 0, 0, 4, 210]),
            ("tile/entries/x001/234.p/7", 6, BUNDLES, [0, 0, 0, 0, 0, 0, 4, 210, 0]),
            ("tile/entries/x001/234", 16, BUNDLES, [0, 0, 0, 0, 0, 0, 4, 210, 1]),
            ("tile/entries/x001/234", 255, BUNDLES, [0, 0, 0, 0, 0, 0, 4, 210, 15]),
        ] {
            let path = path(text);
            assert_eq!(row_of(path.kind(), path.index(), place), (family, key), "{text}");
        }
    }

    #[test]
    fn the_rows_of_an_object_are_its_bytes() {
        for path in script::objects(70_000) {
            let bytes = script::object(&path);
            let (mut joined, mut next, mut last) = (Vec::new(), 0, None);
            for row in object_rows(&path, &bytes) {
                let parsed = parse_row(row.family, &row.key, row.value).unwrap();
                assert_eq!(parsed, (path.kind(), path.index(), row.places.clone()), "{path}");
                assert_eq!(row.places.start, next, "{path}");
                assert!(last.replace(row.key) < Some(row.key), "{path}");
                next = row.places.end;
                joined.extend_from_slice(row.value);
            }
            assert_eq!((next, joined), (path.width(), bytes.to_vec()), "{path}");
        }
    }

    #[test]
    fn foreign_rows_are_damage() {
        let long_row = [[0, 1, b'x']; 17].concat();
        for (family, key, bytes) in [
            (TILES, &[][..], &[0; 32][..]),
            (TILES, &[0; 8], &[0; 32]),
            (TILES, &[0; 10], &[0; 32]),
            (TILES, &[64, 0, 0, 0, 0, 0, 0, 0, 0], &[0; 32]),
            (TILES, &[0; 9], &[]),
            (TILES, &[0; 9], &[0; 33]),
            (TILES, &[0; 9], &[0; 257 * 32]),
            (BUNDLES, &[], &[0, 1, b'x']),
            (BUNDLES, &[0; 8], &[0, 1, b'x']),
            (BUNDLES, &[0; 10], &[0, 1, b'x']),
            (BUNDLES, &[0, 0, 0, 0, 0, 0, 0, 0, 16], &[0, 1, b'x']),
            (BUNDLES, &[0; 9], &[]),
            (BUNDLES, &[0; 9], &[0, 2, b'x']),
            (BUNDLES, &[0; 9], &long_row),
        ] {
            let parsed = parse_row(family, key, bytes);
            assert!(matches!(parsed, Err(StoreError::Corrupt(_))), "{key:?}: {parsed:?}");
        }
    }

    #[test]
    fn heads_and_checkpoints_read_back() {
        let head = TreeHead { size: TreeSize::new(258).unwrap(), root: Hash::EMPTY_ROOT };
        let bytes = head_bytes(&head);
        assert_eq!(bytes[..9], [1, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(parse_head(&bytes), Some(head));
        let stored = checkpoint_bytes(&head, b"note");
        assert_eq!(parse_checkpoint(&stored), Some((head, &b"note"[..])));
    }

    #[test]
    fn what_is_no_head_is_refused() {
        let good = head_bytes(&TreeHead::EMPTY);
        let other_version = [&[2], &good[1..]].concat();
        let beyond_the_largest_size = [&[1, 0x80], &good[2..]].concat();
        let too_long = [&good[..], &[0]].concat();
        for bad in [&[], &good[1..], &other_version, &beyond_the_largest_size, &too_long] {
            assert_eq!(parse_head(bad), None, "{bad:?}");
        }
        assert_eq!(parse_checkpoint(&good[..40]), None);
    }
}
