//! Nothing unverified gets out of [`Verified`].

use tlog::{
    Hash, LookupError, PlanError, TileError, TileKind, TilePath, TreeHead, TreeSize, Verified,
};

use crate::fixture::{TestLog, flip, index, size};

type Tiles = Vec<(TilePath, Vec<u8>)>;

/// All tiles of a log of `n` entries.
fn all_tiles(log: &TestLog) -> Tiles {
    let plan = log.head().plan_leaves(index(0), log.head().size).unwrap();
    log.load_all(plan.tiles())
}

fn path(text: &str) -> TilePath {
    text.parse().unwrap()
}

#[test]
fn no_flipped_byte_of_any_tile_is_accepted() {
    for n in [1, 2, 7, 255, 256, 257, 300] {
        let log = TestLog::new(n);
        let tiles = all_tiles(&log);
        for place in 0..tiles.len() {
            for at in 0..tiles[place].1.len() {
                let mut damaged = tiles.clone();
                damaged[place].1[at] ^= 1 << (at % 8);
                let verdict = Verified::new(log.head(), damaged);
                let disproven = matches!(
                    verdict,
                    Err(TileError::HashMismatch(_) | TileError::RootMismatch { .. })
                );
                assert!(disproven, "byte {at} of {} at size {n}", tiles[place].0);
            }
        }
    }
}

#[test]
fn no_flipped_byte_is_accepted_three_levels_deep() {
    let log = TestLog::new(70_000);
    let tiles = log.load_all(log.head().plan_inclusion(index(12_345)).unwrap().tiles());
    assert_eq!(tiles.len(), 5, "the right edge of three tiles and two full ones");
    for place in 0..tiles.len() {
        for at in (0..tiles[place].1.len()).step_by(31) {
            let mut damaged = tiles.clone();
            damaged[place].1[at] ^= 0x80;
            assert!(Verified::new(log.head(), damaged).is_err(), "byte {at} of {}", tiles[place].0);
        }
    }
}

#[test]
fn another_head_is_refused() {
    let log = TestLog::new(300);
    let tiles = all_tiles(&log);
    for bit in [0, 100, 255] {
        let head = TreeHead { root: flip(&log.head().root, bit), ..log.head() };
        let verdict = Verified::new(head, tiles.clone());
        assert!(matches!(verdict, Err(TileError::RootMismatch { .. })));
    }
    let head = TreeHead { root: Hash::new([0; 32]), ..TreeHead::EMPTY };
    assert!(Verified::new(head, Tiles::new()).is_err(), "the empty tree has one root");
}

#[test]
fn every_tile_of_a_plan_is_needed() {
    let log = TestLog::new(70_000);
    let plan = log.head().plan_inclusion(index(12_345)).unwrap();
    for left_out in plan.tiles().iter().filter(|path| **path != self::path("tile/0/048")) {
        let tiles = log.load_all(plan.tiles()).into_iter().filter(|(path, _)| path != left_out);
        let verdict = Verified::new(log.head(), tiles).map(|_| ());
        assert_eq!(verdict, Err(TileError::Missing(*left_out)));
    }
}

#[test]
fn a_tile_at_another_place_is_refused() {
    let log = TestLog::new(800);
    let mut tiles = all_tiles(&log);
    let (first, second) = (tiles[0].1.clone(), tiles[1].1.clone());
    (tiles[0].1, tiles[1].1) = (second, first);
    let verdict = Verified::new(log.head(), tiles).map(|_| ());
    assert_eq!(verdict, Err(TileError::HashMismatch(path("tile/0/000"))));
}

