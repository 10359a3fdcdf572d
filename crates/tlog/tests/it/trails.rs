//! Proofs along a trail are those of whole verified tiles, and nothing unchecked gets into them.

use proptest::prelude::*;
use tlog::{
    CompactRange, Hash, KeptTile, LeafIndex, LookupError, PlanError, TileError, TilePath, Trail,
    TreeSize, Verified, VerifiedEdge,
};

use crate::fixture::{TestLog, flip, index, size};

fn edge(log: &TestLog) -> VerifiedEdge {
    VerifiedEdge::new(log.head(), log.load_all(log.head().plan_edge().tiles())).unwrap()
}

/// Bytes of some hashes of a tile.
fn part(log: &TestLog, path: &TilePath, places: std::ops::Range<u16>) -> Vec<u8> {
    let at = |place: u16| usize::from(place) * Hash::SIZE;
    log.load(path)[at(places.start)..at(places.end)].to_vec()
}

fn complete<'a>(log: &TestLog, mut trail: Trail<'a>) -> Trail<'a> {
    while let Some(path) = trail.next_tile() {
        trail.push(KeptTile::new(path, &log.load(&path)).unwrap().into()).unwrap();
    }
    if let Some((path, places)) = trail.missing_part() {
        assert_eq!(places.len(), 8);
        trail.push_part(&part(log, &path, places)).unwrap();
    }
    assert_eq!((trail.next_tile(), trail.missing_part()), (None, None));
    trail
}

fn entry_trail<'a>(log: &TestLog, edge: &'a VerifiedEdge, at: LeafIndex) -> Trail<'a> {
    complete(log, edge.trail_of_entry(at).unwrap())
}

fn size_trail<'a>(log: &TestLog, edge: &'a VerifiedEdge, older: TreeSize) -> Trail<'a> {
    complete(log, edge.trail_of_size(older).unwrap())
}

fn range_at(log: &TestLog, edge: &VerifiedEdge, older: TreeSize) -> CompactRange {
    size_trail(log, edge, older).range_at(older).unwrap()
}

/// Proofs of the tree itself are those of `all`.
fn check_inclusion(log: &TestLog, edge: &VerifiedEdge, all: &Verified, at: LeafIndex) {
    let proof = entry_trail(log, edge, at).inclusion(at, edge.range());
    assert_eq!(proof, all.inclusion(at), "entry {at} of {}", log.head().size);
}

fn check_size(log: &TestLog, edge: &VerifiedEdge, all: &Verified, older: TreeSize) {
    let trail = size_trail(log, edge, older);
    let what = format!("size {older} of {}", log.head().size);
    assert_eq!(trail.consistency(older, edge.range()), all.consistency(older), "{what}");
    assert_eq!(trail.range_at(older), all.range_at(older), "{what}");
}

/// Numbers around the edges of parts, tiles and tiles of tiles.
fn corners(end: usize) -> impl Iterator<Item = usize> {
    let around = [0, 8, 16, 128, 256, 512, 1024, 65_280, 65_536, 65_792, 66_048, end];
    let around = around.into_iter().flat_map(|at| (at.max(3) - 3)..=at + 3);
    around.filter(move |at| *at <= end)
}

#[test]
fn small_trees_have_the_same_proofs() {
    for n in corners(1030) {
        let log = TestLog::new(n);
        let (edge, all) = (edge(&log), log.all());
        for at in (0..n).filter(|at| n < 40 || at % 7 == n % 7 || *at + 4 > n) {
            check_inclusion(&log, &edge, &all, index(at));
        }
        for older in (0..=n).filter(|at| n < 40 || at % 7 == n % 7 || *at + 4 > n) {
            check_size(&log, &edge, &all, size(older));
        }
    }
}

#[test]
fn trees_of_three_levels_have_the_same_proofs() {
    let mut log = TestLog::new(65_535);
    for grown in [0, 1, 1, 254, 1, 300] {
        log.grow(grown);
        let n = usize::try_from(log.head().size.get()).unwrap();
        let (edge, all) = (edge(&log), log.all());
        for at in corners(n) {
            if at < n {
                check_inclusion(&log, &edge, &all, index(at));
            }
            check_size(&log, &edge, &all, size(at));
        }
    }
}

