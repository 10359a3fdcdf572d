//! Questions to a log, answered with verified facts only.

mod cross_check;

use bytes::Bytes;
use indelible_proto::v1::{self, lookup_request};
pub use record::LookupKey;
use record::{MapKey, ProjectName};
use tlog::{ConsistencyProof, LeafIndex, TreeHead, TreeSize, VerifiedCheckpoint};

use crate::answer::{
    self, Asked, Proven, VerifiedBatch, VerifiedConsistency, VerifiedInclusion, VerifiedLookup,
};
use crate::batch::Lookups;
use crate::error::Error;
use crate::grpc::Wire;
use crate::head::Past;
use crate::heads::Heads;
use crate::memory::Memory;
use crate::trust::{LogUrl, Trust};

/// Most entries of one message of a stream.
const MAX_BATCH: usize = 256;

/// Keys in one message of a call that asks for many.
const MESSAGE_KEYS: usize = 1000;

/// What is asked for, on the wire.
fn to_wire(key: &LookupKey) -> lookup_request::Key {
    match key {
        LookupKey::File(filename) => lookup_request::Key::Filename(filename.clone()),
        LookupKey::Project(project) => lookup_request::Key::Project(project.to_string()),
        LookupKey::Sha256(digest) => lookup_request::Key::Sha256(digest.to_string()),
    }
}

/// A log's reader over gRPC. It believes nothing that it did not verify, and remembers the newest head.
///
/// Every answer's checkpoint goes through the head update: it must continue the head remembered in the
/// state directory, which is replaced before the answer is handed out.
#[derive(Debug)]
pub struct Client {
    wire: Wire,
    heads: Heads,
}

impl Client {
    /// Prepares to read the log at `url`; the connection is made with the first question.
    ///
    /// # Errors
    /// [`Error::Undecided`] if `url` cannot be connected to at all.
    pub fn new(trust: Trust, url: LogUrl, memory: Memory) -> Result<Client, Error> {
        Ok(Client { wire: Wire::new(url)?, heads: Heads::new(trust, memory) })
    }

    /// The newest published checkpoint.
    ///
    /// # Errors
    /// [`Error`] if there is none that is verified.
    pub async fn checkpoint(&mut self) -> Result<VerifiedCheckpoint, Error> {
        self.heads.prepare()?;
        let note = self.wire.checkpoint().await?;
        self.heads.accept(&note, &self.wire).await
    }

    /// The entry at `index`, with the proof that it is there.
    ///
    /// # Errors
    /// [`Error`] if there is no answer that is verified.
    pub async fn entry(&mut self, index: LeafIndex) -> Result<VerifiedInclusion, Error> {
        self.heads.prepare()?;
        let answer = self.wire.inclusion(index.get(), None).await?;
        let checkpoint = self.heads.accept(&answer.checkpoint, &self.wire).await?;
        answer::verify_inclusion(checkpoint, index, answer)
    }

    /// The proof that the newest published tree begins with the entries of `older`.
    ///
    /// # Errors
    /// [`Error`] if there is no answer that is verified.
    pub async fn consistency(&mut self, older: TreeHead) -> Result<VerifiedConsistency, Error> {
        self.heads.prepare()?;
        let answer = self.wire.consistency(older.size, None).await?;
        let checkpoint = self.heads.accept(&answer.checkpoint, &self.wire).await?;
        if answer.to != checkpoint.head().size.get() {
            return Err(Error::malformed("a proof between other sizes"));
        }
        let proof = ConsistencyProof::new(answer::proof_hashes(&answer.hashes)?);
        let past = Past::verify(checkpoint.head(), older.size, older.root, proof);
        let past = past.map_err(|error| {
            Error::proof(format_args!("the continuation of size {}", older.size), error)
        })?;
        Ok(VerifiedConsistency { checkpoint, proof: past.into_proof() })
    }

    /// All entries of a project, a file or a hash.
    ///
    /// # Errors
    /// [`Error`] if there is no answer that is verified.
    pub async fn lookup(&mut self, key: &LookupKey) -> Result<VerifiedLookup, Error> {
        self.heads.prepare()?;
        let answer = self.wire.lookup(to_wire(key)).await?;
        let checkpoint = self.heads.accept(&answer.checkpoint, &self.wire).await?;
        let answer = answer::verify_lookup(checkpoint, key.clone(), answer);
        answer.map_err(|error| self.heads.keep_evidence(error))
    }

