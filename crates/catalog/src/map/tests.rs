//! The map and what the database keeps of it.

use std::path::Path;

use record::{
    Entry, MapBucket, MapKey, ProjectName, Status, StatusEntry, Subtree, Timestamp, map_value,
};
use tlog::LeafIndex;

use super::*;
use crate::catalog::Catalog;
use crate::rows::{self, BUCKETS, META, PARTS, ROWS};

fn open(dir: &Path) -> Result<Catalog, CatalogError> {
    Catalog::open(dir, "log.example/indelible")
}

/// A log in which the first 70 entries are of a kind without keys, and every other one after them.
fn applied(dir: &Path, count: u64) -> Catalog {
    let entry = |at: u64| {
        if at < 70 || at.is_multiple_of(2) {
            return r#"{"v":2,"kind":"file"}"#.to_owned();
        }
        let project = ProjectName::parse(&format!("p{at}")).unwrap();
        let entry = StatusEntry {
            project,
            version: None,
            filename: None,
            status: Status::Archived,
            reason: None,
            via: None,
            observed: Timestamp::from_unix(0).unwrap(),
        };
        String::from_utf8(Entry::from(entry).to_bytes().unwrap()).unwrap()
    };
    let catalog = open(dir).unwrap();
    let entries: Vec<_> = (0..count).map(entry).collect();
    catalog.apply(LeafIndex::new(0).unwrap(), &entries).unwrap();
    catalog
}

fn commit(catalog: &Catalog, size: u64) {
    let prepared = catalog.prepare_map(TreeSize::new(size).unwrap()).unwrap();
    catalog.commit_map(prepared).unwrap();
}

fn put_bucket(catalog: &Catalog, key: MapKey, size: u64) {
    let bits = bucket::bits_for(TreeSize::new(size).unwrap());
    let value = map_value([LeafIndex::new(1).unwrap()]).unwrap();
    let summary = Subtree::leaf(key, &value).to_bytes();
    let name = bucket::name(MapBucket::of(&key, bits));
    catalog.db().put_cf(catalog.family(BUCKETS), name, summary).unwrap();
}

#[test]
fn what_an_interrupted_division_left_is_not_taken_for_the_map() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = applied(dir.path(), 80);
    for first in 0..=u8::MAX {
        put_bucket(&catalog, MapKey::from([first; 32]), 75);
    }
    commit(&catalog, 75);
    let root = catalog.map().root();
    drop(catalog);
    let catalog = open(dir.path()).unwrap();
    assert_eq!((catalog.map().root(), catalog.map_size().get()), (root, 75));
}

#[test]
fn only_marks_beyond_the_map_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = applied(dir.path(), 80);
    let all = TreeSize::new(80).unwrap();
    catalog.store_all(&mut catalog.writer()).unwrap();
    let touched = || catalog.touched(TreeSize::ZERO, all, 20).unwrap().len();
    assert_eq!(touched(), 5);
    for (size, left) in [(40, 5), (72, 4), (76, 2), (80, 0)] {
        commit(&catalog, size);
        assert_eq!(touched(), left, "{size}");
    }
}

#[test]
fn a_changed_bucket_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = applied(dir.path(), 80);
    commit(&catalog, 80);
    put_bucket(&catalog, MapKey::from([0x55; 32]), 80);
    drop(catalog);
    let refused = open(dir.path());
    assert!(matches!(refused, Err(CatalogError::Damaged(_))), "{refused:?}");
}

#[test]
fn an_older_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = applied(dir.path(), 1);
    catalog.db().put_cf(catalog.family(META), rows::FORMAT, "indelible catalog 1").unwrap();
    drop(catalog);
    let refused = open(dir.path());
    assert!(matches!(refused, Err(CatalogError::Format { .. })), "{refused:?}");
}

/// Every key that some entry of the sample may have, and absent ones.
fn keys() -> Vec<MapKey> {
    (0..100).map(|at| MapKey::project(&ProjectName::parse(&format!("p{at}")).unwrap())).collect()
}

