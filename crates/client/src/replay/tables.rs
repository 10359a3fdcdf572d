//! What a replay keeps in the database of its owner.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | [`WORDS`] | a word's name | a word about the whole |
//! | [`RUNS`] | position of its first entry | rows of one step: key, position |
//! | [`EPOCHS`] | position | number and map root of an epoch in the runs |
//! | [`PAGES`] | number of a bucket | its keys and positions, without those in the runs |
//! | [`BUCKETS`] | number of a bucket | hash of its page |

use record::{BucketTree, MapBucket, MapKey, MapRoot, Subtree};
use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, Table, TableDefinition, WriteTransaction,
};
use tlog::LeafIndex;

use super::page::Page;
use super::position::Position;
use super::{BITS, DAMAGED, Fault, Replay, ReplayedEpoch, Row};

const WORDS: TableDefinition<&str, &[u8]> = TableDefinition::new("replay");
const RUNS: TableDefinition<u64, &[u8]> = TableDefinition::new("replay-runs");
const EPOCHS: TableDefinition<u64, (u64, [u8; MapRoot::SIZE])> =
    TableDefinition::new("replay-epochs");
const PAGES: TableDefinition<u32, &[u8]> = TableDefinition::new("replay-pages");
const BUCKETS: TableDefinition<u32, &[u8]> = TableDefinition::new("replay-buckets");

/// In [`WORDS`]: how far it has come.
const POSITION: &str = "position";
/// In [`WORDS`]: the lie that ended it.
const LIE: &str = "lie";

/// Length of a row in a run.
const ROW_LEN: usize = MapKey::SIZE + size_of::<u64>();

/// The tables in one transaction; they are made if they do not exist.
pub(super) struct Tables<'t> {
    words: Table<'t, &'static str, &'static [u8]>,
    runs: Table<'t, u64, &'static [u8]>,
    epochs: Table<'t, u64, (u64, [u8; MapRoot::SIZE])>,
    pages: Table<'t, u32, &'static [u8]>,
    buckets: Table<'t, u32, &'static [u8]>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Tables<'t>, Fault> {
        Ok(Tables {
            words: transaction.open_table(WORDS)?,
            runs: transaction.open_table(RUNS)?,
            epochs: transaction.open_table(EPOCHS)?,
            pages: transaction.open_table(PAGES)?,
            buckets: transaction.open_table(BUCKETS)?,
        })
    }

    /// Reads all that stands in memory while a log is replayed.
    pub(super) fn load(&self) -> Result<Replay, Fault> {
        let Some(word) = self.words.get(POSITION)? else {
            let (position, tree) = (Position::START, BucketTree::empty(BITS));
            return Ok(Replay { position, tree, rows: vec![], epochs: vec![], lie: None });
        };
        let position = Position::parse(word.value()).ok_or(DAMAGED)?;
        let tree = self.load_tree()?;
        if tree.root() != position.map {
            return Err(DAMAGED.into());
        }
        let (rows, epochs) = (self.load_rows()?, self.load_epochs()?);
        Ok(Replay { position, tree, rows, epochs, lie: None })
    }

    fn load_tree(&self) -> Result<BucketTree, Fault> {
        let mut buckets = Vec::new();
        for bucket in self.buckets.iter()? {
            let (_, summary) = bucket?;
            buckets.push(Subtree::parse(summary.value()).ok_or(DAMAGED)?);
        }
        Ok(BucketTree::empty(BITS).with(&buckets).map_err(|_| DAMAGED)?)
    }

    fn load_rows(&self) -> Result<Vec<Row>, Fault> {
        let mut rows = Vec::new();
        for run in self.runs.iter()? {
            let (_, run) = run?;
            let (run, []) = run.value().as_chunks::<ROW_LEN>() else { return Err(DAMAGED.into()) };
            for row in run {
                rows.push(parse_row(row).ok_or(DAMAGED)?);
            }
        }
        Ok(rows)
    }

    fn load_epochs(&self) -> Result<Vec<ReplayedEpoch>, Fault> {
        let mut epochs = Vec::new();
        for epoch in self.epochs.iter()? {
            let (position, epoch) = epoch?;
            let (number, map) = epoch.value();
            let index = LeafIndex::new(position.value()).map_err(|_| DAMAGED)?;
            epochs.push(ReplayedEpoch { index, number, map: MapRoot::from(map) });
        }
        Ok(epochs)
    }

    pub(super) fn set_position(&mut self, position: &Position) -> Result<(), Fault> {
        self.words.insert(POSITION, position.to_bytes().as_slice())?;
        Ok(())
    }

    pub(super) fn lie(&self) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.words.get(LIE)?.map(|lie| lie.value().to_vec()))
    }

    pub(super) fn set_lie(&mut self, lie: &[u8]) -> Result<(), Fault> {
        self.words.insert(LIE, lie)?;
        Ok(())
    }

    /// Appends the rows and epochs of a step.
    pub(super) fn append(
        &mut self,
        first: u64,
        rows: &[Row],
        epochs: &[ReplayedEpoch],
    ) -> Result<(), Fault> {
        let run: Vec<u8> = rows.iter().flat_map(row_bytes).collect();
        self.runs.insert(first, run.as_slice())?;
        for epoch in epochs {
            self.epochs.insert(epoch.index.get(), (epoch.number, *epoch.map.as_bytes()))?;
        }
        Ok(())
    }

    /// Deletes rows and epochs that were settled.
    pub(super) fn clear_runs(&mut self) -> Result<(), Fault> {
        self.runs.retain(|_, _| false)?;
        self.epochs.retain(|_, _| false)?;
        Ok(())
    }

    /// The page of a bucket, whose hash is `expected`.
    pub(super) fn page(
        &self,
        bucket: MapBucket,
        expected: Option<&Subtree>,
    ) -> Result<Page, Fault> {
        let page = self.pages.get(bucket.number())?;
        Page::parse(page.as_ref().map_or(&[], redb::AccessGuard::value), expected)
    }

    /// Replaces the page of a bucket that has the hash of `subtree`.
    pub(super) fn set_page(
        &mut self,
        bucket: MapBucket,
        page: &Page,
        subtree: &Subtree,
    ) -> Result<(), Fault> {
        self.pages.insert(bucket.number(), page.to_bytes()?.as_slice())?;
        self.buckets.insert(bucket.number(), subtree.to_bytes().as_slice())?;
        Ok(())
    }
}

/// As [`Tables::page`], without a transaction that writes.
pub(super) fn read_page(
    database: &Database,
    bucket: MapBucket,
    expected: Option<&Subtree>,
) -> Result<Page, Fault> {
    let pages = database.begin_read()?.open_table(PAGES)?;
    let page = pages.get(bucket.number())?;
    Page::parse(page.as_ref().map_or(&[], redb::AccessGuard::value), expected)
}

fn row_bytes(row: &Row) -> [u8; ROW_LEN] {
    let mut bytes = [0; ROW_LEN];
    bytes[..MapKey::SIZE].copy_from_slice(row.key.as_bytes());
    bytes[MapKey::SIZE..].copy_from_slice(&row.position.get().to_be_bytes());
    bytes
}

fn parse_row(bytes: &[u8; ROW_LEN]) -> Option<Row> {
    let (key, position) = bytes.split_first_chunk::<{ MapKey::SIZE }>()?;
    let position = LeafIndex::new(u64::from_be_bytes(position.try_into().ok()?)).ok()?;
    Some(Row { key: MapKey::from(*key), position })
}
