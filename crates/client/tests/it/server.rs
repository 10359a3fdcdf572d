//! Serves a [`TestLog`] over gRPC and as static files on one port, and lies when told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use futures::stream;
use indelible_proto::v1;
use indelible_proto::v1::log_server::{Log, LogServer};
use indelible_proto::v1::lookup_request::Key;
use indelible_proto::v1::submit_server::SubmitServer;
use record::{Entry, MapKey, Parsed};
use tlog::{Hash, SigningKey, TileKind, TilePath};
use tonic::{Request, Response, Status};

use crate::log::{ORIGIN, TestLog, digest, project};

// Named, for those who include this file from elsewhere.
#[path = "server/batch.rs"]
mod batch;
#[path = "server/complete.rs"]
pub(crate) mod complete;
#[path = "server/submit.rs"]
mod submit;

/// What the server does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lie {
    #[default]
    None,
    /// Answers that are too large in one respect or another.
    EntryTooLong,
    TooManyEntries,
    TooManyHashes,
    TooManyNodes,
    /// Answers that are false.
    FlippedBundle,
    FlippedTile,
    ForgedSignature,
    ForeignEntry,
    OtherIndex,
    OtherKey,
    RepeatedEntry,
    ReversedEntries,
    SwappedEntry,
    WrongProofHash,
    /// False or meaningless proofs that an answer is complete.
    Absence,
    EdgeWrong,
    NotAnEpoch,
    OldEpoch,
    Omission,
    OmissionAfterEpoch,
    OtherKeysProof,
    Presence,
    TailSwapped,
    TailTruncated,
    /// Streams of answers to many keys that are out of step.
    AnswerMissing,
    AnswersSwapped,
    AnswerTwice,
    CheckpointTwice,
    MapProofMissing,
    NodesForgotten,
    NoCheckpoint,
    OtherLeafShort,
    SiblingMissing,
    TailTwice,
    /// Receipts of what was not logged, or not there.
    ReceiptAltered,
    ReceiptElsewhere,
    ReceiptShort,
    ReceiptUncovered,
    /// Answers that have no meaning.
    NodeOutOfRange,
    ShortHash,
    TruncatedBundle,
    TruncatedTile,
    SkippedEntry,
    NoInclusion,
    NoTiles,
    /// Bundles from this one on are not there.
    NoBundlesFrom(u64),
    /// Not lies: what the contract allows.
    BigProject,
    KeyPending,
    NoPartials,
    NoStatements,
    NotNow,
    Gzip,
}

#[derive(Clone)]
struct Shared {
    log: Arc<TestLog>,
    lie: Lie,
    note: Option<Bytes>,
    lookups: usize,
}

#[derive(Clone)]
pub(crate) struct Server {
    shared: Arc<Mutex<Shared>>,
    address: SocketAddr,
}

