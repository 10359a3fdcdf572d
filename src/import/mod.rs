//! Import: data sets that others recorded, into a log that is not being served.
//!
//! Files are read and taken apart by one thread, records turned into entries by some, and admitted by one,
//! in the order in which they stand in the files; see [`BulkWriter`] for the rest.

mod input;
mod prepare;
mod progress;
mod work;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use futures::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use self::prepare::{Prepared, prepare};
use self::progress::Progress;
use self::work::{Piece, read_all};
use crate::clock::Clock;
use crate::sequencer::{AdmitError, BulkError, BulkWriter, Candidate};

/// Pieces that are read ahead, and prepared at the same time: more than are admitted while a commit begins.
const AHEAD: usize = 64;

/// What is to be imported.
#[derive(Clone, Debug)]
pub struct Import {
    /// Files of records, and trees of pages.
    pub files: Vec<PathBuf>,
    /// Name of the data set.
    pub via: Arc<str>,
}

/// What an import came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Facts that were read.
    pub facts: u64,
    /// Entries that they added.
    pub added: u64,
    /// Records and files that were refused.
    pub refused: u64,
    /// Entries of the log afterwards.
    pub size: u64,
}

/// Where something stands in a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    file: Arc<PathBuf>,
    /// From 1; `None` where lines do not matter.
    line: Option<u64>,
}

/// Something that was not imported.
#[derive(Debug)]
pub(crate) struct Refusal {
    place: Place,
    why: String,
}

impl Import {
    /// Imports everything, telling `refused` of each record that can not be logged.
    ///
    /// # Errors
    /// A file that can not be read or is no data set; a log that can not be written. What was committed until
    /// then stays, and importing the same again adds the rest.
    pub async fn run(
        &self,
        mut log: BulkWriter,
        clock: &Clock,
        mut refused: impl FnMut(&dyn fmt::Display),
    ) -> anyhow::Result<Summary> {
        let progress = Progress::new(&self.files)?;
        let mut summary = Summary::default();
        let pieces = self.pieces(clock, &progress);
        let (via, names) = (Arc::clone(&self.via), log.known_names());
        let mut prepared = pieces
            .map(|piece| {
                let (via, names) = (Arc::clone(&via), names.clone());
                tokio::task::spawn_blocking(move || piece.map(|piece| prepare(piece, &via, &names)))
            })
            .buffered(AHEAD);
        while let Some(next) = prepared.next().await {
            let Prepared { candidates, refusals } =
                next.expect("preparing records does not panic")?;
            for refusal in refusals {
                summary.refused += 1;
                refused(&refusal);
            }
            for (place, candidate) in candidates {
                summary.facts += 1;
                match admit(&mut log, candidate).await? {
                    Ok(is_news) => summary.added += u64::from(is_news),
                    Err(why) => {
                        summary.refused += 1;
                        refused(&Refusal { place, why });
                    }
                }
            }
            progress.show(&summary);
        }
        drop(prepared);
        progress.show_finishing();
        summary.size = log.finish().await?.get();
        progress.done();
        Ok(summary)
    }

    /// The pieces of all files, read by a thread of its own.
    fn pieces(&self, clock: &Clock, progress: &Progress) -> ReceiverStream<anyhow::Result<Piece>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(AHEAD);
        let (files, clock, read) = (self.files.clone(), Arc::clone(clock), progress.read());
        std::thread::spawn(move || {
            read_all(&files, &clock, &read, |piece| sender.blocking_send(piece).is_ok());
        });
        ReceiverStream::new(receiver)
    }
}

/// Admits a candidate. What is the candidate's own fault comes back as a text.
async fn admit(log: &mut BulkWriter, candidate: Candidate) -> anyhow::Result<Result<bool, String>> {
    match log.admit(candidate).await {
        Ok(is_news) => Ok(Ok(is_news)),
        Err(BulkError::Admission(AdmitError::Fact { source, .. })) => Ok(Err(source.to_string())),
        Err(failure) => {
            Err(failure).context("the import broke off; importing the same again goes on")
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { facts, added, refused, size } = self;
        let known = facts - added;
        write!(
            f,
            "{facts} facts read: {added} entries added, {known} were known or can not be logged; \
             {refused} refused; the log has {size} entries"
        )
    }
}
