//! The verifiable map against its definition: all pairs of all rows, hashed in one pass.
#![allow(clippy::unwrap_used)]

mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use catalog::{Catalog, CatalogError, MapReader};
use proptest::prelude::*;
use record::{MapAnswer, MapKey, MapRoot, ProjectName, map_value};
use samples::{ORIGIN, definition, entries, file, first, index, open_small, root, size};
use tlog::TreeSize;

/// Entries at which the keys are divided into more buckets: 1, 32, 1024.
const DIVISIONS: [u64; 2] = [64, 65 * 32 - 1];

fn open(dir: &Path) -> Catalog {
    Catalog::open(dir, ORIGIN).unwrap()
}

fn commit(catalog: &Catalog, size: TreeSize) -> MapRoot {
    let prepared = catalog.prepare_map(size).unwrap();
    let root = prepared.root();
    catalog.commit_map(prepared).unwrap();
    assert_eq!((catalog.map_size(), catalog.map().root()), (size, root));
    root
}

/// Entries that each have a file and a content of their own.
fn distinct(count: u64) -> Vec<Vec<u8>> {
    (0..count)
        .map(|at| file("a", &format!("a-{at}.tar.gz"), u8::try_from(at % 256).unwrap()))
        .collect()
}

/// Every key of the log, present or not, has the right positions and a proof under the map's root.
fn assert_proves(map: &MapReader<'_>, log: &[Vec<u8>]) {
    let below = map.size();
    let known = definition(first(log, below.get()));
    let mut keys: Vec<_> = definition(log).into_keys().collect();
    keys.extend((0..20).map(|n| MapKey::file(&format!("absent-{n}.whl"))));
    // Neither sorted nor each once.
    keys.reverse();
    keys.push(keys[0]);
    let lookups = map.prove_many(&keys, usize::MAX).unwrap();
    for (key, lookup) in keys.iter().zip(lookups) {
        let lookup = lookup.expect("there is no limit");
        let expected = known.get(key).cloned().unwrap_or_default();
        let value = map_value(&expected).map_or(MapAnswer::Absent, MapAnswer::Present);
        assert_eq!((lookup.size, lookup.root), (below, map.root()));
        assert_eq!(map.root().verify_lookup(key, &lookup.proof), Ok(value), "{key:?} of {below}");
        assert_eq!(lookup.positions, expected);
        assert_eq!(map.prove(key, usize::MAX).unwrap(), lookup);
    }
}

#[test]
fn maps_of_all_sizes_are_those_of_the_definition() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    assert_eq!((catalog.map_size(), catalog.map().root()), (TreeSize::ZERO, MapRoot::EMPTY));
    let log = entries(150);
    for (at, entry) in (0..).zip(log.chunks(1)) {
        catalog.apply(index(at), entry).unwrap();
        let log = first(&log, at + 1);
        assert_eq!(commit(&catalog, size(at + 1)), root(log), "{at}");
        if at % 29 == 0 {
            assert_proves(&catalog.map(), log);
        }
    }
    for at in [0, 1, 63, 64, 65, 149, 150] {
        let map = catalog.map_at(size(at)).unwrap();
        assert_eq!(map.root(), root(first(&log, at)), "{at}");
        assert_proves(&map, &log);
    }
}

#[test]
fn more_buckets_change_no_root() {
    let log = distinct(2_500);
    let dir = tempfile::tempdir().unwrap();
    let mut catalog = open(dir.path());
    catalog.apply(index(0), &log).unwrap();
    let steps = [1, 40, DIVISIONS[0], DIVISIONS[0] + 1, 900, DIVISIONS[1], DIVISIONS[1] + 1, 2_500];
    for step in steps {
        assert_eq!(commit(&catalog, size(step)), root(first(&log, step)), "{step}");
        drop(catalog);
        catalog = open(dir.path());
        assert_eq!(catalog.map().root(), root(first(&log, step)), "{step}, reopened");
    }
    assert_proves(&catalog.map(), &log);
}