impl Server {
    pub(crate) async fn start(log: TestLog) -> Server {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { log: Arc::new(log), lie: Lie::None, note: None, lookups: 0 };
        let server = Server { shared: Arc::new(Mutex::new(shared)), address };
        let files = axum::Router::new()
            .route("/checkpoint", get(checkpoint))
            // As a witness that cosigned it.
            .route(&format!("/{}/checkpoint", digest(ORIGIN)), get(checkpoint))
            .route("/tile/{*path}", get(tile))
            .with_state(server.clone());
        let grpc = LogServer::new(server.clone()).max_encoding_message_size(usize::MAX);
        let submit = SubmitServer::new(server.clone());
        let grpc = tonic::service::Routes::new(grpc).add_service(submit);
        let routes = grpc.into_axum_router().merge(files);
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn lie(&self, lie: Lie) {
        self.shared.lock().unwrap().lie = lie;
    }

    /// Serves another log from now on.
    pub(crate) fn replace(&self, log: TestLog) {
        self.shared.lock().unwrap().log = Arc::new(log);
    }

    /// Serves this checkpoint from now on, whatever the log has.
    pub(crate) fn serve_note(&self, note: &tlog::SignedCheckpoint) {
        self.shared.lock().unwrap().note = Some(note.to_bytes().into());
    }

    pub(crate) fn append(&self, entries: &[Entry]) {
        let mut shared = self.shared.lock().unwrap();
        Arc::make_mut(&mut shared.log).append(entries);
    }

    /// The log as it is now, with what was submitted.
    pub(crate) fn log(&self) -> TestLog {
        TestLog::clone(&self.served().log)
    }

    /// How many keys were looked up so far.
    pub(crate) fn lookups(&self) -> usize {
        self.shared.lock().unwrap().lookups
    }

    fn served(&self) -> Shared {
        self.shared.lock().unwrap().clone()
    }
}

impl Shared {
    /// The served note, perhaps forged.
    fn note(&self) -> Bytes {
        let honest = self.log.checkpoint();
        match self.lie {
            Lie::ForgedSignature => {
                let larger = TestLog::new(&crate::log::filler(99)).checkpoint().to_string();
                let (_, signature) = larger.split_once("\n\n").unwrap();
                format!("{}\n{signature}", honest.checkpoint()).into()
            }
            Lie::OtherKey => {
                let key = SigningKey::from_seed(ORIGIN, &[8; 32]).unwrap();
                tlog::SignedCheckpoint::sign(honest.checkpoint(), &key).to_bytes().into()
            }
            _ => self.note.clone().unwrap_or_else(|| honest.to_bytes().into()),
        }
    }
}

fn to_wire(hashes: &[Hash], lie: Lie) -> Vec<Bytes> {
    let mut wire: Vec<Bytes> =
        hashes.iter().map(|hash| Bytes::copy_from_slice(hash.as_bytes())).collect();
    match lie {
        Lie::WrongProofHash if !wire.is_empty() => wire[0] = vec![0xab; 32].into(),
        Lie::ShortHash if !wire.is_empty() => wire[0] = vec![0xab; 31].into(),
        Lie::TooManyHashes => wire = vec![vec![0xab; 32].into(); 64],
        Lie::TooManyNodes => wire = vec![vec![0xab; 32].into(); 20_000],
        _ => {}
    }
    wire
}

/// Entries with proofs that share their hashes.
fn prove(log: &TestLog, mut indices: Vec<u64>, lie: Lie) -> (Vec<Bytes>, Vec<v1::ProvenEntry>) {
    match lie {
        Lie::ForeignEntry => indices.push(log.size() - 1),
        Lie::RepeatedEntry => indices.push(indices[indices.len() - 1]),
        Lie::ReversedEntries => indices.reverse(),
        Lie::SkippedEntry => drop(indices.remove(1)),
        _ => {}
    }
    let mut nodes: Vec<Hash> = Vec::new();
    let mut entries: Vec<v1::ProvenEntry> = Vec::new();
    for index in indices {
        let path = log.inclusion(index, log.size()).into_iter().map(|hash| {
            let place = nodes.iter().position(|node| *node == hash).unwrap_or_else(|| {
                nodes.push(hash);
                nodes.len() - 1
            });
            u32::try_from(place).unwrap()
        });
        let path = path.collect();
        let entry = Bytes::from(log.entries[usize::try_from(index).unwrap()].clone());
        entries.push(v1::ProvenEntry { index, entry, path });
    }
    spoil(log, &mut entries, nodes.len(), lie);
    (to_wire(&nodes, lie), entries)
}

fn spoil(log: &TestLog, entries: &mut Vec<v1::ProvenEntry>, nodes: usize, lie: Lie) {
    match lie {
        Lie::EntryTooLong => entries[0].entry = vec![b' '; 65_536].into(),
        Lie::TooManyEntries => *entries = vec![entries[0].clone(); 20_001],
        Lie::NodeOutOfRange => entries[0].path[0] = u32::try_from(nodes).unwrap(),
        Lie::OtherIndex => entries[0].index += 1,
        Lie::SwappedEntry => entries[0].entry = log.entries[log.entries.len() - 1].clone().into(),
        Lie::TooManyHashes => entries[0].path = vec![0; 64],
        _ => {}
    }
}

fn has_key(bytes: &[u8], key: &MapKey) -> bool {
    matches!(Entry::parse(bytes), Ok(Parsed::Known(entry)) if entry.map_keys().contains(key))
}

fn positions(log: &TestLog, keys: &[MapKey], from: u64) -> Vec<u64> {
    let wanted = |bytes: &[u8]| keys.is_empty() || keys.iter().any(|key| has_key(bytes, key));
    let numbered = (0..).zip(&log.entries).filter(|(index, _)| *index >= from);
    numbered.filter(|(_, bytes)| wanted(bytes)).map(|(index, _)| index).collect()
}

/// The key that is asked for, unless it has too many entries.
fn wanted(request: v1::LookupRequest, lie: Lie) -> Option<MapKey> {
    match request.key.unwrap() {
        Key::Project(_) if lie == Lie::BigProject => None,
        Key::Project(name) => Some(MapKey::project(&project(&name))),
        Key::Filename(name) => Some(MapKey::file(&name)),
        Key::Sha256(hex) => Some(MapKey::sha256(&record::Digest::parse(&hex).unwrap())),
    }
}

/// The entries of a key that the server admits.
fn all_of(log: &TestLog, key: &MapKey, lie: Lie) -> (Vec<Bytes>, Vec<v1::ProvenEntry>) {
    let positions = complete::claimed(log, key, positions(log, &[*key], 0), lie);
    let lie_here = if positions.is_empty() { Lie::None } else { lie };
    prove(log, positions, lie_here)
}

#[tonic::async_trait]
impl Log for Server {
    type GetEntriesStream =
        stream::Iter<std::vec::IntoIter<Result<v1::GetEntriesResponse, Status>>>;
    type WatchStream = stream::Iter<std::vec::IntoIter<Result<v1::WatchResponse, Status>>>;

