//! The catalog against the plain definition of its answers.
#![allow(clippy::unwrap_used)]

mod samples;

use std::path::Path;

use catalog::{Catalog, CatalogError};
use proptest::prelude::*;
use record::{MapKey, ProjectName};
use samples::{ORIGIN, definition, entries, file, index, open_small, size};

fn assert_complete(catalog: &Catalog, entries: &[Vec<u8>]) {
    let all = size(entries.len() as u64);
    assert_eq!(catalog.cursor(), all);
    for (key, expected) in definition(entries) {
        assert_eq!(catalog.positions(&key, all, None, usize::MAX).unwrap(), expected);
    }
}

fn project_key(name: &str) -> MapKey {
    MapKey::project(&ProjectName::parse(name).unwrap())
}

#[test]
fn answers_by_project_file_and_hash() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
    let entries = entries(40);
    catalog.apply(index(0), &entries[..15]).unwrap();
    catalog.apply(index(15), &entries[15..]).unwrap();
    assert_complete(&catalog, &entries);
    let absent = catalog.positions(&MapKey::file("absent"), size(40), None, 10).unwrap();
    assert_eq!(absent, []);
}

#[test]
fn many_at_once_are_the_same_as_one_after_the_other() {
    let entries = entries(200);
    let all = size(entries.len() as u64);
    let (plain_dir, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let plain = Catalog::open(plain_dir.path(), ORIGIN).unwrap();
    plain.apply(index(0), &entries).unwrap();
    let root = plain.prepare_map(all).unwrap().root();
    for (applied, gathered) in [(0, 200), (0, 120), (70, 130), (70, 200), (200, 200)] {
        let _ = std::fs::remove_dir_all(dir.path());
        let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
        catalog.apply(index(0), &entries[..applied]).unwrap();
        let covered = catalog.prepare_map(catalog.cursor()).unwrap();
        catalog.commit_map(covered).unwrap();
        let mut bulk = catalog.bulk().unwrap();
        for entry in &entries[applied..gathered] {
            bulk.push(entry).unwrap();
        }
        assert_eq!(catalog.cursor(), size(applied as u64), "nothing counts yet");
        catalog.apply_bulk(bulk).unwrap();
        if gathered < entries.len() {
            catalog.apply(index(gathered as u64), &entries[gathered..]).unwrap();
        }
        assert_complete(&catalog, &entries);
        assert_eq!(catalog.newest_epoch(all).unwrap(), plain.newest_epoch(all).unwrap());
        assert_eq!(catalog.prepare_map(all).unwrap().root(), root, "{applied} {gathered}");
        drop(catalog);
        assert_complete(&Catalog::open(dir.path(), ORIGIN).unwrap(), &entries);
    }
}

#[test]
fn what_is_gathered_is_forgotten_unless_it_comes_next() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
    let entries = entries(20);
    let mut bulk = catalog.bulk().unwrap();
    bulk.push(&entries[0]).unwrap();
    assert!(matches!(bulk.push(b"{}"), Err(CatalogError::Entry { .. })));
    catalog.apply(index(0), &entries).unwrap();
    assert!(matches!(catalog.apply_bulk(bulk), Err(CatalogError::NotNext { .. })));
    assert_complete(&catalog, &entries);

    drop(catalog.bulk().unwrap());
    drop(catalog);
    let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
    assert!(!dir.path().join("bulk").exists());
    assert_complete(&catalog, &entries);
}

#[test]
fn pages_and_sizes_cut_the_same_list() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
    let entries: Vec<_> = (0..30).map(|at| file("a", &format!("a-{at}.tar.gz"), 1)).collect();
    catalog.apply(index(0), &entries).unwrap();

    let key = project_key("a");
    for below in 0..=30 {
        let expected: Vec<_> = (0..below).map(index).collect();
        for limit in [1, 7, 30] {
            let mut found = Vec::new();
            loop {
                let after = found.last().copied();
                let page = catalog.positions(&key, size(below), after, limit).unwrap();
                assert!(page.len() <= limit);
                found.extend(&page);
                if page.len() < limit {
                    break;
                }
            }
            assert_eq!(found, expected, "below {below}, {limit} at a time");
        }
    }
}

#[test]
fn refuses_what_does_not_continue_it() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
    let entries = entries(10);
    catalog.apply(index(0), &entries[..5]).unwrap();
    for first in [0, 4, 6] {
        let refused = catalog.apply(index(first), &entries[5..]);
        assert!(matches!(refused, Err(CatalogError::NotNext { .. })), "{first}: {refused:?}");
    }
    assert_complete(&catalog, &entries[..5]);
}

#[test]
fn a_malformed_entry_leaves_nothing_of_its_batch() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
    let mut entries = entries(10);
    catalog.apply(index(0), &entries[..5]).unwrap();
    entries[8] = b"{}".to_vec();
    let refused = catalog.apply(index(5), &entries[5..]);
    let Err(CatalogError::Entry { position, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(position, index(8));
    assert_complete(&catalog, &entries[..5]);
    catalog.apply(index(5), &entries[5..8]).unwrap();
    assert_complete(&catalog, &entries[..8]);
}

#[test]
fn is_behind_rather_than_incomplete() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
    catalog.apply(index(0), &entries(5)).unwrap();
    let early = catalog.positions(&project_key("a"), size(6), None, 1);
    assert!(matches!(early, Err(CatalogError::Behind { .. })), "{early:?}");
}

