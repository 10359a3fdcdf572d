//! Every width and every part from one stored object: a narrower version is a prefix of the wider one.

use std::ops::Range;

use tlog::{Hash, TileKind, TilePath, bundle_prefix};

/// How many bytes of a stored object are its version at the width of `path`; `None` if the object
/// is narrower, or is no bundle at all.
pub(crate) fn prefix_len(path: &TilePath, bytes: &[u8]) -> Option<usize> {
    first_len(path.kind(), path.width(), bytes)
}

/// How many bytes the first `count` hashes or entries take; `None` if there are fewer.
pub(crate) fn first_len(kind: TileKind, count: u16, bytes: &[u8]) -> Option<usize> {
    match kind {
        TileKind::Entries => bundle_prefix(bytes, count),
        TileKind::Hashes(_) => {
            let length = usize::from(count) * Hash::SIZE;
            (length <= bytes.len()).then_some(length)
        }
    }
}

/// The object that ends with `places`; `None` if they are none, or not those of an object.
pub(crate) fn narrowest(kind: TileKind, index: u64, places: &Range<u16>) -> Option<TilePath> {
    TilePath::new(kind, index, places.end).ok().filter(|_| !places.is_empty())
}

/// Which bytes the hashes or entries at `places` take; `None` if there are fewer.
pub(crate) fn part(kind: TileKind, places: Range<u16>, bytes: &[u8]) -> Option<Range<usize>> {
    let count = places.end.checked_sub(places.start)?;
    let start = first_len(kind, places.start, bytes)?;
    let length = first_len(kind, count, &bytes[start..])?;
    Some(start..start + length)
}
