//! Compact ranges.

use tlog::{CompactRange, TreeHead};

use crate::fixture::{leaves, size};
use crate::oracle;

#[test]
fn the_root_is_that_of_the_rfc_at_every_size() {
    let leaves = leaves(600);
    let mut range = CompactRange::new();
    assert_eq!(range.head(), TreeHead::EMPTY);
    for (n, leaf) in leaves.iter().enumerate() {
        range.append(*leaf).unwrap();
        let expected = TreeHead { size: size(n + 1), root: oracle::root(&leaves[..=n]) };
        assert_eq!(range.head(), expected);
    }
}
