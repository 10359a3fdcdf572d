//! `audit`: what others pinned, judged and reported in every form.

use std::process::Stdio;

use client::Verdict;
use record::Entry;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use crate::log::{TestLog, digest, file, filler, removed, status, time, yanked};
use crate::server::Lie;
use crate::{Session, timeless};

/// A log in which files went through everything that a verdict tells.
pub(crate) fn log() -> TestLog {
    let mut log = TestLog::new(&filler(10));
    log.append(&[
        file("attrs-1.0.tar.gz", "sdist"),
        file("attrs-1.0-py3-none-any.whl", "wheel"),
        file("attrs-2.0.tar.gz", "first"),
        file("attrs-2.0.tar.gz", "second"),
        file("attrs-0.9.tar.gz", "old"),
        removed("attrs-0.9.tar.gz", "old"),
        file("attrs-0.8.tar.gz", "older"),
        yanked("attrs-0.8.tar.gz", "forgot \u{1b}[31mred"),
        file("evil-1.0.tar.gz", "evil"),
        status("evil", record::Status::Quarantined),
    ]);
    log.append_epoch(|_| ());
    log
}

/// A lock file with a line for each of these: project, version, filename, content.
fn uv_lock(pins: &[(&str, &str, &str, &str)]) -> String {
    let package = |(project, version, filename, content): &(&str, &str, &str, &str)| {
        let hash = digest(content);
        format!(
            "[[package]]\nname = \"{project}\"\nversion = \"{version}\"\n\
             source = {{ registry = \"https://index.example/simple\" }}\n\
             sdist = {{ url = \"https://files.example/{filename}\", hash = \"sha256:{hash}\" }}\n"
        )
    };
    "version = 1\nrevision = 3\n".to_owned() + &pins.iter().map(package).collect::<String>()
}

const GOOD: [(&str, &str, &str, &str); 2] = [
    ("attrs", "1.0", "attrs-1.0.tar.gz", "sdist"),
    ("attrs", "1.0.0", "attrs-1.0-py3-none-any.whl", "wheel"),
];
const WARNED: [(&str, &str, &str, &str); 5] = [
    ("attrs", "0.9", "attrs-0.9.tar.gz", "old"),
    ("attrs", "0.8", "attrs-0.8.tar.gz", "older"),
    ("evil", "1.0", "evil-1.0.tar.gz", "evil"),
    ("attrs", "1.0", "attrs-1.0-cp314-cp314-linux_x86_64.whl", "wheel"),
    ("renamed", "5", "renamed-5.tar.gz", "sdist"),
];
const NOTED: [(&str, &str, &str, &str); 2] = [
    ("attrs", "1.0", "attrs-1.0.zip", "repacked"),
    ("unheard-of", "7", "unheard_of-7.tar.gz", "unheard of"),
];
const BAD: [(&str, &str, &str, &str); 1] = [("attrs", "2.0", "attrs-2.0.tar.gz", "second")];

pub(crate) async fn session() -> Session {
    let session = Session::start(log()).await;
    session.write("good.lock", uv_lock(&GOOD));
    session.write("warned.lock", uv_lock(&WARNED));
    session.write("noted.lock", uv_lock(&NOTED));
    session.write("bad.lock", uv_lock(&BAD));
    session.write("strange", "nothing that anybody knows\n");
    std::fs::create_dir_all(session.path("dist/deeper")).unwrap();
    std::fs::create_dir(session.path("empty")).unwrap();
    std::fs::create_dir(session.path("malformed")).unwrap();
    session.write("malformed/uv.lock", uv_lock(&GOOD).replace("sha256:", "sha256:zz"));
    session.write("dist/attrs-1.0.tar.gz", "sdist");
    session.write("dist/deeper/attrs-2.0.tar.gz", "neither");
    session.write("dist/uv.lock", uv_lock(&BAD));
    session.write("attrs_1.0.orig.tar.gz", "sdist");
    session
}

