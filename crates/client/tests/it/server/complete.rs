//! Proofs that an answer is complete, and false ones.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use indelible_proto::v1;
use record::{Entry, MapKey, MapProof, MapTrie, MapValue, Parsed, Subtree, map_value};
use tlog::{CompactRange, LeafIndex};

use super::Lie;
use crate::log::TestLog;

/// The map's pairs over the first `size` entries.
fn pairs(log: &TestLog, size: u64) -> Vec<(MapKey, MapValue)> {
    let mut rows: BTreeMap<MapKey, BTreeSet<u64>> =
        log.misstated().map(|key| (*key, BTreeSet::new())).collect();
    for (position, bytes) in (0..size).zip(&log.entries) {
        let Ok(Parsed::Known(entry)) = Entry::parse(bytes) else { continue };
        for key in entry.map_keys() {
            rows.entry(key).or_default().insert(position);
        }
    }
    let rows = rows.into_iter().map(|(key, positions)| (key, log.mapped(&key, &positions, size)));
    let rows = rows.filter(|(_, positions)| !positions.is_empty());
    let index = |position| LeafIndex::new(position).unwrap();
    rows.map(|(key, at)| (key, map_value(at.into_iter().map(index)).unwrap())).collect()
}

fn trie(pairs: &[(MapKey, MapValue)]) -> MapTrie {
    MapTrie::join(pairs.iter().map(|(key, value)| Subtree::leaf(*key, value))).unwrap()
}

/// The map over the first `size` entries.
pub(crate) fn map(log: &TestLog, size: u64) -> MapTrie {
    trie(&pairs(log, size))
}

/// The positions of a key that the server admits.
pub(super) fn claimed(log: &TestLog, key: &MapKey, positions: Vec<u64>, lie: Lie) -> Vec<u64> {
    let Some(epoch) = log.epoch() else { return positions };
    let mut positions: Vec<u64> =
        log.mapped(key, &positions.into_iter().collect(), epoch).into_iter().collect();
    match lie {
        Lie::Absence => positions.retain(|position| *position > epoch),
        Lie::Omission => positions.truncate(1),
        Lie::OmissionAfterEpoch => positions.retain(|position| *position < epoch),
        Lie::Presence => positions = vec![0],
        _ => {}
    }
    positions
}

/// The proof for the newest epoch; `None` while there is none.
pub(super) fn prove(
    log: &TestLog,
    key: &MapKey,
    nodes: &mut Vec<Bytes>,
    lie: Lie,
) -> Option<v1::Completeness> {
    let newest = log.epoch()?;
    let position = match lie {
        Lie::NotAnEpoch => newest - 1,
        Lie::OldEpoch => older(log, newest),
        _ => newest,
    };
    let map_size = if lie == Lie::NotAnEpoch { newest } else { position };
    let start = usize::try_from(position + 1).unwrap();
    let mut edge = CompactRange::new();
    log.leaves(position + 1).into_iter().for_each(|leaf| edge.append(leaf).unwrap());
    let mut edge: Vec<Bytes> =
        edge.roots().iter().map(|root| Bytes::copy_from_slice(root.as_bytes())).collect();
    let mut tail: Vec<Bytes> = log.entries[start..].iter().cloned().map(Bytes::from).collect();
    match lie {
        Lie::EdgeWrong => edge[0] = vec![0xab; 32].into(),
        Lie::TailSwapped => tail.swap(0, 1),
        Lie::TailTruncated => drop(tail.pop()),
        _ => {}
    }
    let map_proof = map_proof(&pairs(log, map_size), key, lie).to_bytes().into();
    Some(v1::Completeness { epoch: Some(entry(log, position, nodes)), map_proof, edge, tail })
}

/// What the newest epoch's map says of a key.
pub(super) fn prove_key(log: &TestLog, key: &MapKey, lie: Lie) -> Option<MapProof> {
    Some(map_proof(&pairs(log, log.epoch()?), key, lie))
}

fn older(log: &TestLog, newest: u64) -> u64 {
    let mut past = log.clone();
    past.entries.truncate(usize::try_from(newest).unwrap());
    past.epoch().unwrap()
}

fn entry(log: &TestLog, index: u64, nodes: &mut Vec<Bytes>) -> v1::ProvenEntry {
    let first = u32::try_from(nodes.len()).unwrap();
    let hashes = log.inclusion(index, log.size());
    nodes.extend(hashes.iter().map(|hash| Bytes::copy_from_slice(hash.as_bytes())));
    let path = (first..u32::try_from(nodes.len()).unwrap()).collect();
    let entry = log.entries[usize::try_from(index).unwrap()].clone().into();
    v1::ProvenEntry { index, entry, path }
}

/// The proof of what the map over the first `size` entries has for a key.
pub(crate) fn proof_of(log: &TestLog, size: u64, key: &MapKey) -> Vec<u8> {
    map_proof(&pairs(log, size), key, Lie::None).to_bytes()
}

fn map_proof(pairs: &[(MapKey, MapValue)], key: &MapKey, lie: Lie) -> MapProof {
    if lie == Lie::Absence {
        // Absent from a map without the key, which is not the epoch's.
        let others: Vec<_> = pairs.iter().filter(|(other, _)| other != key).copied().collect();
        return map_proof(&others, key, Lie::None);
    }
    let key = if lie == Lie::OtherKeysProof { pairs[0].0 } else { *key };
    let trie = trie(pairs);
    let plan = trie.plan_lookup(key);
    let part = plan.part().map(|part| *part.key());
    let of_part: Vec<_> = pairs.iter().filter(|(key, _)| Some(*key) == part).copied().collect();
    plan.finish(&of_part).unwrap()
}
