//! Many look-ups under one checkpoint.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use indelible_proto::v1;
use record::{LookupKey, MapKey, MapProofParts, MapRoot, MapValue};
use tlog::{Hash, LeafIndex, VerifiedCheckpoint};
use tonic::Streaming;

use crate::answer::{self, MAX_LOOKUP, VerifiedLookup};
use crate::client::Client;
use crate::complete::{ProvenEpoch, SentMapProof};
use crate::error::Error;

/// Keys that are asked for in one call, under one checkpoint.
const CALL_KEYS: usize = 20_000;
/// Hashes that a log may refer to at a time.
const MAX_NODES: usize = 1 << 22;
/// Bits of a key, and so most steps of a proof about one.
const MAX_STEPS: usize = 256;

/// Answers to many look-ups, one after the other as they come, each verified.
///
/// Up to 20,000 keys are answered under one checkpoint and one epoch; further ones under those that are
/// the newest when they are asked for.
#[derive(Debug)]
pub struct Lookups<'a> {
    client: &'a mut Client,
    keys: VecDeque<LookupKey>,
    call: Option<Call>,
}

/// What came of one of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The verified answer.
    Found(Box<VerifiedLookup>),
    /// This key has more entries than one answer holds: nothing is known of it.
    TooMany(LookupKey),
}

impl<'a> Lookups<'a> {
    pub(crate) fn new(client: &'a mut Client, keys: Vec<LookupKey>) -> Lookups<'a> {
        Lookups { client, keys: keys.into(), call: None }
    }

    /// How many keys are not answered yet.
    pub fn remaining(&self) -> usize {
        self.keys.len()
    }

    /// The answer to the next key, in the order of the keys; `None` when all are answered.
    ///
    /// # Errors
    /// [`Error`] if the stream breaks or what it brings is not verified; it is of no more use then.
    pub async fn next(&mut self) -> Result<Option<Answered>, Error> {
        let Some(key) = self.keys.pop_front() else { return Ok(None) };
        let mut call = match self.call.take() {
            Some(call) => call,
            None => Call::begin(self.client, &key, &self.keys).await?,
        };
        let answered = call.answer(self.client, key).await;
        let answered = answered.map_err(|error| self.client.keep_evidence(error))?;
        self.call = (call.left > 0).then_some(call);
        Ok(Some(answered))
    }
}

/// One call and what its answers rest on.
#[derive(Debug)]
struct Call {
    stream: Streaming<v1::BatchLookupResponse>,
    checkpoint: VerifiedCheckpoint,
    epoch: Option<Arc<ProvenEpoch>>,
    nodes: Vec<Hash>,
    answers: std::vec::IntoIter<v1::KeyAnswer>,
    /// Keys of the call that are not answered yet.
    left: usize,
}

impl Call {
    /// Asks for as many keys as one call takes.
    async fn begin(
        client: &mut Client,
        first: &LookupKey,
        rest: &VecDeque<LookupKey>,
    ) -> Result<Call, Error> {
        let keys: Vec<&LookupKey> = std::iter::once(first).chain(rest).take(CALL_KEYS).collect();
        let left = keys.len();
        let mut stream = client.batch_lookup(&keys).await?;
        let message = stream.message().await.map_err(|status| client.error(status))?;
        let message = message.unwrap_or_default();
        let start =
            message.start.ok_or_else(|| Error::malformed("answers without a checkpoint"))?;
        let checkpoint = client.accept(&start.checkpoint).await?;
        let nodes = answer::hashes(&message.nodes, MAX_NODES)?;
        let answers = message.answers.into_iter();
        let mut call = Call { stream, checkpoint, epoch: None, nodes, answers, left };
        if let Some(epoch) = start.epoch {
            let tail = call.tail(client, message.tail, epoch.index).await?;
            let (checkpoint, nodes) = (&call.checkpoint, &call.nodes);
            let epoch = answer::verify_epoch(checkpoint, nodes, Some(epoch), &start.edge, tail)?;
            call.epoch = Some(Arc::new(epoch));
        }
        Ok(call)
    }

