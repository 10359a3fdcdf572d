//! Keys and values.
//!
//! | column family | key | value |
//! | --- | --- | --- |
//! | `register` | `head` | the head: version byte 1, size as u64 big-endian, root |
//! | `register` | `checkpoint` | head of the published checkpoint in the same form, then its note |
//! | `tiles` | level as u8, index as u64 big-endian | the tile at its widest |
//! | `bundles` | index as u64 big-endian | the bundle at its widest |
//!
//! One object of each level and index grows in place; narrower widths are cut from it on request,
//! so every old one works for ever. Big-endian keys keep the objects of a level in order.

use tlog::{FULL_WIDTH, Hash, TileKind, TilePath, TreeHead, TreeSize};

use crate::error::StoreError;
use crate::width::prefix_len;

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

/// Column family and key of the object that holds every width of `path`.
pub(super) fn object_key(path: &TilePath) -> (&'static str, Vec<u8>) {
    let index = path.index().to_be_bytes();
    match path.kind() {
        TileKind::Entries => (BUNDLES, index.to_vec()),
        TileKind::Hashes(level) => (TILES, [&[level][..], &index].concat()),
    }
}

/// Reads a row of the tiles or bundles: the path that names exactly these bytes.
pub(super) fn parse_object(family: &str, key: &[u8], bytes: &[u8]) -> Result<TilePath, StoreError> {
    let (kind, index) = parse_object_key(family, key)
        .ok_or_else(|| StoreError::Corrupt(format!("key {key:02x?} of {family} has no meaning")))?;
    exact_path(kind, index, bytes).ok_or_else(|| {
        let length = bytes.len();
        StoreError::Corrupt(format!("{family} {key:02x?} has {length} bytes, which fit no width"))
    })
}

fn parse_object_key(family: &str, key: &[u8]) -> Option<(TileKind, u64)> {
    let (kind, index) = match (family, key) {
        (BUNDLES, index) => (TileKind::Entries, index),
        (TILES, [level, index @ ..]) => (TileKind::Hashes(*level), index),
        _ => return None,
    };
    Some((kind, u64::from_be_bytes(index.try_into().ok()?)))
}

fn exact_path(kind: TileKind, index: u64, bytes: &[u8]) -> Option<TilePath> {
    // Widest first: all but the last object of each kind are full.
    (1..=FULL_WIDTH)
        .rev()
        .filter_map(|width| TilePath::new(kind, index, width).ok())
        .find(|path| prefix_len(path, bytes) == Some(bytes.len()))
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
        for (text, family, key) in [
            ("tile/0/000.p/1", TILES, &[0, 0, 0, 0, 0, 0, 0, 0, 0][..]),
            ("tile/0/000", TILES, &[0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("tile/63/x001/234", TILES, &[63, 0, 0, 0, 0, 0, 0, 4, 210]),
            ("tile/entries/x001/234.p/7", BUNDLES, &[0, 0, 0, 0, 0, 0, 4, 210]),
        ] {
            assert_eq!(object_key(&path(text)), (family, key.to_vec()), "{text}");
        }
    }

    #[test]
    fn a_row_is_the_path_of_its_bytes() {
        for path in script::objects(70_000) {
            let (family, key) = object_key(&path);
            let parsed = parse_object(family, &key, &script::object(&path));
            assert_eq!(parsed.unwrap(), path);
        }
    }

    #[test]
    fn foreign_rows_are_damage() {
        let long_bundle = [[0, 1, b'x']; 257].concat();
        for (family, key, bytes) in [
            (TILES, &[][..], &[0; 32][..]),
            (TILES, &[0; 8], &[0; 32]),
            (TILES, &[0; 10], &[0; 32]),
            (TILES, &[64, 0, 0, 0, 0, 0, 0, 0, 0], &[0; 32]),
            (TILES, &[0; 9], &[]),
            (TILES, &[0; 9], &[0; 33]),
            (TILES, &[0; 9], &[0; 257 * 32]),
            (BUNDLES, &[0; 9], &[0, 1, b'x']),
            (BUNDLES, &[0; 8], &[]),
            (BUNDLES, &[0; 8], &[0, 2, b'x']),
            (BUNDLES, &[0; 8], &long_bundle),
        ] {
            let parsed = parse_object(family, key, bytes);
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
