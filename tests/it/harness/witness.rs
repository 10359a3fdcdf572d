//! Witnesses as processes, and policies that name them.

use std::path::PathBuf;

use tempfile::TempDir;
use tlog::VerifyingKey;

use super::{Server, TestLog, free_address, indelible_witness, run};

/// A witness of ours, at an address that stays the same when it is started again.
pub(crate) struct Cosigner {
    dir: TempDir,
    pub(crate) name: String,
    pub(crate) key: VerifyingKey,
    address: String,
}

impl Cosigner {
    /// A new witness, not running yet.
    pub(crate) async fn create(name: &str) -> Cosigner {
        let dir = tempfile::tempdir().unwrap();
        let mut command = indelible_witness();
        let full = format!("witness.example/{name}");
        command.args(["init", "--name", &full, "--data"]).arg(dir.path().join("witness"));
        let ended = run(command).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let key = VerifyingKey::parse(ended.stdout.trim_end()).unwrap();
        Cosigner { dir, name: name.to_owned(), key, address: free_address() }
    }

    /// Runs it for the log with this key.
    pub(crate) async fn serve(&self, log: &VerifyingKey) -> Server {
        let mut command = indelible_witness();
        command.args(["serve", "--listen", &self.address, "--data"]);
        command.arg(self.dir.path().join("witness")).arg("--log").arg(log.to_string());
        Server::start(command).await
    }

    /// Its line of a policy.
    pub(crate) fn line(&self) -> String {
        format!("witness {} {} http://{}", self.name, self.key, self.address)
    }
}

/// How many of the witnesses of a policy must have cosigned.
pub(crate) struct Quorum(pub(crate) usize);

/// Writes a policy of `log` with these lines about witnesses, the first words of which are their names.
pub(crate) fn policy(log: &TestLog, witnesses: &[String], quorum: &Quorum) -> (PathBuf, String) {
    let names: Vec<&str> = witnesses.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    let (all, names, count) = (witnesses.join("\n"), names.join(" "), quorum.0);
    let key = log.key();
    let text = format!("log {key}\n{all}\ngroup enough {count} {names}\nquorum enough\n");
    let path = log.path("policy");
    std::fs::write(&path, &text).unwrap();
    (path, text)
}
