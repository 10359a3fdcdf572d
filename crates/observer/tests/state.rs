//! What is remembered, and what happens when it is lost, damaged or behind.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use observer::{ListedName, Log, LogError, ObserveError, Submitted};
use record::{Fact, ProjectName};
use support::{Bench, FakeIndex, MemoryLog, file, settings};

async fn observed() -> (FakeIndex, Bench) {
    let index = FakeIndex::start().await;
    for name in ["a", "b", "c"] {
        index.change(name, |project| project.files.push(file(&format!("{name}-1.zip"))));
    }
    let bench = Bench::new(&index.url, settings());
    bench.sweep().await;
    bench.news();
    index.asked();
    (index, bench)
}

#[tokio::test]
async fn without_its_state_an_observer_reads_everything_and_adds_nothing() {
    let (index, bench) = observed().await;
    for entry in fs::read_dir(bench.state.path()).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let report = bench.sweep().await;
    assert_eq!((report.read, report.entries), (3, 0), "{report}");
    assert_eq!(index.asked().len(), 4);
    assert_eq!(bench.sweep().await.unchanged, 3);
}

#[tokio::test]
async fn damaged_state_is_noticed_and_costs_no_more() {
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [(&str, Damage); 7] = [
        ("empty", |_| Vec::new()),
        ("cut in half", |bytes| bytes[..bytes.len() / 2].to_vec()),
        ("last byte gone", |bytes| bytes[..bytes.len() - 1].to_vec()),
        ("one bit", |mut bytes| {
            bytes[5] ^= 1;
            bytes
        }),
        ("not UTF-8", |mut bytes| {
            bytes[5] = 0xff;
            bytes
        }),
        ("seal gone", |bytes| {
            let seal = bytes.windows(7).rposition(|window| window == b"sha256 ").unwrap();
            bytes[..seal].to_vec()
        }),
        ("something after the seal", |mut bytes| {
            bytes.extend_from_slice(b"d\t1\t-\n");
            bytes
        }),
    ];
    for name in ["progress.json", "projects.tsv"] {
        for (what, damage) in damages {
            let (_index, bench) = observed().await;
            let path = bench.state.path().join(name);
            fs::write(&path, damage(fs::read(&path).unwrap())).unwrap();
            let report = bench.sweep().await;
            assert_eq!((report.read, report.entries), (3, 0), "{name} {what}: {report}");
            assert_eq!(bench.sweep().await.unchanged, 3, "{name} {what}");
            assert!(bench.state.path().join(format!("{name}.damaged")).exists(), "{name} {what}");
        }
    }
}

#[tokio::test]
async fn every_cut_of_the_state_is_noticed() {
    let (_index, bench) = observed().await;
    for name in ["progress.json", "projects.tsv"] {
        let path = bench.state.path().join(name);
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            drop(bench.observer());
            let aside = bench.state.path().join(format!("{name}.damaged"));
            assert_eq!(fs::read(aside).unwrap().len(), end, "{name}");
        }
        fs::write(&path, &whole).unwrap();
    }
    assert_eq!(bench.sweep().await.unchanged, 3);
}

