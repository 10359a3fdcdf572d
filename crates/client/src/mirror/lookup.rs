//! Answers of a mirror.

use record::{Entry, LookupKey};

use super::{Complete, Mirror, damaged};
use crate::error::{Error, Undecided};
use crate::judging::{KeyEntries, LogReader};

/// Why there is no answer before the first update.
const NOTHING_YET: &str = "nothing was mirrored yet: update it once with the log in reach";

impl Mirror {
    /// All entries of a key, without asking anybody: what [`checkpoint`](Mirror::checkpoint) has, each
    /// entry checked against it. That there are no others was computed here, from all entries.
    ///
    /// # Errors
    /// [`Error::Undecided`] if no update was completed yet, or what is there is damaged;
    /// [`Disproof::Lie`](crate::Disproof::Lie) if the log lied.
    pub fn lookup(&self, key: &LookupKey) -> Result<KeyEntries, Error> {
        self.replay.check(&self.dir)?;
        let Some(Complete { checkpoint, epoch }) = &self.complete else {
            return Err(Undecided::state(&self.dir, NOTHING_YET).into());
        };
        let head = checkpoint.head();
        let positions = self.replay.positions(&self.database, &key.map_key());
        let positions = positions.map_err(|fault| Undecided::state(&self.dir, fault))?;
        let below = positions.partition_point(|position| head.size.contains(*position));
        let entries = self.files.entries(head, &positions[..below]);
        let entries = entries.map_err(|fault| damaged(&self.dir, fault))?;
        let epoch = epoch.as_ref().and_then(|entry| match entry.entry() {
            Some(Entry::Epoch(epoch)) => Some(epoch.clone()),
            _ => None,
        });
        Ok(KeyEntries { entries, checkpoint: checkpoint.clone(), epoch })
    }
}

impl LogReader for Mirror {
    async fn look_up(
        &mut self,
        keys: &[LookupKey],
        take: &mut (dyn FnMut(Option<KeyEntries>) + Send),
    ) -> Result<(), Error> {
        for key in keys {
            take(Some(self.lookup(key)?));
        }
        Ok(())
    }
}
