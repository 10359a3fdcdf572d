//! `verify` and `lookup`, and what happens when the log does not answer well.

use std::process::Stdio;

use crate::log::{TestLog, file, filler, key, vkey};
use crate::server::Lie;
use crate::{Session, eventful};

async fn session() -> Session {
    let session = Session::start(eventful()).await;
    for (name, content) in [
        ("attrs-1.0.tar.gz", "sdist"),
        ("attrs-1.0-py3-none-any.whl", "wheel"),
        ("attrs-1.0-cp314-cp314-linux_x86_64.whl", "wheel"),
        ("attrs-1.0.zip", "repacked"),
        ("attrs-2.0.tar.gz", "second"),
        ("attrs-0.9.tar.gz", "old"),
        ("attrs-3.0.tar.gz", "unheard of"),
        ("renamed.bin", "sdist"),
    ] {
        session.write(name, content);
    }
    session
}

#[tokio::test]
async fn verify_judges_files() {
    let session = session().await;
    for (name, args) in [
        ("good", "verify attrs-1.0.tar.gz attrs-0.9.tar.gz attrs-1.0-py3-none-any.whl"),
        ("late_wheel", "verify attrs-1.0-cp314-cp314-linux_x86_64.whl renamed.bin"),
        ("note", "verify attrs-1.0.zip"),
        ("note_strict", "verify --strict attrs-1.0.zip"),
        ("conflict", "verify attrs-2.0.tar.gz attrs-3.0.tar.gz"),
        ("undecided", "verify attrs-3.0.tar.gz"),
        ("unreadable", "verify attrs-1.0.tar.gz missing-1.0.tar.gz"),
        ("json", "verify --json attrs-1.0.tar.gz attrs-2.0.tar.gz"),
    ] {
        insta::assert_snapshot!(format!("verify_{name}"), session.run(args).await);
    }
}

#[tokio::test]
async fn files_of_a_huge_project_are_judged() {
    let session = session().await;
    session.server.lie(Lie::BigProject);
    let shown = session.run("verify attrs-1.0.tar.gz attrs-1.0.zip").await;
    insta::assert_snapshot!("verify_huge", shown);
}

#[tokio::test]
async fn lookup_shows_entries() {
    let session = session().await;
    let sha256 = crate::log::digest("sdist");
    for (name, args) in [
        ("project", "lookup project Attrs".to_owned()),
        ("file", "lookup file attrs-2.0.tar.gz".to_owned()),
        ("sha256", format!("lookup sha256 {sha256}")),
        ("nothing", "lookup file attrs-3.0.tar.gz".to_owned()),
        ("json", "lookup file attrs-1.0-py3-none-any.whl --json".to_owned()),
        ("bad_key", "lookup sha256 abc".to_owned()),
    ] {
        insta::assert_snapshot!(format!("lookup_{name}"), session.run(&args).await);
    }
}

#[tokio::test]
async fn exit_codes_tell_what_is_false_from_what_is_unknown() {
    let cases = [
        (Lie::None, 0),
        (Lie::EntryTooLong, 2),
        (Lie::ForeignEntry, 1),
        (Lie::ForgedSignature, 1),
        (Lie::NodeOutOfRange, 2),
        (Lie::OtherIndex, 1),
        (Lie::OtherKey, 2),
        (Lie::RepeatedEntry, 1),
        (Lie::ReversedEntries, 1),
        (Lie::ShortHash, 2),
        (Lie::SwappedEntry, 1),
        (Lie::TooManyEntries, 2),
        (Lie::WrongProofHash, 1),
    ];
    let session = session().await;
    for (lie, code) in cases {
        session.server.lie(lie);
        let output = session.command("lookup project attrs").output().await.unwrap();
        assert_eq!(output.status.code(), Some(code), "{lie:?}: {output:?}");
        assert_eq!(output.stdout.is_empty(), code != 0, "{lie:?}: {output:?}");
    }
}

#[tokio::test]
async fn errors_are_told_once_with_a_hint() {
    let session = session().await;
    session.run("lookup project attrs").await;
    for (name, lie) in [
        ("forged", Lie::ForgedSignature),
        ("other_key", Lie::OtherKey),
        ("wrong_proof", Lie::WrongProofHash),
    ] {
        session.server.lie(lie);
        let shown = session.run("verify attrs-1.0.tar.gz").await;
        insta::assert_snapshot!(format!("error_{name}"), shown);
    }
    session.server.lie(Lie::None);
    session.server.replace(TestLog::new(&filler(10)));
    insta::assert_snapshot!("error_rollback", session.run("verify attrs-1.0.tar.gz").await);
}

