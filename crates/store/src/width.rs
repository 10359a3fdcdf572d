//! Every width from one stored object: a narrower version is a prefix of the wider one.

use tlog::{Hash, TileKind, TilePath, bundle_prefix};

/// How many bytes of a stored object are its version at the width of `path`; `None` if the object
/// is narrower, or is no bundle at all.
pub(crate) fn prefix_len(path: &TilePath, bytes: &[u8]) -> Option<usize> {
    match path.kind() {
        TileKind::Entries => bundle_prefix(bytes, path.width()),
        TileKind::Hashes(_) => {
            let length = usize::from(path.width()) * Hash::SIZE;
            (length <= bytes.len()).then_some(length)
        }
    }
}
