//! All entries of a key, shown to be all.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use catalog::MapReader;
use record::MapKey;
use tlog::{Hash, LeafIndex, Plan, TreeHead, TreeSize, Verified};

use super::{AnswerError, LogReader, Nodes, ProvenEntries, ProvenEntry, plan, positions};
use crate::published::Published;

/// Entries that one look-up returns at most.
pub const MAX_LOOKUP_ENTRIES: usize = 20_000;

/// Entries after the newest epoch up to which a look-up is shown to be complete.
const MAX_TAIL: u64 = 20_000;
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
    pub epoch: ProvenEpoch,
    /// The proof about the key under the epoch's map.
    pub map_proof: Vec<u8>,
}

/// An epoch and all that was logged after it.
#[derive(Debug)]
pub struct ProvenEpoch {
    /// The epoch entry.
    pub entry: ProvenEntry,
    /// The compact range up to and with the epoch entry.
    pub edge: Vec<Hash>,
    /// All entries after the epoch entry.
    pub tail: Vec<Bytes>,
}

/// A published head, and what the catalog knew when it was published.
pub(super) struct Moment<'a> {
    pub(super) published: Arc<Published>,
    pub(super) map: MapReader<'a>,
    /// The newest epoch of the head, if it is the one of the map and few enough entries follow it.
    pub(super) epoch: Option<LeafIndex>,
}

impl LogReader {
    /// All published entries that have `key`, proven under the published head and, where there is
    /// an epoch, shown to be all of them.
    ///
    /// # Errors
    /// [`AnswerError::TooMany`] above [`MAX_LOOKUP_ENTRIES`]; others if the log can not be read.
    pub async fn lookup(&self, key: &MapKey) -> Result<Lookup, AnswerError> {
        let Moment { published, map, epoch } = self.moment().await?;
        let found = map.prove(key, MAX_LOOKUP_ENTRIES)?;
        let covered = map.size();
        let mut wanted = self.with_tail(key, found.positions, covered, &published)?;
        if wanted.len() > MAX_LOOKUP_ENTRIES {
            return Err(AnswerError::TooMany { found: wanted.len() });
        }
        let Some(epoch) = epoch else {
            let proven = self.prove(&published, &wanted).await?;
            return Ok(Lookup { published, proven, completeness: None });
        };
        wanted.push(epoch);
        let plan = plan(&published, &wanted)?.merge(edge_plan(published.head, epoch)?);
        let verified = self.verified(published.head, &plan).await?;
        let mut nodes = Nodes::default();
        let mut entries = self.prove_with(&verified, &wanted, &mut nodes).await?;
        let epoch = entries.pop().expect("the epoch was asked for last");
        let epoch = self.with_what_follows(epoch, &verified, &published).await?;
        let completeness = Some(Completeness { epoch, map_proof: found.proof.to_bytes() });
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
            let size = published.head.size;
            let newest = self.catalog.newest_epoch(size)?;
            tries -= 1;
            let of_this_map = newest.is_none_or(|epoch| epoch.get() == map.size().get());
            if of_this_map || tries == 0 {
                let near = newest.filter(|epoch| size.get() - epoch.get() <= MAX_TAIL);
                let epoch = near.filter(|_| of_this_map);
                return Ok(Moment { published, map, epoch });
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
        published: &Published,
    ) -> Result<Vec<LeafIndex>, AnswerError> {
        let last_covered = covered.get().checked_sub(1).map(LeafIndex::new).transpose();
        let last_covered = last_covered.expect("a position below a size is valid");
        let room = (MAX_LOOKUP_ENTRIES + 1).saturating_sub(positions.len());
        let size = published.head.size;
        positions.extend(self.catalog.positions(key, size, last_covered, room)?);
        Ok(positions)
    }

    /// Adds to a proven epoch what shows all that follows it.
    pub(super) async fn with_what_follows(
        &self,
        entry: ProvenEntry,
        verified: &Verified,
        published: &Published,
    ) -> Result<ProvenEpoch, AnswerError> {
        let after = after(entry.index);
        let edge = verified.range_at(after)?.roots().to_vec();
        let rest = positions(after.get()..published.head.size.get());
        let tail = self.at(published, &rest).await?;
        Ok(ProvenEpoch { entry, edge, tail })
    }
}

/// The tiles that prove the compact range up to and with the epoch.
pub(super) fn edge_plan(head: TreeHead, epoch: LeafIndex) -> Result<Plan, AnswerError> {
    Ok(head.plan_consistency(after(epoch))?)
}

fn after(epoch: LeafIndex) -> TreeSize {
    TreeSize::new(epoch.get() + 1).expect("a published entry is followed by a size")
}
