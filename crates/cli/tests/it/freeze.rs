//! Old heads: answers by them are not relied on, and who serves them is accused.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::log::{ORIGIN, TestLog, cosigned, file, filler, policy, time, vkey};
use crate::server::Server;
use crate::{Session, eventful};

const HOUR: u64 = 3600;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn log() -> TestLog {
    let mut log = eventful();
    log.append_epoch(|_| ());
    log
}

fn longer() -> TestLog {
    let mut log = log();
    log.append(&filler(25)[20..]);
    log
}

/// A session whose server has the log's head as these witnesses cosigned it.
async fn session(cosigners: &[(u8, u64)]) -> Session {
    let session = Session::start(log()).await;
    session.server.serve_note(&cosigned(&log(), cosigners));
    session.write("policy", policy());
    session.write("attrs-1.0.tar.gz", "sdist");
    session.write("lock", format!("{}  attrs-1.0.tar.gz\n", crate::log::digest("sdist")));
    session
}

/// Runs the program with the policy, and the server as the log.
async fn run(session: &Session, args: &str) -> String {
    let mut command = session.bare(args);
    command.env("INDELIBLE_POLICY", "policy").env("INDELIBLE_LOG", session.server.url());
    session.transcript(args, &command.output().await.unwrap())
}

/// Without the URLs of other servers.
fn placeless(shown: &str, others: &[&Server]) -> String {
    others.iter().fold(shown.to_owned(), |shown, other| shown.replace(&other.url(), "[other]"))
}

const COMMANDS: [&str; 6] = [
    "lookup project attrs",
    "verify attrs-1.0.tar.gz",
    "audit lock",
    "hashes attrs==1.0",
    "key list attrs",
    "verify --local mirror attrs-1.0.tar.gz",
];

#[tokio::test]
async fn a_head_that_nobody_vouched_for_lately_is_undecided() {
    let session = session(&[(1, now() - 2 * HOUR), (2, now() - 5 * HOUR)]).await;
    for command in COMMANDS {
        for (limit, code) in [("6h", 0), ("4h", 2), ("1s", 2)] {
            let shown = run(&session, &format!("{command} --max-head-age {limit}")).await;
            assert!(shown.ends_with(&format!("--- exit {code}\n")), "{shown}");
            let told = "was vouched for 5 h ago";
            assert_eq!(shown.contains(told), code == 2, "{shown}");
        }
    }
    let shown = run(&session, "hashes attrs==1.0 --max-head-age 4h").await;
    insta::assert_snapshot!("head_age", shown);
    // Evidence keeps the cosignatures.
    run(&session, "evidence project attrs -o e").await;
    for (limit, code) in [("6h", 0), ("4h", 2)] {
        let shown = run(&session, &format!("verify --evidence e --max-head-age {limit}")).await;
        assert!(shown.ends_with(&format!("--- exit {code}\n")), "{shown}");
    }
    // What is proven bad is not made undecided by the age of the head.
    session.write("attrs-1.0.tar.gz", "other");
    let shown = run(&session, "verify attrs-1.0.tar.gz --max-head-age 4h").await;
    assert!(shown.ends_with("--- exit 1\n"), "{shown}");
}

#[tokio::test]
async fn clocks_that_are_ahead_make_nothing_fresh() {
    let ahead = now() + 24 * HOUR;
    for (cosigners, code, told) in [
        ([(1, now() - 60), (2, now() + 60)], 0, ""),
        ([(1, ahead), (2, ahead)], 2, "in the future only"),
        ([(1, ahead), (2, now())], 2, "in the future only"),
        ([(1, u64::MAX), (2, u64::MAX)], 2, "in the future only"),
    ] {
        let session = session(&cosigners).await;
        let shown = run(&session, "lookup project attrs --max-head-age 1h").await;
        assert!(shown.contains(told) && shown.ends_with(&format!("--- exit {code}\n")), "{shown}");
    }
    // The third is not needed.
    let session = session(&[(1, ahead), (2, now()), (3, now() - 60)]).await;
    let shown = run(&session, "lookup project attrs --max-head-age 1h").await;
    assert!(shown.ends_with("--- exit 0\n"), "{shown}");
}

#[tokio::test]
async fn without_witnesses_nobody_says_how_old_a_head_is() {
    let session = session(&[]).await;
    session.write("nobody", format!("log {}\nquorum none\n", vkey()));
    for command in COMMANDS.into_iter().chain(["proxy --index http://127.0.0.1:9/simple/"]) {
        for trust in [format!("--key {}", vkey()), "--policy nobody".to_owned()] {
            let args = format!("{command} --max-head-age 1h --log http://127.0.0.1:9 {trust}");
            let output = session.bare(&args).output().await.unwrap();
            let shown = session.transcript("", &output);
            assert!(shown.contains("no witnesses are asked for"), "{args}: {shown}");
            assert!(shown.ends_with("--- exit 2\n"), "{args}: {shown}");
        }
    }
    let args = "lookup project attrs --max-head-age 1h";
    insta::assert_snapshot!("head_age_of_nobody", session.run(args).await);
}

/// Another server, with the newer head, cosigned at fixed times.
async fn newer() -> Server {
    let other = Server::start(longer()).await;
    other.serve_note(&cosigned(&longer(), &[(1, time(20).unix()), (3, time(60).unix())]));
    other
}

