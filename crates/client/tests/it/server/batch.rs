//! Answers about many keys, and streams of them that are out of step.

use bytes::Bytes;
use indelible_proto::v1;
use record::{MapKey, MapProof};

use super::{Lie, all_of, complete};
use crate::log::TestLog;

/// The messages of one call. Of a key that is `None` there are too many entries.
pub(super) fn answer(
    log: &TestLog,
    checkpoint: Bytes,
    keys: &[Option<MapKey>],
    lie: Lie,
) -> Vec<v1::BatchLookupResponse> {
    let mut messages = begin(log, checkpoint, lie);
    let mut table = Table { sent: messages[0].nodes.len() };
    let mut keys = keys.to_vec();
    if lie == Lie::AnswersSwapped {
        keys.swap(0, 1);
    }
    for (number, key) in keys.iter().enumerate() {
        let mut nodes = Vec::new();
        let answer = match key {
            Some(key) => table.answer(log, key, &mut nodes, lie),
            None => v1::KeyAnswer { too_many: true, ..Default::default() },
        };
        // What came before is forgotten once, honestly: nothing refers to it any more.
        let forget = number == 1;
        table.sent += nodes.len();
        messages.push(v1::BatchLookupResponse {
            forget: lie == Lie::NodesForgotten && number > 0,
            nodes,
            answers: vec![answer],
            ..Default::default()
        });
        if forget {
            let nothing = v1::BatchLookupResponse { forget: true, ..Default::default() };
            messages.push(nothing);
            table.sent = 0;
        }
    }
    derange(&mut messages, lie);
    messages
}

/// The checkpoint and the epoch, then what follows the epoch in small parts.
fn begin(log: &TestLog, checkpoint: Bytes, lie: Lie) -> Vec<v1::BatchLookupResponse> {
    let mut nodes = Vec::new();
    let any = MapKey::file("any");
    let Some(complete) = complete::prove(log, &any, &mut nodes, lie) else {
        let start = Some(v1::BatchStart { checkpoint, ..Default::default() });
        return vec![v1::BatchLookupResponse { start, ..Default::default() }];
    };
    let start = v1::BatchStart { checkpoint, epoch: complete.epoch, edge: complete.edge };
    let first = v1::BatchLookupResponse { start: Some(start), nodes, ..Default::default() };
    let tails = complete
        .tail
        .chunks(2)
        .map(|part| v1::BatchLookupResponse { tail: part.to_vec(), ..Default::default() });
    std::iter::once(first).chain(tails).collect()
}

/// The hashes that were sent.
struct Table {
    sent: usize,
}

impl Table {
    fn answer(
        &self,
        log: &TestLog,
        key: &MapKey,
        nodes: &mut Vec<Bytes>,
        lie: Lie,
    ) -> v1::KeyAnswer {
        let (proven, mut entries) = all_of(log, key, lie);
        *nodes = proven;
        let first = u32::try_from(self.sent).unwrap();
        for place in entries.iter_mut().flat_map(|entry| &mut entry.path) {
            *place += first;
        }
        let proof = complete::prove_key(log, key, lie);
        let map = proof.filter(|_| lie != Lie::MapProofMissing);
        let map = map.map(|proof| self.map_path(&proof, nodes, lie));
        v1::KeyAnswer { entries, map, too_many: false }
    }

    fn map_path(&self, proof: &MapProof, nodes: &mut Vec<Bytes>, lie: Lie) -> v1::MapPath {
        let parts = proof.to_parts();
        let first = self.sent + nodes.len();
        nodes.extend(parts.steps.iter().map(|(_, root)| Bytes::copy_from_slice(root.as_bytes())));
        let places = first..self.sent + nodes.len();
        let mut siblings: Vec<u32> = places.map(|place| u32::try_from(place).unwrap()).collect();
        let mut other_leaf = parts.other_leaf.map_or_else(Vec::new, |(key, value)| {
            [key.as_bytes().as_slice(), value.as_bytes().as_slice()].concat()
        });
        match lie {
            Lie::SiblingMissing => drop(siblings.pop()),
            Lie::OtherLeafShort => drop(other_leaf.pop()),
            _ => {}
        }
        let bits = parts.steps.iter().map(|(bit, _)| *bit).collect::<Vec<u8>>().into();
        v1::MapPath { bits, siblings, other_leaf: other_leaf.into() }
    }
}

fn derange(messages: &mut Vec<v1::BatchLookupResponse>, lie: Lie) {
    let last = messages.len() - 1;
    match lie {
        Lie::AnswerMissing => drop(messages.pop()),
        Lie::AnswerTwice => messages[last].answers = vec![messages[last].answers[0].clone(); 2],
        Lie::CheckpointTwice => messages[last].start = messages[0].start.clone(),
        Lie::NoCheckpoint => messages[0].start = None,
        Lie::TailTwice => {
            let again = messages[1].clone();
            messages.insert(1, again);
        }
        _ => {}
    }
}
