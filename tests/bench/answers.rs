//! What the server's answers cost without the network: proofs, look-ups and tiles of a log on disk.
//!
//! ```text
//! cargo bench -p indelibled --bench answers -- [ENTRIES] [DIRECTORY]
//! ```
//!
//! Fills a log of ENTRIES files (1,000,000 unless said), 27 to a project, with an epoch at the end, and asks
//! one question after the other on one thread, each time for something drawn at random. The log is kept in
//! DIRECTORY, if one is named, and used again from there. Prints Markdown.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use catalog::Catalog;
use indelible_proto::v1::log_server::Log;
use indelible_proto::v1::lookup_request::Key;
use indelible_proto::v1::{GetConsistencyProofRequest, GetInclusionProofRequest, LookupRequest};
use indelibled::grpc::LogService;
use indelibled::published::Published;
use indelibled::reading::LogReader;
use prost::Message as _;
use record::{Digest, Entry, EpochEntry, FileEntry, MapKey, ProjectName, Timestamp};
use store::{Batch, RocksStore, Store};
use tlog::{
    Checkpoint, FULL_WIDTH, LeafIndex, RightEdge, SignedCheckpoint, SigningKey, TileKind, TilePath,
    TreeHead, TreeSize,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::Request;

const ORIGIN: &str = "log.example/pypi";
const FILES_PER_PROJECT: u64 = 27;
/// Entries of one commit.
const COMMIT: u64 = 1 << 16;
/// Questions of a kind.
const QUESTIONS: u64 = 100_000;
/// Keys of a batch.
const KEYS: u64 = 10_000;
/// Bytes of checked tiles that are kept.
const KEPT: usize = 192 << 20;

fn time() -> Timestamp {
    Timestamp::from_unix(1_795_223_638).unwrap()
}

/// Numbers without a pattern.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn digest(position: u64) -> Digest {
    Digest::sha256(&position.to_be_bytes())
}

fn file(position: u64) -> Vec<u8> {
    let name = format!("project-{}", position / FILES_PER_PROJECT);
    let entry = FileEntry {
        version: format!("1.{}", position % FILES_PER_PROJECT),
        filename: format!("{name}-1.{}-py3-none-any.whl", position % FILES_PER_PROJECT),
        project: ProjectName::parse(&name).unwrap(),
        sha256: digest(position),
        size: Some(mix(position) % 10_000_000),
        blake2b: None,
        metadata: None,
        uploaded: Some("2023-05-22T15:12:44.175051Z".to_owned()),
        yanked: None,
        provenance: false,
        via: None,
        observed: time(),
    };
    Entry::File(entry).to_bytes().unwrap()
}

/// Commits entries to store and catalog.
async fn append(
    store: &RocksStore,
    catalog: &Catalog,
    edge: RightEdge,
    new: &[Vec<u8>],
) -> RightEdge {
    let head = edge.head();
    let grown = edge.append(new).unwrap();
    let objects = grown.objects.into_iter().map(|(path, bytes)| (path, bytes.into())).collect();
    store.commit(&head, Batch { objects }, &grown.edge.head()).await.unwrap();
    catalog.apply(LeafIndex::new(head.size.get()).unwrap(), new).unwrap();
    grown.edge
}

async fn fill(dir: &Path, entries: u64) {
    let store = RocksStore::create(dir.join("store")).unwrap();
    let catalog = Catalog::open(&dir.join("catalog"), ORIGIN).unwrap();
    let mut edge = RightEdge::empty();
    while edge.size().get() < entries {
        let first = edge.size().get();
        let new: Vec<_> = (first..entries.min(first + COMMIT)).map(file).collect();
        edge = append(&store, &catalog, edge, &new).await;
    }
    let prepared = catalog.prepare_map(edge.size()).unwrap();
    let map = prepared.root();
    catalog.commit_map(prepared).unwrap();
    let epoch = EpochEntry { epoch: 0, map, serial: None, swept: None, time: time() };
    append(&store, &catalog, edge, &[Entry::Epoch(epoch).to_bytes().unwrap()]).await;
}

async fn open(dir: &Path) -> (LogReader, TreeHead) {
    let store: Arc<dyn Store> = Arc::new(RocksStore::open(dir.join("store")).unwrap());
    let catalog = Arc::new(Catalog::open(&dir.join("catalog"), ORIGIN).unwrap());
    let head = store.head().await.unwrap();
    let key = SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap();
    let signed = SignedCheckpoint::sign(&Checkpoint::new(ORIGIN, head).unwrap(), &key);
    let (_, published) = watch::channel(Arc::new(Published::new(&signed, time())));
    (LogReader::new(store, catalog, published, KEPT), head)
}

