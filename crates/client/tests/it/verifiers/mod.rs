//! The independent verifiers of evidence, in Python and in JavaScript, against this one: all accept the
//! same files and understand the same by them.
//!
//! Each needs its interpreter. Without it the test says so and passes, unless a variable says that it is
//! required.

mod node;
mod python;

use std::collections::BTreeSet;
use std::env;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use client::{Claim, Error, LookupKey, VerifiedLookup};
use record::Evidence;

use crate::log::{TestLog, file, filler, project, removed, vkey};
use crate::questions::{client, trust};
use crate::server::Server;

/// A line of a witness that nobody knows: readers skip it.
const UNKNOWN_LINE: &str = "\u{2014} witness.example/w AAAAAAAA\n";

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

/// The answer, or whether a check failed that could be made.
fn verified(bytes: &[u8]) -> Result<VerifiedLookup, bool> {
    let evidence = Evidence::parse(bytes).map_err(|_| false)?;
    let is_disproven = |error| matches!(error, Error::Disproven(_));
    VerifiedLookup::from_evidence(evidence, &trust()).map_err(is_disproven)
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

/// A verifier's lines, one for each file.
fn lines_of(interpreter: &Path, script: &str, files: &[Vec<u8>]) -> Vec<String> {
    let mut command = Command::new(interpreter);
    command.args([script, "--key", &vkey(), "--batch"]);
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

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Says that a test is skipped for want of `what`; a failure if the variable is 1.
#[allow(clippy::print_stderr, reason = "who reads the test's output must see it")]
fn skip(what: &str, variable: &str) {
    let required = env::var_os(variable).is_some_and(|value| value == "1");
    assert!(!required, "{what} is not here, and {variable} is 1");
    eprintln!("skipped: no {what} ({variable}=1 makes this fail)");
}

/// Asks a verifier about good files and what can become of them. Where it says of a refusal whether it is
/// `disproven` or `undecided`, that has to be the same, too.
async fn agrees(interpreter: &Path, script: &str) {
    let absent = || vec![Claim::NeverObserved];
    let (mut mutated, mut accepted) = (0, 0);
    for text in good_files().await {
        let good = verified(text.as_bytes()).unwrap();
        let mut files = vec![text.clone().into_bytes()];
        files.extend(mutations(&text));
        let said = lines_of(interpreter, script, &files);
        assert_eq!(said.len(), files.len());
        assert_eq!(said[0], meaning(&good));
        for (file, said) in files.iter().zip(&said) {
            let shown = String::from_utf8_lossy(file);
            let answer = match verified(file) {
                Ok(answer) => answer,
                Err(is_disproven) => {
                    let other =
                        if is_disproven { "refused undecided" } else { "refused disproven" };
                    assert!(
                        said.starts_with("refused ") && !said.starts_with(other),
                        "{said}\n{shown}"
                    );
                    continue;
                }
            };
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
        include_str!("../../../../../tests/evidence/removed.evidence"),
        include_str!("../../../../../tests/evidence/changed.evidence"),
        include_str!("../../../../../tests/evidence/absent.evidence"),
    ];
    assert_eq!(good_files().await, samples);
}
