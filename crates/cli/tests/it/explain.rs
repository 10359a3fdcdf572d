//! `explain`: what is pasted, what is told, and the exit code.

use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;

use crate::log::{TestLog, content, digest, file, filler, status};
use crate::server::Lie;
use crate::{Session, eventful};

/// What pip prints when a wheel comes instead of the source archive that is pinned.
fn pip(pin: &str, link: &str, expected: &str, got: &str) -> String {
    format!(
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n    {pin} from \
         https://files.example/{link} (from -r requirements.txt (line 1)):\n        Expected sha256 {}\n\
         \u{20}            Got        {}\n",
        digest(expected),
        digest(got)
    )
}

/// Runs the program with something on its standard input.
async fn piped(session: &Session, args: &str, input: &[u8]) -> String {
    let mut command = session.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    session.transcript(args, &output)
}

#[tokio::test]
async fn messages_are_explained() {
    let session = Session::start(eventful()).await;
    let wheel = "attrs-1.0-py3-none-any.whl";
    let other = pip("attrs==1.0", wheel, "sdist", "wheel");
    insta::assert_snapshot!(
        "explain_other_file",
        piped(&session, "explain", other.as_bytes()).await
    );
    insta::assert_snapshot!(
        "explain_json",
        piped(&session, "explain - --json", other.as_bytes()).await
    );

    let damaged = pip("attrs==1.0", wheel, "wheel", "cut short");
    session.write("pip.txt", &damaged);
    insta::assert_snapshot!("explain_damaged", session.run("explain pip.txt").await);

    let several = [other, pip("attrs==2.0", "attrs-2.0.tar.gz", "first", "second")].concat();
    insta::assert_snapshot!(
        "explain_several",
        piped(&session, "explain", several.as_bytes()).await
    );
}

#[tokio::test]
async fn hashes_and_releases_are_explained() {
    let session = Session::start(eventful()).await;
    let hash = |content: &str| digest(content).to_string();
    for (name, args) in [
        ("hash", format!("explain --expected sha256:{}", hash("wheel"))),
        ("pair", format!("explain --expected {} --got {}", hash("sdist"), hash("wheel"))),
        ("removed", format!("explain --expected {}", hash("old"))),
        ("forge", format!("explain --project Attrs --version 1.0 --expected {}", hash("forge"))),
        ("release", "explain --project attrs --version 1.0".to_owned()),
        ("unknown", format!("explain --got {}", hash("unheard of"))),
        ("bad_hash", "explain --got abc".to_owned()),
    ] {
        insta::assert_snapshot!(format!("explain_{name}"), session.run(&args).await);
    }
}

#[tokio::test]
async fn a_quarantine_and_the_logs_own_downloads_are_told() {
    let mut log = TestLog::new(&filler(10));
    log.append(&[
        file("held-1.0.tar.gz", "held"),
        content("held-1.0.tar.gz", "held", "damaged"),
        status("held", record::Status::Quarantined),
    ]);
    let session = Session::start(log).await;
    let text = pip("held==1.0", "held-1.0.tar.gz", "held", "damaged");
    insta::assert_snapshot!("explain_notes", piped(&session, "explain", text.as_bytes()).await);
}

#[tokio::test]
async fn another_hash_of_a_file_that_nobody_named_is_found() {
    let mut log = eventful();
    log.append(&[file("other-1.0.tar.gz", "theirs"), file("other-1.0.tar.gz", "changed")]);
    let session = Session::start(log).await;
    // Pinned for one project, logged for another; and of a project that is too large to be read.
    let text = pip("attrs==1.0", "attrs-1.0.tar.gz", "theirs", "sdist");
    let shown = piped(&session, "explain", text.as_bytes()).await;
    assert!(shown.contains("changed-in-place") && shown.ends_with("--- exit 1\n"), "{shown}");
    session.server.lie(Lie::BigProject);
    let shown = session.run(&format!("explain --expected {}", digest("first"))).await;
    assert!(shown.contains("changed-in-place") && shown.ends_with("--- exit 1\n"), "{shown}");
}

#[tokio::test]
async fn what_cannot_be_explained_is_no_success() {
    let session = Session::start(eventful()).await;
    insta::assert_snapshot!("explain_nothing", piped(&session, "explain", b"no hash here").await);
    insta::assert_snapshot!("explain_no_file", session.run("explain missing.txt").await);
    session.server.lie(Lie::BigProject);
    let text = pip("attrs==1.0", "attrs-1.0.tar.gz", "sdist", "wheel");
    insta::assert_snapshot!("explain_huge", piped(&session, "explain", text.as_bytes()).await);
    session.server.lie(Lie::WrongProofHash);
    let shown = piped(&session, "explain", text.as_bytes()).await;
    assert!(shown.ends_with("--- exit 1\n"), "{shown}");
}

#[tokio::test]
async fn texts_that_ask_for_too_much_are_explained_in_part() {
    let session = Session::start(eventful()).await;
    let line = |n: usize| format!("attrs==1.0.{n} --hash=sha256:{}\n", digest("sdist"));
    let text: String = (0..=client::explain::MAX_QUESTIONS).map(line).collect();
    let shown = piped(&session, "explain", text.as_bytes()).await;
    assert!(shown.contains("the rest was left out") && shown.ends_with("--- exit 2\n"), "{shown}");
    let json = piped(&session, "explain --json", text.as_bytes()).await;
    assert!(json.contains("\"truncated\":true"), "{json}");
}

#[tokio::test]
async fn an_absence_is_explained_by_how_far_the_log_has_seen_the_index() {
    let release = format!("explain --project attrs --version 9.0 --expected {}", digest("no file"));
    let hash = format!("explain --expected {}", digest("no file"));
    // Start of the last sweep and serial of the epoch, if there is one; cause of each; what it says.
    let swept = "sweep of the index: 2026-11-21T01:18:58Z";
    let cases = [
        (None, ["not-yet-observed", "not-yet-observed"], "does not say how far", 2),
        (Some((false, true)), ["not-yet-observed", "not-yet-observed"], "does not say how far", 2),
        (Some((true, false)), ["unknown-release", "never-on-index"], swept, 0),
        (Some((true, true)), ["unknown-release", "never-on-index"], "up to serial 25900000", 0),
    ];
    for (epoch, causes, said, code) in cases {
        let mut log = eventful();
        if let Some((swept, serial)) = epoch {
            log.append_epoch(|epoch| {
                epoch.swept = epoch.swept.filter(|_| swept);
                epoch.serial = epoch.serial.filter(|_| serial);
            });
        }
        let session = Session::start(log).await;
        for (args, cause) in [&release, &hash].into_iter().zip(causes) {
            let shown = session.run(args).await;
            assert!(shown.contains(&format!(": {cause}\n")), "{epoch:?} {cause}: {shown}");
            assert!(shown.contains(said) && !shown.contains("no serial"), "{epoch:?}: {shown}");
            assert!(shown.ends_with(&format!("--- exit {code}\n")), "{epoch:?}: {shown}");
        }
    }
}