    /// Looks many keys up at once. The answers come in the order of the keys; the log is asked when the
    /// first of them is.
    pub fn lookup_many(&mut self, keys: Vec<LookupKey>) -> Lookups<'_> {
        Lookups::new(self, keys)
    }

    /// Sends the keys of one call.
    pub(crate) async fn batch_lookup(
        &mut self,
        keys: &[&LookupKey],
    ) -> Result<tonic::Streaming<v1::BatchLookupResponse>, Error> {
        self.heads.prepare()?;
        let lookup = |key: &&LookupKey| v1::LookupRequest { key: Some(to_wire(key)) };
        let messages = keys
            .chunks(MESSAGE_KEYS)
            .map(|keys| v1::BatchLookupRequest { lookups: keys.iter().map(lookup).collect() });
        self.wire.batch_lookup(messages.collect()).await
    }

    /// Notes what is remembered before the log is asked.
    pub(crate) fn prepare(&mut self) -> Result<(), Error> {
        self.heads.prepare()
    }

    pub(crate) const fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Accepts the checkpoint of an answer.
    pub(crate) async fn accept(&mut self, note: &Bytes) -> Result<VerifiedCheckpoint, Error> {
        self.heads.accept(note, &self.wire).await
    }

    /// Keeps what shows an error to others.
    pub(crate) fn keep_evidence(&self, error: Error) -> Error {
        self.heads.keep_evidence(error)
    }

    /// What a broken stream means.
    pub(crate) fn error(&self, status: tonic::Status) -> Error {
        self.wire.error(status)
    }

    /// Follows the log from `start` on; only entries of `projects`, or all if there are none.
    ///
    /// # Errors
    /// [`Error::Undecided`] if the log does not take the request.
    pub async fn watch(
        &mut self,
        start: TreeSize,
        projects: &[ProjectName],
    ) -> Result<Watch<'_>, Error> {
        self.heads.prepare()?;
        let names = projects.iter().map(ToString::to_string).collect();
        let stream = self.wire.watch(start.get(), names).await?;
        let keys = projects.iter().map(MapKey::project).collect();
        Ok(Watch { client: self, stream, keys, next: start })
    }
}

/// Batches of entries as checkpoints are published.
#[derive(Debug)]
pub struct Watch<'a> {
    client: &'a mut Client,
    stream: tonic::Streaming<indelible_proto::v1::WatchResponse>,
    keys: Vec<MapKey>,
    next: TreeSize,
}

impl Watch<'_> {
    /// The next batch; `None` when the log ends the stream. Start a new one where the last batch ended.
    ///
    /// Without a filter the batches are known to be gapless.
    ///
    /// # Errors
    /// [`Error`] if the stream breaks or what it brings is not verified; it is of no more use then.
    pub async fn next(&mut self) -> Result<Option<VerifiedBatch>, Error> {
        let Client { wire, heads } = &mut *self.client;
        let message = self.stream.message().await.map_err(|status| wire.error(status))?;
        let Some(message) = message else { return Ok(None) };
        let checkpoint = heads.accept(&message.checkpoint, wire).await?;
        let proven = Proven { nodes: message.nodes, entries: message.entries };
        let from = LeafIndex::new(self.next.get()).map_err(Error::malformed)?;
        let asked = Asked { limit: MAX_BATCH, from, keys: &self.keys };
        let (entries, _) = answer::verify_entries(checkpoint.head(), proven, &asked)?;
        let batch = VerifiedBatch {
            next: TreeSize::new(message.next).map_err(Error::malformed)?,
            checkpoint,
            entries,
        };
        self.check_progress(&batch)?;
        self.next = batch.next;
        Ok(Some(batch))
    }

    /// The position to resume at may skip filtered entries, but neither go back nor beyond the tree.
    fn check_progress(&self, batch: &VerifiedBatch) -> Result<(), Error> {
        let sent = batch.entries.last().map_or(self.next.get(), |last| last.index().get() + 1);
        let bounds = sent..=batch.checkpoint.head().size.get();
        if !bounds.contains(&batch.next.get()) {
            return Err(Error::malformed("a position to resume at that does not fit the entries"));
        }
        let skipped = batch.next.get() - self.next.get() != batch.entries.len() as u64;
        if self.keys.is_empty() && skipped {
            return Err(Error::malformed("entries were left out of an unfiltered stream"));
        }
        Ok(())
    }
}
