//! Reading one project: its page, what the log holds, the difference, the facts.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use record::{Fact, ProjectName, Status, StatusFact};

use super::Observer;
use crate::doubt::{Departures, Doubt, Listing};
use crate::log::{ListedName, LogError};
use crate::page::{ProjectPage, RefusedFile, Serial};
use crate::source::{Backoff, PageAnswer, PageRequest, SourceError};

/// A project to read.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) project: ProjectName,
    /// Serial that its page must reach.
    pub(super) required: Option<Serial>,
    pub(super) listing: Listing,
}

/// What came of reading a project.
pub(super) enum Outcome {
    Absent(Tally),
    Read(Tally),
    Refused(Refusal),
    Unchanged,
}

/// What was submitted for a project.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) files: u64,
    pub(super) files_refused: Vec<RefusedFile>,
    pub(super) facts: u64,
    pub(super) entries: u64,
}

/// Why a project was not read.
pub(super) enum Refusal {
    Log(String),
    Source(SourceError),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Log(why) => write!(f, "the log refuses it: {why}"),
            Refusal::Source(error) => error.fmt(f),
        }
    }
}

impl Observer {
    /// Reads one project, unless its page is known to be unchanged, and submits what it says.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] if the log does not answer: there is no point in reading on.
    #[tracing::instrument(name = "page", skip_all)]
    pub(super) async fn read_project(&self, task: &Task) -> Result<Outcome, LogError> {
        let _turn = self.turn(&task.project).await;
        let (doubt, validator) = {
            let state = self.state();
            let name = task.project.as_str();
            let doubt = state.progress.doubts.get(name).cloned();
            let validator = state.known.get(name).and_then(|known| known.validator.clone());
            (doubt, validator)
        };
        // What is in doubt is not settled by "the same as before".
        let validator = validator.filter(|_| doubt.is_none());
        let before = doubt.unwrap_or_default();
        let request = PageRequest {
            project: &task.project,
            validator: validator.as_deref(),
            required: task.required.max(before.required),
        };
        let outcome = match self.ask(request).await {
            Ok(PageAnswer::Absent) => self.settle_absence(task, &before).await,
            Ok(PageAnswer::Page { page, serial, validator }) => {
                self.settle_page(task, &before, page, serial, &validator).await
            }
            Ok(PageAnswer::Unchanged { serial }) => {
                self.settle_unchanged(&task.project, serial);
                Ok(Outcome::Unchanged)
            }
            Err(error) => Ok(Outcome::Refused(Refusal::Source(error))),
        };
        match outcome {
            // A refusal concerns this project, an outage of the log all.
            Err(LogError::Refused(why)) => {
                self.put_off(&task.project);
                Ok(Outcome::Refused(Refusal::Log(why)))
            }
            Ok(Outcome::Refused(refusal)) => {
                self.put_off(&task.project);
                Ok(Outcome::Refused(refusal))
            }
            settled => settled,
        }
    }

    async fn ask(&self, request: PageRequest<'_>) -> Result<PageAnswer, SourceError> {
        let _permit = self.reading.acquire().await;
        self.source.page(request).await
    }

    fn settle_unchanged(&self, project: &ProjectName, serial: Option<Serial>) {
        if let Some(known) = self.state().known.get_mut(project.as_str()) {
            known.serial = known.serial.max(serial);
        }
    }

    /// A doubt whose page cannot be read is looked at again later and later.
    fn put_off(&self, project: &ProjectName) {
        let now = self.clock.unix();
        if let Some(doubt) = self.state().progress.doubts.get_mut(project.as_str()) {
            let wait = Backoff::new(&self.settings).wait(doubt.tries() + 1, &*self.clock);
            doubt.put_off(now, wait);
        }
    }

    async fn settle_page(
        &self,
        task: &Task,
        before: &Doubt,
        page: ProjectPage,
        serial: Option<Serial>,
        validator: &str,
    ) -> Result<Outcome, LogError> {
        let project = &task.project;
        let held = self.held(project).await?;
        let (now, mut doubt) = (self.clock.unix(), before.clone());
        let departures = doubt.weigh_page(&held, &page, now, &self.settings.caution);
        let mut tally = Tally { files: page.count(), ..Tally::default() };
        let facts = page_facts(project, page, departures, &mut tally.files_refused);
        self.submit(facts, &mut tally).await?;
        let mut state = self.state();
        state.keep_doubt(project, before, doubt);
        state.keep_page(project, serial, Some(validator));
        Ok(Outcome::Read(tally))
    }

