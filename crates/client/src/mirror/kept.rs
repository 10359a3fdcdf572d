//! What a mirror keeps in its database beside the replay.

use redb::{Database, ReadableTable as _, TableDefinition};
use tlog::{LeafIndex, SignedCheckpoint};

use super::Fault;

/// By name: a signed note, or a position as eight bytes, big-endian.
const WORDS: TableDefinition<&str, &[u8]> = TableDefinition::new("mirror");
/// The newest checkpoint that was accepted.
const ACCEPTED: &str = "accepted";
/// The newest checkpoint of which everything is there.
const COMPLETE: &str = "complete";
/// Position of the newest epoch of that one's tree, if it has one.
const EPOCH: &str = "epoch";

#[derive(Debug)]
pub(super) struct Kept {
    pub(super) accepted: Option<SignedCheckpoint>,
    pub(super) complete: Option<SignedCheckpoint>,
    pub(super) epoch: Option<LeafIndex>,
}

impl Kept {
    pub(super) fn load(database: &Database) -> Result<Kept, Fault> {
        let transaction = database.begin_write()?;
        let words = transaction.open_table(WORDS)?;
        let note = |name| -> Result<Option<SignedCheckpoint>, Fault> {
            let note = words.get(name)?;
            Ok(note.map(|note| SignedCheckpoint::parse(note.value())).transpose()?)
        };
        let (accepted, complete) = (note(ACCEPTED)?, note(COMPLETE)?);
        let epoch = match words.get(EPOCH)? {
            Some(word) => Some(LeafIndex::new(u64::from_be_bytes(word.value().try_into()?))?),
            None => None,
        };
        drop(words);
        transaction.commit()?;
        Ok(Kept { accepted, complete, epoch })
    }
}

pub(super) fn store_accepted(database: &Database, note: &SignedCheckpoint) -> Result<(), Fault> {
    let transaction = database.begin_write()?;
    transaction.open_table(WORDS)?.insert(ACCEPTED, note.to_bytes().as_slice())?;
    Ok(transaction.commit()?)
}

pub(super) fn store_complete(
    database: &Database,
    note: &SignedCheckpoint,
    epoch: Option<LeafIndex>,
) -> Result<(), Fault> {
    let transaction = database.begin_write()?;
    let mut words = transaction.open_table(WORDS)?;
    words.insert(COMPLETE, note.to_bytes().as_slice())?;
    if let Some(epoch) = epoch {
        words.insert(EPOCH, epoch.get().to_be_bytes().as_slice())?;
    }
    drop(words);
    Ok(transaction.commit()?)
}
