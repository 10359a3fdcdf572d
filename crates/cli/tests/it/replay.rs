//! `monitor --replay`: what it prints, what it remembers, and that killing it changes nothing.

use std::process::Stdio;
use std::time::Duration;

use record::MapRoot;

use crate::log::{TestLog, filler};
use crate::{Session, eventful};

const REPLAY: &str = "monitor --replay --once --state state";

/// A log whose epoch is right, and perhaps one that is not.
fn with_epochs(wrong: Option<MapRoot>) -> TestLog {
    let mut log = eventful();
    log.append_epoch(|_| ());
    log.append(&filler(30)[20..]);
    log.append_epoch(|epoch| epoch.map = wrong.unwrap_or(epoch.map));
    log.append(&filler(32)[30..]);
    log
}

#[tokio::test]
async fn a_true_log_is_replayed() {
    let session = Session::start(TestLog::new(&filler(3))).await;
    insta::assert_snapshot!("replay_no_epoch", session.run(REPLAY).await);
    let session = Session::start(with_epochs(None)).await;
    session.run("monitor --once --state state").await;
    insta::assert_snapshot!("replay_true", session.run(REPLAY).await);
    let json = format!("{REPLAY} --json");
    insta::assert_snapshot!("replay_true_json", session.run(&json).await);
}

#[tokio::test]
async fn a_lie_ends_it_for_good() {
    let session = Session::start(with_epochs(Some(MapRoot::EMPTY))).await;
    insta::assert_snapshot!("replay_lie", session.run(REPLAY).await);
    let mut log = with_epochs(Some(MapRoot::EMPTY));
    log.append(&filler(40)[32..]);
    session.server.replace(log);
    insta::assert_snapshot!("replay_lie_again", session.run(&format!("{REPLAY} --json")).await);
    let output = session.command("monitor --replay --interval 1 --state state").output();
    assert_eq!(output.await.unwrap().status.code(), Some(1));
    let output = session.command("monitor --once --state state").output().await.unwrap();
    let events = String::from_utf8(output.stdout).unwrap();
    assert!(output.stderr.is_empty() && events.contains("hash-changed"), "{events}");

    for (what, bytes) in [("text", &b"{}"[..]), ("epoch", br#"{"v":1,"kind":"epoch"}"#)] {
        let mut log = with_epochs(None);
        log.append_bytes(vec![bytes.to_vec()]);
        session.server.replace(log);
        let args = format!("monitor --replay --once --state {what} --json");
        let output = session.command(&args).output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{what}");
        assert!(text.contains(r#"{"lie":{"kind":"not-canonical","index":"#), "{text}");
    }
}

#[tokio::test]
async fn a_skipped_epoch_ends_it() {
    let mut log = with_epochs(None);
    log.append_epoch(|epoch| epoch.epoch += 1);
    let session = Session::start(log).await;
    insta::assert_snapshot!("replay_skipped", session.run(&format!("{REPLAY} --json")).await);
}

#[tokio::test]
async fn killed_again_and_again_it_comes_to_the_same() {
    let mut log = TestLog::new(&filler(10_000));
    log.append_epoch(|_| ());
    log.append(&filler(20_000)[10_000..]);
    log.append_epoch(|_| ());
    let session = Session::start(log).await;
    let whole = session.command("monitor --replay --once --state whole").output().await.unwrap();
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
    let mut killed = 0;
    for attempt in 1.. {
        let mut command = session.command("monitor --replay --once --state killed");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let ended = tokio::time::timeout(Duration::from_millis(attempt * 60), child.wait()).await;
        if ended.is_ok() {
            let output = child.wait_with_output().await.unwrap();
            assert_eq!(session.transcript("", &output), session.transcript("", &whole));
            break;
        }
        child.kill().await.unwrap();
        killed += 1;
    }
    assert!(killed > 0);
}
