//! What verdicts rest on.

use record::EpochEntry;
use tlog::VerifiedCheckpoint;

use super::reader::KeyEntries;

/// What the verdicts of one run rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    checkpoint: Option<VerifiedCheckpoint>,
    epoch: Option<EpochEntry>,
    incomplete: bool,
}

impl Basis {
    /// Verdicts that rest on this checkpoint, and on the log's word that there is nothing else.
    pub fn of_checkpoint(checkpoint: VerifiedCheckpoint) -> Basis {
        Basis { checkpoint: Some(checkpoint), epoch: None, incomplete: true }
    }

    /// The newest checkpoint; `None` if nothing had to be looked up.
    pub const fn checkpoint(&self) -> Option<&VerifiedCheckpoint> {
        self.checkpoint.as_ref()
    }

    /// The oldest epoch; `None` if one of the answers is not known to be complete.
    pub fn epoch(&self) -> Option<&EpochEntry> {
        self.epoch.as_ref().filter(|_| !self.incomplete)
    }

    /// Rests on what other verdicts rest on, too.
    pub(super) fn merge(&mut self, other: &Basis) {
        let size = |basis: &Basis| basis.checkpoint.as_ref().map(|known| known.head().size);
        if size(self) < size(other) {
            self.checkpoint.clone_from(&other.checkpoint);
        }
        let epochs = [self.epoch.take(), other.epoch.clone()];
        self.epoch = epochs.into_iter().flatten().min_by_key(|epoch| epoch.epoch);
        self.incomplete |= other.incomplete;
    }

    /// Rests on this answer, too.
    pub(super) fn add(&mut self, answer: &KeyEntries) {
        self.merge(&Basis {
            checkpoint: Some(answer.checkpoint.clone()),
            epoch: answer.epoch.clone(),
            incomplete: answer.epoch.is_none(),
        });
    }
}
