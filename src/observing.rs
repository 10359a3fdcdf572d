//! Observers in this program: how they are opened, and the sequencer as the log they see.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use observer::{Coverage, ListedName, Log, LogError, Observer, Submitted, SystemClock};
use record::{Fact, ProjectName, ProjectState, Status};

use crate::sequencer::{Sequencer, SubmitError};

#[async_trait]
impl Log for Sequencer {
    async fn listed(&self, project: &ProjectName) -> Result<Option<Vec<ListedName>>, LogError> {
        let state = self.project(project).await.map_err(LogError::Unavailable)?;
        Ok(listed_names(&state))
    }

    async fn submit(&self, facts: Vec<Fact>) -> Result<Submitted, LogError> {
        match Sequencer::submit(self, facts).await {
            Ok(receipt) => Ok(Submitted { entries: receipt.entries }),
            Err(error @ SubmitError::Invalid { .. }) => Err(LogError::Refused(error.to_string())),
            Err(error) => Err(LogError::Unavailable(error.to_string())),
        }
    }

    async fn covered(&self, coverage: Coverage) -> Result<(), LogError> {
        self.cover(coverage);
        Ok(())
    }
}

/// The files of a project that the log holds as listed; `None` if it never saw the project.
pub(crate) fn listed_names(state: &ProjectState) -> Option<Vec<ListedName>> {
    let names = state.files().filter_map(|(filename, file)| {
        let page = file.current().filter(|page| page.is_listed())?;
        Some(ListedName {
            filename: filename.to_owned(),
            version: page.version().to_owned(),
            sha256: *page.sha256(),
            quarantined: state.release_status(page.version()) == Status::Quarantined,
        })
    });
    state.is_seen().then(|| names.collect())
}

/// Opens an observer of `index`: a directory if there is one of that name, else a URL.
///
/// # Errors
/// A name that is neither, or a state directory that can not be used.
pub(crate) fn open_observer(
    index: &str,
    log: Arc<dyn Log>,
    settings: observer::Settings,
    state: &Path,
) -> anyhow::Result<Observer> {
    let clock: Arc<dyn observer::Clock> = Arc::new(SystemClock::new());
    let source = observer::open_source(index, &settings, &clock)?;
    Ok(Observer::open(source, log, state, settings, clock)?)
}
