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

#[cfg(test)]
mod tests {
    use tlog::{Checkpoint, Hash, SignedCheckpoint, SigningKey, TreeHead, TreeSize};

    use super::*;

    fn basis(size: u64) -> Basis {
        let key = SigningKey::from_seed("log.example/pypi", &[7; 32]).unwrap();
        let head = TreeHead { size: TreeSize::new(size).unwrap(), root: Hash::EMPTY_ROOT };
        let signed =
            SignedCheckpoint::sign(&Checkpoint::new("log.example/pypi", head).unwrap(), &key);
        Basis::of_checkpoint(
            signed.verify("log.example/pypi", &[key.verifying_key().clone()]).unwrap(),
        )
    }

    #[test]
    fn the_newest_and_the_oldest_checkpoint_are_kept() {
        let mut all = Basis::default();
        assert_eq!((all.checkpoint(), all.oldest_checkpoint()), (None, None));
        for (size, newest, oldest) in [(5, 5, 5), (3, 5, 3), (9, 9, 3), (4, 9, 3)] {
            all.merge(&basis(size));
            all.merge(&Basis::default());
            let size = |head: Option<&VerifiedCheckpoint>| head.unwrap().head().size.get();
            assert_eq!((size(all.checkpoint()), size(all.oldest_checkpoint())), (newest, oldest));
        }
    }
}
