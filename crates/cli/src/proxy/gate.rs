//! Who is let through: what the log says about a project and about a file, and what follows.

use std::time::Duration;

use client::{Known, LookupKey, Undecided, VerifiedLookup};
use record::{EpochEntry, ProjectName};
use tokio::time::Instant;

use super::Unobserved;
use super::askers::Askers;
use super::facts::{self, Facts, Standing};
use super::page::PageFile;
use super::refusal::Refusal;
use crate::freshness::{self, Freshness};

/// How long to wait before the log is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// What is known of a file that was only looked up by its name.
const NEVER_SEEN: &str = "not-yet-observed: the log has no entry of this file";

/// Asks the log, and applies what the user wants.
#[derive(Debug)]
pub(super) struct Gate {
    /// Readers of the log.
    pub(super) askers: Askers,
    /// How fresh answers have to be.
    pub(super) freshness: Freshness,
    /// What becomes of files that the log has not seen.
    pub(super) unobserved: Unobserved,
    /// For how long it is waited for them.
    pub(super) wait: Duration,
}

impl Gate {
    /// Everything that the log has about a project; `None` if that is more than it answers at once.
    pub(super) async fn project(&self, project: &ProjectName) -> Result<Option<Facts>, Refusal> {
        let found = match self.askers.lookup(&LookupKey::Project(project.clone())).await {
            Ok(found) => found,
            Err(client::Error::Undecided(Undecided::TooMany(_))) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let epoch = self.check(&found)?;
        Ok(Some(Facts::new(project, &found, epoch)))
    }

    /// How a file stands by everything that the log has under its name, whatever the project. `before`
    /// is how it stood by the project's entries, which tell more about what was never seen; they are read
    /// again if a publisher `speaks` for the project.
    pub(super) async fn file(
        &self,
        file: &PageFile,
        project: &ProjectName,
        before: &Standing,
        speaks: bool,
    ) -> Result<Standing, Refusal> {
        let deadline = Instant::now() + self.wait;
        loop {
            let found = self.askers.lookup(&LookupKey::File(file.filename.clone())).await?;
            self.check(&found)?;
            let standing = if found.entries().is_empty() {
                Standing::Unseen(before.why().unwrap_or(NEVER_SEEN).to_owned())
            } else {
                let facts = if speaks { self.project(project).await? } else { None };
                let said = facts.as_ref().map(Facts::of_publisher).unwrap_or_default();
                facts::judge(file, project, &Known { filename: found.entries(), ..said })
            };
            if !matches!(standing, Standing::Unseen(_)) || self.is_over(deadline) {
                return Ok(standing);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn is_over(&self, deadline: Instant) -> bool {
        self.unobserved != Unobserved::Wait || Instant::now() >= deadline
    }

    /// Refuses answers that are not known to be complete, or too old: an omission would be a file let
    /// through.
    fn check<'a>(&self, found: &'a VerifiedLookup) -> Result<&'a EpochEntry, Refusal> {
        let completeness = found.completeness().ok_or_else(|| {
            Refusal::unchecked(
                "the log has no epoch yet: it can not show that its answer is complete",
            )
        })?;
        let epoch = completeness.epoch();
        let checkpoint = Some(found.checkpoint());
        let fresh =
            freshness::now().and_then(|now| self.freshness.check(Some(epoch), checkpoint, now));
        fresh.map_err(|failure| Refusal::unchecked(failure.summary()))?;
        Ok(epoch)
    }
}
