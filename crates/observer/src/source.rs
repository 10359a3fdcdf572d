//! Where documents come from: an index over HTTP, or a tree of files.

mod backoff;
mod directory;
mod fetch;
mod http;

use std::time::Duration;

use async_trait::async_trait;
use record::ProjectName;
use thiserror::Error;

use crate::journal::JournalRow;
use crate::page::{DocumentError, ProjectList, ProjectPage, Serial};

pub(crate) use backoff::Backoff;
pub use directory::DirectorySource;
pub use http::HttpSource;

/// A package index, as an observer reads it.
#[async_trait]
pub trait Source: Send + Sync {
    /// The index as its operator would name it: a URL or a path.
    fn name(&self) -> &str;

    /// Reads the project list.
    ///
    /// # Errors
    /// [`SourceError`] if there is none to be had, after all tries.
    async fn list(&self) -> Result<ProjectList, SourceError>;

    /// Reads one project's page.
    ///
    /// # Errors
    /// [`SourceError`] if there is none to be had, after all tries, or only a stale one.
    async fn page(&self, request: PageRequest<'_>) -> Result<PageAnswer, SourceError>;

    /// Serial of the newest row of the index's journal.
    ///
    /// # Errors
    /// [`SourceError::NoJournal`] if the index has none, another [`SourceError`] if it cannot be
    /// asked.
    async fn journal_end(&self) -> Result<Serial, SourceError> {
        Err(SourceError::NoJournal)
    }

    /// Rows of the index's journal after serial `since`, ascending; an index may return only the
    /// first of them, but returns none only if there are none.
    ///
    /// # Errors
    /// As [`Source::journal_end`].
    async fn journal_since(&self, since: Serial) -> Result<Vec<JournalRow>, SourceError> {
        let _ = since;
        Err(SourceError::NoJournal)
    }
}

/// What is asked of a source.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest<'a> {
    /// Whose page.
    pub project: &'a ProjectName,
    /// What the source gave with the page when it was read last: if it is the same still, the page
    /// need not be read.
    pub validator: Option<&'a str>,
    /// Serial that the page must reach; one that does not is stale.
    pub required: Option<Serial>,
}

/// A source's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageAnswer {
    /// The index has no page for this project.
    Absent,
    /// The page.
    Page {
        /// What it says.
        page: ProjectPage,
        /// Serial of the project's last change.
        serial: Option<Serial>,
        /// To be handed in with the next request.
        validator: String,
    },
    /// The same page as when the validator was given.
    Unchanged {
        /// Serial of the project's last change.
        serial: Option<Serial>,
    },
}

/// A source did not give what was asked for. None of this says anything about the index's files.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The index sends something else than a Simple API document of version 1.
    #[error(
        "the index answers with content type {0:?}, which is no Simple API document of version 1"
    )]
    ContentType(String),
    /// The document is not what was asked for.
    #[error("the document is refused: {0}")]
    Document(#[from] DocumentError),
    /// The journal answers with a fault.
    #[error("the journal answers with fault {code}: {text}")]
    Fault {
        /// XML-RPC fault code.
        code: i64,
        /// What the index says.
        text: String,
    },
    /// The tree of files cannot be read.
    #[error("cannot read {path}: {error}")]
    Io {
        /// Which file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The base URL or path is none.
    #[error("{0}")]
    Location(String),
    /// No such document.
    #[error("the index has no such document: {0}")]
    Missing(String),
    /// The index offers no journal.
    #[error("the index has no journal")]
    NoJournal,
    /// The index asks for a pause.
    #[error("the index asks not to be asked for {} s", .0.as_secs())]
    Pause(Duration),
    /// Redirected to another host, or in circles.
    #[error("the index redirects to {0}, which is not followed")]
    Redirect(String),
    /// Older than what the index said elsewhere that it has.
    #[error("the document is stale: serial {}, and {required} was told before",
        .got.map_or_else(|| "not stated".to_owned(), |serial| serial.to_string()))]
    Stale {
        /// Serial that it must reach.
        required: Serial,
        /// Serial that it states.
        got: Option<Serial>,
    },
    /// An HTTP status that is no answer.
    #[error("the index answers with HTTP status {0}")]
    Status(u16),
    /// More bytes than are read.
    #[error("the document has more than {0} bytes")]
    TooLarge(u64),
    /// The connection failed, or the answer ended early.
    #[error("the index cannot be reached: {0}")]
    Transport(String),
}

impl SourceError {
    /// Whether the same request may succeed soon.
    pub fn is_passing(&self) -> bool {
        match self {
            SourceError::Pause(_) | SourceError::Stale { .. } | SourceError::Transport(_) => true,
            SourceError::Status(status) => *status >= 500,
            _ => false,
        }
    }

    /// Whether it tells about the index as a whole rather than about one document.
    pub fn is_outage(&self) -> bool {
        match self {
            SourceError::Pause(_) | SourceError::Transport(_) | SourceError::Io { .. } => true,
            SourceError::Status(status) => *status >= 500,
            _ => false,
        }
    }
}

/// Refuses a document whose serial is below the required one, or that states none where one is
/// required.
fn check_fresh(required: Option<Serial>, got: Option<Serial>) -> Result<(), SourceError> {
    match required {
        Some(required) if got.is_none_or(|got| got < required) => {
            Err(SourceError::Stale { required, got })
        }
        _ => Ok(()),
    }
}
