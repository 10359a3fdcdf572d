//! Speed of integration, of proofs from tiles, and of their verification.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tlog::{
    LeafIndex, Plan, RightEdge, TileKind, TilePath, TreeHead, TreeSize, Verified, leaf_hash,
};

/// Entries of the tree that proofs are about.
const SIZE: u32 = 1_000_000;

/// Bytes of an entry, about those of a real one.
const ENTRY_LEN: usize = 150;

fn entry(index: u32) -> Vec<u8> {
    let mut entry = vec![b'x'; ENTRY_LEN];
    entry[..4].copy_from_slice(&index.to_be_bytes());
    entry
}

struct Log {
    head: TreeHead,
    tiles: BTreeMap<TilePath, Vec<u8>>,
}

impl Log {
    fn new() -> Log {
        let entries: Vec<Vec<u8>> = (0..SIZE).map(entry).collect();
        let integrated = RightEdge::empty().append(&entries).unwrap();
        let tiles = integrated.objects.into_iter();
        let tiles = tiles.filter(|(path, _)| path.kind() != TileKind::Entries).collect();
        Log { head: integrated.edge.head(), tiles }
    }

    fn verified(&self, plan: &Plan) -> Verified {
        let tiles = plan.tiles().iter().map(|path| (*path, &self.tiles[path]));
        Verified::new(self.head, tiles).unwrap()
    }
}

fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    for count in [1, 256, 4096] {
        let entries: Vec<Vec<u8>> = (0..count).map(entry).collect();
        let edge =
            RightEdge::empty().append(&(0..1000).map(entry).collect::<Vec<_>>()).unwrap().edge;
        group.throughput(Throughput::Elements(count.into()));
        group.bench_function(count.to_string(), |bencher| {
            bencher.iter(|| edge.append(black_box(&entries)).unwrap());
        });
    }
}

fn proofs(criterion: &mut Criterion) {
    let log = Log::new();
    let index = LeafIndex::new(123_456).unwrap();
    let older = TreeSize::new(654_321).unwrap();
    let plan = log.head.plan_inclusion(index).unwrap();
    criterion.bench_function("plan inclusion", |bencher| {
        bencher.iter(|| log.head.plan_inclusion(black_box(index)));
    });
    criterion.bench_function("verify tiles of one inclusion", |bencher| {
        bencher.iter(|| log.verified(black_box(&plan)));
    });
    let tree = log.verified(&plan.merge(log.head.plan_consistency(older).unwrap()));
    criterion.bench_function("inclusion from verified tiles", |bencher| {
        bencher.iter(|| tree.inclusion(black_box(index)).unwrap());
    });
    criterion.bench_function("consistency from verified tiles", |bencher| {
        bencher.iter(|| tree.consistency(black_box(older)).unwrap());
    });
    let (leaf, proof) = (leaf_hash(&entry(123_456)), tree.inclusion(index).unwrap());
    criterion.bench_function("verify inclusion", |bencher| {
        bencher.iter(|| log.head.verify_inclusion(index, black_box(&leaf), &proof).unwrap());
    });
    let older = TreeHead { size: older, root: tree.root_at(older).unwrap() };
    let growth = tree.consistency(older.size).unwrap();
    criterion.bench_function("verify consistency", |bencher| {
        bencher.iter(|| log.head.verify_consistency(black_box(&older), &growth).unwrap());
    });
}

criterion_group!(benches, append, proofs);
criterion_main!(benches);
