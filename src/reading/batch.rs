//! Answers about many keys under one head.

use std::collections::VecDeque;
use std::sync::Arc;

use catalog::PinnedMap;
use record::{MapKey, MapProof};
use tlog::{Hash, LeafIndex};

use super::lookup::Moment;
use super::view::{EpochView, ProvenEpoch, View};
use super::{AnswerError, LogReader, MAX_LOOKUP_ENTRIES, Nodes, ProvenEntry};
use crate::published::Published;

/// Keys whose positions are known beforehand.
const KEYS_AHEAD: usize = 256;
/// Entries up to which answers go into one part; a single answer may have more.
const PART_ENTRIES: usize = 4096;
/// Hashes that are remembered to have been sent.
const MAX_NODES: usize = 1 << 20;

/// Look-ups that are answered part by part, all under the head that was published at the beginning.
pub struct Batch {
    reader: LogReader,
    published: Arc<Published>,
    view: Arc<View>,
    map: PinnedMap,
    epoch: Option<Arc<EpochView>>,
    keys: VecDeque<MapKey>,
    found: VecDeque<Option<Found>>,
    nodes: Nodes,
}

/// Answers to the next few keys.
#[derive(Debug)]
pub struct Part {
    /// Whether the hashes of the parts before are to be forgotten.
    pub forget: bool,
    /// Hashes that were in no part before.
    pub nodes: Vec<Hash>,
    /// One for each key; `None` if it has more entries than an answer holds.
    pub answers: Vec<Option<Answer>>,
}

/// What the log says about one of the keys.
#[derive(Debug)]
pub struct Answer {
    /// The entries that have the key.
    pub entries: Vec<ProvenEntry>,
    /// What the epoch's map says of the key.
    pub map: Option<MapPath>,
}

/// A proof about a key under the epoch's map.
#[derive(Debug)]
pub struct MapPath {
    /// The bits at which the nodes from the leaf to the root part.
    pub bits: Vec<u8>,
    /// The other child of each, as positions in the nodes.
    pub siblings: Vec<u32>,
    /// Key and value of the leaf in the place of an absent key.
    pub other_leaf: Vec<u8>,
}

/// Where the entries of a key stand, and the map's proof of it.
struct Found {
    positions: Vec<LeafIndex>,
    proof: MapProof,
}

impl LogReader {
    /// Begins to look up keys under the head that is published now.
    ///
    /// # Errors
    /// [`AnswerError`] if the log can not be read.
    pub async fn lookup_many(&self, keys: Vec<MapKey>) -> Result<Batch, AnswerError> {
        let Moment { published, view, map, epoch } = self.moment().await?;
        let (map, reader) = (map.pin(), self.clone());
        let (keys, found, nodes) = (keys.into(), VecDeque::new(), Nodes::default());
        Ok(Batch { reader, published, view, map, epoch, keys, found, nodes })
    }
}

impl Batch {
    /// The head under which all answers hold.
    pub fn published(&self) -> &Published {
        &self.published
    }

    /// The epoch that shows the answers to be complete, and the hashes of its proof. To be asked for
    /// once, before the first answers.
    pub fn epoch(&mut self) -> Option<(Arc<ProvenEpoch>, Vec<Hash>)> {
        let epoch = self.epoch.as_ref()?;
        self.nodes = epoch.nodes.clone();
        Some((Arc::clone(&epoch.proven), self.nodes.take_new()))
    }

    /// The answers to the next few keys; `None` when all are answered.
    ///
    /// # Errors
    /// [`AnswerError`] if the log can not be read.
    pub async fn next(&mut self) -> Result<Option<Part>, AnswerError> {
        if self.found.is_empty() {
            self.find()?;
        }
        let next = self.take();
        if next.is_empty() {
            return Ok(None);
        }
        let forget = self.nodes.len() >= MAX_NODES;
        if forget {
            self.nodes = Nodes::default();
        }
        let wanted: Vec<LeafIndex> =
            next.iter().flatten().flat_map(|found| found.positions.iter().copied()).collect();
        let proven = self.reader.prove_in(&self.view, &wanted, &mut self.nodes).await?;
        let mut proven = proven.into_iter();
        let map_of = |proof: &MapProof, nodes: &mut Nodes| {
            self.epoch.as_ref().map(|_| map_path(proof, nodes))
        };
        let mut answers = Vec::with_capacity(next.len());
        for found in next {
            answers.push(found.map(|found| {
                let entries: Vec<_> = proven.by_ref().take(found.positions.len()).collect();
                self.reader.shared.counts.answered(entries.len(), self.epoch.is_some());
                Answer { entries, map: map_of(&found.proof, &mut self.nodes) }
            }));
        }
        Ok(Some(Part { forget, nodes: self.nodes.take_new(), answers }))
    }

    /// Finds the positions of the next keys.
    fn find(&mut self) -> Result<(), AnswerError> {
        let next = self.keys.len().min(KEYS_AHEAD);
        let keys: Vec<MapKey> = self.keys.drain(..next).collect();
        let map = self.reader.catalog.pinned_map(&self.map);
        for (key, lookup) in keys.iter().zip(map.prove_many(&keys, MAX_LOOKUP_ENTRIES)?) {
            let Some(lookup) = lookup else {
                self.found.push_back(None);
                continue;
            };
            let (covered, proof) = (lookup.positions, lookup.proof);
            let positions = self.reader.with_tail(key, covered, map.size(), self.view.size())?;
            let fits = positions.len() <= MAX_LOOKUP_ENTRIES;
            self.found.push_back(fits.then_some(Found { positions, proof }));
        }
        Ok(())
    }

    /// Takes what goes into the next part.
    fn take(&mut self) -> Vec<Option<Found>> {
        let size = |found: &Option<Found>| found.as_ref().map_or(0, |found| found.positions.len());
        let mut entries = 0;
        let mut taken = Vec::new();
        while let Some(next) = self.found.front().map(size)
            && (taken.is_empty() || entries + next <= PART_ENTRIES)
        {
            entries += next;
            taken.extend(self.found.pop_front());
        }
        taken
    }
}

fn map_path(proof: &MapProof, nodes: &mut Nodes) -> MapPath {
    let parts = proof.to_parts();
    let sibling = |root: &record::MapRoot| nodes.place(Hash::new(*root.as_bytes()));
    MapPath {
        bits: parts.steps.iter().map(|(bit, _)| *bit).collect(),
        siblings: parts.steps.iter().map(|(_, root)| root).map(sibling).collect(),
        other_leaf: parts.other_leaf.map_or_else(Vec::new, |(key, value)| {
            [key.as_bytes().as_slice(), value.as_bytes().as_slice()].concat()
        }),
    }
}
