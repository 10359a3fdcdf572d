//! A sweep: the project list, every page that may have changed, every name that is gone from the
//! list.

use futures::StreamExt as _;
use record::ProjectName;

use super::reading::{Outcome, Refusal, Tally, Task};
use super::{ObserveError, Observer};
use crate::doubt::Listing;
use crate::log::LogError;
use crate::page::{ListedProject, ProjectList};
use crate::report::SweepReport;
use crate::source::SourceError;
use crate::state::{Coverage, State};

/// Projects under way at the same time, most of them waiting for the log.
const UNDER_WAY: usize = 512;
/// Projects read between two writes of the state.
const SAVE_EVERY: u64 = 50_000;

/// How much of the index a sweep asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Only projects whose serial in the list has grown.
    Serials,
    /// All that may have changed, and what vanished.
    Whole,
}

/// What a sweep sets out to do.
struct Plan {
    tasks: Vec<Task>,
    unchanged: u64,
    vanished: u64,
}

impl Observer {
    /// Reads the project list and every page that may have changed, and submits what they say.
    ///
    /// A project that cannot be read is named in the report and does not hold up the others.
    ///
    /// # Errors
    /// [`ObserveError`] if the list cannot be read, the log does not answer or the state cannot be
    /// written. What was submitted until then is remembered.
    pub async fn sweep(&self) -> Result<SweepReport, ObserveError> {
        self.catch_up().await;
        self.sweep_to(Depth::Whole).await
    }

    #[tracing::instrument(name = "sweep", skip(self))]
    pub(super) async fn sweep_to(&self, depth: Depth) -> Result<SweepReport, ObserveError> {
        let started = self.clock.unix();
        let list = self.source.list().await?;
        self.check_list(&list)?;
        let mut report = SweepReport {
            started,
            serial: list.serial,
            listed: list.projects.len() as u64,
            ..SweepReport::default()
        };
        for name in &list.refused {
            report.refuse(name, &"the list holds it, and it is no project name");
        }
        let plan = self.plan(&list, depth);
        report.unchanged = plan.unchanged;
        report.vanished = plan.vanished;
        drop(list);
        let read = self.read_all(plan.tasks, &mut report).await;
        self.conclude(&mut report, depth);
        self.save().await?;
        read?;
        Ok(report)
    }

    /// Refuses a list that is older than one seen before.
    fn check_list(&self, list: &ProjectList) -> Result<(), SourceError> {
        let mut state = self.state();
        let newest = state.progress.list;
        if let Some(required) = newest.filter(|newest| list.serial.is_some_and(|got| got < *newest))
        {
            return Err(SourceError::Stale { required, got: list.serial });
        }
        state.progress.list = list.serial.max(newest);
        Ok(())
    }

    fn plan(&self, list: &ProjectList, depth: Depth) -> Plan {
        let mut state = self.state();
        if depth == Depth::Whole {
            state.progress.sweeps += 1;
        }
        let share = Share { every: self.settings.revalidate_every, sweep: state.progress.sweeps };
        let stands_still = |project: &ListedProject| {
            let name = project.name.as_str();
            let standing = match (state.known.get(name), project.serial) {
                (Some(known), Some(listed)) => known.serial.is_some_and(|known| listed <= known),
                (_, None) => depth == Depth::Serials,
                (None, Some(_)) => false,
            };
            let asked = depth == Depth::Whole && share.has(name);
            standing && !asked && !state.progress.doubts.contains_key(name)
        };
        let to_read = list.projects.iter().filter(|project| !stands_still(project));
        let mut tasks: Vec<Task> = to_read
            .map(|project| Task {
                project: project.name.clone(),
                required: project.serial,
                listing: Listing::Listed,
            })
            .collect();
        let unchanged = (list.projects.len() - tasks.len()) as u64;
        let vanished = match depth {
            Depth::Serials => 0,
            Depth::Whole => self.plan_vanished(list, &mut state, &mut tasks),
        };
        Plan { tasks, unchanged, vanished }
    }

    /// Plans to look at the names that are gone from the list. Returns how many there are that are
    /// not looked at.
    fn plan_vanished(&self, list: &ProjectList, state: &mut State, tasks: &mut Vec<Task>) -> u64 {
        let gone = state.known.keys().filter(|name| !list.has(name));
        let gone: Vec<_> = gone.filter_map(|name| ProjectName::parse(name).ok()).collect();
        if !self.believes(gone.len(), state.known.len(), &mut state.progress.vanishings) {
            return gone.len() as u64;
        }
        let listing = Listing::Vanished;
        tasks.extend(gone.into_iter().map(|project| Task { project, required: None, listing }));
        0
    }

