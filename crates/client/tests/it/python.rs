//! The independent verifier of evidence, in Python, against this one: both accept the same files.
//!
//! Needs Python 3.12 or later, named by `INDELIBLE_PYTHON` or found, and `cryptography` from its package
//! index. Without them the test says so and passes, unless `INDELIBLE_REQUIRE_PYTHON` is 1.

use std::collections::BTreeSet;
use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use client::{Claim, LookupKey, VerifiedLookup};
use record::Evidence;

use crate::log::{TestLog, file, filler, project, removed, vkey};
use crate::questions::{client, trust};
use crate::server::Server;

const SCRIPT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/evidence/verify_evidence.py");

/// A line of a witness that nobody knows: readers skip it.
const UNKNOWN_LINE: &str = "\u{2014} witness.example/w AAAAAAAA\n";

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn is_recent(python: &PathBuf) -> bool {
    let probe = "import sys, venv; sys.exit(sys.version_info < (3, 12))";
    succeeds(Command::new(python).args(["-c", probe]).stderr(Stdio::null()))
}

fn python() -> Option<PathBuf> {
    if let Some(named) = env::var_os("INDELIBLE_PYTHON") {
        return Some(named.into());
    }
    let names = ["python3.14", "python3.13", "python3.12", "python3"].map(PathBuf::from);
    let pyenv = Path::new(&env::var_os("HOME")?).join(".pyenv/versions");
    let installed = std::fs::read_dir(pyenv).into_iter().flatten();
    let installed = installed.filter_map(|dir| Some(dir.ok()?.path().join("bin/python3")));
    names.into_iter().chain(installed).find(is_recent)
}

/// A Python with `cryptography`, made once for all runs.
fn interpreter() -> Option<PathBuf> {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cryptography");
    let interpreter = venv.join("bin/python");
    let installed = || succeeds(Command::new(&interpreter).args(["-c", "import cryptography"]));
    if !installed() {
        succeeds(Command::new(python()?).args(["-m", "venv", "--clear"]).arg(&venv));
        let install = ["-m", "pip", "install", "--quiet", "cryptography"];
        succeeds(Command::new(&interpreter).args(install));
    }
    installed().then_some(interpreter)
}

/// Small evidence of every sort.
async fn good_files() -> Vec<String> {
    let mut log = TestLog::new(&filler(1));
    log.append(&[file("a-1.tar.gz", "one"), removed("a-1.tar.gz", "one")]);
    log.append_epoch(|_| ());
    let mut longer = log.clone();
    longer.append(&[file("a-1.tar.gz", "two")]);
    let absent = LookupKey::File("naïve 2.tar.gz".into());
    let mut files = Vec::new();
    for (log, key) in [
        (&log, LookupKey::File("a-1.tar.gz".into())),
        (&longer, LookupKey::Project(project("a"))),
        (&longer, absent),
    ] {
        let server = Server::start(log.clone()).await;
        let state = tempfile::tempdir().unwrap();
        let answer = client(&server, &state).lookup(&key).await.unwrap();
        files.push(answer.to_evidence().unwrap().to_string());
    }
    files[2].push_str(UNKNOWN_LINE);
    files
}

/// What can happen to a file: bytes changed, ends lost, lines repeated, lost and swapped.
fn mutations(text: &str) -> BTreeSet<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut mutated = BTreeSet::new();
    for at in 0..bytes.len() {
        for value in [bytes[at] ^ 1, bytes[at] ^ 4, bytes[at] ^ 0x20, b'\n', b'0', 0xff] {
            let mut changed = bytes.to_vec();
            changed[at] = value;
            mutated.insert(changed);
        }
        mutated.insert(bytes[..at].to_vec());
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for at in 0..lines.len() {
        let mut repeated = lines.clone();
        repeated.insert(at, lines[at]);
        let mut lost = lines.clone();
        lost.remove(at);
        mutated.extend([repeated, lost].map(|lines| lines.concat().into_bytes()));
        for other in at + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(at, other);
            mutated.insert(swapped.concat().into_bytes());
        }
    }
    mutated.extend([format!("{text}\n"), text.replace('\n', "\r\n")].map(String::into_bytes));
    mutated.remove(bytes);
    mutated
}

fn verified(bytes: &[u8]) -> Option<VerifiedLookup> {
    VerifiedLookup::from_evidence(Evidence::parse(bytes).ok()?, &trust()).ok()
}

/// What the verifiers say that the file proves: key, positions and size.
fn meaning(answer: &VerifiedLookup) -> String {
    let key = format!("{} {}", answer.key().kind(), answer.key().value());
    let ascii = |c: char| {
        if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }
    };
    let key: String = key.chars().map(ascii).collect();
    let positions: Vec<u64> = answer.entries().iter().map(|entry| entry.index().get()).collect();
    format!("accepted [\"{key}\", {positions:?}, {}]", answer.checkpoint().head().size)
}

/// The verifier's lines, one for each file.
fn by_python(interpreter: &Path, files: &[Vec<u8>]) -> Vec<String> {
    let mut command = Command::new(interpreter);
    command.args([SCRIPT, "--key", &vkey(), "--batch"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input: Vec<u8> = files
        .iter()
        .flat_map(|file| [&(file.len() as u64).to_be_bytes(), file.as_slice()].concat())
        .collect();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(str::to_owned).collect()
}

#[allow(clippy::print_stderr, reason = "who reads the test's output must see it")]
fn skip() {
    eprintln!("skipped: no Python 3.12 with cryptography (INDELIBLE_REQUIRE_PYTHON=1: failure)");
}

#[tokio::test]
async fn both_verifiers_accept_the_same_evidence() {
    let Some(interpreter) = interpreter() else {
        let required = env::var_os("INDELIBLE_REQUIRE_PYTHON").is_some_and(|value| value == "1");
        assert!(!required, "cryptography cannot be installed here");
        return skip();
    };
    let absent = || vec![Claim::NeverObserved];
    let (mut mutated, mut accepted) = (0, 0);
    for text in good_files().await {
        let good = verified(text.as_bytes()).unwrap();
        let mut files = vec![text.clone().into_bytes()];
        files.extend(mutations(&text));
        let said = by_python(&interpreter, &files);
        assert_eq!(said.len(), files.len());
        assert_eq!(said[0], meaning(&good));
        for (file, said) in files.iter().zip(&said) {
            let shown = String::from_utf8_lossy(file);
            let answer = verified(file);
            assert_eq!(answer.is_some(), said.starts_with("accepted"), "{said}\n{shown}");
            let Some(answer) = answer else { continue };
            assert_eq!(*said, meaning(&answer), "{shown}");
            if answer.key() == good.key() {
                assert_eq!((answer.entries(), answer.claims()), (good.entries(), good.claims()));
            } else {
                // What shows that one key is absent may show it of another, and that is true.
                assert_eq!((good.claims(), answer.claims()), (absent(), absent()), "{shown}");
            }
            accepted += 1;
        }
        mutated += files.len() - 1;
    }
    assert!(mutated >= 10_000, "{mutated} mutations");
    // The good files, and those of which the unknown line changed.
    assert!((4..1000).contains(&accepted), "{accepted} accepted");
}

#[tokio::test]
async fn the_format_stays_as_it_is() {
    let samples = [
        include_str!("../../../../tests/evidence/removed.evidence"),
        include_str!("../../../../tests/evidence/changed.evidence"),
        include_str!("../../../../tests/evidence/absent.evidence"),
    ];
    assert_eq!(good_files().await, samples);
}
