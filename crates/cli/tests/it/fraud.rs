//! Logs whose signed epochs are false: `verify` finds out, and what it writes is checked offline.

use std::path::PathBuf;

use client::LookupKey;

use crate::log::{TestLog, digest, filler, key, project};
use crate::server::Lie;
use crate::{Session, eventful};

/// A log with a false epoch about these positions of a key.
fn lying(key: &LookupKey, positions: &[u64]) -> TestLog {
    let mut log = eventful();
    log.misstate(key, positions);
    log.append_epoch(|_| ());
    log.append(&filler(25)[20..]);
    log
}

fn file(name: &str) -> LookupKey {
    LookupKey::File(name.into())
}

async fn session(log: TestLog) -> Session {
    let session = Session::start(log).await;
    session.write("attrs-1.0.tar.gz", "sdist");
    session.write("attrs-2.0.tar.gz", "second");
    session.write("attrs-3.0.tar.gz", "unheard of");
    session
}

/// The one fraud proof in the state directory.
fn written(session: &Session) -> PathBuf {
    let files = std::fs::read_dir(session.path("state")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let mut proofs = files.filter(|path| path.extension().is_some_and(|e| e == "fraud"));
    let proof = proofs.next().unwrap();
    assert_eq!(proofs.next(), None);
    proof
}

#[tokio::test]
async fn a_false_epoch_is_found_and_proved() {
    let cases = [
        // The hash that the file had before.
        ("change_hidden", file("attrs-2.0.tar.gz"), vec![12], "attrs-2.0.tar.gz"),
        ("absence", file("attrs-1.0.tar.gz"), vec![10], "attrs-1.0.tar.gz"),
        ("hash", LookupKey::Sha256(digest("sdist")), vec![10], "attrs-1.0.tar.gz"),
        ("project", LookupKey::Project(project("attrs")), vec![10], "attrs-1.0.tar.gz"),
        ("foreign", file("attrs-3.0.tar.gz"), vec![3], "attrs-3.0.tar.gz"),
    ];
    for (name, key, positions, verified) in cases {
        let session = session(lying(&key, &positions)).await;
        let shown = session.run(&format!("verify {verified} --state state")).await;
        insta::assert_snapshot!(format!("fraud_{name}"), shown);
        std::fs::rename(written(&session), session.path("proof")).unwrap();
        let offline = session.run("verify --fraud proof --log http://127.0.0.1:9").await;
        insta::assert_snapshot!(format!("fraud_{name}_verified"), offline);
    }
}

#[tokio::test]
async fn an_honest_log_is_not_accused() {
    let session = session(lying(&file("attrs-9.tar.gz"), &[])).await;
    for file in ["attrs-1.0.tar.gz", "attrs-2.0.tar.gz", "attrs-3.0.tar.gz"] {
        let shown = session.run(&format!("verify {file} --state state")).await;
        assert!(!shown.contains("false epoch") && shown.contains("by log.example"), "{shown}");
    }
}

#[tokio::test]
async fn what_nobody_else_can_be_shown_is_still_a_lie() {
    // Without an epoch there is nothing to prove it by.
    let mut log = TestLog::new(&filler(9));
    log.append(&[
        crate::log::file("attrs-1.0.tar.gz", "sdist"),
        crate::log::file("attrs-1.0.zip", "sdist"),
        crate::log::removed("attrs-1.0.zip", "sdist"),
    ]);
    let session = session(log).await;
    session.server.lie(Lie::SkippedEntry);
    session.write("attrs-1.0.zip", "sdist");
    let shown = session.run("verify attrs-1.0.zip").await;
    insta::assert_snapshot!("fraud_not_proved", shown);
}

#[tokio::test]
async fn a_fraud_proof_convinces_whoever_has_the_key() {
    let lying = lying(&file("attrs-2.0.tar.gz"), &[12]);
    let session = session(lying).await;
    session.run("verify attrs-2.0.tar.gz --state state").await;
    let text = std::fs::read_to_string(written(&session)).unwrap();
    session.write("proof", &text);
    insta::assert_snapshot!("fraud_json", session.run("verify --json --fraud proof").await);
    session.write("policy", format!("log {}\nquorum none\n", key().verifying_key()));
    let output = session.bare("verify --fraud proof --policy policy").output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stranger = tlog::SigningKey::from_seed("other.example/log", &[1; 32]).unwrap();
    let mut command = session.bare("verify --fraud proof --key");
    let output = command.arg(stranger.verifying_key().to_string()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");

    let edited = [
        ("listed", text.replacen("position 13\n", "position 12\nposition 13\n", 1)),
        ("other_key", text.replacen("key file attrs-2.0", "key file attrs-3.0", 1)),
        ("cut", text[..text.len() / 2].to_owned()),
    ];
    for (name, text) in edited {
        session.write("proof", &text);
        let shown = session.run("verify --fraud proof").await;
        insta::assert_snapshot!(format!("fraud_{name}"), shown);
    }
    session.run("evidence project attrs -o evidence").await;
    for args in ["--fraud evidence", "--fraud missing", "--fraud proof --evidence evidence"] {
        let shown = session.run(&format!("verify {args}")).await;
        assert!(shown.ends_with("--- exit 2\n"), "{shown}");
    }
}
