//! Answers from one map, with proofs.

use std::sync::Arc;

use record::{LookupPlan, MapBucket, MapKey, MapProof, MapRoot, MapValue};
use tlog::{LeafIndex, TreeSize};

use super::parts::Parts;
use super::scan::{Extent, Scan, Wanted};
use super::{Map, damaged};
use crate::catalog::Catalog;
use crate::error::CatalogError;

/// One map, whatever is committed meanwhile.
#[derive(Clone, Debug)]
pub struct MapReader<'a> {
    catalog: &'a Catalog,
    map: Arc<Map>,
}

/// A committed map that is to be read again later, whatever is committed meanwhile.
#[derive(Clone, Debug)]
pub struct PinnedMap(Arc<Map>);

/// What a map says of a key, all from the same map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapLookup {
    /// How many entries the map is over: the first ones of the log.
    pub size: TreeSize,
    /// Root of the map.
    pub root: MapRoot,
    /// Shows under `root` that the key is absent, or that it has the value of `positions`.
    pub proof: MapProof,
    /// Positions below `size` of all entries with the key, ascending.
    pub positions: Vec<LeafIndex>,
}

impl Catalog {
    /// The committed map.
    pub fn map(&self) -> MapReader<'_> {
        MapReader { catalog: self, map: self.map.newest() }
    }

    /// A map that was read before.
    pub fn pinned_map(&self, map: &PinnedMap) -> MapReader<'_> {
        MapReader { catalog: self, map: Arc::clone(&map.0) }
    }

    /// The map over the first `size` entries, whatever is committed.
    ///
    /// Unless it is the committed one this reads and hashes all rows: seconds for a million entries,
    /// and as much memory as the committed map takes.
    ///
    /// # Errors
    /// [`CatalogError::Behind`] if entries below `size` were not applied yet.
    pub fn map_at(&self, size: TreeSize) -> Result<MapReader<'_>, CatalogError> {
        self.require(size)?;
        let committed = self.map();
        if committed.size() == size {
            return Ok(committed);
        }
        self.store_all(&mut self.writer())?;
        let (map, _) = Map::of_all_rows(self, size)?;
        Ok(MapReader { catalog: self, map: Arc::new(map) })
    }
}

impl MapReader<'_> {
    /// How many entries the map is over: the first ones of the log.
    pub fn size(&self) -> TreeSize {
        self.map.size
    }

    /// Root of the map.
    pub fn root(&self) -> MapRoot {
        self.map.tree.root()
    }

    /// Keeps the map for [`Catalog::pinned_map`].
    pub fn pin(&self) -> PinnedMap {
        PinnedMap(Arc::clone(&self.map))
    }

    /// What the map says of a key, unless that are more than `limit` entries.
    ///
    /// It costs the rows of one part of a bucket: some keys, the largest project among them deciding.
    ///
    /// # Errors
    /// [`CatalogError::TooManyPositions`] if the key has more entries.
    pub fn prove(&self, key: &MapKey, limit: usize) -> Result<MapLookup, CatalogError> {
        Prover::new(self).prove(key, limit)
    }

    /// What the map says of each key, in the order of the keys; `None` for those that have more than
    /// `limit` entries. Neighbours in one bucket share the reading of it.
    ///
    /// # Errors
    /// [`CatalogError`] if the catalog can not be read or is damaged.
    pub fn prove_many(
        &self,
        keys: &[MapKey],
        limit: usize,
    ) -> Result<Vec<Option<MapLookup>>, CatalogError> {
        let mut by_key: Vec<usize> = (0..keys.len()).collect();
        by_key.sort_unstable_by_key(|place| keys[*place]);
        let mut prover = Prover::new(self);
        let mut lookups = vec![None; keys.len()];
        for place in by_key {
            lookups[place] = match prover.prove(&keys[place], limit) {
                Ok(lookup) => Some(lookup),
                Err(CatalogError::TooManyPositions { .. }) => None,
                Err(error) => return Err(error),
            };
        }
        Ok(lookups)
    }
}

/// Makes proofs one after the other, and keeps the last bucket.
struct Prover<'a> {
    catalog: &'a Catalog,
    map: &'a Map,
    scan: Scan<'a>,
    loaded: Option<MapBucket>,
    /// The bucket's keys with their values, ascending.
    pairs: Vec<(MapKey, MapValue)>,
}

impl<'a> Prover<'a> {
    fn new(reader: &'a MapReader<'_>) -> Prover<'a> {
        let (catalog, map) = (reader.catalog, &*reader.map);
        let scan = Scan::new(catalog, map.size, Extent::Parts);
        Prover { catalog, map, scan, loaded: None, pairs: Vec::new() }
    }

    fn prove(&mut self, key: &MapKey, limit: usize) -> Result<MapLookup, CatalogError> {
        let Map { size, tree } = self.map;
        let mut plan = tree.plan_lookup(*key);
        let bucket = self.narrow(&mut plan)?;
        let positions = self.read(bucket, key, limit)?;
        let proof = plan.finish(&self.pairs).map_err(damaged)?;
        Ok(MapLookup { size: *size, root: tree.root(), proof, positions })
    }

    /// Which bucket's keys the proof needs: of the one where the plan has come to only a part, which it then goes
    /// on to, where the parts are known.
    fn narrow(&self, plan: &mut LookupPlan) -> Result<Option<MapBucket>, CatalogError> {
        let Some(end) = plan.part() else { return Ok(None) };
        let bucket = MapBucket::of(end.key(), self.map.tree.bits());
        let Some(Parts { bits, subtrees }) = self.catalog.parts(bucket)? else {
            return Ok(Some(bucket));
        };
        if plan.enter(subtrees).is_err() {
            // They are of another map.
            return Ok(Some(bucket));
        }
        Ok(plan.part().map(|part| MapBucket::of(part.key(), bits)))
    }

    /// Makes a bucket the loaded one, and returns the positions of a key that is in it if anywhere.
    /// Without a bucket there are no keys.
    fn read(
        &mut self,
        bucket: Option<MapBucket>,
        key: &MapKey,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, CatalogError> {
        let Some(bucket) = bucket else {
            (self.loaded, self.pairs) = (None, Vec::new());
            return Ok(Vec::new());
        };
        if self.loaded == Some(bucket) {
            return self.positions(key, limit);
        }
        self.scan.want(Some(Wanted { key: *key, limit, positions: Vec::new() }));
        self.load(bucket)?;
        let found = self.scan.want(None);
        Ok(found.map_or_else(Vec::new, |wanted| wanted.positions))
    }

    /// The positions of a key that is in the loaded bucket if anywhere.
    fn positions(&self, key: &MapKey, limit: usize) -> Result<Vec<LeafIndex>, CatalogError> {
        if self.pairs.binary_search_by_key(key, |(key, _)| *key).is_err() {
            return Ok(Vec::new());
        }
        let most = limit.saturating_add(1);
        let positions = self.catalog.positions(key, self.map.size, None, most)?;
        if positions.len() > limit {
            return Err(CatalogError::TooManyPositions { limit });
        }
        Ok(positions)
    }

    fn load(&mut self, bucket: MapBucket) -> Result<(), CatalogError> {
        self.loaded = None;
        self.pairs.clear();
        self.scan.enter(bucket);
        while let Some(pair) = self.scan.next_pair(bucket)? {
            self.pairs.push(pair);
        }
        self.loaded = Some(bucket);
        Ok(())
    }
}