#[tokio::test]
async fn the_state_of_another_index_counts_for_names_only() {
    let (_index, mut bench) = observed().await;
    let other = FakeIndex::start().await;
    other.change("a", |project| project.files.push(file("a-1.zip")));
    other.change("c", |project| project.files.push(file("c-1.zip")));
    bench.location.clone_from(&other.url);
    assert_eq!(bench.sweep().await.entries, 0);
    bench.clock.advance(3600);
    bench.sweep().await;
    assert_eq!(bench.news(), ["removed b-1.zip", "status b deleted"]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_an_error() {
    let (_index, bench) = observed().await;
    let path = bench.state.path().join("file");
    fs::write(&path, "").unwrap();
    let clock: Arc<dyn observer::Clock> = bench.clock.clone();
    let opened =
        observer::Observer::open(bench.source(), bench.log.clone(), &path, settings(), clock);
    assert!(opened.err().unwrap().to_string().contains("cannot use the observer's state"));
}

/// Takes submissions, and after some of them loses the answer: as when the process is killed in
/// between.
struct LosesAnswers {
    log: Arc<MemoryLog>,
    answers: AtomicUsize,
}

#[async_trait]
impl Log for LosesAnswers {
    async fn listed(&self, project: &ProjectName) -> Result<Option<Vec<ListedName>>, LogError> {
        self.log.listed(project).await
    }

    async fn submit(&self, facts: Vec<Fact>) -> Result<Submitted, LogError> {
        let submitted = self.log.submit(facts).await;
        if self.answers.fetch_sub(1, Ordering::SeqCst) == 0 {
            std::future::pending::<()>().await;
        }
        submitted
    }
}

#[tokio::test]
async fn killed_at_any_submission_nothing_is_lost_or_doubled() {
    for answers in 0..3 {
        let (index, bench) = observed().await;
        for name in ["a", "b", "c"] {
            index.change(name, |project| project.files.push(file(&format!("{name}-2.zip"))));
        }
        let log = LosesAnswers { log: bench.log.clone(), answers: AtomicUsize::new(answers) };
        let observer = bench.observer_with(Arc::new(log));
        let killed = tokio::time::timeout(std::time::Duration::from_millis(200), observer.sweep());
        assert!(killed.await.is_err(), "it waits for the answer that never comes");
        drop(observer);
        let report = bench.sweep().await;
        assert!(report.is_complete(), "{report}");
        assert_eq!(report.read, 3, "nothing was remembered that was not answered");
        assert_eq!(bench.news(), ["file a-2.zip", "file b-2.zip", "file c-2.zip"]);
    }
}

#[tokio::test]
async fn a_log_that_is_busy_is_asked_again() {
    let (index, bench) = observed().await;
    index.change("a", |project| project.files.push(file("a-2.zip")));
    bench.log.unavailable.store(3, Ordering::SeqCst);
    let report = bench.sweep().await;
    assert!(report.is_complete() && report.entries == 1, "{report}");
}

#[tokio::test]
async fn a_log_that_stays_away_ends_the_sweep_and_keeps_the_cursor() {
    let (index, bench) = observed().await;
    index.change("a", |project| project.files.push(file("a-2.zip")));
    bench.log.unavailable.store(1000, Ordering::SeqCst);
    let error = bench.observer().sweep().await.unwrap_err();
    assert!(matches!(error, ObserveError::Log(LogError::Unavailable(_))), "{error}");
    assert_eq!(bench.observer().coverage().unwrap().serial, Some(3));
    bench.log.unavailable.store(0, Ordering::SeqCst);
    assert_eq!(bench.sweep().await.entries, 1);
}

#[tokio::test]
async fn what_the_log_refuses_costs_its_project_only() {
    let (index, bench) = observed().await;
    for name in ["a", "b"] {
        index.change(name, |project| project.files.push(file(&format!("{name}-2.zip"))));
    }
    *bench.log.refuses.lock().unwrap() = Some("a".to_owned());
    let report = bench.sweep().await;
    assert_eq!((report.refused, report.entries, report.is_complete()), (1, 1, false), "{report}");
    assert!(report.refusals[0].contains("a: the log refuses it: no"), "{report}");
    *bench.log.refuses.lock().unwrap() = None;
    assert_eq!(bench.sweep().await.entries, 1);
}

#[tokio::test]
async fn large_projects_are_submitted_in_parts() {
    let (index, mut bench) = observed().await;
    index.change("a", |project| {
        project.files = (0..1000).map(|number| file(&format!("a-{number}.zip"))).collect();
    });
    bench.settings.facts_per_submission = 300;
    bench.settings.facts_in_flight = 100;
    let before = bench.log.submissions.load(Ordering::SeqCst);
    let report = bench.sweep().await;
    assert!(report.is_complete() && report.entries == 999, "{report}");
    assert_eq!(bench.log.submissions.load(Ordering::SeqCst) - before, 4);
}
