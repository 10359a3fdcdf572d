//! Why a command has no result: exit code, error and hint.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use client::publish::SigningError;
use client::{Class, Disproof, InvalidTrust, Undecided};
use thiserror::Error;
use tlog::PolicyError;

use crate::output::printable;

/// Why a command has no result.
#[derive(Debug)]
pub struct Failure {
    class: Class,
    error: Box<dyn Error + Send + Sync>,
    hint: Option<String>,
}

/// A file cannot be read or written.
#[derive(Debug, Error)]
#[error("cannot use {path}")]
struct FileError {
    path: String,
    source: Box<dyn Error + Send + Sync>,
}

impl Failure {
    /// Something could not be checked.
    pub fn undecided(error: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure { class: Class::Undecided, error: error.into(), hint: None }
    }

    /// A file could not be used.
    pub fn file(path: &Path, error: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        let path = path.display().to_string();
        Failure::undecided(FileError { path, source: error.into() })
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// The exit code that it means. That nobody reads the output any more is no failure.
    pub fn exit_code(&self) -> u8 {
        let source = |error: &(dyn Error + 'static)| {
            error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
        };
        if self.chain().any(source) { 0 } else { self.class.exit_code() }
    }

    /// What happened, on one line.
    pub(crate) fn summary(&self) -> String {
        self.error.to_string()
    }

    /// Tells a person what happened, once, and returns the exit code.
    pub fn report(&self, err: &mut dyn Write) -> u8 {
        let code = self.exit_code();
        if code != 0 {
            // There is nobody left to tell if standard error is closed, too.
            let _ = self.write(err);
        }
        code
    }

    fn write(&self, err: &mut dyn Write) -> io::Result<()> {
        let mut told: Vec<String> =
            self.chain().map(|error| printable(&error.to_string())).collect();
        told.dedup();
        let (error, causes) = told.split_first().expect("an error is the first of its chain");
        writeln!(err, "error: {error}")?;
        causes.iter().try_for_each(|cause| writeln!(err, "  because: {cause}"))?;
        match &self.hint {
            Some(hint) => writeln!(err, "\nhint: {}", printable(hint)),
            None => Ok(()),
        }
    }

    fn chain(&self) -> impl Iterator<Item = &(dyn Error + 'static)> {
        let first: &(dyn Error + 'static) = self.error.as_ref();
        std::iter::successors(Some(first), |error| (*error).source())
    }
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Failure {
        let class = match &error {
            client::Error::Disproven(_) => Class::Bad,
            client::Error::Undecided(_) => Class::Undecided,
        };
        let hint = hint(&error);
        Failure { class, error: error.into(), hint }
    }
}

fn hint(error: &client::Error) -> Option<String> {
    let hint = match error {
        client::Error::Disproven(Disproof::Fork { saved: Some(path), .. }) => kept(path, "--fork"),
        client::Error::Disproven(Disproof::Fraud { saved: Some(path), .. }) => {
            kept(path, "--fraud")
        }
        client::Error::Disproven(Disproof::Lie { saved: Some(path), .. }) => format!(
            "The proof that the log signed this entry is in {}. Who replays the log finds the same: \
             indelible monitor --replay --once --state NEW-DIR",
            path.display()
        ),
        client::Error::Disproven(_) => {
            "The answer was checked and is false. Do not rely on this log or on the way to it."
                .to_owned()
        }
        client::Error::Undecided(Undecided::Rollback { .. }) => {
            "An outdated copy is being served, or the log was restored from a backup. Try again \
             later; if it stays so, ask the log's operator."
                .to_owned()
        }
        client::Error::Undecided(Undecided::Network { .. }) => {
            "Is the log's URL right, and is the log up?".to_owned()
        }
        client::Error::Undecided(Undecided::Incomplete(_)) => {
            "The log writes an epoch, which shows it, every few minutes: try again later.".to_owned()
        }
        client::Error::Undecided(Undecided::NotNow(_)) => {
            "Wait a while and try again: what was logged already stays where it is. If the log goes on \
             so, ask its operator."
                .to_owned()
        }
        client::Error::Undecided(Undecided::Checkpoint(
            PolicyError::NoLogSignature | PolicyError::UnknownOrigin(_),
        )) => "Is this the key of the log at this URL?".to_owned(),
        client::Error::Undecided(_) => return None,
    };
    Some(hint)
}

/// Where evidence is, and how it convinces others.
fn kept(path: &Path, option: &str) -> String {
    format!(
        "The evidence is in {}. Anyone can check it: indelible verify {option} FILE --key VKEY",
        path.display()
    )
}

impl From<SigningError> for Failure {
    fn from(error: SigningError) -> Failure {
        Failure::undecided(error)
    }
}

impl From<InvalidTrust> for Failure {
    fn from(error: InvalidTrust) -> Failure {
        Failure::undecided(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::undecided(error)
    }
}
