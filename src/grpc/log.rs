//! `indelible.v1.Log`: open to every reader, nothing beyond the published checkpoint.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use futures::stream::try_unfold;
use record::{Digest, Entry, MapKey, Parsed, ProjectName};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::batch::{self, Answers};
use super::{hashes, position, refusal, size, v1};
use crate::published::Published;
use crate::reading::{LogReader, ProvenEntries, ProvenEntry, positions};

/// Entries that one `GetEntries` call may ask for.
const MAX_ENTRIES: u64 = 1 << 20;
/// Projects that one `Watch` may filter by.
const MAX_PROJECTS: usize = 1000;
/// Longest filename that can be looked up, in bytes.
const MAX_FILENAME: usize = 1024;
/// Streams open at the same time, all clients together.
const MAX_STREAMS: usize = 1024;
/// Entries in one message of a stream.
const CHUNK: u64 = 256;

type Stream_<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Answers readers from a [`LogReader`].
pub struct LogService {
    reader: LogReader,
    streams: Arc<Semaphore>,
    stop: CancellationToken,
}

impl LogService {
    /// Serves `reader`; open streams end when `stop` is cancelled.
    pub fn new(reader: LogReader, stop: CancellationToken) -> LogService {
        LogService { reader, streams: Arc::new(Semaphore::new(MAX_STREAMS)), stop }
    }

    fn stream_permit(&self) -> Result<OwnedSemaphorePermit, Status> {
        Arc::clone(&self.streams).try_acquire_owned().map_err(|_| {
            Status::resource_exhausted("too many streams are open: wait a little and try again")
        })
    }
}

#[tonic::async_trait]
impl v1::log_server::Log for LogService {
    async fn get_checkpoint(
        &self,
        _: Request<v1::GetCheckpointRequest>,
    ) -> Result<Response<v1::GetCheckpointResponse>, Status> {
        let checkpoint = self.reader.published().note.clone();
        Ok(Response::new(v1::GetCheckpointResponse { checkpoint }))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<v1::GetInclusionProofRequest>,
    ) -> Result<Response<v1::GetInclusionProofResponse>, Status> {
        let request = request.into_inner();
        let published = self.reader.published();
        let index = position("index", request.index)?;
        let tree = match request.size {
            Some(0) => return Err(Status::invalid_argument("size 0: the empty tree has no entry")),
            Some(asked) => size("size", asked)?,
            None => published.head.size,
        };
        if request.size.is_some() && !tree.contains(index) {
            let message = format!("index {index} is not in a tree of size {tree}");
            return Err(Status::invalid_argument(message));
        }
        let (proof, entry) = self
            .reader
            .inclusion(&published, index, tree)
            .await
            .map_err(|failure| refusal(&failure))?;
        Ok(Response::new(v1::GetInclusionProofResponse {
            checkpoint: published.note.clone(),
            index: index.get(),
            size: tree.get(),
            hashes: hashes(proof.hashes()),
            entry,
        }))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<v1::GetConsistencyProofRequest>,
    ) -> Result<Response<v1::GetConsistencyProofResponse>, Status> {
        let request = request.into_inner();
        let published = self.reader.published();
        let from = size("from", request.from)?;
        let to = match request.to {
            Some(asked) => size("to", asked)?,
            None => published.head.size,
        };
        if request.to.is_some() && from > to {
            return Err(Status::invalid_argument(format!("from {from} is beyond to {to}")));
        }
        let proof = self
            .reader
            .consistency(&published, from, to)
            .await
            .map_err(|failure| refusal(&failure))?;
        Ok(Response::new(v1::GetConsistencyProofResponse {
            checkpoint: published.note.clone(),
            from: from.get(),
            to: to.get(),
            hashes: hashes(proof.hashes()),
        }))
    }

    type GetEntriesStream = Stream_<v1::GetEntriesResponse>;