    async fn settle_absence(&self, task: &Task, before: &Doubt) -> Result<Outcome, LogError> {
        let project = &task.project;
        let mut tally = Tally::default();
        let mut doubt = before.clone();
        let deleted = doubt.weigh_absence(task.listing, self.clock.unix(), &self.settings.caution);
        if deleted {
            let held = self.held(project).await?;
            self.submit(deletion_facts(project, held), &mut tally).await?;
        }
        let mut state = self.state();
        state.keep_doubt(project, before, doubt);
        if deleted {
            state.known.remove(project.as_str());
        }
        drop(state);
        self.put_off(project);
        Ok(Outcome::Absent(tally))
    }

    /// What the log holds as listed.
    async fn held(&self, project: &ProjectName) -> Result<Vec<ListedName>, LogError> {
        let backoff = Backoff::new(&self.settings);
        let mut tries = 1;
        loop {
            match self.log.listed(project).await {
                Err(LogError::Unavailable(_)) if tries < self.settings.tries => {
                    self.clock.sleep(backoff.wait(tries, &*self.clock)).await;
                    tries += 1;
                }
                answer => return answer.map(Option::unwrap_or_default),
            }
        }
    }

    /// Submits facts in their order and counts them.
    async fn submit(&self, facts: Vec<Fact>, tally: &mut Tally) -> Result<(), LogError> {
        let mut facts = facts.into_iter();
        loop {
            let some: Vec<Fact> =
                facts.by_ref().take(self.settings.facts_per_submission.max(1)).collect();
            if some.is_empty() {
                return Ok(());
            }
            tally.facts += some.len() as u64;
            tally.entries += self.submit_some(some).await?;
        }
    }

    async fn submit_some(&self, facts: Vec<Fact>) -> Result<u64, LogError> {
        let backoff = Backoff::new(&self.settings);
        let count = u32::try_from(facts.len()).unwrap_or(u32::MAX);
        let permits = count.min(self.settings.facts_in_flight.max(1));
        let _permits = self.in_flight.acquire_many(permits).await;
        let mut tries = 1;
        loop {
            match self.log.submit(facts.clone()).await {
                Err(LogError::Unavailable(_)) if tries < self.settings.tries => {
                    self.clock.sleep(backoff.wait(tries, &*self.clock)).await;
                    tries += 1;
                }
                answer => return answer.map(|submitted| submitted.entries),
            }
        }
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<ProjectName>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else reads this project, and keeps others out until dropped.
    async fn turn(&self, project: &ProjectName) -> Turn<'_> {
        const PATIENCE: Duration = Duration::from_millis(50);
        loop {
            if self.busy().insert(project.clone()) {
                return Turn { busy: &self.busy, project: project.clone() };
            }
            self.clock.sleep(PATIENCE).await;
        }
    }
}

/// The right to read a project.
struct Turn<'a> {
    busy: &'a Mutex<HashSet<ProjectName>>,
    project: ProjectName,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.project);
    }
}

/// The facts of a page, in its order; then what is gone.
fn page_facts(
    project: &ProjectName,
    page: ProjectPage,
    departures: Departures,
    refused: &mut Vec<RefusedFile>,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    *refused = page.take_facts(project, &mut facts);
    let release = |(version, status)| {
        let (project, version) = (project.clone(), Some(version));
        Fact::Status(StatusFact { project, version, filename: None, status, reason: None })
    };
    facts.extend(departures.releases.into_iter().map(release));
    facts.extend(departures.removed.into_iter().map(|filename| unlisted(project, filename)));
    facts
}

fn deletion_facts(project: &ProjectName, held: Vec<ListedName>) -> Vec<Fact> {
    let deleted = Fact::Status(StatusFact {
        project: project.clone(),
        version: None,
        filename: None,
        status: Status::Deleted,
        reason: None,
    });
    held.into_iter().map(|file| unlisted(project, file.filename)).chain([deleted]).collect()
}

fn unlisted(project: &ProjectName, filename: String) -> Fact {
    Fact::Unlisted { project: project.clone(), filename }
}
