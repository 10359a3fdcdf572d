//! All entries of a key, shown to be all.

use std::sync::Arc;
use std::time::Duration;

use catalog::MapReader;
use record::{CompletenessProof, Evidence, LookupKey, MapKey};
use tlog::{InclusionProof, LeafIndex, SignedCheckpoint, TreeSize};

use super::view::{EpochView, ProvenEpoch, View};
use super::{AnswerError, LogReader, Nodes, ProvenEntries, ProvenEntry};
use crate::published::Published;

/// Entries that one look-up returns at most.
pub const MAX_LOOKUP_ENTRIES: usize = 20_000;

/// How often a look-up looks again when it finds the map behind the newest epoch.
const MAP_TRIES: u32 = 10;
/// How long it waits in between.
const MAP_WAIT: Duration = Duration::from_millis(3);

/// What the log says about a key.
#[derive(Debug)]
pub struct Lookup {
    /// The head under which all of it holds.
    pub published: Arc<Published>,
    /// The entries that have the key.
    pub proven: ProvenEntries,
    /// That these are all; `None` before the first epoch, and when too much was logged since.
    pub completeness: Option<Completeness>,
}

/// Shows that a look-up holds all that there is.
#[derive(Debug)]
pub struct Completeness {
    /// The newest epoch, its proof in the same nodes as the others.
    pub epoch: Arc<ProvenEpoch>,
    /// The proof about the key under the epoch's map.
    pub map_proof: Vec<u8>,
}

/// A published head, and what the catalog knew when it was published.
pub(super) struct Moment<'a> {
    pub(super) published: Arc<Published>,
    pub(super) view: Arc<View>,
    pub(super) map: MapReader<'a>,
    /// The newest epoch of the head, if it is the one of the map and few enough entries follow it.
    pub(super) epoch: Option<Arc<EpochView>>,
}

impl LogReader {
    /// All published entries that have `key`, proven under the published head and, where there is
    /// an epoch, shown to be all of them.
    ///
    /// # Errors
    /// [`AnswerError::TooMany`] above [`MAX_LOOKUP_ENTRIES`]; others if the log can not be read.
    pub async fn lookup(&self, key: &MapKey) -> Result<Lookup, AnswerError> {
        let Moment { published, view, map, epoch } = self.moment().await?;
        let found = map.prove(key, MAX_LOOKUP_ENTRIES)?;
        let wanted = self.with_tail(key, found.positions, map.size(), view.size())?;
        if wanted.len() > MAX_LOOKUP_ENTRIES {
            return Err(AnswerError::TooMany { found: wanted.len() });
        }
        let mut nodes = epoch.as_ref().map_or_else(Nodes::default, |epoch| epoch.nodes.clone());
        let entries = self.prove_in(&view, &wanted, &mut nodes).await?;
        self.shared.counts.answered(entries.len(), epoch.is_some());
        let completeness = epoch.map(|epoch| Completeness {
            epoch: Arc::clone(&epoch.proven),
            map_proof: found.proof.to_bytes(),
        });
        let proven = ProvenEntries { nodes: nodes.take_new(), entries };
        Ok(Lookup { published, proven, completeness })
    }

    /// The published head with the map of its newest epoch.
    ///
    /// The map moves on right after the head that publishes its epoch; who reads in between waits.
    pub(super) async fn moment(&self) -> Result<Moment<'_>, AnswerError> {
        let mut tries = MAP_TRIES;
        loop {
            let map = self.catalog.map();
            let published = self.published();
            let view = self.view(published.head).await?;
            let newest = self.newest_epoch(&view).await?;
            tries -= 1;
            let of_this_map = newest.is_none_or(|epoch| epoch.get() == map.size().get());
            if of_this_map || tries == 0 {
                let epoch = if of_this_map { self.epoch(&view).await? } else { None };
                return Ok(Moment { published, view, map, epoch });
            }
            tokio::time::sleep(MAP_WAIT).await;
        }
    }

    /// What the map has said of the first `covered` entries, and what stands after them: one more than
    /// an answer holds at most.
    pub(super) fn with_tail(
        &self,
        key: &MapKey,
        mut positions: Vec<LeafIndex>,
        covered: TreeSize,
        size: TreeSize,
    ) -> Result<Vec<LeafIndex>, AnswerError> {
        // The first that the map does not cover is the epoch itself, which has no key.
        if size.get() <= covered.get() + 1 {
            return Ok(positions);
        }
        let last_covered = covered.get().checked_sub(1).map(LeafIndex::new).transpose();
        let last_covered = last_covered.expect("a position below a size is valid");
        let room = (MAX_LOOKUP_ENTRIES + 1).saturating_sub(positions.len());
        positions.extend(self.catalog.positions(key, size, last_covered, room)?);
        Ok(positions)
    }
}

impl Lookup {
    /// The offline form, as the answer about `key`; `None` if it is not shown to be complete.
    pub fn into_evidence(self, key: LookupKey) -> Option<Evidence> {
        let Completeness { epoch, map_proof } = self.completeness?;
        let nodes = self.proven.nodes;
        let proven = |entry: ProvenEntry| record::ProvenEntry {
            index: entry.index,
            entry: entry.entry.to_vec(),
            proof: InclusionProof::new(entry.path.iter().map(|at| nodes[*at as usize]).collect()),
        };
        let completeness = CompletenessProof {
            epoch: proven(epoch.entry.clone()),
            map_proof,
            edge: epoch.edge.clone(),
            tail: epoch.tail.iter().map(|entry| entry.to_vec()).collect(),
        };
        let checkpoint = SignedCheckpoint::parse(&self.published.note);
        let checkpoint = checkpoint.expect("what is published was written by this log");
        let entries = self.proven.entries.into_iter().map(proven).collect();
        Some(Evidence { key, entries, completeness, checkpoint })
    }
}