#[test]
fn a_trail_proves_the_neighbours_of_its_entry() {
    let log = TestLog::new(1100);
    let (edge, all) = (edge(&log), log.all());
    for at in [0, 7, 8, 300, 1020, 1023, 1024, 1099] {
        let trail = entry_trail(&log, &edge, index(at));
        let near = if at < 1024 { at - at % 8..at - at % 8 + 8 } else { 1024..1100 };
        for other in near.map(index) {
            assert_eq!(trail.inclusion(other, edge.range()), all.inclusion(other), "{other}");
        }
    }
}

#[test]
fn a_tree_proves_what_it_was_when_it_was_smaller() {
    let log = TestLog::new(66_100);
    let edge = edge(&log);
    for n in corners(66_100).step_by(5) {
        let older = TestLog::new(n);
        let (all, range) = (older.all(), range_at(&log, &edge, size(n)));
        assert_eq!(range.head(), older.head());
        for at in corners(n).step_by(3) {
            if at < n {
                let proof = entry_trail(&log, &edge, index(at)).inclusion(index(at), &range);
                assert_eq!(proof, all.inclusion(index(at)), "entry {at} of {n}");
            }
            let proof = size_trail(&log, &edge, size(at)).consistency(size(at), &range);
            assert_eq!(proof, all.consistency(size(at)), "size {at} of {n}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_entry_and_sizes(n in 1_usize..3000, at in any::<prop::sample::Index>(),
                           older in any::<prop::sample::Index>()) {
        let log = TestLog::new(n);
        let (edge, all) = (edge(&log), log.all());
        check_inclusion(&log, &edge, &all, index(at.index(n)));
        check_size(&log, &edge, &all, size(older.index(n + 1)));
    }
}

#[test]
fn no_flipped_byte_of_a_tile_or_part_is_accepted() {
    let log = TestLog::new(66_100);
    let edge = edge(&log);
    let mut trail = edge.trail_of_entry(index(12_345)).unwrap();
    while let Some(path) = trail.next_tile() {
        let bytes = log.load(&path);
        for at in (0..bytes.len()).step_by(13) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            let pushed = trail.push(KeptTile::new(path, &damaged).unwrap().into());
            assert_eq!(pushed, Err(TileError::HashMismatch(path)), "byte {at}");
            assert_eq!(trail.next_tile(), Some(path), "nothing was taken");
        }
        trail.push(KeptTile::new(path, &bytes).unwrap().into()).unwrap();
    }
    let (path, places) = trail.missing_part().unwrap();
    let bytes = part(&log, &path, places.clone());
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x01;
        assert_eq!(trail.push_part(&damaged), Err(TileError::HashMismatch(path)), "byte {at}");
    }
    let elsewhere = part(&log, &path, places.start + 8..places.end + 8);
    assert_eq!(trail.push_part(&elsewhere), Err(TileError::HashMismatch(path)));
    for wrong in [&bytes[..bytes.len() - 1], &bytes[..bytes.len() - 32], &[]] {
        assert_eq!(trail.push_part(wrong), Err(TileError::Length(path)));
    }
    let unready = trail.inclusion(index(12_345), edge.range());
    assert_eq!(unready, Err(LookupError::MissingTile(path)));
    trail.push_part(&bytes).unwrap();
    let proof = trail.inclusion(index(12_345), edge.range());
    assert_eq!(proof, log.all().inclusion(index(12_345)));
}