#[tokio::test]
async fn a_log_that_is_not_there_is_an_error_in_few_words() {
    let session = session().await;
    for (name, args) in [
        ("grpc", "lookup project attrs --log http://127.0.0.1:9"),
        ("tls", "lookup project attrs --log https://127.0.0.1:9/pypi"),
    ] {
        insta::assert_snapshot!(format!("absent_{name}"), session.run(args).await);
    }
}

#[tokio::test]
async fn a_fork_leaves_evidence_that_convinces() {
    let session = session().await;
    session.run("lookup project attrs --state state").await;
    let mut other = filler(40);
    other[3] = file("evil-1.0.tar.gz", "evil");
    session.server.replace(TestLog::new(&other));
    insta::assert_snapshot!("fork", session.run("lookup project attrs --state state").await);

    let is_report = |path: &std::path::PathBuf| path.extension().is_some_and(|e| e == "fork");
    let mut files = std::fs::read_dir(session.path("state")).unwrap().map(|e| e.unwrap().path());
    let report = std::fs::read(files.find(is_report).unwrap()).unwrap();
    session.write("report", &report);
    insta::assert_snapshot!("fork_verified", session.run("verify --fork report").await);
    insta::assert_snapshot!("fork_json", session.run("verify --json --fork report").await);

    let text = String::from_utf8(report).unwrap();
    session.write("report", text.replacen("root A", "root B", 1).replacen("\n40\n", "\n41\n", 1));
    insta::assert_snapshot!("fork_edited", session.run("verify --fork report").await);
    session.write("report", &text);
    let stranger = tlog::SigningKey::from_seed("other.example/log", &[1; 32]).unwrap();
    let mut command = session.bare("verify --fork report --key");
    let output = command.arg(stranger.verifying_key().to_string()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[tokio::test]
async fn the_log_is_named_by_options_environment_or_policy() {
    let session = session().await;
    for (name, args) in [
        ("no_key", "lookup project attrs --log http://log.example"),
        ("no_log", &format!("lookup project attrs --key {}", vkey())),
        ("bad_key", "lookup project attrs --log http://log.example --key nonsense"),
        ("bad_url", &format!("lookup project attrs --log log.example --key {}", vkey())),
        ("both", &format!("lookup project attrs --key {} --policy p", vkey())),
        ("no_policy", "lookup project attrs --policy missing"),
    ] {
        let output = session.bare(args).output().await.unwrap();
        insta::assert_snapshot!(format!("args_{name}"), session.transcript(args, &output));
    }
    session.write("policy", format!("log {} {}\nquorum none\n", vkey(), session.server.url()));
    let output = session.bare("lookup project attrs --policy policy").output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[tokio::test]
async fn a_quorum_that_is_not_met_is_undecided() {
    let session = session().await;
    let witness = tlog::CosigningKey::from_seed("witness.example/w", &[3; 32]).unwrap();
    let (log, url, witness) = (vkey(), session.server.url(), witness.verifying_key().to_string());
    session.write("policy", format!("log {log} {url}\nwitness w {witness}\nquorum w\n"));
    let args = "lookup project attrs --policy policy";
    let output = session.bare(args).output().await.unwrap();
    insta::assert_snapshot!("quorum", session.transcript(args, &output));
}

#[tokio::test]
async fn heads_are_remembered_in_the_users_state_directory() {
    let session = session().await;
    session.run("lookup project attrs").await;
    let name =
        format!("{}.checkpoint", record::Digest::sha256(key().verifying_key().name().as_bytes()));
    let path = session.path("home/.local/state/indelible").join(&name);
    assert_eq!(std::fs::read(path).unwrap(), eventful().checkpoint().to_bytes());
    let mut command = session.command("lookup project attrs");
    command.env("XDG_STATE_HOME", session.path("xdg")).output().await.unwrap();
    assert!(session.path("xdg/indelible").join(name).exists());
}

#[tokio::test]
async fn nobody_reading_is_no_failure() {
    let session = session().await;
    for args in ["lookup project attrs", "verify attrs-1.0.tar.gz", "monitor --once"] {
        let mut child = session.command(args).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().await.unwrap().code(), Some(0), "{args}");
    }
}

#[tokio::test]
async fn help_is_there_for_every_command() {
    let session = session().await;
    for command in
        ["", "audit", "evidence", "expect", "hashes", "key", "lookup", "monitor", "proof", "verify"]
    {
        let output = session.bare(&format!("{command} --help")).output().await.unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8(output.stdout).unwrap().contains("Usage: indelible"));
    }
    let output = session.bare("verify").output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
}
