//! What replaying a log costs, read over HTTP from a server on this machine.
//!
//! ```text
//! cargo bench -p client --bench replay -- 1000000 1000 [directory]
//! ```
//!
//! The numbers are those of the entries and of the entries for each epoch. Two keys are about each file,
//! one about each of a twenty-seventh as many projects. At the end as many entries as one epoch has are
//! added, and the replay is opened again and goes on. The state is in the directory, in the system's place
//! for temporary files unless named. With BLAKE2B in the environment files have both digests, as from an index.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use client::{LogUrl, Monitor, Selection, Trust};
use record::{
    BucketTree, Digest, Entry, EpochEntry, FileEntry, MapBucket, MapBuilder, MapKey, MapRoot,
    ProjectName, Timestamp, map_value,
};
use tlog::{Checkpoint, LeafIndex, RightEdge, SignedCheckpoint, SigningKey};

const ORIGIN: &str = "log.example/indelible";

/// Files for each project, as on the package index: 20 million of 750,000 projects.
const FILES_PER_PROJECT: u64 = 27;

const BITS: u8 = 20;

type Files = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// A log that grows epoch by epoch.
struct Log {
    edge: RightEdge,
    files: Files,
    rows: BTreeMap<MapKey, Vec<LeafIndex>>,
    tree: BucketTree,
    epochs: u64,
    projects: u64,
    /// Whether the index shows a second digest of each file.
    blake2b: bool,
}

fn time() -> Timestamp {
    Timestamp::from_unix(1_795_223_638).unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap()
}

impl Log {
    fn size(&self) -> u64 {
        self.edge.size().get()
    }

    fn file(&self, position: u64) -> Entry {
        // One file in eight is that of one of a hundred large projects.
        let blake2b = self.blake2b;
        let large = position.is_multiple_of(8);
        let project = if large { position / 8 % 100 } else { position % self.projects };
        let name = format!("project-{project}");
        Entry::File(FileEntry {
            version: format!("1.{position}"),
            filename: format!("{name}-1.{position}.tar.gz"),
            project: ProjectName::parse(&name).unwrap(),
            sha256: Digest::sha256(&position.to_be_bytes()),
            size: Some(position),
            blake2b: blake2b.then(|| Digest::sha256(&(!position).to_be_bytes())),
            metadata: None,
            uploaded: None,
            yanked: None,
            provenance: false,
            via: None,
            observed: time(),
        })
    }

    /// Root of the map when the keys of the touched buckets have changed.
    fn map(&mut self, touched: &BTreeSet<MapBucket>) -> MapRoot {
        let mut changed = Vec::new();
        for bucket in touched {
            let mut first = [0; MapKey::SIZE];
            first[..MapBucket::MARK_LEN].copy_from_slice(&bucket.start());
            let mut builder = MapBuilder::new();
            let keys = self.rows.range(MapKey::from(first)..);
            for (key, positions) in keys.take_while(|(key, _)| bucket.contains(key)) {
                builder.push(*key, &map_value(positions).unwrap()).unwrap();
            }
            changed.extend(builder.finish());
        }
        self.tree = self.tree.with(&changed).unwrap();
        self.tree.root()
    }

    /// Appends files and the epoch after them.
    fn grow(&mut self, files: u64) {
        let start = self.size();
        let mut entries = Vec::new();
        let mut touched = BTreeSet::new();
        for position in start..start + files {
            let entry = self.file(position);
            for key in entry.map_keys() {
                touched.insert(MapBucket::of(&key, BITS));
                self.rows.entry(key).or_default().push(LeafIndex::new(position).unwrap());
            }
            entries.push(entry.to_bytes().unwrap());
        }
        let map = self.map(&touched);
        let epoch = EpochEntry { epoch: self.epochs, map, serial: None, swept: None, time: time() };
        entries.push(Entry::Epoch(epoch).to_bytes().unwrap());
        self.epochs += 1;
        let integrated = self.edge.append(&entries).unwrap();
        self.edge = integrated.edge;
        let mut files = self.files.lock().unwrap();
        for (path, bytes) in integrated.objects {
            files.insert(format!("/{path}"), bytes);
        }
        let checkpoint = Checkpoint::new(ORIGIN, self.edge.head()).unwrap();
        let note = SignedCheckpoint::sign(&checkpoint, &key()).to_bytes();
        files.insert("/checkpoint".to_owned(), note);
    }
}

async fn serve(files: Files) -> LogUrl {
    let answer = async |State(files): State<Files>, uri: Uri| {
        files.lock().unwrap().get(uri.path()).cloned().ok_or(StatusCode::NOT_FOUND)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().fallback(answer).with_state(files);
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    LogUrl::parse(&url).unwrap()
}

/// Reads to the end and tells what it took.
async fn follow(url: &LogUrl, dir: &Path, replay: bool) {
    let start = Instant::now();
    let trust = Trust::from_key(&key().verifying_key().to_string()).unwrap();
    let mut monitor = Monitor::open(trust, url.clone(), dir, Selection::All).unwrap();
    if replay {
        monitor = monitor.with_replay().unwrap();
    }
    let opened = start.elapsed();
    let before = monitor.progress().read.get();
    monitor.refresh().await.unwrap();
    while !monitor.progress().is_complete() {
        monitor.read(|_| Ok(())).await.unwrap();
    }
    let (took, read) = (start.elapsed(), monitor.progress().read.get() - before);
    let what = if replay { "replay " } else { "monitor" };
    let state = std::fs::metadata(dir.join("monitor.redb")).unwrap().len() >> 20;
    let rate = u128::from(read) * 1_000 / took.as_millis().max(1);
    println!(
        "{what}: {read} entries in {took:.1?}, {rate} a second; opened in {opened:.1?}; {state} MiB of state"
    );
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let mut number = |default| args.next().map_or(default, |arg| arg.parse::<u64>().unwrap());
    let (entries, interval) = (number(20_000), number(1_000));
    let base = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = tempfile::tempdir_in(base).unwrap();
    let (edge, files, rows) = (RightEdge::empty(), Files::default(), BTreeMap::new());
    let projects = (entries / FILES_PER_PROJECT).max(1);
    let tree = BucketTree::empty(BITS);
    let blake2b = std::env::var_os("BLAKE2B").is_some();
    let mut log = Log { edge, files, rows, tree, epochs: 0, projects, blake2b };
    while log.size() < entries {
        log.grow(interval - 1);
    }
    println!("{} entries, {} keys, {} epochs", log.size(), log.rows.len(), log.epochs);
    let url = serve(Arc::clone(&log.files)).await;
    follow(&url, &dir.path().join("plain"), false).await;
    follow(&url, &dir.path().join("replay"), true).await;
    log.grow(interval - 1);
    follow(&url, &dir.path().join("replay"), true).await;
}
