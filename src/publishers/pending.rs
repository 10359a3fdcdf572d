//! Enrolments that wait for the operator.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use record::{KeyEntry, ProjectName, PublicKey};
use thiserror::Error;

use crate::{durable, metrics};

/// Enrolments that wait at most, and of one project.
const MAX_PENDING: usize = 1000;
const MAX_OF_PROJECT: usize = 4;

/// The file of enrolments that were asked for and not decided, one JSON object a line.
///
/// Each has the fields of the entry that it may become, at the time at which it was asked for. They are
/// signed and checked; whether the one who asks is the publisher, only a human can find out.
pub struct Pending {
    path: PathBuf,
    waiting: Mutex<Vec<KeyEntry>>,
}

/// An enrolment can not be kept.
#[derive(Debug, Error)]
pub enum PendingError {
    /// Too much is waiting.
    #[error(
        "as many enrolments as this log keeps are waiting for its operator: ask the operator, or try \
         again later"
    )]
    Full,
    /// The file can not be read or written.
    #[error("{path} can not be read or written")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// The file is not one of enrolments.
    #[error("line {line} of {path} is not an enrolment")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl Pending {
    /// Reads the file, which need not exist yet.
    ///
    /// # Errors
    /// [`PendingError`] if it can not be read.
    pub fn open(path: PathBuf) -> Result<Pending, PendingError> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(PendingError::Io { path, source }),
        };
        let parse = |(number, line): (usize, &str)| {
            let damaged =
                |source| PendingError::Damaged { path: path.clone(), line: number + 1, source };
            serde_json::from_str(line).map_err(damaged)
        };
        let waiting = text.lines().enumerate().map(parse).collect::<Result<Vec<_>, _>>()?;
        gauge(&waiting);
        Ok(Pending { path, waiting: Mutex::new(waiting) })
    }

    /// What waits, oldest first.
    pub fn list(&self) -> Vec<KeyEntry> {
        self.lock().clone()
    }

    /// Keeps an enrolment; asking again changes nothing.
    ///
    /// # Errors
    /// [`PendingError`] if it is not kept.
    pub fn add(&self, enrolment: KeyEntry) -> Result<(), PendingError> {
        let mut waiting = self.lock();
        if waiting.iter().any(|known| is(known, &enrolment.project, &enrolment.key)) {
            return Ok(());
        }
        let of_project = waiting.iter().filter(|known| known.project == enrolment.project);
        if waiting.len() >= MAX_PENDING || of_project.count() >= MAX_OF_PROJECT {
            return Err(PendingError::Full);
        }
        let mut changed = waiting.clone();
        changed.push(enrolment);
        self.replace(&mut waiting, changed)
    }

    /// Forgets the enrolment of a key, if it waits.
    ///
    /// # Errors
    /// [`PendingError`] if the file can not be written; it goes on waiting then.
    pub fn remove(&self, project: &ProjectName, key: &PublicKey) -> Result<bool, PendingError> {
        let mut waiting = self.lock();
        let mut changed = waiting.clone();
        changed.retain(|known| !is(known, project, key));
        let found = changed.len() < waiting.len();
        if found {
            self.replace(&mut waiting, changed)?;
        }
        Ok(found)
    }

    fn replace(
        &self,
        waiting: &mut MutexGuard<'_, Vec<KeyEntry>>,
        changed: Vec<KeyEntry>,
    ) -> Result<(), PendingError> {
        write(&self.path, &changed)
            .map_err(|source| PendingError::Io { path: self.path.clone(), source })?;
        gauge(&changed);
        **waiting = changed;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<KeyEntry>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is(enrolment: &KeyEntry, project: &ProjectName, key: &PublicKey) -> bool {
    enrolment.project == *project && enrolment.key == *key
}

fn write(path: &Path, waiting: &[KeyEntry]) -> io::Result<()> {
    let mut text = Vec::new();
    for enrolment in waiting {
        serde_json::to_writer(&mut text, enrolment)?;
        text.push(b'\n');
    }
    durable::replace(path, &text)
}

fn gauge(waiting: &[KeyEntry]) {
    metrics::set("indelible_pending_enrolments", waiting.len() as u64);
}
