//! Compact ranges.

use tlog::{CompactRange, Hash, TreeHead};

use crate::fixture::{TestLog, index, leaves, size};
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

#[test]
fn a_tree_grows_from_the_range_of_any_past_size() {
    for n in [1, 2, 3, 255, 256, 257, 600] {
        let log = TestLog::new(n);
        let tree = log.all();
        for m in 0..=n {
            let past = tree.range_at(size(m)).unwrap();
            assert_eq!(past.root(), tree.root_at(size(m)).unwrap(), "{m} of {n}");
            let mut range = CompactRange::from_roots(size(m), past.roots().to_vec()).unwrap();
            for place in m..n {
                range.append(tree.leaf(index(place)).unwrap()).unwrap();
            }
            assert_eq!(range.head(), log.head(), "{m} of {n}");
        }
    }
}

#[test]
fn a_range_has_one_root_for_each_set_bit() {
    let root = Hash::EMPTY_ROOT;
    for (leaves, roots, fits) in
        [(0, 0, true), (0, 1, false), (5, 1, false), (5, 2, true), (5, 3, false)]
    {
        assert_eq!(CompactRange::from_roots(size(leaves), vec![root; roots]).is_some(), fits);
    }
}
