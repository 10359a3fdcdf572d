//! The journal: freshness, and what only it can tell.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use observer::{
    Clock as _, ListedName, Log, LogError, ObserveError, Settings, SourceError, Submitted,
    SystemClock,
};
use record::{Fact, ProjectName};
use serde_json::json;
use support::{Bench, Canned, FakeIndex, MemoryLog, file, settings};
use tokio::sync::{Notify, Semaphore};

fn with_journal() -> Settings {
    Settings { journal: true, ..settings() }
}

/// An index with a journal, observed once. Project `a` has files of the releases 1 and 2.
async fn observed() -> (FakeIndex, Bench) {
    let index = FakeIndex::start().await;
    index.lock().journal = Some(Vec::new());
    index.change("a", |project| {
        project.files = ["a-1.zip", "a-1-py3-none-any.whl", "a-2.zip"].map(file).to_vec();
    });
    index.change("b", |project| project.files.push(file("b-1.zip")));
    let bench = Bench::new(&index.url, with_journal());
    bench.sweep().await;
    bench.news();
    index.asked();
    (index, bench)
}

fn drop_files(index: &FakeIndex, name: &str, part: &str) {
    index.change(name, |project| {
        project.files.retain(|file| !file["filename"].as_str().unwrap().contains(part));
    });
}

/// One poll after a restart.
async fn poll(bench: &Bench) -> usize {
    bench.observer().poll_journal().await.unwrap()
}

#[tokio::test]
async fn only_what_the_journal_names_is_read() {
    let (index, bench) = observed().await;
    assert_eq!(poll(&bench).await, 0);
    index.change("b", |project| project.files.push(file("b-2.zip")));
    index.journal("B", Some("2"), "add source file b-2.zip");
    assert_eq!(poll(&bench).await, 1);
    assert_eq!(bench.news(), ["file b-2.zip"]);
    assert_eq!(index.asked(), ["/pypi", "/pypi", "/simple/b/"]);
    assert_eq!(bench.observer().coverage().unwrap().serial, Some(3));
    assert_eq!(poll(&bench).await, 0);
}

#[tokio::test]
async fn a_stated_removal_is_confirmed_by_one_reading() {
    let (index, bench) = observed().await;
    drop_files(&index, "a", "a-2.zip");
    index.journal("a", Some("2"), "remove file a-2.zip");
    poll(&bench).await;
    assert_eq!(bench.news(), ["removed a-2.zip"]);
    drop_files(&index, "a", "a-1");
    index.journal("a", Some("1"), "remove release");
    poll(&bench).await;
    assert_eq!(bench.news(), ["removed a-1-py3-none-any.whl", "removed a-1.zip"]);
}

#[tokio::test]
async fn a_removal_that_the_page_denies_is_none() {
    let (index, bench) = observed().await;
    index.change("a", |_| ());
    index.journal("a", Some("2"), "remove file a-2.zip");
    index.journal("a", Some("1"), "remove release");
    index.journal("a", None, "remove project");
    poll(&bench).await;
    // And the statement is used up: a page without the file is a first reading again.
    drop_files(&index, "a", "a-2.zip");
    bench.sweep().await;
    assert_eq!(bench.news(), [""; 0]);
}

#[tokio::test]
async fn a_quarantined_release_is_not_removed() {
    let (index, bench) = observed().await;
    let files = index.lock().projects["a"].files.clone();
    drop_files(&index, "a", "a-1");
    index.journal("a", Some("1"), "release quarantined");
    poll(&bench).await;
    assert_eq!(bench.news(), ["status a 1 quarantined"]);
    for _ in 0..3 {
        bench.clock.advance(7200);
        index.change("a", |_| ());
        bench.sweep().await;
    }
    assert_eq!(bench.news(), [""; 0]);

    index.change("a", |project| project.files = files);
    index.journal("a", Some("1"), "release quarantine cleared");
    poll(&bench).await;
    assert_eq!(bench.news(), ["status a 1 active"]);
}