    async fn get_checkpoint(
        &self,
        _: Request<v1::GetCheckpointRequest>,
    ) -> Result<Response<v1::GetCheckpointResponse>, Status> {
        Ok(Response::new(v1::GetCheckpointResponse { checkpoint: self.served().note() }))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<v1::GetInclusionProofRequest>,
    ) -> Result<Response<v1::GetInclusionProofResponse>, Status> {
        let served = self.served();
        let (log, lie) = (&served.log, served.lie);
        let asked = request.into_inner();
        let size = asked.size.unwrap_or(log.size());
        if asked.index >= size || size > log.size() || lie == Lie::NoInclusion {
            return Err(Status::out_of_range("entry at this position yet"));
        }
        let proven = if lie == Lie::OtherIndex { (asked.index + 1) % size } else { asked.index };
        let entry = if lie == Lie::SwappedEntry { size - 1 } else { proven };
        let mut entry = log.entries[usize::try_from(entry).unwrap()].clone();
        if lie == Lie::EntryTooLong {
            entry.resize(65_536, b' ');
        }
        Ok(Response::new(v1::GetInclusionProofResponse {
            checkpoint: served.note(),
            index: asked.index,
            size,
            hashes: to_wire(&log.inclusion(proven, size), lie),
            entry: entry.into(),
        }))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<v1::GetConsistencyProofRequest>,
    ) -> Result<Response<v1::GetConsistencyProofResponse>, Status> {
        let served = self.served();
        let (log, lie) = (&served.log, served.lie);
        let asked = request.into_inner();
        let to = asked.to.unwrap_or(log.size());
        if asked.from > to || to > log.size() {
            return Err(Status::out_of_range("tree of this size yet"));
        }
        let hashes = to_wire(&log.consistency(asked.from, to), lie);
        let checkpoint = served.note();
        let answer = v1::GetConsistencyProofResponse { checkpoint, from: asked.from, to, hashes };
        Ok(Response::new(answer))
    }

