//! How fast and how large: run by hand, in release, one at a time. Prints what it measured.
#![allow(clippy::print_stdout, reason = "the figures are the point")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use observer::{ListedName, Log, LogError, Submitted};
use record::{Digest, Fact, ProjectName};
use support::{Bench, settings, write};

/// A log that only counts, after a while.
struct CountingLog {
    latency: Duration,
    facts: AtomicU64,
}

#[async_trait]
impl Log for CountingLog {
    async fn listed(&self, _: &ProjectName) -> Result<Option<Vec<ListedName>>, LogError> {
        Ok(None)
    }

    async fn submit(&self, facts: Vec<Fact>) -> Result<Submitted, LogError> {
        tokio::time::sleep(self.latency).await;
        self.facts.fetch_add(facts.len() as u64, Ordering::SeqCst);
        Ok(Submitted { entries: facts.len() as u64 })
    }
}

/// Most memory this process had since [`forget_peak`], in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a tree of documents, named by INDELIBLE_INDEX"]
async fn a_whole_tree() {
    let index = std::env::var("INDELIBLE_INDEX").expect("INDELIBLE_INDEX names a tree or URL");
    for latency in [0, 500] {
        let bench = Bench::new(&index, settings());
        let latency = Duration::from_millis(latency);
        let log = Arc::new(CountingLog { latency, facts: AtomicU64::new(0) });
        let observer = bench.observer_with(log.clone());
        for sweep in ["first", "second"] {
            let start = Instant::now();
            let report = observer.sweep().await.unwrap();
            assert!(report.is_complete(), "{report}");
            let took = start.elapsed();
            println!(
                "log answers after {latency:?}, {sweep} sweep: {took:?}, peak {} MiB\n{report}",
                peak()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes seconds and hundreds of megabytes of disk"]
async fn a_million_projects_that_stand_still() {
    const PROJECTS: u32 = 1_000_000;
    let root = tempfile::tempdir().unwrap();
    let bench = Bench::new(root.path().display().to_string(), settings());
    let (mut list, mut known) = (String::new(), String::new());
    for number in 0..PROJECTS {
        let (name, serial) = (format!("some-project-{number:07}"), 25_000_000 + number);
        let comma = if number == 0 { "" } else { "," };
        write!(list, "{comma}{{\"_last-serial\":{serial},\"name\":\"{name}\"}}").unwrap();
        writeln!(known, "{name}\t{serial}\tetag:\"{number:024}\"").unwrap();
    }
    let list = format!("{{\"meta\":{{\"_last-serial\":26000000}},\"projects\":[{list}]}}");
    write(&root.path().join("simple/index.json"), &list);
    let seal = |text: &str| format!("{text}sha256 {}\n", Digest::sha256(text.as_bytes()));
    let progress = serde_json::json!({"source": bench.location, "journal": null, "list": null,
        "coverage": null, "sweeps": 1, "vanishings": 0, "doubts": {}});
    write(&bench.state.path().join("projects.tsv"), seal(&known));
    write(&bench.state.path().join("progress.json"), seal(&format!("{progress}\n")));
    drop((list, known));

    forget_peak();
    let before = peak();
    let start = Instant::now();
    let observer = bench.observer();
    println!("loaded in {:?}, peak {} MiB (before: {before})", start.elapsed(), peak());
    forget_peak();
    println!("resident: {} MiB", peak());
    let start = Instant::now();
    let report = observer.sweep().await.unwrap();
    println!("swept in {:?}, peak {} MiB\n{report}", start.elapsed(), peak());
    assert_eq!(report.unchanged, u64::from(PROJECTS));
}
