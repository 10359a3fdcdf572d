//! Who answers the look-ups that judging needs.

use record::{EpochEntry, LookupKey};
use tlog::VerifiedCheckpoint;

use crate::answer::VerifiedLookup;
use crate::batch::Answered;
use crate::client::Client;
use crate::entry::VerifiedEntry;
use crate::error::{Disproof, Error};

/// All entries of one key, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntries {
    /// Ascending. Their bytes are their own: what they came in is not kept.
    pub(crate) entries: Vec<VerifiedEntry>,
    /// The checkpoint that they were verified against.
    pub(crate) checkpoint: VerifiedCheckpoint,
    /// The newest epoch of its tree, if it shows that there are no further entries.
    pub(crate) epoch: Option<EpochEntry>,
}

impl KeyEntries {
    /// The entries in the order of the log.
    pub fn entries(&self) -> &[VerifiedEntry] {
        &self.entries
    }

    /// The checkpoint that they were verified against.
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// The newest epoch of its tree; `None` if there is none, or nothing shows that there are no further
    /// entries.
    pub const fn epoch(&self) -> Option<&EpochEntry> {
        self.epoch.as_ref()
    }
}

/// Answers look-ups with verified entries: the log itself, or a mirror of it.
pub trait LogReader {
    /// Looks all `keys` up. `take` is given an answer for every key, in their order; `None` if the key has
    /// more entries than the log answers at once.
    ///
    /// # Errors
    /// [`Error`] if the log gives no verified answer; some may have been taken before.
    fn look_up(
        &mut self,
        keys: &[LookupKey],
        take: &mut (dyn FnMut(Option<KeyEntries>) + Send),
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Says what is wrong when the answers to `keys` contradict each other.
    fn contradicted(&mut self, _keys: &[LookupKey]) -> impl Future<Output = Error> + Send {
        async { Error::malformed("answers to different keys contradict each other") }
    }
}

impl LogReader for Client {
    async fn look_up(
        &mut self,
        keys: &[LookupKey],
        take: &mut (dyn FnMut(Option<KeyEntries>) + Send),
    ) -> Result<(), Error> {
        let mut answers = self.lookup_many(keys.to_vec());
        while let Some(answered) = answers.next().await? {
            take(match answered {
                Answered::Found(answer) => Some(KeyEntries::from(&*answer)),
                Answered::TooMany(_) => None,
            });
        }
        Ok(())
    }

    /// Asks again: what would show the contradiction to others was not kept.
    async fn contradicted(&mut self, keys: &[LookupKey]) -> Error {
        match self.reproduce(keys).await {
            Err(Error::Disproven(disproof)) => disproof.into(),
            Ok(()) | Err(Error::Undecided(_)) => Disproof::Omission.into(),
        }
    }
}

impl From<&VerifiedLookup> for KeyEntries {
    fn from(answer: &VerifiedLookup) -> KeyEntries {
        KeyEntries {
            entries: answer.entries().iter().map(VerifiedEntry::detached).collect(),
            checkpoint: answer.checkpoint().clone(),
            epoch: answer.completeness().map(|complete| complete.epoch().clone()),
        }
    }
}
