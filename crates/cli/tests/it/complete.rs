//! Complete answers at the command line: verdicts, freshness, lies, and evidence checked offline.

use crate::log::{TestLog, file, filler, key, removed};
use crate::server::Lie;
use crate::{Session, eventful, timeless};

/// A project before and after the newest of two epochs.
fn log() -> TestLog {
    let mut log = eventful();
    log.append_epoch(|_| ());
    log.append(&filler(25)[20..]);
    log.append_epoch(|_| ());
    log.append(&filler(30)[25..]);
    log.append(&[file("attrs-4.0.tar.gz", "four"), removed("attrs-4.0.tar.gz", "four")]);
    log
}

async fn session() -> Session {
    let session = Session::start(log()).await;
    session.write("attrs-1.0.tar.gz", "sdist");
    session.write("attrs-3.0.tar.gz", "unheard of");
    session
}

#[tokio::test]
async fn what_the_log_does_not_have_is_decided() {
    let session = session().await;
    for (name, args) in [
        ("verify", "verify attrs-1.0.tar.gz attrs-3.0.tar.gz"),
        ("verify_json", "verify --json attrs-3.0.tar.gz"),
        ("lookup", "lookup file attrs-3.0.tar.gz"),
        ("lookup_json", "lookup file attrs-3.0.tar.gz --json"),
    ] {
        let shown = timeless(&session.run(args).await);
        insta::assert_snapshot!(format!("complete_{name}"), shown);
    }
}

#[tokio::test]
async fn an_absence_without_a_sweep_is_undecided() {
    let session = session().await;
    let mut log = log();
    log.append_epoch(|epoch| epoch.swept = None);
    session.server.replace(log);
    let shown = session.run("verify attrs-3.0.tar.gz").await;
    assert!(shown.contains("not-yet-observed") && shown.ends_with("--- exit 2\n"), "{shown}");
}

#[tokio::test]
async fn coverage_without_a_serial_is_put_into_words() {
    let cases = [
        (true, true, "the index was seen up to serial 25900000, last complete sweep: 2026"),
        (true, false, "the index was seen up to serial 25900000, but never swept completely"),
        (false, true, "last complete sweep of the index: 2026-11-21T01:18:58Z"),
        (false, false, "the index was never swept completely"),
    ];
    for (serial, swept, sentence) in cases {
        let mut log = log();
        log.append_epoch(|epoch| {
            epoch.serial = epoch.serial.filter(|_| serial);
            epoch.swept = epoch.swept.filter(|_| swept);
        });
        let session = Session::start(log).await;
        let shown = session.run("lookup file attrs-3.0.tar.gz").await;
        assert!(shown.contains(&format!("\n{sentence}")), "{shown}");
    }
}

#[tokio::test]
async fn staleness_is_undecided() {
    let session = session().await;
    for command in ["lookup project attrs", "verify attrs-1.0.tar.gz"] {
        for (max_age, code) in [("90000d", 0), ("0s", 2), ("nonsense", 2)] {
            let shown = session.run(&format!("{command} --max-age {max_age}")).await;
            assert!(shown.ends_with(&format!("--- exit {code}\n")), "{shown}");
        }
    }
    session.server.replace(eventful());
    session.write("attrs-2.0.tar.gz", "second");
    for (args, code) in [
        ("lookup project attrs --state new --max-age 90000d", 2),
        ("verify attrs-1.0.tar.gz --state new --max-age 90000d", 2),
        ("verify attrs-2.0.tar.gz --state new --max-age 90000d", 1),
    ] {
        let shown = session.run(args).await;
        assert!(shown.ends_with(&format!("--- exit {code}\n")), "{shown}");
        assert!(shown.contains("does not say when it last looked"), "{shown}");
    }
}

#[tokio::test]
async fn lies_about_completeness_have_their_exit_codes() {
    let session = session().await;
    let present = "project attrs";
    for (lie, what, code) in [
        (Lie::None, present, 0),
        (Lie::Absence, present, 1),
        (Lie::EdgeWrong, present, 1),
        (Lie::NotAnEpoch, present, 1),
        (Lie::OldEpoch, present, 2),
        (Lie::Omission, present, 1),
        (Lie::OmissionAfterEpoch, present, 1),
        (Lie::OtherKeysProof, present, 1),
        (Lie::Presence, "file attrs-3.0.tar.gz", 1),
        (Lie::TailSwapped, present, 1),
        (Lie::TailTruncated, present, 2),
    ] {
        session.server.lie(lie);
        for args in [format!("lookup {what}"), format!("evidence {what} -o lie")] {
            let shown = session.run(&args).await;
            assert!(shown.ends_with(&format!("--- exit {code}\n")), "{lie:?}: {shown}");
        }
        assert_eq!(session.path("lie").exists(), code == 0, "{lie:?}");
        let _ = std::fs::remove_file(session.path("lie"));
    }
}

#[tokio::test]
async fn evidence_says_what_it_proves() {
    let session = session().await;
    for (name, what) in [
        ("changed", "file attrs-2.0.tar.gz"),
        ("removed", "file attrs-4.0.tar.gz"),
        ("one_hash", "file attrs-1.0.tar.gz"),
        ("never", "file attrs-3.0.tar.gz"),
        ("project", "project Attrs"),
    ] {
        let written = session.run(&format!("evidence {what} -o e")).await;
        let read = session.run("verify --evidence e").await;
        insta::assert_snapshot!(format!("evidence_{name}"), timeless(&read));
        let body = |shown: &str| shown.split_once('\n').unwrap().1.to_owned();
        assert_eq!(body(&written), body(&read));
    }
    let json = session.run("verify --json --evidence e --max-age 90000d").await;
    insta::assert_snapshot!("evidence_json", timeless(&json));
    let stale = session.run("verify --evidence e --max-age 0s").await;
    assert!(stale.ends_with("--- exit 2\n"), "{stale}");
}

#[tokio::test]
async fn evidence_needs_an_epoch_and_the_logs_key() {
    let session = session().await;
    session.run("evidence project attrs -o e").await;
    let stranger = tlog::SigningKey::from_seed("other.example/log", &[1; 32]).unwrap();
    let mut command = session.bare("verify --evidence e --key");
    let output = command.arg(stranger.verifying_key().to_string()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    session.write("policy", format!("log {}\nquorum none\n", key().verifying_key()));
    let output = session.bare("verify --evidence e --policy policy").output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");

    let text = std::fs::read_to_string(session.path("e")).unwrap();
    session.write("e", text.replacen("key project attrs", "key project other", 1));
    insta::assert_snapshot!("evidence_false", session.run("verify --evidence e").await);
    session.write("e", &text[..text.len() / 2]);
    insta::assert_snapshot!("evidence_cut", session.run("verify --evidence e").await);
    session.server.replace(eventful());
    let none = session.run("evidence project attrs -o none --state new").await;
    insta::assert_snapshot!("evidence_none", none);
}
