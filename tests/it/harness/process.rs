//! `indelibled` as a process: run to its end, or serving.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tlog::SignedCheckpoint;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;

use super::{raw, within};

/// What servers say before the URL at which they serve.
const SAID_WHERE: [&str; 2] = ["serving the log on ", "witnessing on "];

/// What a process said until it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program with `arguments` and an environment that says nothing to it.
pub(crate) fn indelibled<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_indelibled"));
    command.env_remove("RUST_LOG").env_remove("PIP_INDEX_URL");
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The program `indelible`, which a build of the workspace puts beside `indelibled`.
pub(crate) fn indelible() -> Command {
    beside("indelible")
}

fn beside(name: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_indelibled")).with_file_name(name);
    assert!(program.exists(), "{} is missing: cargo build --workspace", program.display());
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The program `indelible-witness`, which a build of the workspace puts beside `indelibled`.
pub(crate) fn indelible_witness() -> Command {
    beside("indelible-witness")
}

/// Runs a command to its end.
pub(crate) async fn run(mut command: Command) -> Ended {
    let output = within("a command", command.output()).await.unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A process that serves a log. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    said: Arc<Mutex<String>>,
    /// Scheme, host and port.
    pub(crate) url: String,
}

impl Server {
    /// Starts `command` and waits until it serves.
    pub(crate) async fn start(command: Command) -> Server {
        let failed = |ended: Ended| panic!("the server did not start: {}", ended.stderr);
        Server::try_start(command).await.unwrap_or_else(failed)
    }

    /// Starts `command` and waits until it serves or ends.
    pub(crate) async fn try_start(mut command: Command) -> Result<Server, Ended> {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (address, mut seen) = watch::channel(None);
        tokio::spawn(listen(child.stderr.take().unwrap(), Arc::clone(&said), address));
        let served = async { seen.wait_for(Option::is_some).await.map(|url| url.clone()) };
        if let Ok(url) = within("start", served).await {
            return Ok(Server { child, said, url: url.unwrap() });
        }
        let status = within("the end of a failed start", child.wait()).await.unwrap();
        let stderr = said.lock().unwrap().clone();
        Err(Ended { code: status.code(), stdout: String::new(), stderr })
    }

    /// Starts `command`, expects that the program refuses to serve, and returns why.
    pub(crate) async fn refusal(command: Command) -> String {
        match Server::try_start(command).await {
            Ok(server) => panic!("it was served: {}", server.said()),
            Err(ended) => {
                assert_eq!(ended.code, Some(2), "{}", ended.stderr);
                ended.stderr
            }
        }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    /// Size of the head that it serves.
    pub(crate) async fn published_size(&self) -> u64 {
        let note = raw(self.address(), "GET", "/checkpoint", "").await.body;
        SignedCheckpoint::parse(&note).unwrap().checkpoint().head().size.get()
    }

    /// What it wrote to its standard error so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said so: its last words are read after its end.
    pub(crate) async fn has_said(&self, words: &str) {
        let said = async {
            while !self.said().contains(words) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        within(words, said).await;
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it was not waited for")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        within("the end of the server", self.child.wait()).await.unwrap()
    }

    /// Asks it to end, and expects that it does so in peace.
    pub(crate) async fn terminate(mut self) {
        self.signal(Signal::TERM);
        let status = self.ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.said());
    }

    /// Ends it as a power cut would end the process.
    pub(crate) async fn kill(mut self) {
        self.signal(Signal::KILL);
        assert_eq!(self.ended().await.code(), None);
    }
}

/// Keeps what a server says, and tells where it serves when it says so.
async fn listen(
    stderr: ChildStderr,
    said: Arc<Mutex<String>>,
    address: watch::Sender<Option<String>>,
) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let said_where = SAID_WHERE.iter().find_map(|before| line.split_once(before));
        if let Some((_, rest)) = said_where {
            // In lines of JSON a quote ends it.
            let url = rest.split([' ', '"']).next().unwrap();
            address.send_replace(Some(url.to_owned()));
        }
        let mut said = said.lock().unwrap();
        said.push_str(&line);
        said.push('\n');
    }
}
