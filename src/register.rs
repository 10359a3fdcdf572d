//! The head remembered outside the store: the file that a restored backup of the store can not
//! bring back with it.

use std::fs;
use std::io;
use std::path::PathBuf;

use thiserror::Error;
use tlog::SignedCheckpoint;

use crate::durable;

/// A file that holds the newest checkpoint ever signed. Written, and made durable, after each
/// signature and before anybody sees it.
///
/// It is trusted, like the signing key: whoever rolls it back together with the store forks the
/// log. Best kept on another medium than the store.
#[derive(Debug)]
pub struct HeadRegister {
    path: PathBuf,
}

/// The register can not be read or written.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// The file is there and is not a signed checkpoint.
    #[error(
        "{path} does not hold a signed checkpoint: it tells which head was signed last, so find out \
         what happened to it before serving this log"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: tlog::InvalidCheckpoint,
    },
    /// The file system refused.
    #[error("{path} can not be read or written")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}

impl HeadRegister {
    /// The register in the file `path`, which need not exist yet.
    pub fn new(path: PathBuf) -> HeadRegister {
        HeadRegister { path }
    }

    /// The newest checkpoint signed; `None` if none ever was.
    ///
    /// # Errors
    /// [`RegisterError`] if the file is there and can not be read or is not a checkpoint.
    pub fn read(&self) -> Result<Option<SignedCheckpoint>, RegisterError> {
        match fs::read(&self.path) {
            Ok(bytes) => SignedCheckpoint::parse(&bytes)
                .map(Some)
                .map_err(|source| RegisterError::Damaged { path: self.path.clone(), source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.io(source)),
        }
    }

    /// Remembers `checkpoint`; when this returns, a power cut does not take it back.
    ///
    /// # Errors
    /// [`RegisterError::Io`] if the file could not be replaced: the old or the new one is there.
    pub fn write(&self, checkpoint: &SignedCheckpoint) -> Result<(), RegisterError> {
        durable::replace(&self.path, &checkpoint.to_bytes()).map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> RegisterError {
        RegisterError::Io { path: self.path.clone(), source }
    }
}