#[test]
fn paths_and_lengths_are_checked() {
    let log = TestLog::new(300);
    let cases = [
        ("tile/entries/000", 8192, TileError::NotOfThisTree(path("tile/entries/000"))),
        ("tile/0/002.p/1", 32, TileError::NotOfThisTree(path("tile/0/002.p/1"))),
        ("tile/0/000.p/9", 9 * 32, TileError::NotOfThisTree(path("tile/0/000.p/9"))),
        ("tile/63/000.p/1", 32, TileError::NotOfThisTree(path("tile/63/000.p/1"))),
        ("tile/0/000", 8191, TileError::Length(path("tile/0/000"))),
        ("tile/0/000", 8193, TileError::Length(path("tile/0/000"))),
        ("tile/0/000", 0, TileError::Length(path("tile/0/000"))),
    ];
    for (wrong, len, error) in cases {
        let mut tiles = all_tiles(&log);
        tiles.push((path(wrong), vec![0; len]));
        assert_eq!(Verified::new(log.head(), tiles).map(|_| ()), Err(error), "{wrong}");
    }
}

/// A full tile may have to stand in for a partial one; what the head does not vouch for is dropped.
#[test]
fn a_wider_tile_is_cut_to_what_the_head_vouches_for() {
    let (log, later) = (TestLog::new(300), TestLog::new(600));
    let tiles = all_tiles(&log)
        .into_iter()
        .map(|(path, _)| (path.full(), later.objects[&path.full()].clone()))
        .filter(|(_, bytes)| bytes.len() == 8192)
        .chain([(path("tile/1/000.p/2"), later.load(&path("tile/1/000.p/2")))]);
    let verified = Verified::new(log.head(), tiles).unwrap();
    let kept: Vec<(String, Vec<u8>)> =
        verified.tiles().map(|(path, bytes)| (path.to_string(), bytes.to_vec())).collect();
    let expected: Vec<(String, Vec<u8>)> =
        all_tiles(&log).into_iter().map(|(path, bytes)| (path.to_string(), bytes)).collect();
    assert_eq!(kept, expected);
    assert!(verified.leaf(index(300)).is_err());
}

#[test]
fn questions_beyond_the_tiles_or_the_tree_have_errors_of_their_own() {
    let log = TestLog::new(600);
    let verified = log.verified(&log.head().plan_inclusion(index(599)).unwrap());
    let missing = LookupError::MissingTile(path("tile/0/001"));
    assert_eq!(verified.leaf(index(256)), Err(missing));
    assert_eq!(verified.inclusion(index(256)), Err(missing));
    assert_eq!(verified.consistency(size(511)), Err(missing));
    assert_eq!(verified.root_at(size(511)), Err(missing));
    assert!(verified.root_at(size(512)).is_ok(), "the right edge alone has this root");

    let beyond = PlanError::IndexOutOfRange { index: index(600), size: size(600) };
    assert_eq!(verified.leaf(index(600)), Err(LookupError::OutOfRange(beyond)));
    assert_eq!(verified.inclusion(index(600)), Err(LookupError::OutOfRange(beyond)));
    let beyond = PlanError::SizeOutOfRange { asked: size(601), size: size(600) };
    assert_eq!(verified.consistency(size(601)), Err(LookupError::OutOfRange(beyond)));
    assert_eq!(verified.root_at(size(601)), Err(LookupError::OutOfRange(beyond)));
}

#[test]
fn the_empty_tree_needs_no_tiles() {
    let verified = Verified::new(TreeHead::EMPTY, Tiles::new()).unwrap();
    assert_eq!(verified.root_at(TreeSize::ZERO), Ok(Hash::EMPTY_ROOT));
    assert!(verified.consistency(TreeSize::ZERO).unwrap().hashes().is_empty());
    assert!(verified.leaf(index(0)).is_err());
    assert_eq!(verified.tiles().count(), 0);
}

#[test]
fn every_kind_of_tile_is_kept_with_its_path() {
    let log = TestLog::new(65_537);
    let verified = log.all();
    assert_eq!(verified.tiles().count(), 257 + 1 + 1);
    assert!(verified.tiles().all(|(path, _)| matches!(path.kind(), TileKind::Hashes(_))));
    assert!(verified.tiles().all(|(path, bytes)| log.load(path) == bytes));
}
