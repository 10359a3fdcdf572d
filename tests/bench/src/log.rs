//! A log that is measured.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use client::{Client, LogUrl, Memory, Trust};
use indelibled::data_dir::DataDir;
use tempfile::TempDir;

use crate::process::{self, Server};

/// What new logs are called.
const ORIGIN: &str = "log.example/bench";
/// What submitters present.
pub(crate) const TOKEN: &str = "a-secret-of-the-benches-0123456789";
/// Said before the URL.
const MARKER: &str = "serving the log on http://";

/// A log's directory, and room beside it.
#[derive(Debug)]
pub(crate) struct Log {
    data: DataDir,
    beside: TempDir,
}

impl Log {
    /// A new log, which is gone when this is dropped.
    ///
    /// # Errors
    /// The disk does not allow it.
    pub(crate) fn create() -> anyhow::Result<Log> {
        let beside = beside()?;
        let data = DataDir::new(beside.path().join("log"));
        data.create(ORIGIN)?;
        Ok(Log { data, beside })
    }

    /// The log in `path`; a new one if there is nothing. It stays.
    ///
    /// # Errors
    /// There is something else, or the disk does not allow it.
    pub(crate) fn at(path: &Path) -> anyhow::Result<Log> {
        let data = DataDir::new(path.to_owned());
        if !path.exists() {
            data.create(ORIGIN)?;
        }
        data.key()?;
        Ok(Log { data, beside: beside()? })
    }

    /// Its directory.
    pub(crate) const fn data(&self) -> &DataDir {
        &self.data
    }

    /// A place beside it that goes away.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.beside.path().join(name)
    }

    /// Serves it with the real program.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn serve(&self, core: Option<usize>, options: &[&str]) -> anyhow::Result<Server> {
        let mut command = process::command(process::program("indelibled")?, core);
        command.args(["serve", "--listen", "127.0.0.1:0", "--min-free", "0", "--data"]);
        command.arg(self.data.path()).arg("--token-file").arg(self.beside("token")).args(options);
        Server::start(command, MARKER)
    }

    /// Starts the replica with this number of the log that `server` serves; it is there when it serves all of it.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn follow(
        &self,
        server: &Server,
        number: usize,
        core: Option<usize>,
    ) -> anyhow::Result<Server> {
        let policy = self.beside("policy");
        fs::write(&policy, format!("log {}\nquorum none\n", self.data.key()?.verifying_key()))?;
        let mut command = process::command(process::program("indelibled")?, core);
        command.args(["serve", "--listen", "127.0.0.1:0", "--min-free", "0", "--data"]);
        command.arg(self.beside(&format!("replica-{number}")));
        command.args(["--follow", &server.url()]).arg("--policy").arg(policy);
        Server::start(command, MARKER)
    }

    /// Trusts this log by its key.
    ///
    /// # Errors
    /// The key can not be read.
    pub(crate) fn trust(&self) -> anyhow::Result<Trust> {
        Ok(Trust::from_key(&self.data.key()?.verifying_key().to_string())?)
    }

    /// A client of `server` that remembers nothing from before.
    ///
    /// # Errors
    /// The server can not be reached.
    pub(crate) fn client(&self, server: &Server) -> anyhow::Result<Client> {
        let memory = tempfile::tempdir_in(self.beside.path())?.keep();
        let url = LogUrl::parse(&server.url())?;
        Ok(Client::new(self.trust()?, url, Memory::open(memory)?)?)
    }

    /// Bytes that its files hold.
    ///
    /// # Errors
    /// They can not be read.
    pub(crate) fn disk(&self) -> anyhow::Result<u64> {
        size_of(self.data.path())
    }
}

fn beside() -> anyhow::Result<TempDir> {
    let beside = tempfile::tempdir().context("a temporary directory")?;
    fs::write(beside.path().join("token"), TOKEN)?;
    Ok(beside)
}

fn size_of(dir: &Path) -> anyhow::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let data = entry.metadata()?;
        size += if data.is_dir() { size_of(&entry.path())? } else { data.len() };
    }
    Ok(size)
}
