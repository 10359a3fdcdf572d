//! `proof` and `verify --proof`: one entry, checked without the log.

use crate::{Session, eventful};

async fn session() -> Session {
    let session = Session::start(eventful()).await;
    session.write("attrs-1.0.tar.gz", "sdist");
    insta::assert_snapshot!("proof", session.run("proof attrs-1.0.tar.gz -o a.tlog-proof").await);
    session
}

#[tokio::test]
async fn a_proof_is_written_and_checked() {
    let session = session().await;
    let args = "verify --proof a.tlog-proof attrs-1.0.tar.gz";
    insta::assert_snapshot!("proof_verified", session.run(args).await);
    insta::assert_snapshot!("proof_verified_json", session.run(&format!("{args} --json")).await);
    let shown = session.run("proof attrs-1.0.tar.gz -o - ").await;
    let written = std::fs::read_to_string(session.path("a.tlog-proof")).unwrap();
    assert_eq!(shown, format!("$ indelible proof attrs-1.0.tar.gz -o - \n{written}--- exit 0\n"));
    let shown = session.run("proof attrs-1.0.tar.gz -o b --json --index 10").await;
    insta::assert_snapshot!("proof_json", shown);
    assert_eq!(std::fs::read_to_string(session.path("b")).unwrap(), written);
}

#[tokio::test]
async fn a_proof_alone_shows_its_entry() {
    let session = session().await;
    insta::assert_snapshot!("proof_alone", session.run("verify --proof a.tlog-proof").await);
    let json = session.run("verify --proof a.tlog-proof --json").await;
    insta::assert_snapshot!("proof_alone_json", json);
    let proof = std::fs::read_to_string(session.path("a.tlog-proof")).unwrap();
    session.write("a.tlog-proof", proof.replacen("index 10", "index 11", 1));
    let moved = session.run("verify --proof a.tlog-proof").await;
    assert!(moved.ends_with("--- exit 1\n"), "{moved}");
}

#[tokio::test]
async fn a_proof_is_of_one_file_alone() {
    let session = session().await;
    let args = "verify --proof a.tlog-proof attrs-1.0.tar.gz";
    session.write("attrs-1.0.tar.gz", "other");
    insta::assert_snapshot!("proof_other_bytes", session.run(args).await);
    session.write("attrs-1.0.zip", "sdist");
    let renamed = session.run("verify --proof a.tlog-proof attrs-1.0.zip").await;
    insta::assert_snapshot!("proof_renamed", renamed);
    session.write("b-1.0.zip", "b");
    let other = session.run("verify --proof a.tlog-proof b-1.0.zip").await;
    insta::assert_snapshot!("proof_other_file", other);
    let two = session.run("verify --proof a.tlog-proof b-1.0.zip attrs-1.0.zip").await;
    assert!(two.ends_with("--- exit 2\n"), "{two}");
    let none = session.run("proof attrs-9.tar.gz -o none").await;
    insta::assert_snapshot!("proof_none", none);
}

#[tokio::test]
async fn no_byte_of_a_proof_can_be_changed() {
    let session = session().await;
    let proof = std::fs::read(session.path("a.tlog-proof")).unwrap();
    // Every part of the file: format line, entry, position, hash, checkpoint, signature.
    for at in [3, 40, 400, proof.len() - 400, proof.len() - 200, proof.len() - 30, proof.len() - 1]
    {
        let mut changed = proof.clone();
        changed[at] ^= 1;
        session.write("a.tlog-proof", &changed);
        let shown = session.run("verify --proof a.tlog-proof attrs-1.0.tar.gz").await;
        assert!(!shown.ends_with("--- exit 0\n"), "byte {at}: {shown}");
    }
    session.write("a.tlog-proof", &proof[..proof.len() - 1]);
    let shown = session.run("verify --proof a.tlog-proof attrs-1.0.tar.gz").await;
    insta::assert_snapshot!("proof_cut", shown);
}
