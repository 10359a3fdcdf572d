//! The newest verified head of each log, kept in files.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use record::Digest;
use tempfile::NamedTempFile;
use tlog::SignedCheckpoint;

use crate::error::{Disproof, Error, Undecided};

/// Longest remembered checkpoint in bytes; a note can not be longer.
const MAX_LEN: u64 = tlog::MAX_NOTE_LEN as u64;

/// A directory that remembers the newest verified checkpoint of each log.
///
/// One file a log, `<lower-case hex SHA-256 of the origin>.checkpoint`, holds the signed note as it was
/// received. No file means that nothing is remembered, as if the log were empty. What shows forks, frauds and
/// lies is put beside it, as `<16 hex digits>.fork`, `.fraud` or `.tlog-proof`. The directory is trusted:
/// whoever can write to it can make its user accept a fork.
///
/// Operations block for as long as a small file takes to be written and synced.
#[derive(Clone, Debug)]
pub struct Memory {
    dir: PathBuf,
}

/// What became of an attempt to remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// The checkpoint is remembered and on disk.
    Done,
    /// Somebody else remembered another checkpoint meanwhile; nothing was written.
    Changed,
}

impl Memory {
    /// Opens a state directory, which is made if it does not exist.
    ///
    /// # Errors
    /// [`Undecided::State`] if that fails.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Memory, Undecided> {
        let dir = dir.into();
        fs::create_dir_all(&dir).map_err(|error| Undecided::state(&dir, error))?;
        Ok(Memory { dir })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What is remembered of a log; `None` if nothing is.
    ///
    /// # Errors
    /// [`Undecided::State`] if there is something and it cannot be read.
    pub fn load(&self, origin: &str) -> Result<Option<SignedCheckpoint>, Undecided> {
        let path = self.path(origin, "checkpoint");
        let Some(bytes) = read(&path).map_err(|error| Undecided::state(&path, error))? else {
            return Ok(None);
        };
        let checkpoint = SignedCheckpoint::parse(&bytes);
        checkpoint.map(Some).map_err(|error| Undecided::state(&path, error))
    }

    /// Remembers `next` if `expected` is still what is remembered of its log.
    ///
    /// # Errors
    /// [`Undecided::State`] if it cannot be written; the old state is then still there.
    pub fn replace(
        &self,
        expected: Option<&SignedCheckpoint>,
        next: &SignedCheckpoint,
    ) -> Result<Replaced, Undecided> {
        let origin = next.checkpoint().origin();
        let lock_path = self.path(origin, "lock");
        let lock = lock(&lock_path).map_err(|error| Undecided::state(&lock_path, error))?;
        if self.load(origin)?.as_ref() != expected {
            return Ok(Replaced::Changed);
        }
        let path = self.path(origin, "checkpoint");
        write_durably(&self.dir, &path, &next.to_bytes())
            .map_err(|error| Undecided::state(&path, error))?;
        drop(lock);
        Ok(Replaced::Done)
    }

    /// Puts what an error shows to others beside the heads, if it shows anything, and says in it where.
    pub fn keep_evidence(&self, error: Error) -> Error {
        keep_evidence(&self.dir, error)
    }

    fn path(&self, origin: &str, extension: &str) -> PathBuf {
        self.dir.join(format!("{}.{extension}", Digest::sha256(origin.as_bytes())))
    }
}

/// Writes the evidence into `dir`, if the error has any, and says where. That it cannot be written does
/// not undo the fork, the fraud or the lie.
pub(crate) fn keep_evidence(dir: &Path, error: Error) -> Error {
    match error {
        Error::Disproven(Disproof::Fork { report, .. }) => {
            let saved = keep_text(dir, &report.to_string(), "fork").ok();
            Disproof::Fork { report, saved }.into()
        }
        Error::Disproven(Disproof::Lie { lie, .. }) => {
            let saved = keep_text(dir, &lie.evidence().to_string(), "tlog-proof").ok();
            Disproof::Lie { lie, saved }.into()
        }
        Error::Disproven(Disproof::Fraud { fraud, .. }) => {
            let saved = keep_text(dir, &fraud.proof().to_string(), "fraud").ok();
            Disproof::Fraud { fraud, saved }.into()
        }
        other => other,
    }
}

fn keep_text(dir: &Path, text: &str, extension: &str) -> io::Result<PathBuf> {
    let digest = Digest::sha256(text.as_bytes()).to_string();
    let path = dir.join(format!("{}.{extension}", &digest[..16]));
    write_durably(dir, &path, text.as_bytes())?;
    Ok(path)
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.len() > MAX_LEN => {
            Err(io::Error::new(io::ErrorKind::InvalidData, "too long to be a checkpoint"))
        }
        Ok(_) => fs::read(path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Waits for the lock; it is released when the file is dropped, also by a crash.
fn lock(path: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    file.lock()?;
    Ok(file)
}

/// Replaces a file in one step: after a crash it holds the old bytes or the new ones.
pub(crate) fn write_durably(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(dir)?.sync_all()
}