/// A project's value is continued when it has very many files, in whatever order sizes are asked for.
#[test]
fn a_project_with_very_many_files_has_the_right_value_at_every_size() {
    let log = distinct(3_000);
    let dir = tempfile::tempdir().unwrap();
    let mut catalog = open(dir.path());
    catalog.apply(index(0), &log[..2_600]).unwrap();
    for step in [1_000, 1_023, 1_024, 1_025, 1_026, 2_200, 2_201] {
        assert_eq!(commit(&catalog, size(step)), root(first(&log, step)), "{step}");
    }
    // Less than is known of it, then more.
    for at in [1_500, 1_024, 2_500, 1_600] {
        assert_eq!(catalog.map_at(size(at)).unwrap().root(), root(first(&log, at)), "{at}");
    }
    let project = MapKey::project(&ProjectName::parse("a").unwrap());
    let neighbours = |log: &[Vec<u8>]| definition(log).into_keys().step_by(97).collect::<Vec<_>>();
    for reopened in [false, true] {
        if reopened {
            drop(catalog);
            catalog = open(dir.path());
            catalog.apply(index(2_600), &log[2_600..]).unwrap();
            assert_eq!(commit(&catalog, size(3_000)), root(&log));
        }
        let map = catalog.map();
        for key in neighbours(&log).into_iter().chain([project]) {
            let lookup = map.prove(&key, usize::MAX).unwrap();
            let value = map_value(&lookup.positions).map_or(MapAnswer::Absent, MapAnswer::Present);
            assert_eq!(map.root().verify_lookup(&key, &lookup.proof), Ok(value), "{key:?}");
        }
    }
}

#[test]
fn entries_beyond_the_size_count_for_the_next_map() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let log = entries(300);
    catalog.apply(index(0), &log[..250]).unwrap();
    assert_eq!(commit(&catalog, size(100)), root(&log[..100]));
    let prepared = catalog.prepare_map(size(200)).unwrap();
    catalog.apply(index(250), &log[250..]).unwrap();
    assert_eq!(prepared.root(), root(&log[..200]));
    catalog.commit_map(prepared).unwrap();
    assert_proves(&catalog.map(), &log);
    assert_eq!(commit(&catalog, size(300)), root(&log));
}

#[test]
fn a_dropped_map_has_no_effect() {
    let dir = tempfile::tempdir().unwrap();
    let log = entries(200);
    let catalog = open(dir.path());
    catalog.apply(index(0), &log).unwrap();
    commit(&catalog, size(80));
    let committed = catalog.map().root();
    drop(catalog.prepare_map(size(200)).unwrap());
    assert_eq!((catalog.map_size(), catalog.map().root()), (size(80), committed));
    assert_eq!(commit(&catalog, size(150)), root(&log[..150]));
}

#[test]
fn refuses_what_does_not_follow() {
    let dir = tempfile::tempdir().unwrap();
    let log = entries(100);
    let mut catalog = open(dir.path());
    catalog.apply(index(0), &log).unwrap();
    commit(&catalog, size(50));
    let back = catalog.prepare_map(size(49));
    assert!(matches!(back, Err(CatalogError::Backwards { .. })), "{back:?}");
    let early = catalog.prepare_map(size(101));
    assert!(matches!(early, Err(CatalogError::Behind { .. })), "{early:?}");
    let early = catalog.map_at(size(101));
    assert!(matches!(early, Err(CatalogError::Behind { .. })), "{early:?}");

    let (first, second) =
        (catalog.prepare_map(size(60)).unwrap(), catalog.prepare_map(size(90)).unwrap());
    catalog.commit_map(first).unwrap();
    let late = catalog.commit_map(second);
    assert!(matches!(late, Err(CatalogError::Superseded)), "{late:?}");
    assert_eq!(catalog.map().root(), root(&log[..60]));

    let before = catalog.prepare_map(size(90)).unwrap();
    catalog.clear().unwrap();
    assert_eq!((catalog.map_size(), catalog.map().root()), (TreeSize::ZERO, MapRoot::EMPTY));
    let late = catalog.commit_map(before);
    assert!(matches!(late, Err(CatalogError::Superseded)), "{late:?}");
}

