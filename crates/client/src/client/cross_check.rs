//! Answers held against each other, and against what was proved before.

use tlog::LeafIndex;

use super::{Client, LookupKey};
use crate::answer::{self, VerifiedInclusion, VerifiedLookup};
use crate::contradiction::{self, Contradiction};
use crate::error::{Disproof, Error};
use crate::head;

impl Client {
    /// Checks that no answer leaves out an entry that is in another one, or in `known`: entries that were
    /// proved at any time, as by a proof file or [evidence](VerifiedLookup::from_evidence).
    ///
    /// Each answer is verified, and still may be false if the map of the log's own epoch is. What shows it
    /// to others is put into the state directory. The log is asked nothing unless there is a contradiction.
    ///
    /// # Errors
    /// [`Disproof::Fraud`] if an epoch is proved to be false, [`Disproof::Omission`] if an answer is false,
    /// but the log does not give what would show it to others, and whatever else keeps the contradiction
    /// from being told from a misunderstanding.
    pub async fn cross_check(
        &mut self,
        answers: &[&VerifiedLookup],
        known: &[VerifiedInclusion],
    ) -> Result<(), Error> {
        let Some(mut found) = contradiction::find(answers, known) else { return Ok(()) };
        let mut fraud = found.fraud(answers);
        if fraud.is_none() {
            found.entry = self.under_checkpoint_of(&found).await?;
            fraud = found.fraud(&[found.answer]);
        }
        let fraud = fraud.ok_or(Disproof::Omission)?;
        let error = Disproof::Fraud { fraud: Box::new(fraud), saved: None }.into();
        Err(self.heads.keep_evidence(error))
    }

    /// Looks keys up again whose answers contradicted each other, and compares.
    pub(crate) async fn reproduce(&mut self, keys: &[LookupKey]) -> Result<(), Error> {
        let mut answers = Vec::with_capacity(keys.len());
        for key in keys {
            answers.push(self.lookup(key).await?);
        }
        self.cross_check(&answers.iter().collect::<Vec<_>>(), &[]).await
    }

    /// The entry that an answer leaves out, proved under the answer's own checkpoint.
    async fn under_checkpoint_of(
        &self,
        found: &Contradiction<'_>,
    ) -> Result<VerifiedInclusion, Error> {
        let (known, served) = (found.entry.checkpoint(), found.answer.checkpoint());
        if known.head() == served.head() {
            return Ok(found.entry.clone());
        }
        // If the two are not of one history, that is what is wrong.
        let accepted = head::advance(known, served, served.head().size, &self.wire).await;
        accepted.map_err(|error| self.heads.keep_evidence(error))?;
        let index: LeafIndex = found.entry.entry().index();
        let proven = async {
            let answer = self.wire.inclusion(index.get(), Some(served.head().size)).await?;
            answer::verify_inclusion(served.clone(), index, answer)
        };
        proven.await.map_err(|_| Disproof::Omission.into())
    }
}
