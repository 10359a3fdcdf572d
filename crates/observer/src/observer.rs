//! The observer: one package index, one log, one state.

mod follow;
mod reading;
mod sweep;

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use record::ProjectName;
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::log::{Log, LogError};
use crate::settings::Settings;
use crate::source::{DirectorySource, HttpSource, Source, SourceError};
use crate::state::{Coverage, State, StateError, StateFiles, format_progress, format_projects};

/// Opens the source that `index` names: an `http` or `https` URL, else the path of a tree.
///
/// # Errors
/// [`SourceError::Location`] if it names none.
pub fn open_source(
    index: &str,
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Source>, SourceError> {
    if index.starts_with("http://") || index.starts_with("https://") {
        Ok(Arc::new(HttpSource::open(index, settings, Arc::clone(clock))?))
    } else {
        Ok(Arc::new(DirectorySource::open(Path::new(index), settings)?))
    }
}

/// Follows one package index and submits to the log what it sees.
///
/// It may be stopped at any moment: what was not submitted and answered is read again next time,
/// and what was submitted twice adds no entry.
pub struct Observer {
    source: Arc<dyn Source>,
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    files: StateFiles,
    state: Mutex<State>,
    /// Projects being read: the older of two readings must not be submitted after the newer.
    busy: Mutex<HashSet<ProjectName>>,
    /// Held while the state is written: an older state must not replace a newer one.
    saving: tokio::sync::Mutex<()>,
    /// Permits to ask the source.
    reading: Semaphore,
    /// Permits for facts that the log has not answered yet.
    in_flight: Semaphore,
}

/// An observer cannot go on.
#[derive(Debug, Error)]
pub enum ObserveError {
    /// The log does not take what was seen.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The index's project list or journal cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The state directory cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Observer {
    /// An observer of `source` for `log` that remembers in the folder `state_dir`.
    ///
    /// # Errors
    /// [`StateError`] if the folder cannot be used. Damaged state is no error: it is started over.
    pub fn open(
        source: Arc<dyn Source>,
        log: Arc<dyn Log>,
        state_dir: &Path,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Observer, StateError> {
        let files = StateFiles::open(state_dir)?;
        let state = Mutex::new(files.load(source.name())?);
        let reading = Semaphore::new(settings.concurrency.max(1));
        let in_flight = Semaphore::new(settings.facts_in_flight.max(1) as usize);
        let (busy, saving) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Observer {
            source,
            log,
            clock,
            settings,
            files,
            state,
            busy,
            saving,
            reading,
            in_flight,
        })
    }

    /// Up to what the index has been seen; `None` before the first complete sweep.
    pub fn coverage(&self) -> Option<Coverage> {
        self.state().progress.coverage
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No method of the state panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn save_progress(&self) -> Result<(), StateError> {
        let _saving = self.saving.lock().await;
        let progress = format_progress(&self.state().progress);
        self.write(move |files| files.save_progress(&progress)).await?;
        self.tell_coverage().await;
        Ok(())
    }

    /// Doubts first: a page known as read whose doubt is forgotten would not be read again.
    async fn save(&self) -> Result<(), StateError> {
        let _saving = self.saving.lock().await;
        let (progress, projects) = {
            let state = self.state();
            (format_progress(&state.progress), format_projects(state.known.iter()))
        };
        self.write(move |files| {
            files.save_progress(&progress)?;
            files.save_projects(&projects)
        })
        .await?;
        self.tell_coverage().await;
        Ok(())
    }

    /// Tells the log how far the index has been seen. If it does not listen, the next save tells it.
    async fn tell_coverage(&self) {
        let Some(coverage) = self.coverage() else { return };
        if let Err(error) = self.log.covered(coverage).await {
            tracing::debug!("the log was not told the coverage: {error}");
        }
    }

    async fn write(
        &self,
        write: impl FnOnce(&StateFiles) -> Result<(), StateError> + Send + 'static,
    ) -> Result<(), StateError> {
        let files = self.files.clone();
        let written = tokio::task::spawn_blocking(move || write(&files)).await;
        written.unwrap_or_else(|error| Err(self.files.error(io::Error::other(error))))
    }
}
