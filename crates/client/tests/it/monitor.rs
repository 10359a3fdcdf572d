//! The monitor: what it reports, what it refuses, and that killing it loses nothing.

use std::io;
use std::path::Path;

use client::{
    Disproof, Error, Event, EventKind, ForkReport, LogUrl, Monitor, Selection, Undecided,
};
use record::Status;

use crate::log::{TestLog, content, file, filler, project, removed, status, yanked};
use crate::questions::{Outcome, outcome, trust};
use crate::server::{Lie, Server};

fn monitor(server: &Server, dir: &Path, projects: &[&str]) -> Monitor {
    let url = LogUrl::parse(&server.url()).unwrap();
    let selection = Selection::of(projects.iter().map(|name| project(name)), []);
    Monitor::open(trust(), url, dir, selection).unwrap()
}

/// Follows to the end; `events` gets what was handled, also of steps that failed.
async fn follow(
    monitor: &mut Monitor,
    mut handle: impl FnMut(&Event) -> io::Result<()>,
) -> Result<(), Error> {
    monitor.refresh().await?;
    while !monitor.progress().is_complete() {
        monitor.read(&mut handle).await?;
    }
    Ok(())
}

async fn events(monitor: &mut Monitor) -> Vec<(u64, EventKind)> {
    let mut seen = Vec::new();
    let handle = |event: &Event| {
        seen.push((event.entry().index().get(), event.kind()));
        Ok(())
    };
    follow(monitor, handle).await.unwrap();
    seen
}

/// A log with something to report in its first, second and third step.
fn eventful() -> TestLog {
    let mut entries = filler(9000);
    entries[0] = file("a-1.tar.gz", "one");
    entries[7] = file("a-1.tar.gz", "two");
    entries[8] = status("a", Status::Archived);
    entries[9] = removed("a-1.tar.gz", "two");
    entries[10] = file("a-1.tar.gz", "two");
    entries[5000] = content("b-1.tar.gz", "one", "two");
    entries[8998] = yanked("a-1.tar.gz", "broken");
    entries[8999] = file("a-1.tar.gz", "one");
    TestLog::new(&entries)
}

#[tokio::test]
async fn changes_are_reported_once() {
    let server = Server::start(eventful()).await;
    let state = tempfile::tempdir().unwrap();
    let mut first = monitor(&server, state.path(), &[]);
    let expected = [
        (7, EventKind::HashChanged),
        (9, EventKind::Removed),
        (10, EventKind::ListedAgain),
        (5000, EventKind::ContentMismatch),
        (8999, EventKind::HashChanged),
    ];
    assert_eq!(events(&mut first).await, expected);
    assert_eq!(events(&mut first).await, []);
    drop(first);
    let mut second = monitor(&server, state.path(), &[]);
    assert_eq!(events(&mut second).await, []);
    server.append(&[file("a-1.tar.gz", "three"), file("b-2.tar.gz", "new")]);
    assert_eq!(events(&mut second).await, [(9000, EventKind::HashChanged)]);
}

#[tokio::test]
async fn a_watched_project_is_reported_completely_and_alone() {
    let server = Server::start(eventful()).await;
    let state = tempfile::tempdir().unwrap();
    let mut monitor = monitor(&server, state.path(), &["a"]);
    let expected = [
        (0, EventKind::NewFile),
        (7, EventKind::HashChanged),
        (8, EventKind::StatusChanged),
        (9, EventKind::Removed),
        (10, EventKind::ListedAgain),
        (8998, EventKind::StatusChanged),
        (8999, EventKind::HashChanged),
    ];
    assert_eq!(events(&mut monitor).await, expected);
}

#[tokio::test]
async fn killed_at_any_event_it_skips_nothing() {
    let server = Server::start(eventful()).await;
    let whole = tempfile::tempdir().unwrap();
    let expected = events(&mut monitor(&server, whole.path(), &["a", "b"])).await;
    for fatal in 0..expected.len() {
        let state = tempfile::tempdir().unwrap();
        let mut seen = Vec::new();
        let dying = |event: &Event| {
            if seen.len() == fatal {
                return Err(io::Error::other("killed"));
            }
            seen.push((event.entry().index().get(), event.kind()));
            Ok(())
        };
        let mut killed = monitor(&server, state.path(), &["a", "b"]);
        let error = follow(&mut killed, dying).await.unwrap_err();
        assert!(matches!(error, Error::Undecided(Undecided::Report(_))), "{error:?}");
        drop(killed);
        let rest = events(&mut monitor(&server, state.path(), &["a", "b"])).await;
        let again = seen.iter().filter(|event| rest.contains(event)).count();
        let together: Vec<_> = seen[..seen.len() - again].iter().chain(&rest).copied().collect();
        assert_eq!(together, expected, "killed at event {fatal}");
    }
}