    /// Receives all entries after the epoch.
    async fn tail(
        &mut self,
        client: &Client,
        mut tail: Vec<Bytes>,
        epoch: u64,
    ) -> Result<Vec<Bytes>, Error> {
        let epoch = LeafIndex::new(epoch).map_err(Error::malformed)?;
        let expected = ProvenEpoch::tail_len(self.checkpoint.head().size, epoch)?;
        while tail.len() < expected {
            let more = self.receive(client).await?;
            if more.is_empty() {
                return Err(Error::malformed("not all entries after the epoch"));
            }
            tail.extend(more);
        }
        Ok(tail)
    }

    /// Verifies the next answer, which has to be the one to `key`.
    async fn answer(&mut self, client: &Client, key: LookupKey) -> Result<Answered, Error> {
        let sent = loop {
            if let Some(sent) = self.answers.next() {
                break sent;
            }
            if !self.receive(client).await?.is_empty() {
                return Err(Error::malformed("more entries after the epoch than there can be"));
            }
        };
        self.left -= 1;
        if sent.too_many {
            return Ok(Answered::TooMany(key));
        }
        self.verify(key, sent).map(Box::new).map(Answered::Found)
    }

    fn verify(&self, key: LookupKey, sent: v1::KeyAnswer) -> Result<VerifiedLookup, Error> {
        if sent.entries.len() > MAX_LOOKUP {
            return Err(Error::malformed("more entries than may be sent at once"));
        }
        let entries = sent.entries.into_iter().map(|entry| answer::resolve(&self.nodes, entry));
        let proof = sent.map.map(|path| map_proof(&self.nodes, &path)).transpose()?;
        let complete = match (&self.epoch, proof) {
            (Some(epoch), Some(proof)) => Some((epoch, proof)),
            (None, None) => None,
            _ => {
                return Err(Error::malformed(
                    "an epoch without a proof about its map, or the reverse",
                ));
            }
        };
        answer::verify_answer(self.checkpoint.clone(), key, entries, complete)
    }

    /// Takes the next message in and returns its part of the tail.
    async fn receive(&mut self, client: &Client) -> Result<Vec<Bytes>, Error> {
        let message = self.stream.message().await.map_err(|status| client.error(status))?;
        let message = message.ok_or_else(|| Error::malformed("not every key is answered"))?;
        if message.start.is_some() {
            return Err(Error::malformed("a second checkpoint in one call"));
        }
        if message.forget {
            self.nodes.clear();
        }
        let nodes = answer::hashes(&message.nodes, MAX_NODES - self.nodes.len())?;
        self.nodes.extend(nodes);
        if message.answers.len() > self.left {
            return Err(Error::malformed("more answers than keys"));
        }
        self.answers = message.answers.into_iter();
        Ok(message.tail)
    }
}

/// Puts a proof about the map together from the hashes that were sent.
fn map_proof(nodes: &[Hash], sent: &v1::MapPath) -> Result<SentMapProof, Error> {
    if sent.bits.len() > MAX_STEPS || sent.bits.len() != sent.siblings.len() {
        return Err(Error::malformed("a proof about the map that has not a sibling for each bit"));
    }
    let siblings = answer::at_places(nodes, &sent.siblings)?;
    let siblings = siblings.iter().map(|hash| MapRoot::from(*hash.as_bytes()));
    Ok(SentMapProof::Parts(MapProofParts {
        other_leaf: other_leaf(&sent.other_leaf)?,
        steps: sent.bits.iter().copied().zip(siblings).collect(),
    }))
}

fn other_leaf(sent: &[u8]) -> Result<Option<(MapKey, MapValue)>, Error> {
    if sent.is_empty() {
        return Ok(None);
    }
    let (key, value) = sent
        .split_first_chunk::<32>()
        .and_then(|(key, value)| Some((key, <[u8; MapValue::SIZE]>::try_from(value).ok()?)))
        .ok_or_else(|| Error::malformed("a leaf that is not a key and a value"))?;
    Ok(Some((MapKey::from(*key), MapValue::from(value))))
}
