//! Feeds for people who watch a project or the whole index: what is new, in Atom.
//!
//! They are a convenience and prove nothing: each item names the position of its entry, whose proof the
//! log gives to everybody.

mod atom;
mod conflicts;

use std::sync::Arc;

use record::{MapKey, ProjectName};
use tlog::LeafIndex;

use crate::published::Published;
use crate::reading::{AnswerError, LogReader};
pub use conflicts::{ConflictError, Conflicts};

/// Items in a feed: the newest.
pub const ITEMS: usize = 50;

/// The feeds of a log.
#[derive(Clone)]
pub struct Feeds {
    reader: LogReader,
    conflicts: Arc<Conflicts>,
    origin: Arc<str>,
}

/// A feed as it is now.
pub struct Feed {
    /// Changes exactly when the items do.
    pub tag: String,
    /// The document.
    pub atom: String,
}

impl Feeds {
    /// The feeds of the log with this origin.
    pub fn new(reader: LogReader, conflicts: Arc<Conflicts>, origin: &str) -> Feeds {
        Feeds { reader, conflicts, origin: origin.into() }
    }

    /// The newest entries of one project. A project that the log never saw has an empty feed.
    ///
    /// # Errors
    /// [`AnswerError`] if the log can not be read.
    pub async fn project(&self, project: &ProjectName) -> Result<Feed, AnswerError> {
        let published = self.reader.published();
        let positions = self.reader.newest(&published, &MapKey::project(project), ITEMS)?;
        let path = format!("feeds/projects/{project}.atom");
        self.feed(&published, &path, &format!("{project} on the index"), positions).await
    }

    /// The newest entries in which the index contradicted itself, or a publisher.
    ///
    /// # Errors
    /// [`AnswerError`] if the log can not be read.
    pub async fn conflicts(&self) -> Result<Feed, AnswerError> {
        // In this order: what was found is published.
        let positions = self.conflicts.newest(ITEMS);
        let published = self.reader.published();
        let title = "Files that the index changed, or that differ from what was expected or listed";
        self.feed(&published, "feeds/conflicts.atom", title, positions).await
    }

    async fn feed(
        &self,
        published: &Published,
        path: &str,
        title: &str,
        positions: Vec<LeafIndex>,
    ) -> Result<Feed, AnswerError> {
        let tag = match positions.first() {
            Some(newest) => format!("\"{newest}-{}\"", positions.len()),
            None => "\"empty\"".to_owned(),
        };
        let items = self.reader.known_entries_at(published, &positions).await?;
        let channel = atom::Channel { origin: &self.origin, path, title };
        Ok(Feed { tag, atom: atom::write(&channel, &items, published.confirmed) })
    }
}
