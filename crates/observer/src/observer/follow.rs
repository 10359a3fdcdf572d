//! Following an index: sweeps at an interval, and the journal in between.

use std::time::Duration;

use futures::StreamExt as _;
use record::ProjectName;

use super::reading::{Outcome, Task};
use super::sweep::Depth;
use super::{ObserveError, Observer};
use crate::doubt::Listing;
use crate::source::{Backoff, SourceError};

/// Projects that are read at the same time for the journal.
const UNDER_WAY: usize = 64;

impl Observer {
    /// Follows the index until `shutdown` completes: a sweep at the start and at an interval; in
    /// between the journal or, where there is none, the list's serials. Errors are logged and tried
    /// again.
    pub async fn follow(&self, shutdown: impl Future<Output = ()>) {
        tokio::select! {
            () = shutdown => {}
            _ = async { tokio::join!(self.keep_sweeping(), self.keep_polling()) } => {}
        }
        if let Err(error) = self.save().await {
            tracing::error!("{error}");
        }
    }

    async fn keep_sweeping(&self) {
        let backoff = Backoff::new(&self.settings);
        let mut failures = 0;
        loop {
            let start = self.clock.monotonic();
            let wait = match self.sweep().await {
                Ok(report) => {
                    failures = 0;
                    tracing::info!("{report}");
                    self.settings.sweep_interval
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!("sweep of {} failed: {error}", self.source.name());
                    backoff.wait(failures, &*self.clock).min(self.settings.sweep_interval)
                }
            };
            self.poll_list_until(start.saturating_add(wait)).await;
        }
    }

    /// Reads the list's serials now and then, where nothing else tells of changes soon.
    async fn poll_list_until(&self, end: Duration) {
        // Even where sweeps take longer than the interval, the index gets a rest.
        self.clock.sleep(Duration::from_secs(1)).await;
        loop {
            let left = end.saturating_sub(self.clock.monotonic());
            if left.is_zero() {
                return;
            }
            self.clock.sleep(left.min(self.settings.list_interval)).await;
            let needed = {
                let progress = &self.state().progress;
                progress.journal.is_none() && progress.list.is_some()
            };
            if needed
                && self.clock.monotonic() < end
                && let Err(error) = self.sweep_to(Depth::Serials).await
            {
                tracing::warn!("reading the list of {} failed: {error}", self.source.name());
            }
        }
    }

    async fn keep_polling(&self) {
        let backoff = Backoff::new(&self.settings);
        let mut failures = 0;
        loop {
            self.clock.sleep(self.settings.journal_interval).await;
            let polled = match self.poll_journal().await {
                Ok(_) => self.settle_doubts().await,
                Err(error) => Err(error),
            };
            match polled {
                Ok(()) => failures = 0,
                Err(error) => {
                    failures += 1;
                    tracing::warn!("following {} failed: {error}", self.source.name());
                    let wait = match error {
                        ObserveError::Source(SourceError::Pause(asked)) => backoff.bounded(asked),
                        _ => backoff.wait(failures, &*self.clock),
                    };
                    self.clock.sleep(wait).await;
                }
            }
        }
    }

    /// Reads the journal before a sweep, or finds out whether the index has one and from where on
    /// to follow it: what came before is the sweep's business, and so is what the journal fails to
    /// tell.
    pub(super) async fn catch_up(&self) {
        let known = self.state().progress.journal.is_some();
        let caught_up = if known {
            self.poll_journal().await.map(|_| ())
        } else {
            let end = self.source.journal_end().await;
            end.map(|serial| self.state().progress.journal = Some(serial))
                .map_err(ObserveError::from)
        };
        match caught_up {
            Ok(()) => {}
            Err(ObserveError::Source(SourceError::NoJournal)) => {
                tracing::debug!("{} has no journal", self.source.name());
            }
            Err(error) => tracing::warn!("journal of {}: {error}", self.source.name()),
        }
    }

    /// Reads what the journal tells since the last time, and the pages of the projects that it
    /// names. Returns the number of rows; 0 also where the index has no journal.
    ///
    /// # Errors
    /// [`ObserveError`] if the journal cannot be read or the log does not answer: the cursor stays.
    pub async fn poll_journal(&self) -> Result<usize, ObserveError> {
        let Some(cursor) = self.state().progress.journal else { return Ok(0) };
        let mut rows = self.source.journal_since(cursor).await?;
        rows.retain(|row| row.serial > cursor);
        let Some(last) = rows.last().map(|row| row.serial) else { return Ok(0) };
        let count = rows.len();
        let touched = self.state().note(rows);
        self.read_touched(touched).await?;
        {
            let mut state = self.state();
            let progress = &mut state.progress;
            progress.journal = progress.journal.max(Some(last));
            let owed = progress.doubts.values().any(|doubt| doubt.required.is_some());
            if let Some(coverage) = progress.coverage.as_mut().filter(|_| !owed) {
                coverage.serial = coverage.serial.max(Some(last));
            }
        }
        self.save_progress().await?;
        Ok(count)
    }

    /// Reads again what is in doubt, where it is time.
    pub(super) async fn settle_doubts(&self) -> Result<(), ObserveError> {
        let now = self.clock.unix();
        let due: Vec<_> = {
            let state = self.state();
            let due = state.progress.doubts.iter().filter(|(_, doubt)| doubt.is_due(now));
            due.filter_map(|(name, _)| ProjectName::parse(name).ok()).collect()
        };
        if due.is_empty() {
            return Ok(());
        }
        self.read_touched(due).await?;
        Ok(self.save_progress().await?)
    }

    async fn read_touched(&self, projects: Vec<ProjectName>) -> Result<(), ObserveError> {
        let readings = futures::stream::iter(projects).map(async |project| {
            let task = Task { project, required: None, listing: Listing::Unknown };
            let outcome = self.read_project(&task).await;
            (task.project, outcome)
        });
        let mut readings = std::pin::pin!(readings.buffer_unordered(UNDER_WAY));
        while let Some((project, outcome)) = readings.next().await {
            match outcome? {
                Outcome::Refused(refusal) => tracing::warn!("{project}: {refusal}"),
                Outcome::Absent(tally) | Outcome::Read(tally) => {
                    tracing::info!(%project, facts = tally.facts, entries = tally.entries, "read");
                }
                Outcome::Unchanged => {}
            }
        }
        Ok(())
    }
}
