//! The replay: the log computed again from its entries alone, and the root of every epoch's map with it.
//!
//! Nothing that the log concludes from its entries is taken over. Each entry has to be canonical, epochs
//! have to be numbered from 0 without gaps, and the map root of each has to be that of the entries before
//! it. The first that is not so is a [`Lie`], and the log's signature is on it.
//!
//! A map is the set of rows (map key, position). They are kept in *pages*, one for each bucket of
//! neighbouring keys, beside the hashes of the buckets; the latter stand in memory as well, as a
//! [`BucketTree`]. Pages lag behind: the rows of a step are appended as a *run*, which is one write
//! whatever keys they have, and stand in memory until there are many of them or there is nothing more
//! to read. Then they are *settled*: each page that they touch is read once, hashed as of every epoch
//! that changed it, and written once; from those hashes follow the roots of all the epochs since. So a
//! long log costs a few passes over its pages, and a short step the pages of its own keys.
//!
//! Everything of a step changes in one transaction, which is that of its owner.

mod batch;
mod lie;
mod page;
mod position;
mod settle;
mod tables;

use std::path::Path;

use record::{BucketTree, MapBucket, MapKey, MapRoot};
use redb::Database;
use tlog::{LeafIndex, TreeHead, TreeSize, VerifiedCheckpoint};

pub(crate) use self::batch::{Batch, Taken};
pub(crate) use self::lie::Found;
pub use self::lie::{Falsehood, Lie};
use self::position::Position;
use self::tables::Tables;
use crate::error::{Disproof, Error};
use crate::memory;
use crate::tiles::Tiles;
use crate::trust::Trust;

/// Why kept data cannot be used.
pub(crate) type Fault = Box<dyn std::error::Error + Send + Sync>;

/// By how many bits buckets are told apart: a million of them, which take some 80 MB of memory, and 40
/// keys each in a log of 20 million files.
const BITS: u8 = 20;

/// Says that kept data is not what was written.
const DAMAGED: &str = "what the replay keeps is damaged: delete it, and the log is replayed from its \
    first entry";

/// How far a replay has come, and what it found to be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Entries, the first ones of the log, of which everything was checked.
    pub size: TreeSize,
    /// Root of the map over these entries.
    pub map: MapRoot,
    /// How many epochs are among them.
    pub epochs: u64,
    /// The newest of these epochs.
    pub newest: Option<ReplayedEpoch>,
}

/// An epoch whose map root was recomputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplayedEpoch {
    /// Position of the epoch entry: its map is over the entries before it.
    pub index: LeafIndex,
    /// Its number, counted from 0.
    pub number: u64,
    /// Root of its map.
    pub map: MapRoot,
}

/// An entry has a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    key: MapKey,
    position: LeafIndex,
}

/// A replay between two steps.
#[derive(Debug)]
pub(crate) struct Replay {
    position: Position,
    /// The map over the settled entries.
    tree: BucketTree,
    /// Rows of the entries since, in the order of the log.
    rows: Vec<Row>,
    /// Epochs among these entries.
    epochs: Vec<ReplayedEpoch>,
    /// What ended it.
    lie: Option<Lie>,
}

impl Replay {
    /// Goes on where `database` says, or begins.
    pub(crate) fn open(database: &Database, trust: &Trust) -> Result<Replay, Fault> {
        let transaction = database.begin_write()?;
        let tables = Tables::open(&transaction)?;
        let mut replay = tables.load()?;
        if let Some(lie) = tables.lie()? {
            replay.lie = Some(Lie::parse(&lie, trust).ok_or(DAMAGED)?);
        }
        drop(tables);
        transaction.commit()?;
        Ok(replay)
    }

    /// Entries taken in.
    pub(crate) const fn cursor(&self) -> TreeSize {
        self.position.range.size()
    }

    /// Fails with the lie that ended it, if there is one; its evidence is put into `dir`.
    pub(crate) fn check(&self, dir: &Path) -> Result<(), Error> {
        let Some(lie) = &self.lie else { return Ok(()) };
        let lie = Disproof::Lie { lie: Box::new(lie.clone()), saved: None };
        Err(memory::keep_evidence(dir, lie.into()))
    }

    /// Ends for good with what was found in the tree of `checkpoint`.
    ///
    /// # Errors
    /// [`Error`] if there is no proof that the log signed it; it will be found again.
    pub(crate) async fn stop(
        &mut self,
        database: &Database,
        tiles: &Tiles,
        checkpoint: &VerifiedCheckpoint,
        found: Found,
    ) -> Result<Result<(), Fault>, Error> {
        let evidence = tiles.proof_file(checkpoint, found.index).await?;
        Ok(self.end(database, Lie::new(found, evidence)))
    }

    fn end(&mut self, database: &Database, lie: Lie) -> Result<(), Fault> {
        let transaction = database.begin_write()?;
        Tables::open(&transaction)?.set_lie(&lie.to_bytes())?;
        transaction.commit()?;
        self.lie = Some(lie);
        Ok(())
    }

    /// Positions of all settled entries that have the key, ascending.
    pub(crate) fn positions(
        &self,
        database: &Database,
        key: &MapKey,
    ) -> Result<Vec<LeafIndex>, Fault> {
        let bucket = MapBucket::of(key, BITS);
        let page = tables::read_page(database, bucket, self.tree.get(key))?;
        Ok(page.into_positions(key))
    }

    /// The tree of all entries taken in.
    pub(crate) fn head(&self) -> TreeHead {
        self.position.range.head()
    }

    /// What was checked.
    pub(crate) const fn replayed(&self) -> Replayed {
        let Position { settled, map, newest, .. } = self.position;
        let epochs = self.position.epochs - self.epochs.len() as u64;
        Replayed { size: settled, map, epochs, newest }
    }

    /// Begins the next step; nothing changes until it is [taken over](Self::take_over).
    pub(crate) fn begin(&self) -> Batch<'_> {
        Batch::new(self)
    }

    /// Goes on from a step whose transaction was committed.
    pub(crate) fn take_over(&mut self, taken: Taken) {
        self.position = taken.position;
        if let Some(tree) = taken.settled {
            self.tree = tree;
            self.rows.clear();
            self.epochs.clear();
        } else {
            self.rows.extend(taken.rows);
            self.epochs.extend(taken.epochs);
        }
    }
}
