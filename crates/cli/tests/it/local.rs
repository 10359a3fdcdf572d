//! `--local`: a mirror answers as the log does, and the log does not learn what is asked.

use std::process::{Output, Stdio};
use std::time::Duration;

use record::MapRoot;

use crate::audit::{log, session};
use crate::log::{filler, vkey};
use crate::server::Lie;
use crate::{Session, timeless};

const SOURCES: &str = "good.lock warned.lock noted.lock bad.lock malformed/uv.lock dist";

async fn run(session: &Session, args: &str) -> Output {
    session.command(args).output().await.unwrap()
}

/// Runs the program without the address of a log.
async fn offline(session: &Session, args: &str) -> Output {
    session.bare(args).env("INDELIBLE_KEY", vkey()).output().await.unwrap()
}

fn shown(session: &Session, output: &Output) -> String {
    timeless(&session.transcript("", output))
}

#[tokio::test]
async fn a_mirror_says_what_the_log_says() {
    let session = session().await;
    for format in ["", "--json", "--format junit", "--format sarif"] {
        let asked = run(&session, &format!("audit {format} {SOURCES}")).await;
        let before = session.server.lookups();
        let local = run(&session, &format!("audit {format} --local mirror {SOURCES}")).await;
        assert_eq!(shown(&session, &local), shown(&session, &asked), "{format}");
        let args = format!("audit {format} --local mirror --offline {SOURCES}");
        let unreached = offline(&session, &args).await;
        assert_eq!(shown(&session, &unreached), shown(&session, &asked), "{format}");
        assert_eq!(session.server.lookups(), before);
    }
    let asked = run(&session, "verify dist/attrs-1.0.tar.gz").await;
    let local = offline(&session, "verify --local mirror --offline dist/attrs-1.0.tar.gz").await;
    assert_eq!(shown(&session, &local), shown(&session, &asked));
}

#[tokio::test]
async fn what_a_mirror_cannot_say_is_undecided() {
    let session = session().await;
    let empty = offline(&session, "audit --local mirror --offline good.lock").await;
    insta::assert_snapshot!("local_empty", session.transcript("", &empty));
    let alone = run(&session, "audit --offline good.lock").await;
    assert_eq!(alone.status.code(), Some(2));
    assert_eq!(run(&session, "audit --local mirror good.lock").await.status.code(), Some(0));
    session.server.lie(Lie::FlippedTile);
    assert_eq!(run(&session, "audit --local other good.lock").await.status.code(), Some(1));
    session.server.lie(Lie::NoTiles);
    let mut larger = log();
    larger.append(&filler(20));
    session.server.replace(larger);
    assert_eq!(run(&session, "audit --local mirror good.lock").await.status.code(), Some(2));
    let as_before = offline(&session, "audit --local mirror --offline good.lock").await;
    assert_eq!(as_before.status.code(), Some(0));

    let bundle = session.path("mirror/tile/entries/000.p/21");
    std::fs::write(&bundle, b"x").unwrap();
    let damaged = offline(&session, "audit --local mirror --offline good.lock").await;
    insta::assert_snapshot!("local_damaged", session.transcript("", &damaged));
}

#[tokio::test]
async fn a_lie_is_proven_bad() {
    let session = session().await;
    let mut lying = log();
    lying.append_epoch(|epoch| epoch.map = MapRoot::EMPTY);
    session.server.replace(lying);
    for args in ["--local mirror", "--local mirror --offline"] {
        let answer = run(&session, &format!("audit {args} good.lock")).await;
        let text = String::from_utf8(answer.stderr).unwrap();
        assert_eq!(answer.status.code(), Some(1), "{text}");
        assert!(text.starts_with("error: the log lied: epoch 1, entry 21,"), "{text}");
    }
}

#[tokio::test]
async fn killed_again_and_again_it_is_whole_in_the_end() {
    let session = session().await;
    let mut large = log();
    large.append(&filler(15_000)[10..]);
    large.append_epoch(|_| ());
    session.server.replace(large);
    let args = format!("audit --local mirror {SOURCES}");
    let asked = run(&session, &format!("audit {SOURCES}")).await;
    let mut killed = 0;
    for attempt in 1.. {
        let mut command = session.command(&args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let ended = tokio::time::timeout(Duration::from_millis(attempt * 60), child.wait()).await;
        if ended.is_ok() {
            let output = child.wait_with_output().await.unwrap();
            assert_eq!(shown(&session, &output), shown(&session, &asked));
            break;
        }
        child.kill().await.unwrap();
        killed += 1;
    }
    assert!(killed > 0);
}