#[tokio::test]
async fn killed_between_steps_it_goes_on_where_it_was() {
    let server = Server::start(eventful()).await;
    let state = tempfile::tempdir().unwrap();
    let mut positions = Vec::new();
    let mut seen = Vec::new();
    loop {
        // A new process each step; between its head and its entries it may die as well.
        monitor(&server, state.path(), &[]).refresh().await.unwrap();
        let mut monitor = monitor(&server, state.path(), &[]);
        if monitor.progress().is_complete() {
            break;
        }
        let handle = |event: &Event| {
            seen.push(event.entry().index().get());
            Ok(())
        };
        positions.push(monitor.read(handle).await.unwrap().read.get());
    }
    assert_eq!(positions, [4096, 8192, 9000]);
    assert_eq!(seen, [7, 9, 10, 5000, 8999]);
}

#[tokio::test]
async fn dropped_while_waiting_it_goes_on_where_it_was() {
    let server = Server::start(eventful()).await;
    let state = tempfile::tempdir().unwrap();
    let mut monitor = monitor(&server, state.path(), &[]);
    monitor.refresh().await.unwrap();
    for micros in [0, 50, 500, 2000] {
        let read = monitor.read(|_| Ok(()));
        let _ = tokio::time::timeout(std::time::Duration::from_micros(micros), read).await;
        assert_eq!(monitor.progress().read.get() % 4096, 0);
    }
    monitor.read(|_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn what_the_format_allows_is_read() {
    for lie in [Lie::None, Lie::Gzip, Lie::NoPartials] {
        let server = Server::start(TestLog::new(&filler(1024))).await;
        server.serve_note(&TestLog::new(&filler(700)).checkpoint());
        server.lie(lie);
        let state = tempfile::tempdir().unwrap();
        let mut monitor = monitor(&server, state.path(), &["filler-699"]);
        assert_eq!(events(&mut monitor).await, [(699, EventKind::NewFile)], "{lie:?}");
    }
}

#[tokio::test]
async fn every_lie_about_files_is_seen() {
    let cases = [
        (Lie::FlippedBundle, Outcome::Disproven),
        (Lie::FlippedTile, Outcome::Disproven),
        (Lie::ForgedSignature, Outcome::Disproven),
        (Lie::OtherKey, Outcome::Undecided),
        (Lie::TruncatedBundle, Outcome::Undecided),
        (Lie::TruncatedTile, Outcome::Undecided),
        (Lie::NoTiles, Outcome::Undecided),
    ];
    let server = Server::start(TestLog::new(&filler(700))).await;
    for (lie, expected) in cases {
        server.lie(lie);
        let state = tempfile::tempdir().unwrap();
        let mut monitor = monitor(&server, state.path(), &[]);
        let answer = follow(&mut monitor, |_| panic!("nothing is to be reported")).await;
        assert_eq!(outcome(&answer), expected, "{lie:?}: {answer:?}");
        assert_eq!(monitor.progress().read.get(), 0);
    }
}

#[tokio::test]
async fn bytes_that_are_no_entry_are_reported_and_passed() {
    let mut log = TestLog::new(&filler(3));
    log.append_bytes(vec![b"{}".to_vec(), br#"{"v":1,"kind":"novelty"}"#.to_vec()]);
    log.append(&filler(5));
    let server = Server::start(log).await;
    let state = tempfile::tempdir().unwrap();
    let mut monitor = monitor(&server, state.path(), &[]);
    assert_eq!(events(&mut monitor).await, [(3, EventKind::MalformedEntry)]);
    assert_eq!(monitor.progress().read.get(), 10);
}

#[tokio::test]
async fn a_fork_stops_it_and_leaves_evidence() {
    let server = Server::start(TestLog::new(&filler(600))).await;
    let state = tempfile::tempdir().unwrap();
    let mut monitor = monitor(&server, state.path(), &[]);
    events(&mut monitor).await;
    let mut other = filler(900);
    other[5] = file("evil-1.tar.gz", "evil");
    server.replace(TestLog::new(&other));
    let error = monitor.refresh().await.unwrap_err();
    let Error::Disproven(Disproof::Fork { saved: Some(path), .. }) = error else {
        panic!("not a fork: {error:?}")
    };
    let report = ForkReport::parse(&std::fs::read(path).unwrap()).unwrap();
    report.verify(&trust()).unwrap();
    assert_eq!(monitor.progress().size.get(), 600);
}

#[tokio::test]
async fn an_older_head_stops_it() {
    let server = Server::start(TestLog::new(&filler(600))).await;
    let state = tempfile::tempdir().unwrap();
    events(&mut monitor(&server, state.path(), &[])).await;
    server.replace(TestLog::new(&filler(599)));
    let error = monitor(&server, state.path(), &[]).refresh().await.unwrap_err();
    assert!(matches!(error, Error::Undecided(Undecided::Rollback { .. })), "{error:?}");
    server.replace(TestLog::new(&filler(601)));
    assert_eq!(monitor(&server, state.path(), &[]).refresh().await.unwrap().size.get(), 601);
}

#[tokio::test]
async fn state_is_used_by_one_process_at_a_time() {
    let server = Server::start(TestLog::new(&[])).await;
    let state = tempfile::tempdir().unwrap();
    let _first = monitor(&server, state.path(), &[]);
    let url = LogUrl::parse(&server.url()).unwrap();
    let second = Monitor::open(trust(), url, state.path(), Selection::All);
    assert!(matches!(second, Err(Error::Undecided(Undecided::State { .. }))));
}
