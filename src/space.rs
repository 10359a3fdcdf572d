//! The free-space watermark: the log becomes read-only before the disk is full.

use std::path::PathBuf;

use thiserror::Error;

/// Refuses writes while the file system of a directory has less free space than the watermark.
#[derive(Clone, Debug)]
pub struct SpaceGuard {
    dir: PathBuf,
    watermark: u64,
}

/// Writing now could fill the disk.
#[derive(Debug, Error)]
pub enum LowSpace {
    /// Less is free than the operator reserved.
    #[error(
        "{free} bytes are free where {dir} is, and {watermark} are reserved: \
         the log is read-only until there is more room"
    )]
    BelowWatermark {
        /// The guarded directory.
        dir: PathBuf,
        /// Bytes that may be used.
        free: u64,
        /// Bytes that must stay free.
        watermark: u64,
    },
    /// The file system did not say.
    #[error("the free space where {dir} is can not be read: the log is read-only")]
    Unknown {
        /// The guarded directory.
        dir: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
}

impl SpaceGuard {
    /// Guards the file system that holds `dir`; `watermark` is in bytes.
    pub fn new(dir: PathBuf, watermark: u64) -> SpaceGuard {
        SpaceGuard { dir, watermark }
    }

    /// Whether there is room to write.
    ///
    /// # Errors
    /// [`LowSpace`] says how much is missing.
    pub fn check(&self) -> Result<(), LowSpace> {
        let stat = rustix::fs::statvfs(&self.dir)
            .map_err(|error| LowSpace::Unknown { dir: self.dir.clone(), source: error.into() })?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < self.watermark {
            return Err(LowSpace::BelowWatermark {
                dir: self.dir.clone(),
                free,
                watermark: self.watermark,
            });
        }
        Ok(())
    }
}
