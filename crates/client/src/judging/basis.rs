//! What verdicts rest on.

use record::EpochEntry;
use tlog::VerifiedCheckpoint;

use super::reader::KeyEntries;

/// What the verdicts of one run rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    checkpoint: Option<VerifiedCheckpoint>,
    oldest: Option<VerifiedCheckpoint>,
    epoch: Option<EpochEntry>,
    incomplete: bool,
}

impl Basis {
    /// Verdicts that rest on this checkpoint, and on the log's word that there is nothing else.
    pub fn of_checkpoint(checkpoint: VerifiedCheckpoint) -> Basis {
        let oldest = Some(checkpoint.clone());
        Basis { checkpoint: Some(checkpoint), oldest, epoch: None, incomplete: true }
    }

    /// The newest checkpoint; `None` if nothing had to be looked up.
    pub const fn checkpoint(&self) -> Option<&VerifiedCheckpoint> {
        self.checkpoint.as_ref()
    }

    /// The oldest checkpoint that one of the answers rests on; `None` if nothing had to be looked up.
    pub const fn oldest_checkpoint(&self) -> Option<&VerifiedCheckpoint> {
        self.oldest.as_ref()
    }

    /// The oldest epoch; `None` if one of the answers is not known to be complete.
    pub fn epoch(&self) -> Option<&EpochEntry> {
        self.epoch.as_ref().filter(|_| !self.incomplete)
    }

    /// Rests on what other verdicts rest on, too.
    pub(super) fn merge(&mut self, other: &Basis) {
        let size = |head: &Option<VerifiedCheckpoint>| head.as_ref().map(|known| known.head().size);
        if size(&self.checkpoint) < size(&other.checkpoint) {
            self.checkpoint.clone_from(&other.checkpoint);
        }
        if self.oldest.is_none()
            || other.oldest.is_some() && size(&other.oldest) < size(&self.oldest)
        {
            self.oldest.clone_from(&other.oldest);
        }
        let epochs = [self.epoch.take(), other.epoch.clone()];
        self.epoch = epochs.into_iter().flatten().min_by_key(|epoch| epoch.epoch);
        self.incomplete |= other.incomplete;
    }

    /// Rests on this answer, too.
    pub(super) fn add(&mut self, answer: &KeyEntries) {
        self.merge(&Basis {
            epoch: answer.epoch.clone(),
            incomplete: answer.epoch.is_none(),
            ..Basis::of_checkpoint(answer.checkpoint.clone())
        });
    }
}
