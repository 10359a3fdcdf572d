//! `BatchLookup`: all keys first, then one stream of answers.

use bytes::Bytes;
use record::MapKey;
use tonic::{Status, Streaming};

use super::log::{encode_entry, map_key};
use super::{hash_bytes, refusal, v1};
use crate::reading::{Answer, Batch, LogReader, Part, ProvenEpoch};

/// Keys of one call.
const MAX_KEYS: usize = 20_000;
/// Entries after the epoch in one message.
const TAIL_CHUNK: usize = 1024;

/// Reads all that is asked.
pub(super) async fn keys(
    mut asked: Streaming<v1::BatchLookupRequest>,
) -> Result<Vec<MapKey>, Status> {
    let mut keys = Vec::new();
    while let Some(message) = asked.message().await? {
        if keys.len() + message.lookups.len() > MAX_KEYS {
            let message = format!("at most {MAX_KEYS} keys a call: ask in parts");
            return Err(Status::invalid_argument(message));
        }
        for lookup in message.lookups {
            keys.push(map_key(lookup.key)?);
        }
    }
    Ok(keys)
}

/// The answers of one call, message by message.
pub(super) struct Answers {
    batch: Batch,
    state: State,
}

enum State {
    Begin,
    /// What is left of the entries after the epoch.
    Tail(std::vec::IntoIter<Bytes>),
    Keys,
}

impl Answers {
    pub(super) async fn begin(reader: &LogReader, keys: Vec<MapKey>) -> Result<Answers, Status> {
        let batch = reader.lookup_many(keys).await.map_err(|failure| refusal(&failure))?;
        Ok(Answers { batch, state: State::Begin })
    }

    /// The next message; `None` when every key is answered.
    pub(super) async fn next(&mut self) -> Result<Option<v1::BatchLookupResponse>, Status> {
        match &mut self.state {
            State::Begin => self.start().await.map(Some),
            State::Tail(tail) => {
                let chunk: Vec<Bytes> = tail.take(TAIL_CHUNK).collect();
                if tail.len() == 0 {
                    self.state = State::Keys;
                }
                Ok(Some(v1::BatchLookupResponse { tail: chunk, ..Default::default() }))
            }
            State::Keys => {
                let part = self.batch.next().await.map_err(|failure| refusal(&failure))?;
                Ok(part.map(encode))
            }
        }
    }

    async fn start(&mut self) -> Result<v1::BatchLookupResponse, Status> {
        let epoch = self.batch.epoch().await.map_err(|failure| refusal(&failure))?;
        let checkpoint = self.batch.published().note.clone();
        let Some((ProvenEpoch { entry, edge, tail }, nodes)) = epoch else {
            self.state = State::Keys;
            let start = Some(v1::BatchStart { checkpoint, epoch: None, edge: Vec::new() });
            return Ok(v1::BatchLookupResponse { start, ..Default::default() });
        };
        self.state = if tail.is_empty() { State::Keys } else { State::Tail(tail.into_iter()) };
        let edge = edge.iter().map(hash_bytes).collect();
        let start = v1::BatchStart { checkpoint, epoch: Some(encode_entry(entry)), edge };
        let nodes = nodes.iter().map(hash_bytes).collect();
        Ok(v1::BatchLookupResponse { start: Some(start), nodes, ..Default::default() })
    }
}

fn encode(part: Part) -> v1::BatchLookupResponse {
    let nodes = part.nodes.iter().map(hash_bytes).collect();
    let answers = part.answers.into_iter().map(encode_answer).collect();
    v1::BatchLookupResponse { forget: part.forget, nodes, answers, ..Default::default() }
}

fn encode_answer(answer: Option<Answer>) -> v1::KeyAnswer {
    let Some(Answer { entries, map }) = answer else {
        return v1::KeyAnswer { too_many: true, ..Default::default() };
    };
    let map = map.map(|path| v1::MapPath {
        bits: path.bits.into(),
        siblings: path.siblings,
        other_leaf: path.other_leaf.into(),
    });
    let entries = entries.into_iter().map(encode_entry).collect();
    v1::KeyAnswer { entries, map, too_many: false }
}