#[test]
fn rebuilt_or_reopened_it_answers_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let entries = entries(60);
    let mut catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
    catalog.apply(index(0), &entries).unwrap();
    catalog.clear().unwrap();
    assert_eq!(catalog.cursor(), size(0));
    catalog.apply(index(0), &entries[..20]).unwrap();
    assert_complete(&catalog, &entries[..20]);
    drop(catalog);

    let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
    assert_complete(&catalog, &entries[..20]);
    catalog.apply(index(20), &entries[20..]).unwrap();
    assert_complete(&catalog, &entries);
    drop(catalog);

    std::fs::remove_dir_all(dir.path()).unwrap();
    let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
    catalog.apply(index(0), &entries).unwrap();
    assert_complete(&catalog, &entries);
}

#[test]
fn spilled_to_many_files_it_answers_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open_small(dir.path());
    let entries = entries(8000);
    for (batch, entries) in (0..).zip(entries.chunks(500)) {
        catalog.apply(index(batch * 500), entries).unwrap();
    }
    assert!(table_files(dir.path()) > 1);
    assert_complete(&catalog, &entries);
    drop(catalog);
    assert_complete(&Catalog::open(dir.path(), ORIGIN).unwrap(), &entries);
}

#[test]
fn who_has_begun_to_ask_misses_nothing_that_is_moved_to_disk() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open_small(dir.path());
    let entries = entries(6000);
    let mut asked = Vec::new();
    for (batch, new) in (0..).zip(entries.chunks(250)) {
        catalog.apply(index(batch * 250), new).unwrap();
        let count = catalog.cursor();
        asked.push((count, catalog.known_keys(count).unwrap()));
    }
    for (count, known) in &mut asked {
        let entries = &entries[..usize::try_from(count.get()).unwrap()];
        let mut keys = Vec::new();
        for (number, (key, positions)) in definition(entries).into_iter().enumerate() {
            assert_eq!(known.first(&key).unwrap(), positions.first().copied(), "of {count}");
            assert!(known.has(&key).unwrap(), "of {count}");
            let later = MapKey::file(&format!("a name that is in no entry-{number}"));
            assert!(!known.has(&later).unwrap(), "of {count}");
            keys.extend([later, key]);
        }
        let every_second: Vec<bool> = (0..keys.len()).map(|place| place % 2 == 1).collect();
        assert_eq!(known.has_each(&keys).unwrap(), every_second, "of {count}");
    }
    drop(asked);
    drop(catalog);
    assert_complete(&Catalog::open(dir.path(), ORIGIN).unwrap(), &entries);
}

#[test]
fn rows_that_can_not_be_written_stay_and_are_written_later() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open_small(dir.path());
    let entries = entries(8000);
    let in_the_way = dir.path().join("spill");
    std::fs::write(&in_the_way, "").unwrap();
    let (mut applied, mut refused) = (0, 0);
    for new in entries.chunks(500) {
        let first = index(applied as u64);
        if let Err(error) = catalog.apply(first, new) {
            assert!(matches!(error, CatalogError::Spool(_)), "{error:?}");
            refused += 1;
            assert_complete(&catalog, &entries[..applied]);
            let again = catalog.apply(first, new);
            assert!(matches!(again, Err(CatalogError::Spool(_))), "{again:?}");
            std::fs::remove_file(&in_the_way).unwrap();
            catalog.apply(first, new).unwrap();
        }
        applied += new.len();
    }
    assert_eq!(refused, 1);
    assert_complete(&catalog, &entries);
    drop(catalog);
    assert_complete(&Catalog::open(dir.path(), ORIGIN).unwrap(), &entries);
}

fn table_files(dir: &Path) -> usize {
    let names = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|extension| extension == "sst")).count()
}

#[test]
fn belongs_to_one_log_and_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
    let second = Catalog::open(dir.path(), ORIGIN).unwrap_err();
    assert!(matches!(second, CatalogError::Database(_)), "{second:?}");
    drop(catalog);
    let other = Catalog::open(dir.path(), "other.example/log").unwrap_err();
    let CatalogError::OtherLog { expected, found } = other else { panic!("{other:?}") };
    assert_eq!((expected.as_str(), found.as_str()), ("other.example/log", ORIGIN));
}

#[test]
fn the_newest_epoch_below_a_size() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
    catalog.apply(index(0), &entries(25)).unwrap();
    for below in 0..=25 {
        // Every tenth entry is one, the first at 1.
        let expected = (0..below).rev().find(|at| at % 10 == 1).map(index);
        assert_eq!(catalog.newest_epoch(size(below)).unwrap(), expected, "below {below}");
    }
    let early = catalog.newest_epoch(size(26));
    assert!(matches!(early, Err(CatalogError::Behind { .. })), "{early:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn batches_make_no_difference(count in 0_u64..120, cuts in prop::collection::vec(1_usize..40, 1..9)) {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(dir.path(), ORIGIN).unwrap();
        let entries = entries(count);
        let (mut rest, mut first) = (entries.as_slice(), 0);
        for cut in cuts.iter().cycle() {
            let (batch, left) = rest.split_at((*cut).min(rest.len()));
            catalog.apply(index(first), batch).unwrap();
            first += batch.len() as u64;
            rest = left;
            if rest.is_empty() {
                break;
            }
        }
        assert_complete(&catalog, &entries);
    }
}
