//! Logs to test with: entry `i` is the number `i` as eight big-endian bytes.

use std::collections::BTreeMap;

use tlog::{
    Hash, LeafIndex, Plan, RightEdge, TileKind, TilePath, TreeHead, TreeSize, Verified,
    bundle_prefix, leaf_hash,
};

pub(crate) fn size(size: usize) -> TreeSize {
    TreeSize::new(size as u64).unwrap()
}

pub(crate) fn index(index: usize) -> LeafIndex {
    LeafIndex::new(index as u64).unwrap()
}

pub(crate) fn entry(index: usize) -> Vec<u8> {
    (index as u64).to_be_bytes().to_vec()
}

pub(crate) fn leaves(size: usize) -> Vec<Hash> {
    (0..size).map(|index| leaf_hash(&entry(index))).collect()
}

/// A head with the same hash and one bit of it flipped.
pub(crate) fn flip(hash: &Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::new(bytes)
}

/// A log in memory that keeps the widest version of each object and serves every narrower one.
#[derive(Clone)]
pub(crate) struct TestLog {
    pub(crate) edge: RightEdge,
    pub(crate) objects: BTreeMap<TilePath, Vec<u8>>,
}

impl TestLog {
    pub(crate) fn new(size: usize) -> TestLog {
        let mut log = TestLog { edge: RightEdge::empty(), objects: BTreeMap::new() };
        log.grow(size);
        log
    }

    /// Appends `count` entries in one batch.
    pub(crate) fn grow(&mut self, count: usize) {
        let first = usize::try_from(self.edge.size().get()).unwrap();
        let entries: Vec<Vec<u8>> = (first..first + count).map(entry).collect();
        let integrated = self.edge.append(&entries).unwrap();
        for (path, bytes) in integrated.objects {
            assert_eq!(bytes.len(), prefix_len(&path, &bytes), "{path} has its own length");
            let narrower = self.objects.insert(path.full(), bytes.clone()).unwrap_or_default();
            assert!(bytes.starts_with(&narrower), "{path} keeps what was published");
            assert!(bytes.len() > narrower.len(), "{path} is written when it changed, and once");
        }
        self.edge = integrated.edge;
    }

    pub(crate) fn head(&self) -> TreeHead {
        self.edge.head()
    }

    /// The object as wide as `path` says.
    pub(crate) fn load(&self, path: &TilePath) -> Vec<u8> {
        let widest = &self.objects[&path.full()];
        widest[..prefix_len(path, widest)].to_vec()
    }

    pub(crate) fn load_all(&self, paths: &[TilePath]) -> Vec<(TilePath, Vec<u8>)> {
        paths.iter().map(|path| (*path, self.load(path))).collect()
    }

    pub(crate) fn verified(&self, plan: &Plan) -> Verified {
        Verified::new(self.head(), self.load_all(plan.tiles())).unwrap()
    }

    /// Everything the log has, verified.
    pub(crate) fn all(&self) -> Verified {
        self.verified(&self.head().plan_leaves(index(0), self.head().size).unwrap())
    }
}

fn prefix_len(path: &TilePath, widest: &[u8]) -> usize {
    match path.kind() {
        TileKind::Entries => bundle_prefix(widest, path.width()).unwrap(),
        TileKind::Hashes(_) => usize::from(path.width()) * Hash::SIZE,
    }
}
