//! What is submitted to the sequencer, and why it may be refused.

use std::sync::Arc;

use record::{
    EntryError, Expectation, ExpectationRefusal, ExpectedEntry, Fact, KeyEntry, KeyRefusal,
};
use thiserror::Error;
use tlog::LeafIndex;
use tokio::sync::oneshot;
use tracing::Span;

use crate::published::Published;

/// What is proposed to the log. All of it is logged, or nothing.
pub(super) enum Proposal {
    /// What publishers expect, of any number of projects.
    Expectations(Vec<SignedExpectation>),
    /// What an observer saw.
    Facts(Vec<Fact>),
    /// A change of a project's keys, at whatever time it is logged.
    Key(Box<KeyEntry>),
}

impl Proposal {
    /// How much of a batch it takes up.
    pub(super) fn weight(&self) -> usize {
        match self {
            Proposal::Expectations(expectations) => expectations.len(),
            Proposal::Facts(facts) => facts.len(),
            Proposal::Key(_) => 1,
        }
    }
}

/// An expectation whose signature is that of the key in it; whether the key speaks for the project is
/// another question.
#[derive(Clone, Debug)]
pub struct SignedExpectation(ExpectedEntry);

impl SignedExpectation {
    /// Verifies the signature for the log with this origin. The time in `entry` does not matter: that of
    /// the log counts.
    ///
    /// # Errors
    /// [`ExpectationRefusal::Signature`] if it is not that of the key.
    pub fn verify(
        entry: ExpectedEntry,
        origin: &str,
    ) -> Result<SignedExpectation, ExpectationRefusal> {
        Expectation::from(&entry).verify(origin, &entry.key, &entry.signature)?;
        Ok(SignedExpectation(entry))
    }

    /// What is expected, by which key.
    pub const fn entry(&self) -> &ExpectedEntry {
        &self.0
    }
}

/// A proposal that waits for its turn.
pub(super) struct Submission {
    pub(super) proposal: Proposal,
    pub(super) answer: Answer,
}

/// Who waits for what became of a submission.
pub(super) struct Answer {
    sender: oneshot::Sender<Outcome>,
    cause: Span,
}

/// What became of a submission.
pub(super) type Outcome = Result<Receipt, SubmitError>;

impl Answer {
    /// For whoever submits now.
    pub(super) fn expected() -> (Answer, oneshot::Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        (Answer { sender, cause: Span::current() }, receiver)
    }

    /// What the submission is a part of, for traces.
    pub(super) const fn cause(&self) -> &Span {
        &self.cause
    }

    /// Answers; who stopped waiting is not owed it.
    pub(super) fn give(self, outcome: Outcome) {
        let _ = self.sender.send(outcome);
    }
}

/// What became of a submission.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Number of entries that were new.
    pub entries: u64,
    /// Where each of a publisher's statements stands, in their order, also those that were known before;
    /// empty for facts.
    pub positions: Vec<LeafIndex>,
    /// The published head that covers them.
    pub published: Arc<Published>,
}

/// A submission was not logged.
#[derive(Clone, Debug, Error)]
pub enum SubmitError {
    /// The submitter's fault; nothing of the submission was logged.
    #[error("fact {number} was refused: {source}")]
    Invalid {
        /// Which fact or statement, from 0.
        number: usize,
        /// What is wrong with it.
        source: EntryError,
    },
    /// The project's keys do not allow the expectation; nothing of the submission was logged.
    #[error("expectation {number} was refused: {source}")]
    Expectation {
        /// Which one, from 0.
        number: usize,
        /// Why.
        source: ExpectationRefusal,
    },
    /// The project's keys do not allow the change.
    #[error("the change of keys was refused: {0}")]
    Key(#[from] KeyRefusal),
    /// Too many files are expected that were never listed; nothing of the submission was logged.
    #[error(
        "{count} files of {project} are expected that the index was never seen to list, more than the \
         {limit} that this log takes: publish them first, or ask its operator"
    )]
    Outstanding {
        /// Whose files.
        project: record::ProjectName,
        /// How many there would be.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// This process follows what another one writes; why. Nothing was logged.
    #[error("{0}")]
    NotTheWriter(String),
    /// Too much is waiting. Nothing was logged; send it again later.
    #[error("the pool is full: wait a little and submit again")]
    PoolFull,
    /// The log takes no entries now.
    #[error("{0}")]
    ReadOnly(String),
    /// The log stopped before it could say. Submitting the same again is safe.
    #[error("the log stopped before it could answer: submit again when it is back")]
    Stopped,
}
