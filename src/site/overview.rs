//! What the log looks like as a whole. Only samples are read, however long the log is, and once for each
//! head.

use std::sync::Arc;

use record::{Entry, EpochEntry, Timestamp};
use tlog::LeafIndex;
use tokio::sync::Mutex;

use super::Site;
use super::row::{Row, Rows};
use crate::published::Published;
use crate::reading::{AnswerError, KnownEntry, positions};

/// Newest entries that are read.
const NEWEST: u64 = 1024;
/// Entries of the whole log that are read to see how it grew.
const SAMPLES: u64 = 48;
/// Rows of what changed lately.
const CHANGES: usize = 8;
/// Conflicts that are shown.
const CONFLICTS: usize = 8;

/// How long it took from an upload, by the index's word, to its observation: upper bounds in seconds.
const DELAYS: [(&str, u64); 6] = [
    ("a minute", 60),
    ("10 minutes", 600),
    ("an hour", 3600),
    ("a day", 86_400),
    ("30 days", 2_592_000),
    ("longer", u64::MAX),
];

/// A sample of the log under one head.
pub(super) struct Overview {
    /// The head.
    pub(super) published: Arc<Published>,
    /// The newest epoch.
    pub(super) epoch: Option<EpochEntry>,
    /// The newest conflicts, newest first.
    pub(super) conflicts: Vec<Row>,
    /// Removals, yanks, quarantines and keys among the newest entries, newest first.
    pub(super) changes: Vec<Row>,
    /// Number of entries at some times, ascending.
    pub(super) growth: Vec<(Timestamp, u64)>,
    /// How many of the newest files were observed how soon after their upload.
    pub(super) delays: Vec<(&'static str, usize)>,
    /// Entries that `changes` and `delays` are from.
    pub(super) sampled: u64,
}

/// The overview of the newest head that was asked for.
#[derive(Default)]
pub(super) struct Overviews {
    newest: Mutex<Option<Arc<Overview>>>,
}

impl Site {
    /// The overview of the published head: made by the first who asks for it.
    pub(super) async fn overview(&self) -> Result<Arc<Overview>, AnswerError> {
        let mut newest = self.overviews.newest.lock().await;
        let published = self.reader.published();
        match &*newest {
            Some(known) if known.published.note == published.note => Ok(Arc::clone(known)),
            _ => {
                let made = Arc::new(self.look(published).await?);
                *newest = Some(Arc::clone(&made));
                Ok(made)
            }
        }
    }

    async fn look(&self, published: Arc<Published>) -> Result<Overview, AnswerError> {
        let size = published.head.size.get();
        let sampled = size.min(NEWEST);
        let newest =
            self.reader.known_entries_at(&published, &positions(size - sampled..size)).await?;
        let samples = (0..SAMPLES).map(|n| n * size.saturating_sub(1) / (SAMPLES - 1));
        let mut samples: Vec<u64> = samples.take_while(|at| *at < size).collect();
        samples.dedup();
        let samples = self.reader.known_entries_at(&published, &positions(samples)).await?;
        let conflicts = self.conflicts.newest(CONFLICTS);
        let within = conflicts.into_iter().filter(|at| published.head.size.contains(*at));
        let within: Vec<LeafIndex> = within.collect();
        let conflicts = self.reader.known_entries_at(&published, &within).await?;
        Ok(Overview {
            epoch: self.reader.newest_summary(&published).await?,
            conflicts: conflicts.iter().map(conflict).collect(),
            changes: changes(&newest),
            growth: samples.iter().map(|read| (read.entry.time(), read.index.get() + 1)).collect(),
            delays: delays(&newest),
            sampled,
            published,
        })
    }
}

/// An entry by which a conflict came to light.
fn conflict(read: &KnownEntry) -> Row {
    let mut row = Rows::default().row(read, false);
    row.mark = "conflict";
    row.headline = String::from(match read.entry {
        Entry::Content(_) => "Downloaded with other bytes than listed",
        Entry::Expected(_) => "Released, by its publisher's word, with another hash",
        _ => "Listed with another hash than before, or than its publisher released",
    });
    row
}

/// What of the newest entries is neither a plain sighting nor a summary.
fn changes(newest: &[KnownEntry]) -> Vec<Row> {
    let is_change = |read: &&KnownEntry| {
        matches!(read.entry, Entry::Key(_) | Entry::Removed(_) | Entry::Status(_))
    };
    newest
        .iter()
        .rev()
        .filter(is_change)
        .take(CHANGES)
        .map(|read| Rows::default().row(read, false))
        .collect()
}

fn delays(newest: &[KnownEntry]) -> Vec<(&'static str, usize)> {
    let mut counted: Vec<(&str, usize)> = DELAYS.iter().map(|(name, _)| (*name, 0)).collect();
    for delay in newest.iter().filter_map(delay) {
        if let Some(at) = DELAYS.iter().position(|(_, most)| delay <= *most) {
            counted[at].1 += 1;
        }
    }
    counted
}

/// Seconds from the upload to the observation of a file, if the log saw it on the index itself.
fn delay(read: &KnownEntry) -> Option<u64> {
    let Entry::File(file) = &read.entry else { return None };
    let uploaded = file.uploaded.as_deref().filter(|_| file.via.is_none())?;
    // Fractions of seconds are the index's, the log has none.
    let seconds = uploaded.split(['.', 'Z']).next()?;
    let uploaded = Timestamp::parse(&format!("{seconds}Z")).ok()?;
    Some(file.observed.unix().saturating_sub(uploaded.unix()))
}
