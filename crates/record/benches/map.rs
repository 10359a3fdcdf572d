//! Speed of the map's root in one pass, of joining buckets, and of proofs from them.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use record::{Digest, MapBuilder, MapKey, MapRoot, MapTrie, MapValue, Subtree};
use sha2::{Digest as _, Sha256};

/// Pairs that are hashed in one pass.
const PAIRS: u32 = 100_000;

/// Buckets of a large map.
const BUCKETS: u32 = 1 << 16;

/// Pairs of one of them: 41 million in all.
const BUCKET_LEN: u32 = 625;

/// Pairs in ascending order, as spread as hashes are.
fn pairs(bucket: Option<u32>, count: u32) -> Vec<(MapKey, MapValue)> {
    let mut pairs: Vec<_> = (0..count)
        .map(|n| {
            let mut key = *Digest::sha256(&n.to_be_bytes()).as_bytes();
            if let Some(bucket) = bucket {
                key[..2].copy_from_slice(&bucket.to_be_bytes()[2..]);
            }
            (MapKey::from(key), MapValue::from(key))
        })
        .collect();
    pairs.sort_unstable();
    pairs
}

fn root(pairs: &[(MapKey, MapValue)]) -> MapRoot {
    let mut builder = MapBuilder::new();
    for (key, value) in pairs {
        builder.push(*key, value).unwrap();
    }
    builder.root()
}

/// The whole pass beside the least it could take: the same blocks, hashed without a trie.
fn one_pass(criterion: &mut Criterion) {
    let pairs = pairs(None, PAIRS);
    let mut group = criterion.benchmark_group("one pass");
    group.sample_size(20).throughput(Throughput::Elements(PAIRS.into()));
    group.bench_function("root", |bencher| bencher.iter(|| root(black_box(&pairs))));
    group.bench_function("sha2 alone", |bencher| {
        bencher.iter(|| {
            for _ in 0..2 * PAIRS {
                black_box(Sha256::digest(black_box([0x01; 67])));
            }
        });
    });
}

/// A bucket of one pair for each prefix of 16 bits, but the real one for the last.
fn buckets(last: Subtree) -> Vec<Subtree> {
    let bucket = |n: u32| {
        let (key, value) = pairs(Some(n), 1)[0];
        Subtree::leaf(key, &value)
    };
    (0..BUCKETS - 1).map(bucket).chain([last]).collect()
}

fn from_buckets(criterion: &mut Criterion) {
    let loaded = pairs(Some(BUCKETS - 1), BUCKET_LEN);
    let leaves = loaded.iter().map(|(key, value)| Subtree::leaf(*key, value));
    let mut builder = MapBuilder::new();
    leaves.for_each(|leaf| builder.push_subtree(leaf).unwrap());
    let parts = buckets(builder.finish().unwrap());
    let mut group = criterion.benchmark_group("buckets");
    group.sample_size(20);
    group.bench_function("join", |bencher| {
        let parts = || parts.clone();
        bencher.iter_batched(parts, |parts| MapTrie::join(parts).unwrap(), BatchSize::LargeInput);
    });
    let trie = MapTrie::join(parts.iter().copied()).unwrap();
    let key = loaded[BUCKET_LEN as usize / 2].0;
    group.bench_function("prove", |bencher| {
        bencher.iter(|| trie.plan_lookup(black_box(key)).finish(&loaded).unwrap());
    });
    let (root, proof) = (trie.root(), trie.plan_lookup(key).finish(&loaded).unwrap());
    group.bench_function("verify", |bencher| {
        bencher.iter(|| root.verify_lookup(black_box(&key), &proof).unwrap());
    });
}

criterion_group!(benches, one_pass, from_buckets);
criterion_main!(benches);
