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

    /// Rests on this answer, too.
    pub(super) fn add(&mut self, answer: &KeyEntries) {
        let size = answer.checkpoint.head().size;
        if self.checkpoint.as_ref().is_none_or(|known| known.head().size < size) {
            self.checkpoint = Some(answer.checkpoint.clone());
        }
        let Some(epoch) = &answer.epoch else {
            self.incomplete = true;
            return;
        };
        if self.epoch.as_ref().is_none_or(|known| known.epoch > epoch.epoch) {
            self.epoch = Some(epoch.clone());
        }
    }
}
