//! What a monitor keeps: one database, one transaction a step.

use std::path::{Path, PathBuf};

use record::Digest;
use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, WriteTransaction,
};
use tlog::{TreeSize, VerifiedCheckpoint};

use super::event::Sighting;
use crate::database;
use crate::error::Undecided;

const FILE_NAME: &str = "monitor.redb";

/// `cursor`: entries handled, u64 big-endian. `checkpoint`: the newest verified note.
const POSITION: TableDefinition<&str, &[u8]> = TableDefinition::new("position");
const CURSOR: &str = "cursor";
const CHECKPOINT: &str = "checkpoint";

/// By filename: whether it was listed last, 1 or 0, and the 32 bytes of the hash logged last.
const FILES: TableDefinition<&str, (bool, &[u8; Digest::SIZE])> = TableDefinition::new("files");

/// The database of a monitor.
#[derive(Debug)]
pub(super) struct State {
    path: PathBuf,
    database: Database,
}

/// A transaction. Dropped without [`commit`](Step::commit), it changes nothing.
pub(super) struct Step<'a> {
    state: &'a State,
    transaction: WriteTransaction,
}

impl State {
    pub(super) fn open(dir: &Path) -> Result<State, Undecided> {
        let database = database::open(dir, FILE_NAME)?;
        let state = State { path: dir.join(FILE_NAME), database };
        state.begin()?.create_tables()?;
        Ok(state)
    }

    /// Entries handled, and the newest verified note.
    pub(super) fn position(&self) -> Result<(TreeSize, Option<Vec<u8>>), Undecided> {
        let read = || -> Result<_, redb::Error> {
            let table = self.database.begin_read()?.open_table(POSITION)?;
            let cursor = table.get(CURSOR)?.map(|value| value.value().to_vec());
            let checkpoint = table.get(CHECKPOINT)?.map(|value| value.value().to_vec());
            Ok((cursor, checkpoint))
        };
        let (cursor, checkpoint) = read().map_err(|error| self.unusable(error))?;
        let cursor = match cursor {
            Some(bytes) => parse_cursor(&bytes).ok_or_else(|| self.unusable("not a cursor"))?,
            None => TreeSize::ZERO,
        };
        Ok((cursor, checkpoint))
    }

    pub(super) fn begin(&self) -> Result<Step<'_>, Undecided> {
        let transaction = self.database.begin_write().map_err(|error| self.unusable(error))?;
        Ok(Step { state: self, transaction })
    }

    /// The database, for what is kept beside.
    pub(super) const fn database(&self) -> &Database {
        &self.database
    }

    pub(super) fn unusable(
        &self,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Undecided {
        Undecided::state(&self.path, error)
    }
}

fn parse_cursor(bytes: &[u8]) -> Option<TreeSize> {
    TreeSize::new(u64::from_be_bytes(bytes.try_into().ok()?)).ok()
}

impl Step<'_> {
    fn create_tables(self) -> Result<(), Undecided> {
        let create = |transaction: WriteTransaction| -> Result<(), redb::Error> {
            transaction.open_table(POSITION)?;
            transaction.open_table(FILES)?;
            Ok(transaction.commit()?)
        };
        create(self.transaction).map_err(|error| self.state.unusable(error))
    }

    /// The transaction, for what changes together with this.
    pub(super) const fn transaction(&self) -> &WriteTransaction {
        &self.transaction
    }

    /// What was last known of a file.
    pub(super) fn sighting(&self, filename: &str) -> Result<Option<Sighting>, Undecided> {
        let read = || -> Result<_, redb::Error> {
            let table = self.transaction.open_table(FILES)?;
            let value = table.get(filename)?;
            Ok(value.map(|value| {
                let (listed, sha256) = value.value();
                Sighting { sha256: Digest::from(*sha256), listed }
            }))
        };
        read().map_err(|error| self.state.unusable(error))
    }

    /// Remembers what is known of a file from now on.
    pub(super) fn note(&mut self, filename: &str, sighting: Sighting) -> Result<(), Undecided> {
        let write = || -> Result<(), redb::Error> {
            let mut table = self.transaction.open_table(FILES)?;
            table.insert(filename, (sighting.listed, sighting.sha256.as_bytes()))?;
            Ok(())
        };
        write().map_err(|error| self.state.unusable(error))
    }

    /// Makes all of it durable, together with the position reached and the head it rests on.
    pub(super) fn commit(
        self,
        cursor: TreeSize,
        checkpoint: &VerifiedCheckpoint,
    ) -> Result<(), Undecided> {
        let commit = |transaction: WriteTransaction| -> Result<(), redb::Error> {
            let mut table = transaction.open_table(POSITION)?;
            table.insert(CURSOR, cursor.get().to_be_bytes().as_slice())?;
            table.insert(CHECKPOINT, checkpoint.signed().to_bytes().as_slice())?;
            drop(table);
            Ok(transaction.commit()?)
        };
        commit(self.transaction).map_err(|error| self.state.unusable(error))
    }
}