#[tokio::test]
async fn who_withholds_a_head_is_accused() {
    let (session, other) = (session(&[]).await, newer().await);
    session.write("served", log().checkpoint().to_string());
    let args = format!(
        "freeze --newer {} --served served --observed {} -o accusation",
        other.url(),
        time(240)
    );
    let shown = placeless(&run(&session, &args).await, &[&other]);
    insta::assert_snapshot!("freeze", shown);
    insta::assert_snapshot!("freeze_verified", run(&session, "verify --freeze accusation").await);
    let json = run(&session, "verify --json --freeze accusation").await;
    insta::assert_snapshot!("freeze_json", json);
    let piped = run(&session, &args.replace("-o accusation", "-o -")).await;
    assert!(piped.contains(&std::fs::read_to_string(session.path("accusation")).unwrap()));

    let text = std::fs::read_to_string(session.path("accusation")).unwrap();
    session.write("nobody", format!("log {}\nquorum none\n", vkey()));
    for (name, text, policy) in [
        ("early", text.replacen("T05:13:58Z", "T02:13:57Z", 1), "policy"),
        ("cut", text[..text.len() / 2].to_owned(), "policy"),
        ("nobody", text.clone(), "nobody"),
    ] {
        session.write("edited", text);
        let args = format!("verify --freeze edited --policy {policy}");
        let output = session.bare(&args).output().await.unwrap();
        insta::assert_snapshot!(format!("freeze_{name}"), session.transcript(&args, &output));
    }
}

#[tokio::test]
async fn the_log_itself_may_be_accused_of_what_it_serves_now() {
    let (session, other) = (session(&[(1, 7), (2, 7)]).await, newer().await);
    let from = [
        format!("--newer {}", other.url()),
        // The witness has no tiles; here it has.
        format!("--newer {0} --witness {0}/", other.url()),
    ];
    for from in from {
        let shown = run(&session, &format!("freeze {from} -o accusation")).await;
        assert!(shown.ends_with("--- exit 0\n"), "{shown}");
        let verified = run(&session, "verify --freeze accusation").await;
        assert!(verified.ends_with("--- exit 0\n"), "{verified}");
    }
    // Two of whom each shows its own cosignature.
    let third = Server::start(longer()).await;
    other.serve_note(&cosigned(&longer(), &[(1, time(20).unix())]));
    third.serve_note(&cosigned(&longer(), &[(3, time(60).unix())]));
    let both = format!("--newer {} --witness {}", other.url(), third.url());
    let shown = run(&session, &format!("freeze {both} -o accusation")).await;
    assert!(shown.contains("(cosigned by w1, w3)") && shown.ends_with("--- exit 0\n"), "{shown}");
    other.serve_note(&cosigned(&longer(), &[(1, time(20).unix()), (3, time(60).unix())]));
    // The accused may have the tiles, although it serves an old head.
    session.server.replace(longer());
    let shown = run(&session, &format!("freeze --witness {} -o accusation", other.url())).await;
    assert!(shown.ends_with("--- exit 0\n"), "{shown}");
}

#[tokio::test]
async fn without_a_newer_head_nobody_is_accused() {
    let (session, other) = (session(&[(1, 7), (2, 7)]).await, newer().await);
    let own = format!("freeze --newer {} -o accusation", session.server.url());
    let same = placeless(&run(&session, &own).await, &[&session.server]);
    insta::assert_snapshot!("freeze_none", same);
    // What the quorum has not cosigned might have been there for nobody.
    other.serve_note(&cosigned(&longer(), &[(1, 7)]));
    let shown = run(&session, &format!("freeze --newer {} -o accusation", other.url())).await;
    assert!(shown.contains("cosigned by w1") && shown.ends_with("--- exit 2\n"), "{shown}");
    for args in [
        "freeze -o accusation",
        "freeze --newer http://127.0.0.1:9 --served policy -o accusation",
        "freeze --newer http://127.0.0.1:9 --observed 2026-11-21T01:13:58Z -o accusation",
        "freeze --newer http://127.0.0.1:9 --served policy --observed 2026-11-21T01:13:58Z -o x",
        "verify --freeze policy",
        "verify --freeze missing",
    ] {
        let shown = run(&session, args).await;
        assert!(shown.ends_with("--- exit 2\n"), "{shown}");
    }
    assert!(!session.path("accusation").exists());
}

#[tokio::test]
async fn a_fork_is_reported_as_one() {
    let (session, other) = (session(&[(1, 7), (2, 7)]).await, Server::start(longer()).await);
    let mut entries = filler(40);
    entries[3] = file("evil-1.0.tar.gz", "evil");
    let forked = TestLog::new(&entries);
    other.serve_note(&cosigned(&forked, &[(1, 7), (2, 7)]));
    other.replace(forked);
    let args = format!("freeze --newer {} --state state -o accusation", other.url());
    let shown = run(&session, &args).await;
    assert!(shown.contains("the log forked") && shown.ends_with("--- exit 1\n"), "{shown}");
    let mut files = std::fs::read_dir(session.path("state")).unwrap().map(|e| e.unwrap().path());
    let report = files.find(|path| path.extension().is_some_and(|e| e == "fork")).unwrap();
    std::fs::rename(report, session.path("report")).unwrap();
    let verified = run(&session, "verify --fork report").await;
    assert!(verified.contains(ORIGIN) && verified.ends_with("--- exit 1\n"), "{verified}");
    assert!(!session.path("accusation").exists());
}