    async fn get_entries(
        &self,
        request: Request<v1::GetEntriesRequest>,
    ) -> Result<Response<Self::GetEntriesStream>, Status> {
        let request = request.into_inner();
        let published = self.reader.published();
        let start = size("start", request.start)?;
        let end = match request.end {
            Some(asked) => size("end", asked)?,
            // A start beyond what is published is said to be so, not to be beyond an end.
            None => published.head.size.max(start),
        };
        check_range(start.get(), end.get(), published.head.size.get())?;
        let permit = self.stream_permit()?;
        let reader = self.reader.clone();
        let chunks = try_unfold((start.get(), permit), move |(next, permit)| {
            let (reader, published) = (reader.clone(), Arc::clone(&published));
            async move {
                if next >= end.get() {
                    return Ok(None);
                }
                let start = position("start", next)?;
                let entries = reader
                    .entries(&published, start, end)
                    .await
                    .map_err(|failure| refusal(&failure))?;
                let after = next + entries.len() as u64;
                Ok(Some((v1::GetEntriesResponse { start: next, entries }, (after, permit))))
            }
        });
        Ok(Response::new(Box::pin(chunks)))
    }

    async fn lookup(
        &self,
        request: Request<v1::LookupRequest>,
    ) -> Result<Response<v1::LookupResponse>, Status> {
        let key = map_key(request.into_inner().key)?;
        let lookup = self.reader.lookup(&key).await.map_err(|failure| refusal(&failure))?;
        let (nodes, entries) = encode(lookup.proven);
        let completeness = lookup.completeness.map(|complete| v1::Completeness {
            epoch: Some(encode_entry(complete.epoch.entry.clone())),
            map_proof: complete.map_proof.into(),
            edge: hashes(&complete.epoch.edge),
            tail: complete.epoch.tail.clone(),
        });
        let checkpoint = lookup.published.note.clone();
        Ok(Response::new(v1::LookupResponse { checkpoint, nodes, entries, completeness }))
    }

    type BatchLookupStream = Stream_<v1::BatchLookupResponse>;

    async fn batch_lookup(
        &self,
        request: Request<Streaming<v1::BatchLookupRequest>>,
    ) -> Result<Response<Self::BatchLookupStream>, Status> {
        let permit = self.stream_permit()?;
        let keys = batch::keys(request.into_inner()).await?;
        let answers = Answers::begin(&self.reader, keys).await?;
        let messages = try_unfold((answers, permit), |(mut answers, permit)| async move {
            let message = answers.next().await?;
            Ok(message.map(|message| (message, (answers, permit))))
        });
        Ok(Response::new(Box::pin(messages)))
    }

    type WatchStream = Stream_<v1::WatchResponse>;

    async fn watch(
        &self,
        request: Request<v1::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let request = request.into_inner();
        let published = self.reader.watch();
        let size = published.borrow().head.size.get();
        if request.start > size {
            let message = format!("start {} is beyond the published size {size}", request.start);
            return Err(Status::out_of_range(message));
        }
        let watcher = Watcher {
            reader: self.reader.clone(),
            projects: filter(&request.projects)?,
            next: request.start,
            published,
            stop: self.stop.clone(),
            _permit: self.stream_permit()?,
        };
        Ok(Response::new(Box::pin(try_unfold(watcher, Watcher::step))))
    }
}

