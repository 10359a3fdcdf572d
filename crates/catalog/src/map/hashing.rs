//! From rows to the hashes of buckets.

use std::thread;

use record::{BucketTree, MapBucket, MapBuilder, Subtree};
use tlog::TreeSize;

use super::bucket;
use super::scan::{Extent, Scan};
use super::{Map, damaged};
use crate::catalog::Catalog;
use crate::error::CatalogError;

/// Threads among which many buckets are divided.
const THREADS: usize = 2;

/// Buckets that are not worth a thread.
const FEW: usize = 256;

impl Map {
    /// The map over the first `size` entries, from all rows, and its buckets.
    pub(super) fn of_all_rows(
        catalog: &Catalog,
        size: TreeSize,
    ) -> Result<(Map, Vec<Subtree>), CatalogError> {
        let bits = bucket::bits_for(size);
        let buckets: Vec<MapBucket> = MapBucket::all(bits).collect();
        let hashed = hash(catalog, &buckets, size, Extent::All)?;
        let tree = BucketTree::empty(bits).with(&hashed).map_err(damaged)?;
        Ok((Map { size, tree }, hashed))
    }
}

/// Hashes buckets of the map over the first `size` entries. Those without keys are left out.
pub(super) fn hash(
    catalog: &Catalog,
    buckets: &[MapBucket],
    size: TreeSize,
    extent: Extent,
) -> Result<Vec<Subtree>, CatalogError> {
    let share = buckets.len().div_ceil(THREADS).max(FEW);
    thread::scope(|scope| {
        let mut shares = buckets.chunks(share);
        let own = shares.next().unwrap_or_default();
        let others: Vec<_> = shares
            .map(|share| scope.spawn(move || hash_share(catalog, share, size, extent)))
            .collect();
        let mut hashed = hash_share(catalog, own, size, extent)?;
        for other in others {
            hashed.extend(other.join().expect("hashing does not panic")?);
        }
        Ok(hashed)
    })
}

fn hash_share(
    catalog: &Catalog,
    buckets: &[MapBucket],
    size: TreeSize,
    extent: Extent,
) -> Result<Vec<Subtree>, CatalogError> {
    let mut scan = Scan::new(catalog, size, extent);
    let mut hashed = Vec::new();
    for bucket in buckets {
        let mut builder = MapBuilder::new();
        scan.enter(*bucket);
        while let Some((key, value)) = scan.next_pair(*bucket)? {
            builder.push(key, &value).map_err(damaged)?;
        }
        hashed.extend(builder.finish());
    }
    Ok(hashed)
}