    /// Whether names gone from the list are looked at: a mass of them only when several sweeps
    /// agree.
    fn believes(&self, gone: usize, known: usize, vanishings: &mut u32) -> bool {
        let caution = &self.settings.caution;
        let mass =
            gone > caution.list_floor && gone as u64 * 100 > known as u64 * caution.list_percent;
        *vanishings = if mass { vanishings.saturating_add(1) } else { 0 };
        !mass || *vanishings >= caution.list_sweeps
    }

    /// Reads projects, those that failed for the moment once more at the end.
    async fn read_all(
        &self,
        tasks: Vec<Task>,
        report: &mut SweepReport,
    ) -> Result<(), ObserveError> {
        let again = self.read_each(tasks, report, false).await?;
        self.read_each(again, report, true).await?;
        Ok(())
    }

    /// Reads projects, many at a time. Returns those to be read again, unless this is the last
    /// time.
    async fn read_each(
        &self,
        tasks: Vec<Task>,
        report: &mut SweepReport,
        last: bool,
    ) -> Result<Vec<Task>, ObserveError> {
        let mut again = Vec::new();
        let mut failures = 0;
        let readings = futures::stream::iter(tasks).map(async |task| {
            let outcome = self.read_project(&task).await;
            (task, outcome)
        });
        let mut readings = std::pin::pin!(readings.buffer_unordered(UNDER_WAY));
        let mut settled: u64 = 0;
        while let Some((task, outcome)) = readings.next().await {
            let outcome = stop_on_outage(outcome, report)?;
            failures = if outcome.is_outage() { failures + 1 } else { 0 };
            if failures >= self.settings.failures_in_a_row {
                report.stopped = Some(format!("{failures} projects failed in a row"));
            }
            match outcome {
                Outcome::Refused(Refusal::Source(error))
                    if error.is_passing() && !last && report.stopped.is_none() =>
                {
                    again.push(task);
                }
                outcome => report.count(&task, outcome),
            }
            if report.stopped.is_some() {
                return Ok(Vec::new());
            }
            settled += 1;
            if settled.is_multiple_of(SAVE_EVERY) {
                self.save().await?;
            }
        }
        Ok(again)
    }

    fn conclude(&self, report: &mut SweepReport, depth: Depth) {
        let progress = &mut self.state().progress;
        report.in_doubt = progress.doubts.len() as u64;
        if !report.is_complete() {
            return;
        }
        // The journal may have come further meanwhile.
        let before = progress.coverage;
        let serial = report.serial.max(before.and_then(|coverage| coverage.serial));
        progress.coverage = match depth {
            Depth::Serials => before.map(|coverage| Coverage { serial, ..coverage }),
            Depth::Whole => Some(Coverage { serial, swept: report.started }),
        };
    }
}

/// Notes in the report that the log does not answer, which ends the sweep.
fn stop_on_outage(
    outcome: Result<Outcome, LogError>,
    report: &mut SweepReport,
) -> Result<Outcome, LogError> {
    outcome.inspect_err(|error| report.stopped = Some(error.to_string()))
}

/// The projects that one sweep asks for although their serials stand still.
struct Share {
    every: u32,
    sweep: u64,
}

impl Share {
    fn has(&self, name: &str) -> bool {
        // Any even spread will do; FNV-1a needs no state and never changes.
        let spread = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, spread);
        let every = u64::from(self.every);
        every != 0 && hash % every == self.sweep % every
    }
}

impl Outcome {
    fn is_outage(&self) -> bool {
        matches!(self, Outcome::Refused(Refusal::Source(error)) if error.is_outage())
    }
}

impl SweepReport {
    fn count(&mut self, task: &Task, outcome: Outcome) {
        match outcome {
            Outcome::Absent(tally) => {
                self.absent += 1;
                self.add(task, &tally);
            }
            Outcome::Read(tally) => {
                self.read += 1;
                self.add(task, &tally);
            }
            Outcome::Refused(refusal) => self.refuse(task.project.as_str(), &refusal),
            Outcome::Unchanged => self.unchanged += 1,
        }
    }

    fn add(&mut self, task: &Task, tally: &Tally) {
        self.files += tally.files;
        self.facts += tally.facts;
        self.entries += tally.entries;
        for file in &tally.files_refused {
            self.refuse_file(&task.project, file);
        }
    }
}