#[tokio::test]
async fn what_does_not_return_from_quarantine_is_in_doubt() {
    let (index, mut bench) = observed().await;
    drop_files(&index, "a", "a-1");
    index.journal("a", Some("1"), "release quarantined");
    poll(&bench).await;
    index.change("a", |project| project.files.push(file("a-1.zip")));
    index.journal("a", Some("1"), "release quarantine cleared");
    poll(&bench).await;
    bench.settings.caution = support::hasty();
    bench.sweep().await;
    let news = ["removed a-1-py3-none-any.whl", "status a 1 active", "status a 1 quarantined"];
    assert_eq!(bench.news(), news);
}

#[tokio::test]
async fn quarantine_and_removal_of_a_release_end_as_they_end() {
    let (index, bench) = observed().await;
    drop_files(&index, "a", "a-1");
    index.journal("a", Some("1"), "release quarantined");
    index.journal("a", Some("1"), "release quarantine cleared");
    index.journal("a", Some("1"), "remove release");
    poll(&bench).await;
    assert_eq!(bench.news(), ["removed a-1-py3-none-any.whl", "removed a-1.zip"]);
}

#[tokio::test]
async fn a_deleted_project_needs_row_and_absence() {
    let (index, bench) = observed().await;
    index.change("b", |project| (project.hidden, project.absent) = (true, true));
    index.journal("b", None, "remove project");
    poll(&bench).await;
    assert_eq!(bench.news(), ["removed b-1.zip", "status b deleted"]);
    let report = bench.sweep().await;
    assert!(report.is_complete() && report.listed == 1, "{report}");
}

#[tokio::test]
async fn a_page_that_lags_behind_is_owed_and_read_later() {
    let (index, bench) = observed().await;
    index.change("b", |project| {
        project.files.push(file("b-2.zip"));
        project.claims = Some(2);
    });
    index.journal("b", Some("2"), "add source file b-2.zip");
    assert_eq!(poll(&bench).await, 1);
    assert_eq!(bench.news(), [""; 0]);
    // The cursor went on, the debt stays, also over a restart, and coverage does not claim it.
    assert_eq!(bench.observer().coverage().unwrap().serial, Some(2));
    index.lock().projects.get_mut("b").unwrap().claims = None;
    index.asked();
    bench.sweep().await;
    assert_eq!(bench.news(), ["file b-2.zip"]);
}

#[tokio::test]
async fn a_page_that_is_not_there_yet_is_owed_for_a_while() {
    let (index, mut bench) = observed().await;
    bench.settings.journal_interval = Duration::from_millis(20);
    index.change("c", |project| {
        project.files.push(file("c-1.zip"));
        (project.absent, project.hidden) = (true, true);
    });
    index.journal("c", None, "create");
    let appear = async {
        while !index.asked().contains(&"/simple/c/".to_owned()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        index.lock().projects.get_mut("c").unwrap().absent = false;
    };
    tokio::join!(follow_until(&bench, 5), appear);
    assert_eq!(bench.news(), ["file c-1.zip"]);
}

/// Holds submissions back until told.
struct Gate {
    log: Arc<MemoryLog>,
    waiting: Notify,
    open: Semaphore,
}

#[async_trait]
impl Log for Gate {
    async fn listed(&self, project: &ProjectName) -> Result<Option<Vec<ListedName>>, LogError> {
        self.log.listed(project).await
    }

    async fn submit(&self, facts: Vec<Fact>) -> Result<Submitted, LogError> {
        self.waiting.notify_one();
        drop(self.open.acquire().await.unwrap());
        self.log.submit(facts).await
    }
}

#[tokio::test]
async fn a_row_that_comes_while_its_page_is_read_is_not_forgotten() {
    let (index, bench) = observed().await;
    let log = bench.log.clone();
    let gate = Arc::new(Gate { log, waiting: Notify::new(), open: Semaphore::new(0) });
    let observer = bench.observer_with(gate.clone());
    index.change("b", |project| project.files.push(file("b-2.zip")));
    let meanwhile = async {
        gate.waiting.notified().await;
        // The row names a change that the page does not show yet: it is stale when read again.
        index.change("b", |project| {
            project.claims = Some(3);
            project.files.push(file("b-3.zip"));
        });
        index.journal("b", Some("3"), "add source file b-3.zip");
        let release = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            gate.open.add_permits(1);
        };
        tokio::join!(observer.poll_journal(), release).0
    };
    let (report, polled) = tokio::join!(observer.sweep(), meanwhile);
    assert_eq!((report.unwrap().read, polled.unwrap()), (1, 1));
    assert_eq!(bench.news(), ["file b-2.zip"]);
    index.lock().projects.get_mut("b").unwrap().claims = None;
    assert!(observer.sweep().await.unwrap().is_complete());
    assert_eq!(bench.news(), ["file b-3.zip"]);
}