    async fn get_entries(
        &self,
        _: Request<v1::GetEntriesRequest>,
    ) -> Result<Response<Self::GetEntriesStream>, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn lookup(
        &self,
        request: Request<v1::LookupRequest>,
    ) -> Result<Response<v1::LookupResponse>, Status> {
        self.shared.lock().unwrap().lookups += 1;
        let served = self.served();
        let (log, lie) = (&served.log, served.lie);
        let Some(key) = wanted(request.into_inner(), lie) else {
            return Err(Status::resource_exhausted("20001 entries or more"));
        };
        let (mut nodes, entries) = all_of(log, &key, lie);
        let completeness = complete::prove(log, &key, &mut nodes, lie);
        let checkpoint = served.note();
        Ok(Response::new(v1::LookupResponse { checkpoint, nodes, entries, completeness }))
    }

    type BatchLookupStream =
        stream::Iter<std::vec::IntoIter<Result<v1::BatchLookupResponse, Status>>>;

    async fn batch_lookup(
        &self,
        request: Request<tonic::Streaming<v1::BatchLookupRequest>>,
    ) -> Result<Response<Self::BatchLookupStream>, Status> {
        let mut asked = request.into_inner();
        let mut keys = Vec::new();
        let served = self.served();
        while let Some(message) = asked.message().await? {
            keys.extend(message.lookups.into_iter().map(|lookup| wanted(lookup, served.lie)));
        }
        self.shared.lock().unwrap().lookups += keys.len();
        let messages = batch::answer(&served.log, served.note(), &keys, served.lie);
        Ok(Response::new(stream::iter(messages.into_iter().map(Ok).collect::<Vec<_>>())))
    }

    async fn watch(
        &self,
        request: Request<v1::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let served = self.served();
        let (log, lie) = (&served.log, served.lie);
        let asked = request.into_inner();
        let keys: Vec<MapKey> =
            asked.projects.iter().map(|name| MapKey::project(&project(name))).collect();
        let positions = positions(log, &keys, asked.start);
        let batches = positions.chunks(256).map(|batch| {
            let (nodes, entries) = prove(log, batch.to_vec(), lie);
            let next = batch.last().unwrap() + 1;
            Ok(v1::WatchResponse { checkpoint: served.note(), nodes, entries, next })
        });
        Ok(Response::new(stream::iter(batches.collect::<Vec<_>>())))
    }
}

async fn checkpoint(State(server): State<Server>) -> impl IntoResponse {
    server.served().note()
}

async fn tile(State(server): State<Server>, Path(path): Path<String>) -> impl IntoResponse {
    let Shared { log, lie, .. } = server.served();
    let path: TilePath = format!("tile/{path}").parse().unwrap();
    let dropped = lie == Lie::NoPartials && !path.is_full() && log.object(&path.full()).is_some();
    let is_held_back = matches!(lie, Lie::NoBundlesFrom(first)
        if path.kind() == TileKind::Entries && path.index() >= first);
    if dropped || is_held_back || lie == Lie::NoTiles {
        return Err(StatusCode::NOT_FOUND);
    }
    let mut bytes = log.object(&path).ok_or(StatusCode::NOT_FOUND)?;
    let is_bundle = path.kind() == TileKind::Entries;
    match lie {
        Lie::FlippedBundle if is_bundle => *bytes.last_mut().unwrap() ^= 1,
        Lie::TruncatedBundle if is_bundle => bytes.truncate(bytes.len() - 1),
        Lie::FlippedTile if !is_bundle => bytes[5] ^= 1,
        Lie::TruncatedTile if !is_bundle => bytes.truncate(bytes.len() - 1),
        _ => {}
    }
    let encoding = if lie == Lie::Gzip { "gzip" } else { "identity" };
    let body = if lie == Lie::Gzip { gzip(&bytes) } else { bytes };
    Ok(([("content-encoding", encoding)], body))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
