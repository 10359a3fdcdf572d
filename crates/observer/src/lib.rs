//! Follows a package index and says what changed.
//!
//! A [`Source`] is an index over HTTP ([`HttpSource`]) or a local tree of its documents
//! ([`DirectorySource`]). An [`Observer`] reads its project list and pages, follows its journal
//! where it has one, and submits [facts](record::Fact) to a [`Log`], which knows what is news. It
//! knows nothing of Merkle trees.
//!
//! Three rules decide everything else. A cursor moves only when all before it was submitted and
//! answered. No fact comes from a page that is stale, cut off or somebody else's. And a
//! disappearance is believed only when two readings, or a reading and the journal, agree
//! ([`Caution`]).
//!
//! ```
//! # use std::sync::Arc;
//! # use async_trait::async_trait;
//! # use observer::{ListedName, Log, LogError, Submitted};
//! # use observer::{Observer, Settings, SystemClock, open_source};
//! # use record::{Fact, ProjectName};
//! # struct Printer;
//! # #[async_trait]
//! # impl Log for Printer {
//! #     async fn listed(&self, _: &ProjectName) -> Result<Option<Vec<ListedName>>, LogError> {
//! #         Ok(None)
//! #     }
//! #     async fn submit(&self, facts: Vec<Fact>) -> Result<Submitted, LogError> {
//! #         Ok(Submitted { entries: facts.len() as u64 })
//! #     }
//! # }
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # std::fs::create_dir_all(folder.path().join("simple"))?;
//! # std::fs::write(folder.path().join("simple/index.json"), r#"{"projects":[]}"#)?;
//! # let (index, state) = (folder.path().display().to_string(), folder.path().join("state"));
//! # let log = Arc::new(Printer);
//! let contact = Some("https://log.example/".to_owned());
//! let settings = Settings { contact, ..Settings::default() };
//! let clock: Arc<dyn observer::Clock> = Arc::new(SystemClock::new());
//! let source = open_source(&index, &settings, &clock)?;
//! let observer = Observer::open(source, log, &state, settings, clock)?;
//! let report = observer.sweep().await?;
//! assert!(report.is_complete(), "{report}");
//! # Ok(())
//! # }
//! ```
//!
//! # Who is trusted
//! The index is the thing observed: it may lie, and what it says is recorded. Its documents are
//! hostile input: bounded, parsed strictly, refused one by one. The state directory is trusted only
//! not to lie about what was submitted; without it everything is read again, and nothing is logged
//! twice.

mod clock;
pub mod dataset;
mod doubt;
mod journal;
mod log;
mod observer;
mod page;
mod report;
mod settings;
mod source;
mod state;

pub use clock::{Clock, SystemClock};
pub use journal::{JournalRow, Statement};
pub use log::{ListedName, Log, LogError, Submitted};
pub use observer::{ObserveError, Observer, open_source};
pub use page::{
    DocumentError, FileProblem, Form, ListedProject, ProjectList, ProjectPage, RefusedFile, Serial,
};
pub use report::SweepReport;
pub use settings::{Caution, Settings};
pub use source::{DirectorySource, HttpSource, PageAnswer, PageRequest, Source, SourceError};
pub use state::{Coverage, StateError};
