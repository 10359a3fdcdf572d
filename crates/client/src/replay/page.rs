//! Pages: the keys of a bucket with the positions of their entries.
//!
//! For each key, ascending: the key, the number of positions (u32), the positions (u64 each), ascending.
//! Numbers are big-endian.

use record::{MapBuilder, MapKey, MapValueBuilder, Subtree};
use tlog::LeafIndex;

use super::{DAMAGED, Fault, Row};

/// The keys of one bucket.
#[derive(Debug, Default)]
pub(super) struct Page {
    keys: Vec<Listed>,
}

/// A key and its entries.
#[derive(Debug)]
struct Listed {
    key: MapKey,
    positions: Vec<LeafIndex>,
    /// Of these positions; it is continued when there are more, however many there are.
    value: MapValueBuilder,
    /// Its leaf in the map, unless positions were added since.
    leaf: Option<Subtree>,
}

impl Listed {
    fn new(key: MapKey, positions: Vec<LeafIndex>) -> Result<Listed, Fault> {
        let mut value = MapValueBuilder::default();
        positions.iter().try_for_each(|position| value.push(*position)).map_err(|_| DAMAGED)?;
        Ok(Listed { key, positions, value, leaf: None })
    }

    fn push(&mut self, position: LeafIndex) -> Result<(), Fault> {
        self.value.push(position).map_err(|_| DAMAGED)?;
        self.positions.push(position);
        self.leaf = None;
        Ok(())
    }

    fn leaf(&mut self) -> Result<Subtree, Fault> {
        if let Some(leaf) = self.leaf {
            return Ok(leaf);
        }
        let value = self.value.clone().finish().map_err(|_| DAMAGED)?;
        Ok(*self.leaf.insert(Subtree::leaf(self.key, &value)))
    }
}

impl Page {
    /// Reads what was kept of the bucket whose hash is `expected`.
    pub(super) fn parse(mut bytes: &[u8], expected: Option<&Subtree>) -> Result<Page, Fault> {
        let mut page = Page::default();
        while !bytes.is_empty() {
            let (key, positions) = take(&mut bytes).ok_or(DAMAGED)?;
            page.keys.push(Listed::new(key, positions)?);
        }
        // What was damaged here must not be taken for a lie of the log.
        let hash = |subtree: &Subtree| subtree.hash();
        if page.subtree()?.as_ref().map(hash) != expected.map(hash) {
            return Err(DAMAGED.into());
        }
        Ok(page)
    }

    /// Adds the row of a position above all those of its key.
    pub(super) fn add(&mut self, row: &Row) -> Result<(), Fault> {
        match self.keys.binary_search_by_key(&row.key, |listed| listed.key) {
            Ok(at) => self.keys[at].push(row.position)?,
            Err(at) => self.keys.insert(at, Listed::new(row.key, vec![row.position])?),
        }
        Ok(())
    }

    /// Positions of the entries of a key, ascending.
    pub(super) fn into_positions(mut self, key: &MapKey) -> Vec<LeafIndex> {
        let at = self.keys.binary_search_by_key(key, |listed| listed.key);
        at.map_or(Vec::new(), |at| self.keys.swap_remove(at).positions)
    }

    /// The bucket's place in the map; `None` if it has no keys.
    pub(super) fn subtree(&mut self) -> Result<Option<Subtree>, Fault> {
        let mut builder = MapBuilder::new();
        for listed in &mut self.keys {
            builder.push_subtree(listed.leaf()?).map_err(|_| DAMAGED)?;
        }
        Ok(builder.finish())
    }

    /// What is to be kept.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        for Listed { key, positions, .. } in &self.keys {
            bytes.extend(key.as_bytes());
            bytes.extend(u32::try_from(positions.len())?.to_be_bytes());
            bytes.extend(positions.iter().flat_map(|position| position.get().to_be_bytes()));
        }
        Ok(bytes)
    }
}

/// Takes a key and its positions off the front.
fn take(bytes: &mut &[u8]) -> Option<(MapKey, Vec<LeafIndex>)> {
    let (key, rest) = bytes.split_first_chunk::<{ MapKey::SIZE }>()?;
    let (count, rest) = rest.split_first_chunk()?;
    let len = usize::try_from(u32::from_be_bytes(*count)).ok()?.checked_mul(size_of::<u64>())?;
    let (positions, rest) = rest.split_at_checked(len)?;
    let (positions, _) = positions.as_chunks();
    let positions = positions.iter().map(|bytes| LeafIndex::new(u64::from_be_bytes(*bytes)));
    *bytes = rest;
    Some((MapKey::from(*key), positions.collect::<Result<_, _>>().ok()?))
}
