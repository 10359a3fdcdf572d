//! What a witness remembers of one log, on disk.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tlog::{SignedCheckpoint, VerifyingKey};

use crate::witness::origin_hash;

/// The file `<hex SHA-256 of the origin>.checkpoint`: the checkpoint cosigned last, with the log's
/// verified signature lines and the witness's own, and no others. A few hundred bytes.
///
/// No file means that nothing of this log was ever cosigned. A file that is there is right or an
/// error: its signatures are verified when it is read.
#[derive(Debug)]
pub struct StateFile {
    dir: PathBuf,
    stem: String,
    origin: String,
}

impl StateFile {
    /// The file in the directory `dir`.
    pub fn new(dir: &Path, origin: &str) -> StateFile {
        StateFile { dir: dir.to_owned(), stem: origin_hash(origin), origin: origin.to_owned() }
    }

    /// The checkpoint cosigned last; `None` if there is none.
    ///
    /// # Errors
    /// A file that can not be read, is not a checkpoint of this log, or is not signed by one of the
    /// `log_keys` and by `own_key`.
    pub fn read(
        &self,
        log_keys: &[VerifyingKey],
        own_key: &VerifyingKey,
    ) -> anyhow::Result<Option<SignedCheckpoint>> {
        let path = self.path("checkpoint");
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("{} can not be read", path.display()))?,
        };
        let checkpoint = self.verify(&bytes, log_keys, own_key).with_context(|| {
            format!(
                "{} is not the checkpoint of {} cosigned last, and this witness does not start \
                 without knowing it",
                path.display(),
                self.origin
            )
        })?;
        Ok(Some(checkpoint))
    }

    fn verify(
        &self,
        bytes: &[u8],
        log_keys: &[VerifyingKey],
        own_key: &VerifyingKey,
    ) -> anyhow::Result<SignedCheckpoint> {
        let checkpoint = SignedCheckpoint::parse(bytes)?;
        checkpoint.note().verify(std::slice::from_ref(own_key))?;
        checkpoint
            .verify(&self.origin, log_keys)
            .context("a log that changes its key is configured with the new and the old one")?;
        Ok(checkpoint)
    }

    /// Remembers `checkpoint`; when this returns, a power cut does not take it back.
    ///
    /// # Errors
    /// What the file system says: the old or the new checkpoint is there, and which one is unknown
    /// until the file is read after a restart.
    pub fn write(&self, checkpoint: &SignedCheckpoint) -> io::Result<()> {
        self.replace("checkpoint", &checkpoint.to_bytes())
    }

    /// Keeps two checkpoints of one size that the log has signed, as `<hash>.fork`: the one that was
    /// cosigned, an empty line, the other. The first such pair is kept for ever.
    ///
    /// # Errors
    /// What the file system says.
    pub fn keep_fork(&self, latest: &SignedCheckpoint, other: &SignedCheckpoint) -> io::Result<()> {
        if self.path("fork").try_exists()? {
            return Ok(());
        }
        self.replace("fork", format!("{latest}\n{other}").as_bytes())
    }

    /// Replaces a file in one step: crashes leave the old contents or the new.
    fn replace(&self, extension: &str, contents: &[u8]) -> io::Result<()> {
        let temporary = self.path("new");
        let mut file = File::create(&temporary)?;
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(&temporary, self.path(extension))?;
        File::open(&self.dir)?.sync_all()
    }

    fn path(&self, extension: &str) -> PathBuf {
        self.dir.join(format!("{}.{extension}", self.stem))
    }
}