#[tokio::test]
async fn the_cursor_stays_when_the_log_does_not_answer() {
    let (index, bench) = observed().await;
    index.change("b", |project| project.files.push(file("b-2.zip")));
    index.journal("b", Some("2"), "add source file b-2.zip");
    bench.log.unavailable.store(1000, Ordering::SeqCst);
    let error = bench.observer().poll_journal().await.unwrap_err();
    assert!(matches!(error, ObserveError::Log(_)), "{error}");
    bench.log.unavailable.store(0, Ordering::SeqCst);
    assert_eq!(poll(&bench).await, 1);
    assert_eq!(bench.news(), ["file b-2.zip"]);
}

#[tokio::test]
async fn too_many_requests_is_a_fault_in_a_good_answer() {
    let (index, bench) = observed().await;
    let fault = "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>-32500</int>\
        </value></member><member><name>faultString</name><value><string>HTTPTooManyRequests: The action could \
        not be performed because there were too many requests by the client. Limit may reset in 42 seconds.\
        </string></value></member></struct></value></fault></methodResponse>";
    index.can("/pypi", Canned::body("text/xml", fault));
    let error = bench.observer().poll_journal().await.unwrap_err();
    let pause = Duration::from_secs(42);
    assert!(matches!(error, ObserveError::Source(SourceError::Pause(asked)) if asked == pause));
    assert_eq!(index.asked(), ["/pypi"], "not tried again at once");
    index.change("b", |project| project.files.push(file("b-2.zip")));
    index.journal("b", Some("2"), "add source file b-2.zip");
    assert_eq!(poll(&bench).await, 1);
}

#[tokio::test]
async fn hostile_journals_are_refused_and_the_cursor_stays() {
    let row = |name: &str, serial: i64| {
        format!(
            "<value><array><data><value><string>{name}</string></value><value><nil/></value><value><int>1</int>\
             </value><value><string>create</string></value><value><int>{serial}</int></value></data></array></value>"
        )
    };
    let rows = |rows: &str| {
        format!(
            "<methodResponse><params><param><value><array><data>{rows}</data></array></value></param></params>\
             </methodResponse>"
        )
    };
    let cases = [
        ("order", rows(&(row("b", 9) + &row("b", 8)))),
        ("negative", rows(&row("b", -9))),
        ("short row", rows("<value><array><data></data></array></value>")),
        (
            "no array",
            "<methodResponse><params><param><value>x</value></param></params></methodResponse>"
                .into(),
        ),
        ("cut off", rows(&row("b", 9))[..200].to_owned()),
    ];
    for (what, body) in cases {
        let (index, bench) = observed().await;
        index.can("/pypi", Canned::body("text/xml", body));
        let error = bench.observer().poll_journal().await.unwrap_err();
        let is_document = matches!(error, ObserveError::Source(SourceError::Document(_)));
        assert!(is_document, "{what}: {error}");
        assert_eq!(index.asked(), ["/pypi"], "{what}");
    }
    // A name that is none is skipped; the rows around it count.
    let (index, bench) = observed().await;
    index.change("b", |project| project.files.push(file("b-2.zip")));
    index.can("/pypi", Canned::body("text/xml", rows(&(row("-", 3) + &row("b", 3)))));
    assert_eq!(poll(&bench).await, 2);
    assert_eq!(bench.news(), ["file b-2.zip"]);
}

