//! What operators do beside serving: look, freeze, and be told.

mod documents;
mod supervised;
mod traces;

use std::fs;

use tokio::process::Command;

use crate::harness::{Ended, Submitter, TestLog, files, indelibled, raw, run};

fn about(log: &TestLog, command: &str, more: &[&str]) -> Command {
    let mut asked = indelibled([command, "--data"]);
    asked.arg(log.data()).args(more);
    asked
}

async fn ends(command: Command, code: i32) -> Ended {
    let ended = run(command).await;
    assert_eq!(ended.code, Some(code), "{} {}", ended.stdout, ended.stderr);
    ended
}

#[tokio::test]
async fn a_frozen_log_is_read_for_ever_and_never_written() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(0..40)).await;
    let held = ends(about(&log, "freeze", &["--yes", "--min-free", "0"]), 2).await;
    assert!(held.stderr.contains("can not be opened"), "it is being served: {}", held.stderr);
    server.terminate().await;

    let asked = ends(about(&log, "freeze", &[]), 2).await;
    assert!(asked.stdout.contains("There is no way back"), "{}", asked.stdout);
    let frozen = ends(about(&log, "freeze", &["--yes", "--min-free", "0"]), 0).await;
    assert!(
        frozen.stdout.starts_with("frozen: size 41, root "),
        "with an epoch: {}",
        frozen.stdout
    );

    let server = log.serve().await;
    let health = raw(server.address(), "GET", "/healthz", "").await;
    assert_eq!(health.status, 200);
    assert!(String::from_utf8(health.body).unwrap().starts_with("ok: frozen at size 41"));
    assert_eq!(
        log.head(&raw(server.address(), "GET", "/checkpoint", "").await.body).size.get(),
        41
    );
    let refused = Submitter::open(&server).await.refused(files(40..41)).await;
    assert!(refused.message.contains("frozen at size 41"), "{}", refused.message);
    let absent = client::LookupKey::File("never.whl".to_owned());
    let answer = log.client(&server, "reader").lookup(&absent).await.unwrap();
    answer.completeness().expect("a complete answer about a frozen log");
    server.terminate().await;

    let again = ends(about(&log, "freeze", &["--yes", "--min-free", "0"]), 2).await;
    assert!(again.stderr.contains("this log is frozen"), "{}", again.stderr);
    let mut import = about(&log, "import", &["--min-free", "0"]);
    import.arg(log.path("token"));
    let import = ends(import, 2).await;
    assert!(import.stderr.contains("this log is frozen"), "{}", import.stderr);
    assert_eq!(log.fsck().await.code, Some(0));
}

#[tokio::test]
async fn status_says_how_a_log_is() {
    let log = TestLog::create().await;
    let server = log.serve_with(&["--epoch-interval", "0"]).await;
    Submitter::open(&server).await.submit(files(0..3)).await;
    let status = |more: &[&str]| {
        let mut command = indelibled(["status", "--log", &server.url]);
        command.args(more);
        command
    };
    let said = ends(status(&[]), 0).await.stdout;
    for line in ["health      ok: size", "log         log.example/pypi", "role        writer"] {
        assert!(said.contains(line), "{said}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&ends(status(&["--json"]), 0).await.stdout).unwrap();
    assert_eq!(json["origin"], "log.example/pypi");
    assert_eq!(json["key"], log.key().to_string());
    assert_eq!(json["health"]["well"], true);
    assert_eq!(json["limits"]["client_requests_per_second"], 1000);
    let size = json["head"]["size"].as_u64().unwrap();
    assert!((3..=4).contains(&size), "{json}");
    let url = server.url.clone();
    server.terminate().await;
    let gone = ends(indelibled(["status", "--log", &url]), 2).await;
    assert!(gone.stderr.contains("can not be reached"), "{}", gone.stderr);
}

#[tokio::test]
async fn doctor_finds_what_would_hinder() {
    let log = TestLog::create().await;
    let token = log.path("token");
    let token = token.to_str().unwrap();
    let well = ["--min-free", "1", "--listen", "127.0.0.1:0", "--token-file", token];
    let said = ends(about(&log, "doctor", &well), 0).await.stdout;
    for line in [
        "ok       key: log.example/pypi+",
        "ok       synced writes: ",
        "warning  remembered head: ",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let other = TestLog::create().await;
    let server = other.serve().await;
    let index = format!("{}/simple/", server.url);
    let said =
        ends(about(&log, "doctor", &[&well[..], &["--index", &index]].concat()), 0).await.stdout;
    assert!(said.contains("answers"), "{said}");
    let taken = server.address();
    let hinders: [(&[&str], &str); 5] = [
        (&["--listen", taken], "failure  address: "),
        (&["--min-free", "999999999"], "failure  disk: "),
        (&["--index", "http://127.0.0.1:9/simple/"], "failure  index: "),
        (&["--token-file", "/nonexistent"], "failure  token: "),
        (&["--config", "/nonexistent"], "failure  configuration: "),
    ];
    for (arguments, why) in hinders {
        let said = ends(about(&log, "doctor", arguments), 1).await.stdout;
        assert!(said.contains(why), "{why}: {said}");
    }
    server.terminate().await;
    fs::remove_file(log.path("log/key")).unwrap();
    let said = ends(about(&log, "doctor", &well), 1).await.stdout;
    assert!(said.contains("failure  key: "), "{said}");
}