async fn json(session: &Session, args: &str) -> Value {
    let output = session.command(args).output().await.unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn files_are_grouped_the_worst_first() {
    let session = session().await;
    for (name, args) in [
        ("good", "audit good.lock"),
        ("verbose", "audit -v good.lock"),
        ("all", "audit good.lock warned.lock noted.lock bad.lock"),
        ("strict", "audit --strict noted.lock"),
        ("fail_on", "audit --fail-on match-yanked,match-removed warned.lock"),
        ("empty", "audit empty"),
        ("folder", "audit dist"),
        ("renamed", "audit attrs_1.0.orig.tar.gz --project Attrs --version 1.0"),
        ("renamed_alone", "audit attrs_1.0.orig.tar.gz"),
        ("unreadable", "audit good.lock malformed/uv.lock missing.lock"),
        ("json", "audit --json good.lock bad.lock malformed/uv.lock"),
        ("junit", "audit --format junit good.lock noted.lock bad.lock malformed/uv.lock"),
    ] {
        let shown = timeless(&session.run(args).await);
        insta::assert_snapshot!(format!("audit_{name}"), shown);
    }
}

#[tokio::test]
async fn exit_codes_tell_the_worst() {
    let session = session().await;
    for (args, code) in [
        ("good.lock warned.lock noted.lock", 0),
        ("good.lock bad.lock malformed/uv.lock", 1),
        ("good.lock malformed/uv.lock", 2),
        ("missing.lock", 2),
        ("strange", 2),
        ("empty", 0),
        ("--strict good.lock warned.lock", 0),
        ("--strict noted.lock", 1),
        ("--fail-on nonsense good.lock", 2),
        ("--fail-on unknown-release noted.lock", 1),
        ("--max-age 0s good.lock", 2),
        ("--max-age 0s bad.lock", 1),
        ("--max-age 90000d good.lock", 0),
        ("--project attrs good.lock", 2),
        ("--project attrs --version 1.0 good.lock", 2),
        ("--project attrs --version 1.0 good.lock bad.lock", 2),
        ("--json --format sarif good.lock", 2),
        ("", 2),
    ] {
        for format in ["", "--format json", "--format sarif", "--format junit"] {
            if format.is_empty() || !args.contains("--json") {
                let output = session.command(&format!("audit {args} {format}")).output().await;
                let code_is = output.unwrap().status.code();
                assert_eq!(code_is, Some(code), "{args} {format}");
            }
        }
    }
    session.server.lie(Lie::WrongProofHash);
    let shown = session.run("audit good.lock").await;
    assert!(shown.ends_with("--- exit 1\n"), "{shown}");
    session.server.lie(Lie::BigProject);
    let shown = session.run("audit good.lock noted.lock").await;
    assert!(shown.contains("not checked whether the project is quarantined"), "{shown}");
    assert!(shown.ends_with("--- exit 2\n"), "{shown}");
}

#[tokio::test]
async fn json_is_what_is_documented() {
    let session = session().await;
    let report =
        json(&session, "audit --json good.lock bad.lock malformed/uv.lock warned.lock").await;
    assert_eq!(report["summary"]["match"], 2);
    assert_eq!(report["summary"]["match-quarantined"], 1);
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), GOOD.len() + BAD.len() + WARNED.len());
    let bad = results.iter().find(|result| result["class"] == "bad").unwrap();
    assert_eq!(bad["path"], "bad.lock");
    assert_eq!(bad["line"], 7);
    assert_eq!(bad["project"], "attrs");
    assert_eq!(bad["sha256"], digest("second").to_string());
    assert_eq!(bad["entries"], serde_json::json!([12, 13]));
    assert_eq!(bad["first_seen"]["index"], 13);
    assert_eq!(report["errors"][0]["path"], "malformed/uv.lock");
    assert_eq!(report["errors"][0]["line"], 7);
    assert_eq!(report["checkpoint"]["size"], log().size());
}

#[tokio::test]
async fn sarif_has_a_rule_for_each_verdict_and_a_place_for_each_result() {
    let session = session().await;
    let args = "audit --format sarif good.lock noted.lock bad.lock malformed/uv.lock";
    let report = json(&session, args).await;
    assert_eq!(report["version"], "2.1.0");
    let run = &report["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), Verdict::ALL.len());
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), NOTED.len() + BAD.len());
    for result in results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[rule]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        let line = place["region"]["startLine"].as_u64().unwrap();
        assert!(line >= 7, "{result}");
        let level = if result["ruleId"] == "conflict" { "error" } else { "note" };
        assert_eq!(result["level"], level);
    }
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notification = &invocation["toolExecutionNotifications"][0];
    let place = &notification["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "malformed/uv.lock");
    assert_eq!(place["region"]["startLine"], 7);
    let all = json(&session, "audit --format sarif --verbose good.lock").await;
    assert_eq!(all["runs"][0]["results"].as_array().unwrap().len(), GOOD.len());
}

#[tokio::test]
async fn young_files_fail_by_the_logs_clock() {
    let session = session().await;
    let imported = |content: &str| {
        let Entry::File(mut entry) = file("attrs-3.0.tar.gz", content) else { unreachable!() };
        entry.via = Some("dump".to_owned());
        entry.observed = time(0);
        Entry::File(entry)
    };
    session.server.append(&[imported("three")]);
    let three = [("attrs", "3.0", "attrs-3.0.tar.gz", "three")];
    session.write("imported.lock", uv_lock(&three));
    for (args, code, says) in [
        ("--min-age 0s good.lock", 0, "2 match"),
        ("--min-age 90000d good.lock", 1, "too young: first seen 2026-11-21T01:13:58Z, "),
        ("--min-age 0s noted.lock", 2, "its age is not known"),
        ("--min-age 0s -v imported.lock", 0, "by an import from \"dump\""),
        ("--min-age 90000d imported.lock", 1, "that is somebody else's sighting"),
        ("--min-age nonsense good.lock", 2, "a whole number and a unit"),
    ] {
        let shown = session.run(&format!("audit {args}")).await;
        assert!(shown.contains(says), "{args}: {shown}");
        assert!(shown.ends_with(&format!("--- exit {code}\n")), "{args}: {shown}");
    }
}

#[tokio::test]
async fn standard_input_is_a_source() {
    let session = session().await;
    let mut command = session.command("audit --json -");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(uv_lock(&BAD).as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["results"][0]["path"], "-");
}