/// Processor time of this thread so far.
fn cpu() -> Duration {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(spent.split(' ').next().unwrap().parse().unwrap())
}

/// Asks `QUESTIONS` times, twice, and reports what each costs the second time.
async fn ask<T>(what: &str, mut question: impl AsyncFnMut(u64) -> T) {
    let mut spent = Duration::ZERO;
    for _ in 0..2 {
        let start = cpu();
        for number in 0..QUESTIONS {
            black_box(question(mix(number)).await);
        }
        spent = cpu().saturating_sub(start);
    }
    let each = spent.as_secs_f64() * 1e6 / f64::from(u32::try_from(QUESTIONS).unwrap());
    println!("| {what} | {each:.2} |");
}

async fn proofs(service: &LogService, head: TreeHead) {
    let size = head.size.get();
    ask("inclusion proof", async |random| {
        let request = GetInclusionProofRequest { index: random % size, size: None };
        let answer = service.get_inclusion_proof(Request::new(request)).await.unwrap();
        answer.into_inner().encode_to_vec()
    })
    .await;
    ask("inclusion proof in a smaller tree", async |random| {
        let (index, tree) =
            (random % size, random % size + 1 + mix(random) % (size - random % size));
        let request = GetInclusionProofRequest { index, size: Some(tree) };
        let answer = service.get_inclusion_proof(Request::new(request)).await.unwrap();
        answer.into_inner().encode_to_vec()
    })
    .await;
    ask("consistency proof", async |random| {
        let request = GetConsistencyProofRequest { from: random % size, to: None };
        let answer = service.get_consistency_proof(Request::new(request)).await.unwrap();
        answer.into_inner().encode_to_vec()
    })
    .await;
}

async fn lookups(service: &LogService, files: u64) {
    ask("look-up of a hash", async |random| {
        let key = Key::Sha256(digest(random % files).to_string());
        let request = LookupRequest { key: Some(key) };
        let answer = service.lookup(Request::new(request)).await.unwrap().into_inner();
        assert!(answer.completeness.is_some());
        answer.encode_to_vec()
    })
    .await;
    ask("look-up of an absent file", async |random| {
        let request = LookupRequest { key: Some(Key::Filename(format!("absent-{random}"))) };
        service.lookup(Request::new(request)).await.unwrap().into_inner().encode_to_vec()
    })
    .await;
}

async fn batch(reader: &LogReader, files: u64) {
    let key = |number: u64| match number % 4 {
        0 => MapKey::file(&format!("absent-{number}")),
        _ => MapKey::sha256(&digest(mix(number) % files)),
    };
    for round in ["first", "second"] {
        let start = cpu();
        let mut batch = reader.lookup_many((0..KEYS).map(key).collect()).await.unwrap();
        while let Some(part) = batch.next().await.unwrap() {
            black_box(part);
        }
        let each = cpu().saturating_sub(start).as_secs_f64() * 1e6
            / f64::from(u32::try_from(KEYS).unwrap());
        println!("| batch of {KEYS} keys, each, {round} time | {each:.2} |");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let files = words.first().map_or(1_000_000, |word| word.parse().unwrap());
    let temporary = tempfile::tempdir().unwrap();
    let dir = words.get(1).map_or(temporary.path(), Path::new);
    if !dir.join("store").exists() {
        std::fs::create_dir_all(dir).unwrap();
        let start = Instant::now();
        fill(dir, files).await;
        println!("{files} entries of {} bytes in {:?}\n", file(files / 2).len(), start.elapsed());
    }
    let (reader, head) = open(dir).await;
    let service = LogService::new(reader.clone(), CancellationToken::new());
    println!("| answer | us of processor time |\n| --- | --- |");
    proofs(&service, head).await;
    ask("tile", async |random| {
        let index = random % (head.size.get() / u64::from(FULL_WIDTH));
        let path = TilePath::new(TileKind::Hashes(0), index, FULL_WIDTH).unwrap();
        reader.object(&path).await.unwrap().unwrap()
    })
    .await;
    lookups(&service, files).await;
    batch(&reader, files).await;
    assert_eq!(TreeSize::new(files + 1).unwrap(), head.size);
}
