//! Files of this machine and their hashes.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use client::Artifact;
use record::Digest;
use sha2::{Digest as _, Sha256};

use crate::progress;

/// A file's name and hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hashed {
    /// Where it is.
    pub path: PathBuf,
    /// Last part of the path.
    pub filename: String,
    /// Hash of its bytes.
    pub sha256: Digest,
}

impl Hashed {
    /// What is to be judged if the file has the name that it has on the package index.
    pub(crate) fn artifact(&self) -> Artifact {
        Artifact {
            filename: Some(self.filename.clone()),
            sha256: Some(self.sha256),
            project: None,
            version: None,
            from_index: None,
        }
    }
}

/// Hashes a file of any size in little memory.
pub(crate) fn hash_file(path: &Path) -> io::Result<Hashed> {
    let filename = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "a file on the index has a name in UTF-8")
    })?;
    let mut file = File::open(path)?;
    let bar = progress::of_file(filename, file.metadata()?.len());
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        bar.inc(read as u64);
    }
    bar.finish_and_clear();
    let sha256 = Digest::from(<[u8; Digest::SIZE]>::from(hasher.finalize()));
    Ok(Hashed { path: path.to_owned(), filename: filename.to_owned(), sha256 })
}
