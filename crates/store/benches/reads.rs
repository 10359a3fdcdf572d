//! What reads of a store on disk cost: parts of tiles, single entries, whole tiles and bundles, from a
//! log that does not fit into the store's cache.
//!
//! ```text
//! cargo bench -p store --bench reads -- [ENTRIES] [CACHE_MIB]
//! ```
//!
//! ENTRIES is 1,000,000 unless said, the cache 64 MiB. What is read is drawn at random, so a small log
//! is read from the cache, and a large one from the system's. Costs are processor time.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use store::{Batch, RocksSettings, RocksStore, Store};
use tlog::{FULL_WIDTH, RightEdge, TileKind, TilePath, TreeHead};

/// Entries of one commit.
const COMMIT: u64 = 1 << 16;

/// Reads of each kind.
const READS: u64 = 200_000;

/// Numbers without a pattern.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// An entry that is as long, and compresses as well, as a real one.
fn entry(position: u64) -> String {
    let project = mix(position / 27) % 750_000;
    let digest = [0, 1, 2, 3].map(|part| format!("{:016x}", mix(4 * position + part))).concat();
    let (minor, patch, size) = (position % 27, mix(position) % 10, mix(position) % 10_000_000);
    format!(
        "{{\"v\":1,\"kind\":\"file\",\"project\":\"project-{project}\",\"version\":\"1.{minor}.{patch}\",\
         \"filename\":\"project_{project}-1.{minor}.{patch}-py3-none-any.whl\",\"sha256\":\"{digest}\",\
         \"size\":{size},\"uploaded\":\"2023-05-22T15:12:44.175051Z\",\"observed\":\"2026-11-21T01:13:58Z\"}}"
    )
}

async fn fill(store: &RocksStore, entries: u64) {
    let mut edge = RightEdge::empty();
    let mut head = TreeHead::EMPTY;
    while head.size.get() < entries {
        let first = head.size.get();
        let new: Vec<String> = (first..entries.min(first + COMMIT)).map(entry).collect();
        let grown = edge.append(&new).unwrap();
        let objects = grown.objects.into_iter().map(|(path, bytes)| (path, bytes.into())).collect();
        store.commit(&head, Batch { objects }, &grown.edge.head()).await.unwrap();
        (head, edge) = (grown.edge.head(), grown.edge);
    }
}

fn size_of(dir: &Path) -> u64 {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().metadata().unwrap());
    files.map(|file| file.len()).sum()
}

/// Processor time of this thread so far.
fn cpu() -> Duration {
    let spent = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(spent.split(' ').next().unwrap().parse().unwrap())
}

fn report(what: &str, spent: Duration) {
    let count = u32::try_from(READS).unwrap();
    println!("{what:<32} {:>9.2} us", (spent / count).as_secs_f64() * 1e6);
}

async fn parts(store: &RocksStore, what: &str, kind: TileKind, count: u16, full: u64) {
    let start = cpu();
    for read in 0..READS {
        let (index, place) = (mix(read) % full, u16::try_from(mix(!read) % 256).unwrap());
        let first = place - place % count;
        let part = store.get_part(kind, index, first..first + count).await.unwrap();
        black_box(part.unwrap());
    }
    report(what, cpu().saturating_sub(start));
}

async fn whole(store: &RocksStore, what: &str, kind: TileKind, full: u64) {
    let start = cpu();
    for read in 0..READS {
        let path = TilePath::new(kind, mix(read) % full, FULL_WIDTH).unwrap();
        black_box(store.get(&path).await.unwrap().unwrap());
    }
    report(what, cpu().saturating_sub(start));
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut numbers = std::env::args().filter_map(|text| text.parse::<u64>().ok());
    let entries = numbers.next().unwrap_or(1_000_000);
    let cache = usize::try_from(numbers.next().unwrap_or(64)).unwrap() << 20;
    let dir = tempfile::tempdir().unwrap();
    let settings = RocksSettings { block_cache_bytes: cache };
    drop(RocksStore::create(dir.path()).unwrap());
    let store = RocksStore::open_with(dir.path(), &settings).unwrap();
    let start = Instant::now();
    fill(&store, entries).await;
    println!("{entries} entries of {} bytes in {:?}", entry(entries / 2).len(), start.elapsed());
    drop(store);
    // Opening writes what was in memory to files.
    let store = RocksStore::open_with(dir.path(), &settings).unwrap();
    std::thread::sleep(Duration::from_secs(10));
    println!("{} MiB on disk", size_of(&dir.path().join("rocksdb")) >> 20);
    let full = entries / u64::from(FULL_WIDTH);
    for round in ["first", "second"] {
        println!("{round} round");
        parts(&store, "8 hashes", TileKind::Hashes(0), 8, full).await;
        parts(&store, "1 entry", TileKind::Entries, 1, full).await;
        whole(&store, "tile", TileKind::Hashes(0), full).await;
        whole(&store, "bundle", TileKind::Entries, full).await;
    }
}
