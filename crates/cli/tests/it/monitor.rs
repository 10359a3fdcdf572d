//! `monitor`: events on standard output, one a line.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::log::{TestLog, file, filler};
use crate::server::Lie;
use crate::{Session, eventful};

#[tokio::test]
async fn monitor_reports_changes_once() {
    let session = Session::start(eventful()).await;
    let args = "monitor --once --state state";
    insta::assert_snapshot!("monitor_first", session.run(args).await);
    insta::assert_snapshot!("monitor_nothing_new", session.run(args).await);
    session.server.append(&[file("attrs-4.0.tar.gz", "new"), file("other-1.0.tar.gz", "new")]);
    let watched = "monitor --once --state state --project Attrs --json";
    insta::assert_snapshot!("monitor_watched", session.run(watched).await);
}

#[tokio::test]
async fn monitor_tells_false_files_from_broken_ones() {
    let session = Session::start(eventful()).await;
    for (lie, code) in [
        (Lie::FlippedBundle, 1),
        (Lie::FlippedTile, 1),
        (Lie::ForgedSignature, 1),
        (Lie::NoTiles, 2),
        (Lie::OtherKey, 2),
        (Lie::TruncatedBundle, 2),
        (Lie::TruncatedTile, 2),
    ] {
        session.server.lie(lie);
        let output = session.command("monitor --once").output().await.unwrap();
        assert_eq!(output.status.code(), Some(code), "{lie:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{lie:?}: {output:?}");
    }
    session.server.lie(Lie::FlippedTile);
    insta::assert_snapshot!("monitor_flipped_tile", session.run("monitor --once").await);
    session.server.lie(Lie::NoTiles);
    insta::assert_snapshot!("monitor_no_tiles", session.run("monitor --once").await);
}

#[tokio::test]
async fn monitor_stops_at_a_fork() {
    let session = Session::start(eventful()).await;
    session.run("monitor --once").await;
    session.server.replace(TestLog::new(&filler(40)));
    insta::assert_snapshot!("monitor_fork", session.run("monitor --once").await);
    let output = session.command("monitor --interval 1").output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[tokio::test]
async fn monitor_waits_for_an_older_head_to_go_away() {
    let session = Session::start(eventful()).await;
    session.run("monitor --once").await;
    session.server.replace(TestLog::new(&filler(10)));
    insta::assert_snapshot!("monitor_rollback", session.run("monitor --once").await);

    let mut child = session.command("monitor --interval 1 --project new");
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
    let told = errors.next_line().await.unwrap().unwrap();
    assert!(told.starts_with("error: the log was rolled back"), "{told}");
    let mut log = eventful();
    log.append(&[file("new-1.0.tar.gz", "new")]);
    session.server.replace(log);
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
    let event = tokio::time::timeout(Duration::from_secs(30), events.next_line()).await;
    let event = event.unwrap().unwrap().unwrap();
    assert!(event.contains("new-file new-1.0.tar.gz"), "{event}");
    child.kill().await.unwrap();
}

#[tokio::test]
async fn monitor_reads_through_the_proxy_of_its_environment() {
    let session = Session::start(eventful()).await;
    let mut command = session.command("monitor --once");
    command.env("INDELIBLE_LOG", "http://log.example").env("http_proxy", session.server.url());
    let output = command.output().await.unwrap();
    let events = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(events.contains("hash-changed") && output.stderr.is_empty(), "{output:?}");
}
