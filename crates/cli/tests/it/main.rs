//! The program `indelible` against a log that is honest, and against one that is not.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod audit;
mod complete;
mod deliver;
mod explain;
mod fraud;
mod freeze;
mod hashes;
mod local;
#[expect(dead_code, reason = "shared with the tests of the client")]
#[path = "../../../client/tests/it/log.rs"]
mod log;
mod monitor;
mod offline;
mod online;
mod proxy;
mod publish;
mod replay;
#[expect(dead_code, reason = "shared with the tests of the client")]
#[path = "../../../client/tests/it/server.rs"]
mod server;
mod tunnel;

use std::path::PathBuf;
use std::process::{Output, Stdio};

use tokio::process::Command;

use crate::log::{TestLog, file, filler, vkey};
use crate::server::Server;

/// A log, a directory with files, and a way to run the program in it.
pub(crate) struct Session {
    pub(crate) server: Server,
    pub(crate) dir: tempfile::TempDir,
}

impl Session {
    pub(crate) async fn start(log: TestLog) -> Session {
        let server = Server::start(log).await;
        Session { server, dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// The program without a log; state goes to the session's own directory.
    pub(crate) fn bare(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_indelible"));
        let home = self.path("home");
        command.env_clear().env("HOME", home).current_dir(self.dir.path());
        command.args(args.split_whitespace()).stdin(Stdio::null());
        command
    }

    /// The program, told which log to ask.
    pub(crate) fn command(&self, args: &str) -> Command {
        let mut command = self.bare(args);
        command.env("INDELIBLE_LOG", self.server.url()).env("INDELIBLE_KEY", vkey());
        command
    }

    /// Runs the program and shows everything that can be seen of it.
    pub(crate) async fn run(&self, args: &str) -> String {
        let output = self.command(args).output().await.unwrap();
        self.transcript(args, &output)
    }

    pub(crate) fn transcript(&self, args: &str, output: &Output) -> String {
        let code = output.status.code().unwrap();
        let stream = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let dir = self.dir.path().to_str().unwrap();
            text.replace(&self.server.url(), "[url]").replace(dir, "[dir]")
        };
        let (out, err) = (stream(&output.stdout), stream(&output.stderr));
        let err = if err.is_empty() { err } else { format!("--- standard error\n{err}") };
        format!("$ indelible {args}\n{out}{err}--- exit {code}\n")
    }
}

/// Entries 0 to 9 are of no interest; then one project that went through a lot.
pub(crate) fn eventful() -> TestLog {
    let mut log = TestLog::new(&filler(10));
    log.append(&[
        file("attrs-1.0.tar.gz", "sdist"),
        file("attrs-1.0-py3-none-any.whl", "wheel"),
        file("attrs-2.0.tar.gz", "first"),
        file("attrs-2.0.tar.gz", "second"),
        file("attrs-0.9.tar.gz", "old"),
        log::removed("attrs-0.9.tar.gz", "old"),
        log::yanked("attrs-1.0-py3-none-any.whl", "forgot \u{1b}[31mred\u{1b}[0m"),
    ]);
    log.append(&filler(20)[10..]);
    log
}

/// Without what depends on when the test runs.
pub(crate) fn timeless(shown: &str) -> String {
    let line = |line: &str| match (line.rsplit_once(" ("), line.split_once("\"age\":")) {
        (Some((before, age)), _) if age.ends_with(" ago)") => format!("{before} ([age] ago)"),
        (_, Some((before, after))) => {
            let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}\"age\":[age]{after}")
        }
        _ => line.to_owned(),
    };
    shown.lines().map(line).collect::<Vec<_>>().join("\n")
}
