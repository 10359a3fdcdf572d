//! The witness as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use tlog::VerifyingKey;

/// The program, with an environment that says nothing to it.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_indelible-witness"));
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// A process that serves. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: String,
}

impl Process {
    /// Serves the witness in `dir`, and waits until it does.
    pub(crate) fn start(dir: &Path, log: &VerifyingKey) -> Process {
        let mut command = program();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(dir);
        command.args(["--log", &log.to_string()]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = String::new();
        let address = lines.find_map(|line| {
            said += &(line.clone() + "\n");
            let (_, rest) = line.split_once("witnessing on http://")?;
            Some(rest.split_whitespace().next().unwrap().to_owned())
        });
        thread::spawn(move || lines.for_each(drop));
        Process { child, address: address.unwrap_or_else(|| panic!("it did not start: {said}")) }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for an end that it was asked for.
    pub(crate) fn ended(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Ends it as a power cut would end the process.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().code(), None);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program said on its two outputs.
pub(crate) fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}
