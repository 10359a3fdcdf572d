//! The directory of a witness: what lies where, and the two ways to come by it, creating it and
//! opening it.
//!
//! | name | what | trust |
//! | --- | --- | --- |
//! | `key` | the cosigning key, as secret note key text | whoever reads it can cosign forks |
//! | `lock` | held while a process serves | none |
//! | `state/` | one file per log, see [`StateFile`] | rolled back, the witness cosigns a fork |
//!
//! A backup of `state/` is never restored: a witness that has forgotten what it cosigned is worth
//! less than none. Make a new one, under another name.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tlog::{CosigningKey, VerifyingKey};

use crate::state_file::StateFile;

/// A directory that holds, or will hold, one witness.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The directory at `path`.
    pub fn new(path: PathBuf) -> DataDir {
        DataDir(path)
    }

    /// Creates a witness: a new key that has cosigned nothing. Refuses a directory that holds
    /// anything.
    ///
    /// # Errors
    /// A directory that is not empty or can not be written, or a name that can not be a key's.
    pub fn create(&self, name: &str) -> anyhow::Result<VerifyingKey> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).context("the system gives no randomness")?;
        let key = CosigningKey::from_seed(name, &seed)
            .with_context(|| format!("{name:?} can not be the name of a witness"))?;
        self.make_empty()?;
        DirBuilder::new()
            .mode(0o700)
            .create(self.state())
            .context("the directory of the state can not be created")?;
        self.write_key(&key).context("the cosigning key can not be written")?;
        Ok(key.verifying_key().clone())
    }

    fn make_empty(&self) -> anyhow::Result<()> {
        let path = self.0.display();
        match fs::read_dir(&self.0).map(|mut entries| entries.next().is_none()) {
            Ok(true) => Ok(()),
            Ok(false) => bail!(
                "{path} is not empty, and a witness is never created over something: \
                 choose another directory, or `indelible-witness serve` what is there"
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&self.0)
                .with_context(|| format!("{path} can not be created")),
            Err(error) => Err(error).with_context(|| format!("{path} can not be read")),
        }
    }

    fn write_key(&self, key: &CosigningKey) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(self.key_file())?;
        file.write_all(key.secret_text().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        File::open(&self.0)?.sync_all()
    }

    /// Opens a witness for this process alone. Nothing is created that matters.
    ///
    /// # Errors
    /// No such witness, a damaged or incomplete one, or one that another process has open.
    pub fn open(&self) -> anyhow::Result<OpenDir> {
        let key = self.read_key()?;
        let lock = self.lock()?;
        let state = self.state();
        if !state.is_dir() {
            bail!(
                "{} is missing: it holds what this witness has cosigned, and without it the \
                 witness would cosign a fork. Bring the directory back as it was, or create a new \
                 witness under another name",
                state.display()
            );
        }
        Ok(OpenDir { key, state, _lock: lock })
    }

    fn read_key(&self) -> anyhow::Result<CosigningKey> {
        let path = self.key_file();
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "{} holds no readable cosigning key; `indelible-witness init` creates a witness",
                path.display()
            )
        })?;
        CosigningKey::parse(text.trim_end_matches('\n'))
            .with_context(|| format!("{} is not a cosigning key", path.display()))
    }

    fn lock(&self) -> anyhow::Result<File> {
        let path = self.0.join("lock");
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let file = file.with_context(|| format!("{} can not be opened", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                bail!("another process serves {}: two would cosign two histories", self.0.display())
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("{} can not be locked", path.display()))
            }
        }
    }

    fn key_file(&self) -> PathBuf {
        self.0.join("key")
    }

    fn state(&self) -> PathBuf {
        self.0.join("state")
    }
}

/// A witness that this process has for itself, until this is dropped.
#[derive(Debug)]
pub struct OpenDir {
    key: CosigningKey,
    state: PathBuf,
    _lock: File,
}

impl OpenDir {
    /// The cosigning key.
    pub const fn key(&self) -> &CosigningKey {
        &self.key
    }

    /// The file of the log with this origin, which need not exist yet.
    pub fn state_file(&self, origin: &str) -> StateFile {
        StateFile::new(Path::new(&self.state), origin)
    }
}
