//! One step of a replay.

use record::{BucketTree, Entry};
use redb::WriteTransaction;
use tlog::{LeafIndex, TreeHead, TreeSize, leaf_hash};

use super::lie::{Falsehood, Found};
use super::position::Position;
use super::settle::{self, Settled};
use super::tables::Tables;
use super::{DAMAGED, Fault, Replay, ReplayedEpoch, Row};
use crate::entry::VerifiedEntry;

/// Rows that may stand in memory, 40 bytes each; three or so for an entry.
const MAX_ROWS: usize = 1 << 20;

/// Epochs that may stand in memory.
const MAX_EPOCHS: usize = 1 << 12;

/// The entries of a step.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    replay: &'a Replay,
    position: Position,
    rows: Vec<Row>,
    epochs: Vec<ReplayedEpoch>,
    /// The entry at which it has to end.
    found: Option<Found>,
}

/// A step that was written, and counts when its transaction is committed.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(super) position: Position,
    pub(super) rows: Vec<Row>,
    pub(super) epochs: Vec<ReplayedEpoch>,
    /// The map over all entries, if they were settled.
    pub(super) settled: Option<BucketTree>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(replay: &'a Replay) -> Batch<'a> {
        let position = replay.position.clone();
        Batch { replay, position, rows: Vec::new(), epochs: Vec::new(), found: None }
    }

    /// Takes in the next entry; those before it and those after a lie are passed over.
    pub(crate) fn take_in(&mut self, entry: &VerifiedEntry) -> Result<(), Fault> {
        let (index, next) = (entry.index(), self.position.range.size());
        if index.get() < next.get() || self.found.is_some() {
            return Ok(());
        }
        if index.get() > next.get() {
            return Err(DAMAGED.into());
        }
        self.found = self.read(entry).err().map(|falsehood| Found { index, falsehood });
        Ok(self.position.range.append(leaf_hash(entry.bytes()))?)
    }

    /// Notes what an entry adds to the map.
    fn read(&mut self, entry: &VerifiedEntry) -> Result<(), Falsehood> {
        if let Some(fault) = entry.fault() {
            return Err(Falsehood::NotCanonical(fault.clone()));
        }
        let position = entry.index();
        match entry.entry() {
            Some(Entry::Epoch(epoch)) => {
                let (stated, expected) = (epoch.epoch, self.position.epochs);
                if stated != expected {
                    return Err(Falsehood::EpochNumber { stated, expected });
                }
                let epoch = ReplayedEpoch { index: position, number: stated, map: epoch.map };
                self.epochs.push(epoch);
                self.position.epochs += 1;
            }
            Some(entry) => {
                let rows = entry.map_keys().into_iter().map(|key| Row { key, position });
                self.rows.extend(rows);
            }
            None => {}
        }
        Ok(())
    }

    /// Writes the step. `head` is the tree that is being replayed: at its end everything is settled.
    ///
    /// The inner error is the first lie of the log.
    pub(crate) fn write(
        mut self,
        transaction: &WriteTransaction,
        head: TreeHead,
    ) -> Result<Result<Taken, Found>, Fault> {
        let range = &self.position.range;
        let at_end = range.size() >= head.size;
        if range.size() == head.size && range.root() != head.root {
            // Every entry was proved to be in a tree that this head continues.
            return Err(DAMAGED.into());
        }
        let mut tables = Tables::open(transaction)?;
        let settled = if at_end || self.is_full() || self.found.is_some() {
            match self.settle(&mut tables)? {
                Settled::True(tree) => Some(tree),
                Settled::False(found) => return Ok(Err(found)),
            }
        } else {
            tables.append(self.replay.cursor().get(), &self.rows, &self.epochs)?;
            None
        };
        if let Some(found) = self.found {
            return Ok(Err(found));
        }
        tables.set_position(&self.position)?;
        let Batch { position, rows, epochs, .. } = self;
        Ok(Ok(Taken { position, rows, epochs, settled }))
    }

    fn is_full(&self) -> bool {
        self.replay.rows.len() + self.rows.len() >= MAX_ROWS
            || self.replay.epochs.len() + self.epochs.len() >= MAX_EPOCHS
    }

    /// Settles all that came since the last time, in earlier steps and in this one.
    fn settle(&mut self, tables: &mut Tables<'_>) -> Result<Settled, Fault> {
        let rows = [self.replay.rows.as_slice(), &self.rows].concat();
        let epochs = [self.replay.epochs.as_slice(), &self.epochs].concat();
        let position = &mut self.position;
        let covered = position.newest.map_or(LeafIndex::default(), |newest| newest.index);
        let since = TreeSize::new(covered.get())?;
        let settled = settle::settle(tables, &self.replay.tree, since, rows, &epochs)?;
        if let Settled::True(tree) = &settled {
            position.settled = position.range.size();
            position.map = tree.root();
            position.newest = epochs.last().copied().or(position.newest);
        }
        Ok(settled)
    }
}
