//! Witnesses that others wrote, asked by this log; and a log that others wrote, cosigned by a witness of ours.

use std::process::Stdio;
use std::time::Duration;

use record::Digest;
use tlog::{CosigningKey, Policy, SignedCheckpoint, SigningKey, VerifyingKey};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::{checkpoint, published, with_policy};
use crate::harness::{
    Cosigner, Quorum, Server, Submitter, TestLog, environment, files, free_address, policy, raw,
    run, siglog, within,
};

/// A program that serves at an address. Dropped, it is killed.
struct Foreign {
    _process: Child,
    line: String,
}

impl Foreign {
    /// Starts a witness and waits until it can be reached.
    async fn start(mut command: Command, name: &str, key: &VerifyingKey, address: &str) -> Foreign {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.kill_on_drop(true).spawn().unwrap();
        let reached = async {
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        within("a witness that listens", reached).await;
        Foreign { _process: process, line: format!("witness {name} {key} http://{address}") }
    }
}

/// A log that grows by many batches over the edges of tiles, cosigned by one witness all the way.
async fn cosigned_all_the_way(log: &TestLog, witness: &Foreign) {
    let (path, text) = policy(log, std::slice::from_ref(&witness.line), &Quorum(1));
    let server = log.serve_with(&with_policy(&path, &[])).await;
    let policy = Policy::parse(&text).unwrap();
    let mut submitter = Submitter::open(&server).await;
    for batch in [0..1, 1..2, 2..255, 255..256, 256..257, 257..700] {
        let size = batch.end;
        submitter.submit(files(batch)).await;
        published(&server, size).await;
        let verified = policy.verify(&checkpoint(&server).await).unwrap();
        assert_eq!(verified.cosigned_at().len(), 1);
    }
    server.terminate().await;

    // The same head once more, by a log that has to ask what the witness saw last.
    let server = log.serve_with(&with_policy(&path, &[])).await;
    Submitter::open(&server).await.submit(files(700..701)).await;
    policy.verify(&checkpoint(&server).await).unwrap();
    server.terminate().await;
}

#[tokio::test]
async fn aics_witness_cosigns() {
    let Some(python) = environment("aics-witness-0.1.0", &["aics-witness==0.1.0"]).await else {
        return;
    };
    let program = python.with_file_name("aics-witness");
    let (log, address) = (TestLog::create().await, free_address());
    let config = log.path("witness.json");
    let with_config = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.arg(arguments[0]).arg("--config").arg(&config).args(&arguments[1..]);
        command
    };
    let init = ["init", "--name", "witness.example/aics", "--listen", &address];
    let ended = run(with_config(&init)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let key = ended.stdout.split_whitespace().find_map(|word| VerifyingKey::parse(word).ok());
    let key = key.unwrap_or_else(|| panic!("no key in {}", ended.stdout));
    let vkey = log.key().to_string();
    let add = ["add-log", "--origin", log.key().name(), "--vkey", &vkey];
    let ended = run(with_config(&add)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let witness = Foreign::start(with_config(&["serve"]), "aics", &key, &address).await;
    cosigned_all_the_way(&log, &witness).await;
}

/// The witness of siglog 0.1.0 follows the log and signs, but as a log would: without a time, under a key ID
/// of another type. That is no cosignature, and does not count as one.
#[tokio::test]
async fn the_witness_of_siglog_follows_the_log() {
    let Some(program) = siglog("witness").await else { return };
    let (log, address) = (TestLog::create().await, free_address());
    let (name, seed) = ("witness.example/siglog", [9; 32]);
    let cosigning = CosigningKey::from_seed(name, &seed).unwrap();
    let signing = SigningKey::from_seed(name, &seed).unwrap();
    let database = format!("sqlite://{}?mode=rwc", log.path("witness.db").display());
    let mut command = Command::new(program);
    command.env("WITNESS_PRIVATE_KEY", signing.secret_text().as_str());
    command.args(["--database-url", &database, "--listen", &address]);
    command.arg("--log").arg(format!("{}={}", log.key().name(), log.key()));
    let witness = Foreign::start(command, "siglog", cosigning.verifying_key(), &address).await;
    let (path, text) = policy(&log, std::slice::from_ref(&witness.line), &Quorum(1));
    let options = with_policy(&path, &["--fail-open"]);
    for batch in [0..5, 5..300, 300..301] {
        // Started anew each time, the log has to ask what the witness saw last.
        let server = log.serve_with(&options).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        Submitter::open(&server).await.submit(files(batch)).await;
        let said = server.said();
        assert!(said.contains("the answer is not signature lines"), "{said}");
        assert!(!said.contains("contradicts"), "it finds the log consistent: {said}");
        for refusal in ["400 Bad", "403 Forbidden", "404 Not", "409 Conflict", "422 Unprocessable"]
        {
            assert!(!said.contains(refusal), "{said}");
        }
        Policy::parse(&text).unwrap().verify(&checkpoint(&server).await).unwrap_err();
        server.terminate().await;
    }
}

/// The server of siglog has its checkpoints cosigned by a witness of ours.
#[tokio::test]
async fn the_log_of_siglog_is_cosigned() {
    const ORIGIN: &str = "log.example/peer";
    let Some(program) = siglog("siglog").await else { return };
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap();
    let witness = Cosigner::create("ours").await;
    let running = witness.serve(key.verifying_key()).await;
    let address = free_address();
    let mut command = Command::new(program);
    let database = format!("sqlite://{}?mode=rwc", dir.path().join("state.db").display());
    command.env("LOG_PRIVATE_KEY", key.secret_text().as_str());
    command.args(["--database-url", &database, "--storage-backend", "fs", "--fs-root"]);
    command.arg(dir.path().join("tiles")).args(["--origin", ORIGIN, "--listen", &address]);
    command.args(["--batch-max-age-ms", "20", "--external-witnesses"]);
    command.arg(format!("ours={}", running.url));
    let _log = Foreign::start(command, "none", key.verifying_key(), &address).await;
    let http = reqwest::Client::new();
    let grown = async {
        for number in 0_u64.. {
            let added = http.post(format!("http://{address}/add")).body(format!("entry {number}"));
            // It fails some of what it is asked; what matters is that it grows.
            added.send().await.unwrap();
            if cosigned_size(&running, &witness, key.verifying_key()).await >= 300 {
                return;
            }
        }
    };
    within("a cosigned checkpoint of a log that grows", grown).await;
    running.terminate().await;
}

/// Size of the checkpoint that a witness shows, which has the log's signature and its own; 0 if it shows none.
async fn cosigned_size(running: &Server, witness: &Cosigner, log: &VerifyingKey) -> u64 {
    let path = format!("/{}/checkpoint", Digest::sha256(log.name().as_bytes()));
    let answer = raw(running.address(), "GET", &path, "").await;
    let Ok(cosigned) = SignedCheckpoint::parse(&answer.body) else { return 0 };
    let keys = [log.clone(), witness.key.clone()];
    let verified = cosigned.verify(log.name(), &keys).unwrap();
    assert_eq!(verified.cosigned_at().len(), 1, "{cosigned}");
    verified.head().size.get()
}
