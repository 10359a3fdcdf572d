//! What a monitor keeps: one database, one transaction a step.

mod publishers;
mod sighting;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use record::{Digest, Timestamp};
use redb::{Database, ReadableDatabase as _, TableDefinition, TableHandle as _, WriteTransaction};
use tlog::{TreeSize, VerifiedCheckpoint};

pub(super) use self::publishers::Provenance;
pub(super) use self::sighting::Sighting;
pub(super) use self::tables::{Deadline, Tables};
use crate::database;
use crate::error::Undecided;
pub(super) use crate::replay::Fault;

const FILE_NAME: &str = "monitor.redb";

/// Numbers are u64 in big-endian.
const POSITION: TableDefinition<&str, &[u8]> = TableDefinition::new("position");
/// Entries handled.
const CURSOR: &str = "cursor";
/// Entries that the tables know. Missing in a state of an older layout: they are read once more, quietly.
const LEARNED: &str = "learned";
/// Entries in which the hashes were looked for.
const TRACKED: &str = "tracked";
/// The latest time of an entry, in seconds since 1970.
const CLOCK: &str = "clock";
/// The newest verified note.
const CHECKPOINT: &str = "checkpoint";

/// What an older layout knew of files; the entries say it again.
const OLD_FILES: TableDefinition<&str, (bool, &[u8; Digest::SIZE])> = TableDefinition::new("files");

/// Says that kept data is not what was written.
pub(super) const DAMAGED: &str = "what the monitor keeps is damaged: delete it, or give another \
    directory, and the log is read from its first entry";

/// The database of a monitor.
#[derive(Debug)]
pub(super) struct State {
    path: PathBuf,
    database: Arc<Database>,
}

/// How far a monitor has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// Entries whose events were handled.
    pub(super) cursor: TreeSize,
    /// Entries that the tables know. Fewer only after an older layout.
    pub(super) learned: TreeSize,
    /// Entries in which the chosen hashes were looked for.
    pub(super) tracked: TreeSize,
    /// The log's clock.
    pub(super) clock: Timestamp,
}

/// A transaction. Dropped without [`commit`](Step::commit), it changes nothing.
pub(super) struct Step<'a> {
    state: &'a State,
    transaction: WriteTransaction,
}

impl State {
    pub(super) fn open(dir: &Path) -> Result<State, Undecided> {
        let database = Arc::new(database::open(dir, FILE_NAME)?);
        let state = State { path: dir.join(FILE_NAME), database };
        state.prepare().map_err(|fault| state.unusable(fault))?;
        Ok(state)
    }

    /// Makes the tables, and drops what an older layout had in their place.
    fn prepare(&self) -> Result<(), Fault> {
        let transaction = self.database.begin_write()?;
        transaction.open_table(POSITION)?;
        Tables::open(&transaction)?;
        let is_old = |name: &str| name == OLD_FILES.name();
        if transaction.list_tables()?.any(|table| is_old(table.name())) {
            transaction.delete_table(OLD_FILES)?;
        }
        Ok(transaction.commit()?)
    }

    /// How far it has come, and the newest verified note.
    pub(super) fn position(&self) -> Result<(Position, Option<Vec<u8>>), Undecided> {
        let read = || -> Result<_, Fault> {
            let table = self.database.begin_read()?.open_table(POSITION)?;
            let number = |name| -> Result<u64, Fault> {
                let Some(bytes) = table.get(name)? else { return Ok(0) };
                Ok(u64::from_be_bytes(bytes.value().try_into().map_err(|_| DAMAGED)?))
            };
            let size = |name| -> Result<TreeSize, Fault> { Ok(TreeSize::new(number(name)?)?) };
            let position = Position {
                cursor: size(CURSOR)?,
                learned: size(LEARNED)?,
                tracked: size(TRACKED)?,
                clock: Timestamp::from_unix(number(CLOCK)?)?,
            };
            Ok((position, table.get(CHECKPOINT)?.map(|note| note.value().to_vec())))
        };
        read().map_err(|fault| self.unusable(fault))
    }

    /// Begins to look for hashes. If one of them is new they are looked for from the first entry on.
    pub(super) fn track<'a>(
        &self,
        hashes: impl Iterator<Item = &'a Digest>,
    ) -> Result<(), Undecided> {
        let track = || -> Result<(), Fault> {
            let transaction = self.database.begin_write()?;
            if !Tables::open(&transaction)?.know_hashes(hashes)? {
                transaction.open_table(POSITION)?.remove(TRACKED)?;
            }
            Ok(transaction.commit()?)
        };
        track().map_err(|fault| self.unusable(fault))
    }

    pub(super) fn begin(&self) -> Result<Step<'_>, Undecided> {
        let transaction = self.database.begin_write().map_err(|error| self.unusable(error))?;
        Ok(Step { state: self, transaction })
    }

    /// The database, for what is kept beside.
    pub(super) const fn database(&self) -> &Arc<Database> {
        &self.database
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn unusable(&self, error: impl Into<Fault>) -> Undecided {
        Undecided::state(&self.path, error)
    }
}

impl Step<'_> {
    /// The transaction, for what changes together with this.
    pub(super) const fn transaction(&self) -> &WriteTransaction {
        &self.transaction
    }

    /// What is known.
    pub(super) fn tables(&self) -> Result<Tables<'_>, Undecided> {
        Tables::open(&self.transaction).map_err(|fault| self.state.unusable(fault))
    }

    /// Makes all of it durable, together with the position reached and the head it rests on.
    pub(super) fn commit(
        self,
        position: &Position,
        checkpoint: &VerifiedCheckpoint,
    ) -> Result<(), Undecided> {
        let commit = |transaction: WriteTransaction| -> Result<(), redb::Error> {
            let mut table = transaction.open_table(POSITION)?;
            for (name, number) in [
                (CURSOR, position.cursor.get()),
                (LEARNED, position.learned.get()),
                (TRACKED, position.tracked.get()),
                (CLOCK, position.clock.unix()),
            ] {
                table.insert(name, number.to_be_bytes().as_slice())?;
            }
            table.insert(CHECKPOINT, checkpoint.signed().to_bytes().as_slice())?;
            drop(table);
            Ok(transaction.commit()?)
        };
        commit(self.transaction).map_err(|error| self.state.unusable(error))
    }
}