/// One open `Watch`.
struct Watcher {
    reader: LogReader,
    /// Empty: all.
    projects: HashSet<ProjectName>,
    next: u64,
    published: watch::Receiver<Arc<Published>>,
    stop: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl Watcher {
    /// The next message, when there is one.
    async fn step(mut self) -> Result<Option<(v1::WatchResponse, Watcher)>, Status> {
        loop {
            let published = Arc::clone(&self.published.borrow_and_update());
            let size = published.head.size.get();
            while self.next < size {
                let response = self.chunk(&published).await?;
                if !response.entries.is_empty() || self.next == size {
                    return Ok(Some((response, self)));
                }
            }
            tokio::select! {
                changed = self.published.changed() => if changed.is_err() { return Ok(None) },
                () = self.stop.cancelled() => {
                    return Err(Status::unavailable("the log is shutting down: watch again from `next`"));
                }
            }
        }
    }

    /// The entries of interest among the next few, proven under `published`.
    async fn chunk(&mut self, published: &Published) -> Result<v1::WatchResponse, Status> {
        let end = published.head.size.get().min(self.next + CHUNK);
        let mut wanted = positions(self.next..end);
        if !self.projects.is_empty() {
            wanted = self.of_interest(published, &wanted).await?;
        }
        let proven =
            self.reader.prove(published, &wanted).await.map_err(|failure| refusal(&failure))?;
        self.next = end;
        let (nodes, entries) = encode(proven);
        Ok(v1::WatchResponse { checkpoint: published.note.clone(), nodes, entries, next: end })
    }

    async fn of_interest(
        &self,
        published: &Published,
        all: &[tlog::LeafIndex],
    ) -> Result<Vec<tlog::LeafIndex>, Status> {
        let entries =
            self.reader.entries_at(published, all).await.map_err(|failure| refusal(&failure))?;
        let kept = all.iter().zip(entries).filter(|(_, bytes)| {
            let Ok(Parsed::Known(entry)) = Entry::parse(bytes) else { return false };
            entry.project().is_some_and(|project| self.projects.contains(project))
        });
        Ok(kept.map(|(position, _)| *position).collect())
    }
}

fn check_range(start: u64, end: u64, published: u64) -> Result<(), Status> {
    if start > end {
        return Err(Status::invalid_argument(format!("start {start} is beyond end {end}")));
    }
    for (what, asked) in [("start", start), ("end", end)] {
        if asked > published {
            let message = format!("{what} {asked} is beyond the published size {published}");
            return Err(Status::out_of_range(message));
        }
    }
    if end - start > MAX_ENTRIES {
        let message = format!("at most {MAX_ENTRIES} entries a call: ask in parts, or read tiles");
        return Err(Status::invalid_argument(message));
    }
    Ok(())
}

fn filter(projects: &[String]) -> Result<HashSet<ProjectName>, Status> {
    if projects.len() > MAX_PROJECTS {
        let message = format!("at most {MAX_PROJECTS} projects: watch without filter instead");
        return Err(Status::invalid_argument(message));
    }
    projects.iter().map(|name| project(name)).collect()
}

fn project(name: &str) -> Result<ProjectName, Status> {
    ProjectName::normalise(name)
        .map_err(|error| Status::invalid_argument(format!("project: {error}")))
}

pub(super) fn map_key(key: Option<v1::lookup_request::Key>) -> Result<MapKey, Status> {
    use v1::lookup_request::Key;
    match key {
        Some(Key::Project(name)) => Ok(MapKey::project(&project(&name)?)),
        Some(Key::Filename(name)) if name.is_empty() || name.len() > MAX_FILENAME => {
            let message = format!("filename: between 1 and {MAX_FILENAME} bytes");
            Err(Status::invalid_argument(message))
        }
        Some(Key::Filename(name)) => Ok(MapKey::file(&name)),
        Some(Key::Sha256(hex)) => Digest::parse(&hex)
            .map(|digest| MapKey::sha256(&digest))
            .map_err(|error| Status::invalid_argument(format!("sha256: {error}"))),
        None => Err(Status::invalid_argument("name a project, a filename or a sha256")),
    }
}

fn encode(proven: ProvenEntries) -> (Vec<bytes::Bytes>, Vec<v1::ProvenEntry>) {
    let entries = proven.entries.into_iter().map(encode_entry);
    (hashes(&proven.nodes), entries.collect())
}

pub(super) fn encode_entry(proven: ProvenEntry) -> v1::ProvenEntry {
    v1::ProvenEntry { index: proven.index.get(), entry: proven.entry, path: proven.path }
}
