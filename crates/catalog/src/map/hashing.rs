//! From rows to the hashes of buckets.

use std::thread;

use record::{BucketTree, MapBucket, MapBuilder, Subtree};
use tlog::TreeSize;

use super::bucket;
use super::parts::{Parts, least_key};
use super::scan::{Extent, Scan};
use super::{Map, damaged};
use crate::catalog::Catalog;
use crate::error::CatalogError;

/// Threads among which many buckets are divided.
const THREADS: usize = 2;

/// Buckets that are not worth a thread.
const FEW: usize = 256;

/// A bucket of a map.
#[derive(Debug)]
pub(super) struct Hashed {
    pub(super) summary: Subtree,
    /// What is kept of its parts; `None` if it has none.
    pub(super) parts: Option<Vec<u8>>,
}

impl Map {
    /// The map over the first `size` entries, from all rows, and its buckets.
    pub(super) fn of_all_rows(
        catalog: &Catalog,
        size: TreeSize,
    ) -> Result<(Map, Vec<Hashed>), CatalogError> {
        let none = BucketTree::empty(bucket::bits_for(size));
        let all: Vec<MapBucket> = MapBucket::all(bucket::part_bits_for(size)).collect();
        Map::next(catalog, &none, &all, size, Extent::All)
    }

    /// The map over the first `size` entries, and what it changes in the buckets of `base`: those with the
    /// `touched` parts, ascending.
    pub(super) fn next(
        catalog: &Catalog,
        base: &BucketTree,
        touched: &[MapBucket],
        size: TreeSize,
        extent: Extent,
    ) -> Result<(Map, Vec<Hashed>), CatalogError> {
        let bits = base.bits();
        let buckets: Vec<&[MapBucket]> =
            touched.chunk_by(|one, next| one.within(bits) == next.within(bits)).collect();
        let hashed = hash(&buckets, || Hasher {
            catalog,
            base,
            part_bits: bucket::part_bits_for(size),
            scan: Scan::new(catalog, size, extent),
        })?;
        let summaries: Vec<Subtree> = hashed.iter().map(|bucket| bucket.summary).collect();
        let tree = base.with(&summaries).map_err(damaged)?;
        Ok((Map { size, tree }, hashed))
    }
}

/// Hashes buckets, given by their touched parts. Those without keys are left out.
fn hash<'a>(
    buckets: &[&[MapBucket]],
    hasher: impl Fn() -> Hasher<'a> + Sync,
) -> Result<Vec<Hashed>, CatalogError> {
    let hash_share = |share: &[&[MapBucket]]| {
        let mut hasher = hasher();
        let hashed = share.iter().filter_map(|touched| hasher.bucket(touched).transpose());
        hashed.collect::<Result<Vec<_>, _>>()
    };
    let share = buckets.len().div_ceil(THREADS).max(FEW);
    thread::scope(|scope| {
        let mut shares = buckets.chunks(share);
        let own = shares.next().unwrap_or_default();
        let others: Vec<_> = shares.map(|share| scope.spawn(move || hash_share(share))).collect();
        let mut hashed = hash_share(own)?;
        for other in others {
            hashed.extend(other.join().expect("hashing does not panic")?);
        }
        Ok(hashed)
    })
}

/// Hashes buckets of a map, one after the other.
struct Hasher<'a> {
    catalog: &'a Catalog,
    /// The map before.
    base: &'a BucketTree,
    /// By how many bits the parts of the buckets are told apart.
    part_bits: u8,
    scan: Scan<'a>,
}

impl Hasher<'_> {
    /// The bucket with these parts, at least one, which are not as they were.
    fn bucket(&mut self, touched: &[MapBucket]) -> Result<Option<Hashed>, CatalogError> {
        let bucket = touched[0].within(self.base.bits());
        let subtrees = match self.parts_before(bucket)? {
            Some(mut subtrees) => {
                let is_touched = |part| touched.binary_search(&part).is_ok();
                subtrees.retain(|part| !is_touched(MapBucket::of(part.key(), self.part_bits)));
                subtrees.extend(self.parts(touched.iter().copied())?);
                subtrees.sort_unstable_by_key(|part| *part.key());
                subtrees
            }
            None => self.parts(bucket.divided(self.part_bits))?,
        };
        let mut builder = MapBuilder::new();
        for part in &subtrees {
            builder.push_subtree(*part).map_err(damaged)?;
        }
        let Some(summary) = builder.finish() else { return Ok(None) };
        let parts = Parts { bits: self.part_bits, subtrees };
        let parts = (parts.bits > bucket.bits()).then(|| parts.to_bytes(bucket));
        Ok(Some(Hashed { summary, parts }))
    }

    /// The parts that a bucket has in the map before, if that is known and it is divided as it is now.
    fn parts_before(&self, bucket: MapBucket) -> Result<Option<Vec<Subtree>>, CatalogError> {
        let is_divided = self.part_bits > bucket.bits();
        let Some(before) = self.base.get(&least_key(bucket)).filter(|_| is_divided) else {
            return Ok(None);
        };
        let kept = self.catalog.parts(bucket)?;
        let kept = kept.filter(|kept| kept.bits == self.part_bits && kept.make_up(before));
        Ok(kept.map(|parts| parts.subtrees))
    }

    /// Those of these parts that have keys.
    fn parts(
        &mut self,
        parts: impl Iterator<Item = MapBucket>,
    ) -> Result<Vec<Subtree>, CatalogError> {
        parts.filter_map(|part| self.part(part).transpose()).collect()
    }

    fn part(&mut self, part: MapBucket) -> Result<Option<Subtree>, CatalogError> {
        let mut builder = MapBuilder::new();
        self.scan.enter(part);
        while let Some((key, value)) = self.scan.next_pair(part)? {
            builder.push(key, &value).map_err(damaged)?;
        }
        Ok(builder.finish())
    }
}
