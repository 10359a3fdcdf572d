//! Events for commands.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use client::{Message, Sink};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use super::retry::Refusal;

/// A command that takes events on standard input.
#[derive(Clone, Debug)]
pub(super) struct Exec {
    pub(super) command: String,
    pub(super) limit: Duration,
}

impl Exec {
    pub(super) fn sink(&self) -> Sink {
        let program = self.command.split_whitespace().next().unwrap_or_default();
        Sink::new("exec", &self.command, &format!("the command {program}"))
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), Refusal> {
        let cannot_run = |error: io::Error| Refusal::soon(format!("cannot run sh: {error}"));
        let mut running = Running(Some(self.spawn(message).map_err(cannot_run)?));
        match tokio::time::timeout(self.limit, running.feed(&message.body)).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(Refusal::soon(format!("it ended with {status}"))),
            Ok(Err(error)) => Err(cannot_run(error)),
            Err(_) => {
                let seconds = self.limit.as_secs();
                Err(Refusal::soon(format!("it did not end within {seconds} seconds")))
            }
        }
    }

    fn spawn(&self, message: &Message) -> io::Result<Child> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.command).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(io::stderr());
        command.env("INDELIBLE_EVENT_ID", &message.id);
        command.env("INDELIBLE_EVENT_KIND", &message.kind);
        command.env("INDELIBLE_EVENT_CLASS", &message.class);
        command.env("INDELIBLE_EVENT_PROJECT", message.project.as_deref().unwrap_or_default());
        // A group of its own, so that all that it starts can be stopped with it.
        #[cfg(unix)]
        command.process_group(0);
        command.spawn()
    }
}

/// A command that is stopped when nobody waits for it any more, with everything that it started.
struct Running(Option<Child>);

impl Running {
    /// Writes the event and waits for the end. A command need not read.
    async fn feed(&mut self, body: &str) -> io::Result<ExitStatus> {
        let Some(child) = &mut self.0 else { return Err(io::ErrorKind::NotFound.into()) };
        let mut input = child.stdin.take();
        let write = async {
            if let Some(input) = &mut input {
                // That it reads no further is the command's own business.
                let _ = input.write_all(format!("{body}\n").as_bytes()).await;
                let _ = input.shutdown().await;
            }
            drop(input);
        };
        let (status, ()) = tokio::join!(child.wait(), write);
        let status = status?;
        self.0 = None;
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(child) = &self.0
            && let Some(id) = child.id().and_then(|id| i32::try_from(id).ok())
            && let Some(group) = rustix::process::Pid::from_raw(id)
        {
            // It may have ended by itself.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
