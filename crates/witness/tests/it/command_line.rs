//! The program: what it prints, what it refuses, and how it ends.

use std::fs;
use std::process::Command;

use tlog::{KeyKind, VerifyingKey};

use crate::harness::{Log, Process, exchange, new_dir, program, texts};

#[test]
fn init_prints_the_key_alone_on_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("deeper/witness");
    let init = || {
        let mut command = program();
        command.args(["init", "--name", "witness.example/w1", "--data"]).arg(&data);
        command.output().unwrap()
    };
    let output = init();
    let (stdout, stderr) = texts(&output);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    let key = VerifyingKey::parse(stdout.strip_suffix('\n').unwrap()).unwrap();
    assert_eq!((key.name(), key.kind()), ("witness.example/w1", KeyKind::Cosignature));
    let secret = fs::read(data.join("key")).unwrap();
    let again = init();
    let (stdout, stderr) = texts(&again);
    assert_eq!((again.status.code(), &*stdout), (Some(2), ""));
    assert!(stderr.contains("is not empty"), "{stderr}");
    assert_eq!(fs::read(data.join("key")).unwrap(), secret);
}

#[test]
fn init_refuses_a_name_that_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("witness");
    let output =
        program().args(["init", "--name", "a name", "--data"]).arg(&data).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(texts(&output).1.contains("can not be the name of a witness"));
    assert!(!data.exists());
}

#[test]
fn serve_says_what_it_lacks() {
    let (dir, own_key) = new_dir();
    let log = Log::new("entry").key().to_string();
    let policy = dir.path().join("policy");
    fs::write(&policy, "quorum none\n").unwrap();
    let policy = policy.to_str().unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&[], "--log <VKEY>"),
        (&["--log", "nonsense"], "a key is written as"),
        (&["--log", &own_key.to_string()], "is not of a log"),
        (&["--log", &log, "--policy", policy], "cannot be used with"),
        (&["--policy", policy], "the policy lists no log"),
        (&["--log", &log, "--listen", "256.0.0.1:0"], "can not be listened on"),
    ];
    for (arguments, expected) in cases {
        let output = program().args(["serve", "--data"]).arg(dir.path()).args(arguments).output();
        let output = output.unwrap();
        let (_, stderr) = texts(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[tokio::test]
async fn a_second_process_is_refused_and_the_first_ends_when_asked() {
    let (dir, _) = new_dir();
    let log = Log::new("entry");
    for signal in ["TERM", "INT"] {
        let process = Process::start(dir.path(), &log.key());
        let answer = exchange(&process.address, "GET", "/healthz", "").await.unwrap();
        assert_eq!(answer.status, 200);
        let mut second = program();
        second.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(dir.path());
        let output = second.args(["--log", &log.key().to_string()]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(texts(&output).1.contains("another process"), "{}", texts(&output).1);
        let id = process.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        assert_eq!(process.ended(), Some(0));
    }
}
