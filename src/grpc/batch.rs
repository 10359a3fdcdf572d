//! `BatchLookup`: all keys first, then one stream of answers.

use std::sync::Arc;

use bytes::Bytes;
use record::MapKey;
use tonic::{Status, Streaming};

use super::log::{encode_entry, map_key};
use super::{hashes, refusal, v1};
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
    /// The entries after the epoch, from this one on.
    Tail(Arc<ProvenEpoch>, usize),
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
            State::Begin => Ok(Some(self.start())),
            State::Tail(shown, next) => {
                let tail: Vec<Bytes> =
                    shown.tail[*next..].iter().take(TAIL_CHUNK).cloned().collect();
                *next += tail.len();
                if *next == shown.tail.len() {
                    self.state = State::Keys;
                }
                Ok(Some(v1::BatchLookupResponse { tail, ..Default::default() }))
            }
            State::Keys => {
                let part = self.batch.next().await.map_err(|failure| refusal(&failure))?;
                Ok(part.map(encode))
            }
        }
    }

    fn start(&mut self) -> v1::BatchLookupResponse {
        let epoch = self.batch.epoch();
        let checkpoint = self.batch.published().note.clone();
        let Some((shown, nodes)) = epoch else {
            self.state = State::Keys;
            let start = Some(v1::BatchStart { checkpoint, epoch: None, edge: Vec::new() });
            return v1::BatchLookupResponse { start, ..Default::default() };
        };
        let (epoch, edge) = (Some(encode_entry(shown.entry.clone())), hashes(&shown.edge));
        let start = Some(v1::BatchStart { checkpoint, epoch, edge });
        self.state = if shown.tail.is_empty() { State::Keys } else { State::Tail(shown, 0) };
        v1::BatchLookupResponse { start, nodes: hashes(&nodes), ..Default::default() }
    }
}

fn encode(part: Part) -> v1::BatchLookupResponse {
    let nodes = hashes(&part.nodes);
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
