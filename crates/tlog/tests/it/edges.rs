//! Integration against the definition of tiles, across every boundary.

use proptest::prelude::*;
use tlog::{
    AppendError, EdgeError, EntryTooLong, Hash, MAX_ENTRY_LEN, RightEdge, TileKind, TilePath,
    TreeHead, leaf_hash,
};

use crate::fixture::{TestLog, entry, flip, leaves, size};
use crate::oracle;

/// Every tile and bundle of a log of `n` entries, by definition.
fn expected_objects(n: usize) -> Vec<(TilePath, Vec<u8>)> {
    let mut objects = Vec::new();
    for (tile, entries) in (0..n).collect::<Vec<_>>().chunks(256).enumerate() {
        let path = TilePath::at_size(TileKind::Entries, tile as u64, size(n)).unwrap();
        let bundle = entries.iter().flat_map(|index| [vec![0, 8], entry(*index)].concat());
        objects.push((path.full(), bundle.collect()));
    }
    let leaves = leaves(n);
    for (level, height) in (0..).zip([0, 8, 16]) {
        let hashes: Vec<Hash> = leaves.chunks_exact(1 << height).map(oracle::root).collect();
        for (tile, hashes) in hashes.chunks(256).enumerate() {
            let path = TilePath::new(TileKind::Hashes(level), tile as u64, 256).unwrap();
            objects.push((path, hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()));
        }
    }
    objects.sort();
    objects
}

fn check(log: &TestLog, n: usize) {
    let objects: Vec<_> = log.objects.clone().into_iter().collect();
    assert!(objects == expected_objects(n), "the objects at size {n} are those of the definition");
    assert_eq!(log.head(), TreeHead { size: size(n), root: oracle::root(&leaves(n)) });
}

fn reopen(log: &TestLog) -> RightEdge {
    let plan = RightEdge::plan(log.head().size);
    RightEdge::open(log.head(), log.load_all(&plan)).unwrap()
}

#[test]
fn an_empty_batch_changes_nothing() {
    let edge = TestLog::new(300).edge;
    let integrated = edge.append::<&[u8]>(&[]).unwrap();
    assert_eq!((integrated.objects, integrated.edge), (vec![], edge));
    assert_eq!(RightEdge::empty().head(), TreeHead::EMPTY);
}

#[test]
fn appending_leaves_the_edge_it_starts_from_unchanged() {
    let edge = TestLog::new(255).edge;
    let before = edge.clone();
    let first = edge.append(&[b"one", b"two"]).unwrap();
    assert_eq!(edge, before);
    assert_eq!(
        edge.append(&[b"one", b"two"]).unwrap(),
        first,
        "the same entries, the same objects"
    );
}

#[test]
fn one_batch_writes_completed_objects_in_full_and_the_new_edge_once() {
    let entries: Vec<Vec<u8>> = (250..520).map(entry).collect();
    let objects = TestLog::new(250).edge.append(&entries).unwrap().objects;
    let paths: Vec<String> = objects.iter().map(|(path, _)| path.to_string()).collect();
    let expected = [
        "tile/entries/000",
        "tile/0/000",
        "tile/entries/001",
        "tile/0/001",
        "tile/entries/002.p/8",
        "tile/0/002.p/8",
        "tile/1/000.p/2",
    ];
    assert_eq!(paths, expected);
    let full = TestLog::new(256).edge.append(&[b"next"]).unwrap().objects;
    assert_eq!(full.len(), 2, "the level-1 tile did not change");
}

#[test]
fn the_edge_reopens_at_every_size() {
    let mut log = TestLog::new(0);
    for n in 0..=800 {
        assert_eq!(reopen(&log), log.edge, "size {n}");
        log.grow(1);
    }
}

#[test]
fn level_two_begins_at_65_536_entries() {
    let mut log = TestLog::new(65_530);
    for n in 65_530..65_544 {
        assert_eq!(reopen(&log), log.edge, "size {n}");
        log.grow(1);
    }
    check(&log, 65_544);
    log.grow(70_000 - 65_544);
    check(&log, 70_000);
    let plan: Vec<String> = RightEdge::plan(size(70_000)).iter().map(TilePath::to_string).collect();
    let expected =
        ["tile/entries/273.p/112", "tile/2/000.p/1", "tile/1/001.p/17", "tile/0/273.p/112"];
    assert_eq!(plan, expected);
}

#[test]
fn no_damaged_object_opens() {
    for n in [1, 2, 3, 255, 256, 257, 300] {
        let log = TestLog::new(n);
        let objects = log.load_all(&RightEdge::plan(size(n)));
        for (place, (path, bytes)) in objects.iter().enumerate() {
            for at in 0..bytes.len() {
                let mut damaged = objects.clone();
                damaged[place].1[at] ^= 0x10;
                assert!(RightEdge::open(log.head(), damaged).is_err(), "byte {at} of {path}");
            }
            let mut longer = objects.clone();
            longer[place].1.push(0);
            assert!(RightEdge::open(log.head(), longer).is_err(), "{path} with a byte more");
            let mut missing = objects.clone();
            missing.remove(place);
            let missing = RightEdge::open(log.head(), missing);
            assert_eq!(missing, Err(EdgeError::Missing(*path)));
        }
        let other = TreeHead { root: flip(&log.head().root, 0), ..log.head() };
        let mismatch = RightEdge::open(other, objects);
        assert!(matches!(mismatch, Err(EdgeError::RootMismatch { .. })), "size {n}");
    }
}

#[test]
fn an_empty_head_with_a_root_does_not_open() {
    let head = TreeHead { root: leaf_hash(b""), ..TreeHead::EMPTY };
    assert!(RightEdge::open(head, [] as [(TilePath, &[u8]); 0]).is_err());
}

#[test]
fn entries_of_any_length_that_fits_are_integrated() {
    let longest = vec![b'x'; MAX_ENTRY_LEN];
    let integrated = RightEdge::empty().append(&[&[][..], &longest]).unwrap();
    let leaves = [leaf_hash(b""), leaf_hash(&longest)];
    assert_eq!(integrated.edge.head().root, oracle::root(&leaves));
    let reopened = RightEdge::open(integrated.edge.head(), integrated.objects);
    assert_eq!(reopened, Ok(integrated.edge));

    let too_long = vec![b'x'; MAX_ENTRY_LEN + 1];
    let refused = RightEdge::empty().append(&[&longest, &too_long]);
    assert_eq!(refused, Err(AppendError::EntryTooLong(EntryTooLong(MAX_ENTRY_LEN + 1))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn batches_of_any_size_give_the_same_tiles(
        batches in prop::collection::vec(prop_oneof![0..5_usize, 250..260_usize, 0..700_usize], 1..9),
    ) {
        let mut log = TestLog::new(0);
        for batch in &batches {
            log.grow(*batch);
            log.edge = reopen(&log);
        }
        check(&log, batches.iter().sum());
    }
}

#[test]
fn batches_of_odd_sizes_cross_the_second_level_boundary() {
    let mut log = TestLog::new(65_000);
    let mut total = 65_000;
    for batch in [1, 255, 256, 23, 1, 1, 257, 511, 3] {
        log.grow(batch);
        total += batch;
        assert_eq!(reopen(&log), log.edge, "size {total}");
    }
    check(&log, total);
}
