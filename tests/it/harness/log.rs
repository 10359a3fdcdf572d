//! A log in a temporary directory.

use std::path::{Path, PathBuf};

use client::{Client, LogUrl, Memory, Trust};
use tempfile::TempDir;
use tlog::{SignedCheckpoint, TreeHead, VerifyingKey};

use super::{Ended, Server, indelibled, run};

/// What the logs of these tests are called.
pub(crate) const ORIGIN: &str = "log.example/pypi";
/// What submitters present.
pub(crate) const TOKEN: &str = "a-secret-of-the-tests-0123456789";

/// A log that `indelibled init` created, and room beside it.
pub(crate) struct TestLog {
    dir: TempDir,
    data: PathBuf,
    key: VerifyingKey,
}

impl TestLog {
    /// A new log called [`ORIGIN`].
    pub(crate) async fn create() -> TestLog {
        TestLog::named(ORIGIN).await
    }

    /// A new log called `origin`.
    pub(crate) async fn named(origin: &str) -> TestLog {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("log");
        TestLog::create_at(dir, data, origin).await
    }

    /// A new log in the directory `data`, which may lie on another file system than `dir`.
    pub(crate) async fn create_at(dir: TempDir, data: PathBuf, origin: &str) -> TestLog {
        let ended = init(&data, origin).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        std::fs::write(dir.path().join("token"), TOKEN).unwrap();
        let key = VerifyingKey::parse(ended.stdout.strip_suffix('\n').unwrap()).unwrap();
        assert_eq!(key.name(), origin);
        TestLog { dir, data, key }
    }

    /// The log's directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// A place beside the log.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Verifies the log's signatures.
    pub(crate) fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Trusts this log by its key alone.
    pub(crate) fn trust(&self) -> Trust {
        Trust::from_key(&self.key.to_string()).unwrap()
    }

    /// A client that asks `server` for this log and remembers heads in `memory`, a place beside the log.
    pub(crate) fn client(&self, server: &Server, memory: &str) -> Client {
        let memory = Memory::open(self.path(memory)).unwrap();
        Client::new(self.trust(), LogUrl::parse(&server.url).unwrap(), memory).unwrap()
    }

    /// The command that serves it on a free port, taking submissions with [`TOKEN`].
    pub(crate) fn command(&self, more: &[&str]) -> tokio::process::Command {
        self.command_at(&self.data, more)
    }

    /// The same for a copy of its directory.
    pub(crate) fn command_at(&self, data: &Path, more: &[&str]) -> tokio::process::Command {
        let mut command = indelibled(["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data).arg("--token-file").arg(self.path("token"));
        if !more.contains(&"--min-free") {
            command.args(["--min-free", "0"]);
        }
        command.args(more);
        command
    }

    /// Serves it.
    pub(crate) async fn serve(&self) -> Server {
        self.serve_with(&[]).await
    }

    /// Serves it with more options.
    pub(crate) async fn serve_with(&self, more: &[&str]) -> Server {
        Server::start(self.command(more)).await
    }

    /// Tries to serve it and expects that the program refuses; returns why.
    pub(crate) async fn refusal(&self, more: &[&str]) -> String {
        Server::refusal(self.command(more)).await
    }

    /// What `indelibled fsck` says.
    pub(crate) async fn fsck(&self) -> Ended {
        fsck(&self.data).await
    }

    /// The head that a note of this log states.
    pub(crate) fn head(&self, note: &[u8]) -> TreeHead {
        let note = SignedCheckpoint::parse(note).unwrap();
        let keys = std::slice::from_ref(&self.key);
        note.verify(self.key.name(), keys).unwrap().head()
    }
}

/// Runs `indelibled init`.
pub(crate) async fn init(data: &Path, origin: &str) -> Ended {
    let mut command = indelibled(["init", "--origin", origin, "--data"]);
    command.arg(data);
    run(command).await
}

/// Runs `indelibled fsck`.
pub(crate) async fn fsck(data: &Path) -> Ended {
    let mut command = indelibled(["fsck", "--data"]);
    command.arg(data);
    run(command).await
}