#[tokio::test]
async fn an_index_without_journal_is_swept() {
    for canned in [
        Canned::status(404),
        Canned::status(405),
        Canned::body("text/html", "<html></html>"),
        Canned::status(301).with("location", "http://other.example/"),
    ] {
        let index = FakeIndex::start().await;
        index.change("a", |project| project.files.push(file("a-1.zip")));
        index.can("/pypi", canned);
        let bench = Bench::new(&index.url, with_journal());
        assert!(bench.sweep().await.is_complete());
        assert_eq!(poll(&bench).await, 0);
    }
}

/// Follows the index on the machine's clock until the log has `entries` entries.
async fn follow_until(bench: &Bench, entries: usize) {
    let clock = Arc::new(SystemClock::new());
    assert!(clock.unix() > 0 && clock.jitter() < 1.0);
    let source = bench.source();
    let (log, path) = (bench.log.clone(), bench.state.path());
    let observer =
        observer::Observer::open(source, log, path, bench.settings.clone(), clock).unwrap();
    let log = bench.log.clone();
    let enough = async move {
        while log.len() < entries {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // In a task of its own, as a server runs it.
    let following = tokio::spawn(async move { observer.follow(enough).await });
    let timeout = Duration::from_secs(20);
    tokio::time::timeout(timeout, following).await.expect("it gets there in time").unwrap();
}

#[tokio::test]
async fn following_sweeps_and_then_listens_to_the_journal() {
    let index = FakeIndex::start().await;
    index.lock().journal = Some(Vec::new());
    index.change("a", |project| project.files.push(file("a-1.zip")));
    let mut bench = Bench::new(&index.url, with_journal());
    bench.settings.journal_interval = Duration::from_millis(20);
    bench.settings.backoff = Duration::from_millis(10);
    follow_until(&bench, 1).await;
    index.change("a", |project| project.files.push(file("a-2.zip")));
    index.journal("a", Some("2"), "add source file a-2.zip");
    // Errors of the index do not end it.
    for _ in 0..3 {
        index.can("/simple/", Canned::body("text/plain", "maintenance"));
        index.can("/pypi", Canned::body("text/xml", "<oops"));
    }
    follow_until(&bench, 2).await;
    assert_eq!(bench.news(), ["file a-1.zip", "file a-2.zip"]);
}

#[tokio::test]
async fn following_without_journal_reads_the_lists_serials() {
    let index = FakeIndex::start().await;
    index.change("a", |project| project.files.push(file("a-1.zip")));
    index.change("b", |project| project.files.push(file("b-1.zip")));
    let mut bench = Bench::new(&index.url, settings());
    bench.settings.list_interval = Duration::from_millis(50);
    let change = async {
        while bench.log.len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        index.asked();
        index.change("a", |project| project.files.push(file("a-2.zip")));
    };
    tokio::join!(follow_until(&bench, 3), change);
    let asked = index.asked();
    assert!(asked.iter().all(|path| path != "/simple/b/"), "{asked:?}");
}

#[tokio::test]
async fn doubts_are_settled_between_sweeps() {
    let (index, mut bench) = observed().await;
    drop_files(&index, "a", "a-2.zip");
    bench.settings.caution = support::hasty();
    bench.settings.journal_interval = Duration::from_millis(20);
    assert_eq!(bench.sweep().await.in_doubt, 1);
    index.lock().projects.get_mut("b").unwrap().status = Some(json!("archived"));
    follow_until(&bench, 5).await;
    assert_eq!(bench.news(), ["removed a-2.zip"]);
}