/// A tile that was kept under one head counts under another only if it is part of that tree too.
#[test]
fn a_kept_tile_is_compared_with_each_head_anew() {
    let log = TestLog::new(600);
    let path: TilePath = "tile/0/001".parse().unwrap();
    let kept = std::sync::Arc::new(KeptTile::new(path, &log.load(&path)).unwrap());
    let mut grown = log.clone();
    grown.grow(1000);
    let grown_edge = edge(&grown);
    grown_edge.trail_of_entry(index(300)).unwrap().push(kept.clone()).unwrap();

    // Another log of the same shape: its entries are those of the first, two places later.
    let mut other = TestLog::new(600);
    let entries: Vec<_> = (2..602).map(crate::fixture::entry).collect();
    let integrated = tlog::RightEdge::empty().append(&entries).unwrap();
    (other.edge, other.objects) = (integrated.edge, integrated.objects.into_iter().collect());
    let other_edge = VerifiedEdge::new(
        other.edge.head(),
        other.edge.head().plan_edge().tiles().iter().map(|path| (*path, &other.objects[path])),
    );
    let other_edge = other_edge.unwrap();
    let mut trail = other_edge.trail_of_entry(index(300)).unwrap();
    assert_eq!(trail.push(kept), Err(TileError::HashMismatch(path)));
}

#[test]
fn tiles_have_their_order_and_place() {
    let log = TestLog::new(66_100);
    let edge = edge(&log);
    let load = |text: &str| {
        let path: TilePath = text.parse().unwrap();
        std::sync::Arc::new(KeptTile::new(path, &log.load(&path)).unwrap())
    };
    let mut trail = edge.trail_of_entry(index(300)).unwrap();
    for wrong in ["tile/0/001", "tile/0/000"] {
        let path = wrong.parse().unwrap();
        assert_eq!(trail.push(load(wrong)), Err(TileError::NotOfThisTree(path)), "{wrong}");
    }
    trail.push(load("tile/1/000")).unwrap();
    let other = trail.push(load("tile/0/000"));
    assert_eq!(other, Err(TileError::NotOfThisTree("tile/0/000".parse().unwrap())));
    trail.push(load("tile/0/001")).unwrap();
    assert!(trail.push(load("tile/0/001")).is_err(), "it is there already");
}

#[test]
fn only_full_tiles_of_hashes_are_kept() {
    let hashes = [7; 256 * 32];
    for (path, len) in [("tile/0/000.p/255", 255 * 32), ("tile/entries/000", 256 * 32)] {
        let path = path.parse().unwrap();
        let kept = KeptTile::new(path, &hashes[..len]);
        assert_eq!(kept, Err(TileError::NotOfThisTree(path)));
    }
    let path = "tile/0/000".parse().unwrap();
    for len in [0, 32, 256 * 32 - 1] {
        assert_eq!(KeptTile::new(path, &hashes[..len]), Err(TileError::Length(path)));
    }
    let kept = KeptTile::new(path, &hashes).unwrap();
    assert!((2000..2100).contains(&kept.memory()), "{}", kept.memory());
}

#[test]
fn a_wrong_edge_is_refused() {
    let log = TestLog::new(66_100);
    let tiles = log.load_all(log.head().plan_edge().tiles());
    assert_eq!(tiles.len(), 3);
    for (place, (path, bytes)) in tiles.iter().enumerate() {
        for at in (0..bytes.len()).step_by(7) {
            let mut damaged = tiles.clone();
            damaged[place].1[at] ^= 0x40;
            let verdict = VerifiedEdge::new(log.head(), damaged).map(drop);
            assert!(matches!(verdict, Err(TileError::RootMismatch { .. })), "{at} of {path}");
        }
        let fewer = tiles.iter().filter(|(other, _)| other != path).cloned();
        assert_eq!(VerifiedEdge::new(log.head(), fewer).map(drop), Err(TileError::Missing(*path)));
    }
    let head = tlog::TreeHead { root: flip(&log.head().root, 9), ..log.head() };
    assert!(VerifiedEdge::new(head, tiles).is_err());
}

#[test]
fn questions_beyond_the_tree_have_no_trail() {
    let log = TestLog::new(300);
    let edge = edge(&log);
    let beyond = edge.trail_of_entry(index(300)).map(drop);
    assert!(matches!(beyond, Err(PlanError::IndexOutOfRange { .. })));
    assert!(matches!(
        edge.trail_of_size(size(301)).map(drop),
        Err(PlanError::SizeOutOfRange { .. })
    ));
    let larger = TestLog::new(400);
    let larger = self::edge(&larger);
    let trail = edge.trail_of_entry(index(299)).unwrap();
    assert!(trail.inclusion(index(299), larger.range()).is_err());
}
