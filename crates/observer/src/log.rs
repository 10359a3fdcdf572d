//! What an observer needs of the log. It is handed one, and knows nothing of trees and proofs.

use async_trait::async_trait;
use record::{Digest, Fact, ProjectName};
use thiserror::Error;

use crate::state::Coverage;

/// The log as an observer sees it.
#[async_trait]
pub trait Log: Send + Sync {
    /// The files of a project that the log holds as listed now; `None` if it never saw the project.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot say.
    async fn listed(&self, project: &ProjectName) -> Result<Option<Vec<ListedName>>, LogError>;

    /// Submits facts, all of one project. Returns when a published head covers them; facts that
    /// change nothing add no entry.
    ///
    /// # Errors
    /// [`LogError`] if any of them is not covered: they are submitted again later, all of them.
    async fn submit(&self, facts: Vec<Fact>) -> Result<Submitted, LogError>;

    /// Takes note of how far the index has been seen: all up to there is submitted and covered. Told
    /// again and again; a log that keeps no such notes need not listen.
    ///
    /// # Errors
    /// [`LogError`] if the log does not answer: it is told the next time.
    async fn covered(&self, coverage: Coverage) -> Result<(), LogError> {
        let _ = coverage;
        Ok(())
    }
}

/// A file that the log holds as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedName {
    /// Verbatim.
    pub filename: String,
    /// Its version as logged, empty if not known.
    pub version: String,
    /// Its hash as logged last.
    pub sha256: Digest,
    /// The log holds the file's release as quarantined: that the page leaves it out is no removal.
    /// A quarantine of the whole project does not count here: the page itself states that one.
    pub quarantined: bool,
}

/// The log's answer to a submission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Submitted {
    /// Entries appended for it.
    pub entries: u64,
}

/// The log did not take a submission or answer a question.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LogError {
    /// For the moment: full, unreachable or read-only. Asking again later is right.
    #[error("the log is not available now: {0}")]
    Unavailable(String),
    /// For good: the same submission will be refused again.
    #[error("the log refuses this: {0}")]
    Refused(String),
}
