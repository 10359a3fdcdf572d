//! `indelibled demo`, and the program `indelible` against what it serves.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::harness::{Ended, indelible, indelibled, run, within};

/// A demo that runs, and what it keeps its files in.
struct Demo {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    dir: tempfile::TempDir,
}

impl Demo {
    fn start() -> Demo {
        let dir = tempfile::tempdir().unwrap();
        let temporary = dir.path().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        let mut command = indelibled(["demo", "--listen", "127.0.0.1:0"]);
        command.env("TMPDIR", temporary).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Demo { child, lines, dir }
    }

    /// What it prints up to and with the line that has `end`.
    async fn told_until(&mut self, end: &str) -> String {
        let mut story = String::new();
        while !story.contains(end) {
            let line = within("a line of the demo", self.lines.next_line()).await.unwrap();
            story.push_str(&line.unwrap_or_else(|| panic!("the demo ended: {story}")));
            story.push('\n');
        }
        story
    }

    /// Interrupts it; it ends in peace and leaves nothing behind.
    async fn interrupt(mut self) {
        let pid = Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        let status = within("the end of the demo", self.child.wait()).await.unwrap();
        assert_eq!(status.code(), Some(0));
        let left: Vec<_> = std::fs::read_dir(self.dir.path().join("tmp")).unwrap().collect();
        assert!(left.is_empty(), "{left:?} is left behind");
    }
}

/// What follows `before` up to the end of the line, without quotes.
fn value<'a>(story: &'a str, before: &str) -> &'a str {
    let rest = story.split_once(before).unwrap_or_else(|| panic!("no {before} in {story}")).1;
    rest.lines().next().unwrap().trim_matches('\'')
}

#[tokio::test]
async fn the_demo_tells_the_story_and_the_client_confirms_it() {
    let mut demo = Demo::start();
    let story = demo.told_until("monitor --state watch").await;
    for part in [
        "63 projects, 7820 files, 7820 entries logged",
        "Signed head, verified:\n    | demo.example/pypi\n    | 78",
        "Inclusion proof of entry ",
        "      = root ",
        "3 entries logged; everything else was logged before",
        "Consistency proof from size 78",
        "requests-2.31.0.post1.tar.gz: no entry\n  => never listed.",
        "requests-2.31.0.tar.gz CHANGED",
        "\"kind\":\"removed\",\"project\":\"colorama\"",
        "A late wheel is no attack.",
        "\"kind\":\"key\",\"project\":\"requests\",\"action\":\"enrol\"",
        "\"kind\":\"expected\",\"project\":\"requests\"",
        "    hash-changed: entry 78",
        "    conflict: this file has sha256 c0ffee",
        "=> it still verifies.",
    ] {
        assert!(story.contains(part), "{part:?} is missing in {story}");
    }

    let ask = async |arguments: &str| -> Ended {
        let mut command = indelible();
        command.current_dir(demo.dir.path()).env("HOME", demo.dir.path());
        command.env("INDELIBLE_LOG", value(&story, "export INDELIBLE_LOG="));
        command.env("INDELIBLE_KEY", value(&story, "export INDELIBLE_KEY="));
        command.args(arguments.split_whitespace()).stdin(Stdio::null()).kill_on_drop(true);
        run(command).await
    };
    for (arguments, code, parts) in [
        (
            "lookup file requests-2.31.0.tar.gz --json",
            0,
            &["942c5a75", "c0ffee", "\"size\":78"][..],
        ),
        ("lookup project mako", 0, &["Mako-1.1.0-py2.py3-none-any.whl"]),
        ("key list requests", 0, &["requests-release+"]),
        ("lookup project never-seen --json", 0, &["\"entries\":[]"]),
        ("proof requests-2.31.0.tar.gz -o changed.tlog-proof", 0, &[]),
        ("evidence file requests-2.31.0.tar.gz -o changed.evidence", 0, &[]),
        ("verify --evidence changed.evidence", 0, &["c0ffee", "different hashes"]),
        (
            "monitor --state watch --once --project colorama",
            0,
            &["colorama-0.4.5.tar.gz", "removed"],
        ),
        ("monitor --state all --once --json", 1, &["c0ffee", "requests-2.31.0.tar.gz"]),
    ] {
        let ended = ask(arguments).await;
        assert_eq!(ended.code, Some(code), "{arguments}: {ended:?}");
        for part in parts {
            assert!(ended.stdout.contains(part), "{arguments}: {part} is missing in {ended:?}");
        }
    }
    let proof = std::fs::read_to_string(demo.dir.path().join("changed.tlog-proof")).unwrap();
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\n"), "{proof}");
    demo.interrupt().await;
}

#[tokio::test]
async fn a_demo_that_is_interrupted_leaves_nothing() {
    let mut demo = Demo::start();
    demo.told_until("verification key").await;
    demo.interrupt().await;
}

#[tokio::test]
async fn a_demo_on_a_port_that_is_taken_says_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(indelibled(["demo", "--listen", &address])).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains(&format!("{address} can not be listened on")), "{ended:?}");
}