#[test]
fn cleared_it_comes_to_the_same_roots() {
    let dir = tempfile::tempdir().unwrap();
    let log = entries(200);
    let mut catalog = open(dir.path());
    catalog.apply(index(0), &log).unwrap();
    commit(&catalog, size(120));
    catalog.clear().unwrap();
    assert_eq!(catalog.newest_epoch(TreeSize::ZERO).unwrap(), None);
    catalog.apply(index(0), &log[..90]).unwrap();
    assert_eq!(commit(&catalog, size(90)), root(&log[..90]));
    drop(catalog);
    assert_proves(&open(dir.path()).map(), &log);
}

#[test]
fn a_key_with_too_many_entries_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    catalog.apply(index(0), &distinct(30)).unwrap();
    commit(&catalog, size(20));
    let key = MapKey::project(&ProjectName::parse("a").unwrap());
    assert_eq!(catalog.map().prove(&key, 20).unwrap().positions.len(), 20);
    let refused = catalog.map().prove(&key, 19);
    assert!(matches!(refused, Err(CatalogError::TooManyPositions { limit: 19 })), "{refused:?}");
    let other = MapKey::file("a-3.tar.gz");
    let both = catalog.map().prove_many(&[key, other], 19).unwrap();
    assert_eq!(both[0], None);
    assert_eq!(both[1].as_ref().unwrap().positions, [index(3)]);
}

/// Readers work while maps are committed; each answer is that of one map.
#[test]
fn a_reader_sees_one_map() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open_small(dir.path());
    let log = entries(400);
    let roots: BTreeMap<_, _> =
        (0..=400).map(|count| (size(count), root(first(&log, count)))).collect();
    let known = definition(&log);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for (at, entries) in (0..).step_by(5).zip(log.chunks(5)) {
                catalog.apply(index(at), entries).unwrap();
                commit(&catalog, size(at + 3));
                commit(&catalog, size(at + 5));
            }
        });
        let mut seen = BTreeSet::new();
        while !writer.is_finished() {
            for (key, all) in &known {
                let lookup = catalog.map().prove(key, usize::MAX).unwrap();
                assert_eq!(lookup.root, roots[&lookup.size]);
                let below = all.iter().filter(|position| lookup.size.contains(**position));
                let value = map_value(below).map_or(MapAnswer::Absent, MapAnswer::Present);
                assert_eq!(lookup.root.verify_lookup(key, &lookup.proof), Ok(value));
                seen.insert(lookup.size);
            }
        }
        writer.join().unwrap();
        assert!(seen.len() > 3, "the reader was never in between: {seen:?}");
    });
}

/// One thing that happens to a catalog.
#[derive(Clone, Debug)]
enum Step {
    Apply(usize),
    Commit(u64),
    Drop(u64),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_usize..60).prop_map(Step::Apply),
        2 => (0_u64..80).prop_map(Step::Commit),
        1 => (0_u64..80).prop_map(Step::Drop),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_happens_the_root_is_that_of_the_definition(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let mut catalog = open(dir.path());
        let log = entries(60 * 30);
        for step in steps {
            let cursor = catalog.cursor().get();
            let next = |ahead: u64| size((catalog.map_size().get() + ahead).min(cursor));
            match step {
                Step::Apply(count) => {
                    let entries = &log[first(&log, cursor).len()..][..count];
                    catalog.apply(index(cursor), entries).unwrap();
                }
                Step::Commit(ahead) => {
                    let next = next(ahead);
                    prop_assert_eq!(commit(&catalog, next), root(first(&log, next.get())));
                }
                Step::Drop(ahead) => drop(catalog.prepare_map(next(ahead)).unwrap()),
                Step::Reopen => {
                    let before = (catalog.map_size(), catalog.map().root());
                    drop(catalog);
                    catalog = open(dir.path());
                    prop_assert_eq!((catalog.map_size(), catalog.map().root()), before);
                }
            }
        }
        let all = catalog.cursor();
        prop_assert_eq!(commit(&catalog, all), root(first(&log, all.get())));
        assert_proves(&catalog.map(), first(&log, all.get()));
    }
}