fn lookups(map: &MapReader<'_>) -> Vec<Option<MapLookup>> {
    let lookups = map.prove_many(&keys(), 10).unwrap();
    assert_eq!(lookups, keys().iter().map(|key| map.prove(key, 10).ok()).collect::<Vec<_>>());
    lookups
}

/// What is kept of the parts of buckets.
fn parts(catalog: &Catalog) -> Vec<(Vec<u8>, Vec<u8>)> {
    let rows = catalog.db().iterator_cf(catalog.family(PARTS), rocksdb::IteratorMode::Start);
    rows.map(|row| row.unwrap()).map(|(name, parts)| (name.into(), parts.into())).collect()
}

#[test]
fn the_parts_of_a_map_are_the_same_however_it_came_about() {
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let step_by_step = applied(dirs[0].path(), 800);
    for size in (70..=800).step_by(10) {
        commit(&step_by_step, size);
    }
    let at_once = applied(dirs[1].path(), 800);
    commit(&at_once, 800);
    let (one, other) = (parts(&step_by_step), parts(&at_once));
    assert_eq!((one.len(), &one), (32, &other));
    assert_eq!(lookups(&step_by_step.map()), lookups(&at_once.map()));
}

#[test]
fn parts_of_another_map_change_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = applied(dir.path(), 120);
    commit(&catalog, 100);
    let (before, pinned) = (lookups(&catalog.map()), catalog.map().pin());
    commit(&catalog, 120);
    assert_eq!(lookups(&catalog.pinned_map(&pinned)), before);
    assert_ne!(lookups(&catalog.map()), before);
}

#[test]
fn damaged_parts_change_no_answer_and_are_replaced() {
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (catalog, sound) = (applied(dirs[0].path(), 200), applied(dirs[1].path(), 200));
    let damages: [fn(&mut Vec<u8>); 6] = [
        |bytes| *bytes.last_mut().unwrap() ^= 1,
        |bytes| bytes.truncate(bytes.len() - 1),
        |bytes| bytes.truncate(1),
        |bytes| bytes.clear(),
        |bytes| bytes[0] = 255,
        |bytes| bytes[1] = 255,
    ];
    for size in [100, 200] {
        commit(&sound, size);
        commit(&catalog, size);
        let expected = lookups(&catalog.map());
        assert_eq!(lookups(&sound.map()), expected);
        for (name, sound) in parts(&catalog) {
            for damage in damages {
                let mut bytes = sound.clone();
                damage(&mut bytes);
                catalog.db().put_cf(catalog.family(PARTS), &name, bytes).unwrap();
                assert_eq!(lookups(&catalog.map()), expected);
            }
            catalog.db().delete_cf(catalog.family(PARTS), &name).unwrap();
            assert_eq!(lookups(&catalog.map()), expected);
        }
    }
}

#[test]
fn a_proof_reads_the_rows_of_one_part() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = applied(dir.path(), 200);
    commit(&catalog, 200);
    let size = TreeSize::new(200).unwrap();
    let (bits, part_bits) = (bucket::bits_for(size), bucket::part_bits_for(size));
    assert_eq!((bits, part_bits), (5, 6));
    let is_lost = |key: &MapKey| MapBucket::of(key, part_bits).number() % 2 == 1;
    let before: Vec<_> = keys().iter().map(|key| catalog.map().prove(key, 10).unwrap()).collect();
    for (key, lookup) in keys().iter().zip(&before).filter(|(key, _)| is_lost(key)) {
        for position in &lookup.positions {
            catalog.db().delete_cf(catalog.family(ROWS), rows::row(key, position.get())).unwrap();
        }
    }
    let present = keys().into_iter().zip(before).filter(|(_, lookup)| !lookup.positions.is_empty());
    for (key, lookup) in present {
        match catalog.map().prove(&key, 10) {
            Ok(found) => assert_eq!((found, is_lost(&key)), (lookup, false)),
            Err(error) => assert!(is_lost(&key), "{error}"),
        }
    }
}
