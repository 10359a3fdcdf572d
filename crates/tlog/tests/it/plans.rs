//! Which tiles a proof needs.

use tlog::{Hash, LeafIndex, MAX_PLANNED_TILES, Plan, PlanError, TreeHead, TreeSize};

use crate::fixture::{index, size};

fn head(n: u64) -> TreeHead {
    TreeHead { size: TreeSize::new(n).unwrap(), root: Hash::EMPTY_ROOT }
}

fn paths(plan: &Plan) -> Vec<String> {
    plan.tiles().iter().map(ToString::to_string).collect()
}

#[test]
fn a_plan_names_the_tiles_of_the_path_and_the_right_edge() {
    let tree = head(70_000);
    let edge = ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"];
    let plan = tree.plan_inclusion(index(69_999)).unwrap();
    assert_eq!(paths(&plan), edge);
    let plan = tree.plan_inclusion(index(12_345)).unwrap();
    let expected = ["tile/0/048", edge[0], "tile/1/000", edge[1], edge[2]];
    assert_eq!(paths(&plan), expected);
    let plan = tree.plan_inclusion(index(65_536)).unwrap();
    assert_eq!(paths(&plan), ["tile/0/256", edge[0], edge[1], edge[2]]);
}

#[test]
fn growth_needs_no_tiles_below_the_last_subtree_of_the_older_tree() {
    let tree = head(70_000);
    let edge = ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"];
    for (older, more) in [
        (0, vec![]),
        (70_000, vec![]),
        (65_536, vec![]),
        (65_536 + 256, vec![]),
        (65_536 + 255, vec!["tile/0/256"]),
        (1, vec!["tile/0/000", "tile/1/000"]),
        (256, vec!["tile/1/000"]),
        (300, vec!["tile/0/001", "tile/1/000"]),
    ] {
        let mut expected = [edge.to_vec(), more].concat();
        expected.sort_unstable();
        assert_eq!(paths(&tree.plan_consistency(size(older)).unwrap()), expected, "{older}");
    }
}

#[test]
fn a_range_of_leaves_needs_each_tile_once() {
    let tree = head(1000);
    let edge = ["tile/0/003.p/232", "tile/1/000.p/3"];
    for (from, to, tiles) in [
        (0, 0, vec![edge[0], edge[1]]),
        (0, 1, vec!["tile/0/000", edge[0], edge[1]]),
        (255, 257, vec!["tile/0/000", "tile/0/001", edge[0], edge[1]]),
        (256, 512, vec!["tile/0/001", edge[0], edge[1]]),
        (999, 1000, vec![edge[0], edge[1]]),
        (1000, 1000, vec![edge[0], edge[1]]),
    ] {
        let plan = tree.plan_leaves(index(from), size(to)).unwrap();
        assert_eq!(paths(&plan), tiles, "{from}..{to}");
    }
}

#[test]
fn merged_plans_are_sorted_and_have_each_tile_once() {
    let tree = head(1000);
    let plan = |at| tree.plan_inclusion(index(at)).unwrap();
    let both = plan(600).merge(plan(0));
    assert_eq!(both, plan(0).merge(plan(600)).merge(both.clone()));
    let expected = ["tile/0/000", "tile/0/002", "tile/0/003.p/232", "tile/1/000.p/3"];
    assert_eq!(paths(&both), expected);
}

#[test]
fn what_the_tree_cannot_answer_has_no_plan() {
    let tree = head(1000);
    let beyond = PlanError::IndexOutOfRange { index: index(1000), size: size(1000) };
    assert_eq!(tree.plan_inclusion(index(1000)), Err(beyond));
    let empty = PlanError::IndexOutOfRange { index: index(0), size: size(0) };
    assert_eq!(TreeHead::EMPTY.plan_inclusion(index(0)), Err(empty));
    let beyond = PlanError::SizeOutOfRange { asked: size(1001), size: size(1000) };
    assert_eq!(tree.plan_consistency(size(1001)), Err(beyond));
    assert_eq!(tree.plan_leaves(index(0), size(1001)), Err(beyond));
    let reversed = PlanError::RangeReversed { from: index(2), to: size(1) };
    assert_eq!(tree.plan_leaves(index(2), size(1)), Err(reversed));
    assert!(TreeHead::EMPTY.plan_leaves(index(0), size(0)).unwrap().tiles().is_empty());
}

#[test]
fn the_largest_tree_has_plans_of_bounded_length() {
    let tree = head(tlog::MAX_SIZE);
    let plan = tree.plan_inclusion(LeafIndex::new(12_345).unwrap()).unwrap();
    assert_eq!(plan.tiles().len(), 8 + 7);
    assert!(tree.plan_consistency(TreeSize::new(1 << 62).unwrap()).is_ok());
    let all = tree.plan_leaves(index(0), tree.size);
    assert_eq!(all, Err(PlanError::TooManyTiles(1 << 55)));
    let most = TreeSize::new(MAX_PLANNED_TILES * 256).unwrap();
    let one_more = TreeSize::new(MAX_PLANNED_TILES * 256 + 1).unwrap();
    assert!(tree.plan_leaves(index(0), most).is_ok());
    assert!(tree.plan_leaves(index(0), one_more).is_err());
}
