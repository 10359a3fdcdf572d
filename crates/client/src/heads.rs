//! The newest head of a log, as its readers follow it.

use bytes::Bytes;
use tlog::{SignedCheckpoint, TreeSize, VerifiedCheckpoint};

use crate::error::Error;
use crate::head::{self, Accepted, History};
use crate::memory::{Memory, Replaced};
use crate::tiles::Tiles;
use crate::trust::Trust;

/// The head update of one log: served checkpoints against the remembered one.
///
/// Every checkpoint must continue the head remembered in the state directory, which is replaced before the
/// checkpoint is handed out.
#[derive(Debug)]
pub struct Heads {
    trust: Trust,
    memory: Memory,
    /// The note accepted last, and what it said: most answers rest on the same one.
    accepted: Option<(Bytes, VerifiedCheckpoint)>,
    /// Size remembered when the log was asked: its answer is not older.
    floor: TreeSize,
}

impl Heads {
    /// Heads that `trust` accepts, remembered in `memory`.
    pub fn new(trust: Trust, memory: Memory) -> Heads {
        Heads { trust, memory, accepted: None, floor: TreeSize::ZERO }
    }

    /// The newest head that is remembered; `None` if none is.
    fn remembered(&self) -> Result<Option<VerifiedCheckpoint>, Error> {
        let remembered = self.memory.load(self.trust.origin())?;
        Ok(remembered.map(|note| self.trust.verify_signed_by_log(&note)).transpose()?)
    }

    /// The checkpoint that lies beside `tiles`, if it is verified, and continues what is remembered.
    ///
    /// # Errors
    /// [`Error`] if it does not; what shows a fork to others is kept in the state directory.
    pub async fn served_by(&mut self, tiles: &Tiles) -> Result<VerifiedCheckpoint, Error> {
        self.prepare()?;
        let note = tiles.checkpoint().await?;
        self.accept(&note, tiles).await
    }

    /// Notes what is remembered before the log is asked.
    pub(crate) fn prepare(&mut self) -> Result<(), Error> {
        let remembered = self.memory.load(self.trust.origin())?;
        self.floor = remembered.map_or(TreeSize::ZERO, |note| note.checkpoint().head().size);
        Ok(())
    }

    /// Accepts a served note if it continues what is remembered, and remembers it.
    pub(crate) async fn accept(
        &mut self,
        note: &Bytes,
        history: &impl History,
    ) -> Result<VerifiedCheckpoint, Error> {
        if let Some((same, checkpoint)) = &self.accepted
            && same == note
        {
            return Ok(checkpoint.clone());
        }
        let signed = SignedCheckpoint::parse(note).map_err(Error::malformed)?;
        let served = self.trust.verify(&signed)?;
        while !self.remember(&served, history).await? {}
        self.floor = served.head().size;
        self.accepted = Some((note.clone(), served.clone()));
        Ok(served)
    }

    /// Keeps what shows an error to others beside the heads.
    pub(crate) fn keep_evidence(&self, error: Error) -> Error {
        self.memory.keep_evidence(error)
    }

    /// Whether what is remembered now covers `served`; if not, another process was quicker.
    async fn remember(
        &self,
        served: &VerifiedCheckpoint,
        history: &impl History,
    ) -> Result<bool, Error> {
        let remembered = self.remembered()?;
        if let Some(remembered) = &remembered {
            let accepted = head::advance(remembered, served, self.floor, history).await;
            let accepted = accepted.map_err(|error| self.keep_evidence(error))?;
            if accepted == Accepted::Overtaken || remembered.head() == served.head() {
                return Ok(true);
            }
        }
        let replaced = self
            .memory
            .replace(remembered.as_ref().map(VerifiedCheckpoint::signed), served.signed())?;
        Ok(replaced == Replaced::Done)
    }
}
