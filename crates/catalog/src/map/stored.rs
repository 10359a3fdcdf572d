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
use crate::rows::{self, BUCKETS, MAP, MARKS, META, PARTS};

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
        let (buckets, parts) = (self.family(BUCKETS), self.family(PARTS));
        let mut batch = WriteBatch::default();
        let forget = |batch: &mut WriteBatch, bits: u8| {
            for family in [buckets, parts] {
                batch.delete_range_cf(family, [bits], [bits + 1]);
            }
        };
        if old != new {
            // What an attempt that was interrupted may have left.
            forget(&mut batch, new);
        }
        for bucket in &prepared.changed {
            let name = bucket::name(MapBucket::of(bucket.summary.key(), new));
            batch.put_cf(buckets, name, bucket.summary.to_bytes());
            if let Some(divided) = &bucket.parts {
                batch.put_cf(parts, name, divided);
            }
            if old != new && batch.len() >= STAGED {
                self.write(mem::take(&mut batch))?;
            }
        }
        if old != new {
            forget(&mut batch, old);
        }
        let covered = [base.size, map.size].map(|size| size.get().to_be_bytes());
        batch.delete_range_cf(self.family(MARKS), covered[0], covered[1]);
        batch.put_cf(self.family(META), MAP, word(map));
        self.write(batch)
    }

    /// Buckets, or parts of buckets, that entries from `base` up to `size` touch.
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
