//! The committed map in the database.

use std::collections::BTreeSet;
use std::mem;

use record::{BucketTree, MapBucket, MapRoot, Subtree};
use rocksdb::{IteratorMode, ReadOptions, WriteBatch};
use tlog::TreeSize;

use super::bucket;
use super::prepare::PreparedMap;
use super::{Committed, Map, damaged};
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::rows::{self, BUCKETS, MAP, MARKS, META};

/// Buckets that are written at a time while another division of the keys takes over.
const STAGED: usize = 10_000;

impl Catalog {
    /// Reads the committed map.
    pub(crate) fn load_map(&self) -> Result<Committed, CatalogError> {
        let Some(word) = self.meta(MAP)? else { return Ok(Committed::default()) };
        let (size, bits, root) =
            parse_word(&word).ok_or(CatalogError::Damaged("the map's word is misshapen"))?;
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound([bits]);
        options.set_iterate_upper_bound([bits + 1]);
        let stored = self.db().iterator_cf_opt(self.family(BUCKETS), options, IteratorMode::Start);
        let mut buckets = Vec::new();
        for bucket in stored {
            let (name, summary) = bucket?;
            let bucket = Subtree::parse(&summary)
                .filter(|bucket| *name == bucket::name(MapBucket::of(bucket.key(), bits)));
            buckets.push(bucket.ok_or(CatalogError::Damaged("a bucket is misshapen"))?);
        }
        let tree = BucketTree::empty(bits).with(&buckets).map_err(damaged)?;
        if size > self.cursor() || tree.root() != root {
            return Err(CatalogError::Damaged("the map's buckets do not have its root"));
        }
        Ok(Committed::new(Map { size, tree }))
    }

    /// Writes what a map changes. Until the last batch, readers of the database see the map before.
    pub(super) fn store_map(&self, prepared: &PreparedMap) -> Result<(), CatalogError> {
        let (base, map) = (&prepared.base, &prepared.map);
        let (old, new) = (base.tree.bits(), map.tree.bits());
        let family = self.family(BUCKETS);
        let mut batch = WriteBatch::default();
        if old != new {
            // What an attempt that was interrupted may have left.
            batch.delete_range_cf(family, [new], [new + 1]);
        }
        for bucket in &prepared.changed {
            batch.put_cf(family, bucket::name(MapBucket::of(bucket.key(), new)), bucket.to_bytes());
            if old != new && batch.len() >= STAGED {
                self.write(mem::take(&mut batch))?;
            }
        }
        if old != new {
            batch.delete_range_cf(family, [old], [old + 1]);
        }
        let covered = [base.size, map.size].map(|size| size.get().to_be_bytes());
        batch.delete_range_cf(self.family(MARKS), covered[0], covered[1]);
        batch.put_cf(self.family(META), MAP, word(map));
        self.write(batch)
    }

    /// Buckets that entries from `base` up to `size` touch.
    pub(super) fn touched(
        &self,
        base: TreeSize,
        size: TreeSize,
        bits: u8,
    ) -> Result<Vec<MapBucket>, CatalogError> {
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(base.get().to_be_bytes());
        options.set_iterate_upper_bound(size.get().to_be_bytes());
        let marks = self.db().iterator_cf_opt(self.family(MARKS), options, IteratorMode::Start);
        let mut touched = BTreeSet::new();
        for mark in marks {
            let (_, mark) = mark?;
            let (keys, []) = mark.as_chunks() else {
                return Err(CatalogError::Damaged("a mark is misshapen"));
            };
            touched.extend(keys.iter().map(|key| MapBucket::of_mark(*key, bits)));
        }
        Ok(touched.into_iter().collect())
    }
}

fn word(map: &Map) -> Vec<u8> {
    let size = map.size.get().to_be_bytes();
    [size.as_slice(), &[map.tree.bits()], map.tree.root().as_bytes()].concat()
}

fn parse_word(word: &[u8]) -> Option<(TreeSize, u8, MapRoot)> {
    let (size, rest) = word.split_at_checked(size_of::<u64>())?;
    let (bits, root) = rest.split_first()?;
    let size = rows::parse_size(size)?;
    let root = <[u8; MapRoot::SIZE]>::try_from(root).ok()?;
    (*bits == bucket::bits_for(size)).then(|| (size, *bits, MapRoot::from(root)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use record::{Entry, MapKey, ProjectName, Status, StatusEntry, Timestamp, map_value};
    use tlog::LeafIndex;

    use super::*;

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
}
