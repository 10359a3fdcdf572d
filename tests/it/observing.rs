//! Observing a directory of recorded listings, from within the server and from elsewhere.

use std::time::Duration;

use indelible_proto::v1::LookupRequest;
use indelible_proto::v1::lookup_request::Key;

use crate::harness::{Ended, Reader, Server, TestLog, indelibled, listings, run, within};

/// Files in the recorded listings.
const LISTED: u64 = 7820;

async fn observe(log: &TestLog, url: &str, token: &str) -> Ended {
    let token_file = log.path("observer-token");
    std::fs::write(&token_file, token).unwrap();
    let mut command = indelibled(["observe", "--once", "--log", url, "--index"]);
    command.arg(listings()).arg("--state").arg(log.path("observer"));
    command.arg("--token-file").arg(token_file);
    run(command).await
}

async fn check_observed(server: &Server) {
    let mut reader = Reader::open(server).await;
    assert_eq!(reader.tree().await.size(), LISTED);
    let key = Some(Key::Filename("requests-2.31.0.tar.gz".to_owned()));
    let answer = reader.log.lookup(LookupRequest { key }).await.unwrap().into_inner();
    let [only] = &answer.entries[..] else { panic!("{answer:?}") };
    let entry = String::from_utf8(only.entry.to_vec()).unwrap();
    let sha256 = "942c5a758f98d790eaed1a29cb6eefc7ffb0d1cf7af05c3d2791656dbd6ad1e1";
    assert!(entry.contains(sha256), "{entry}");
}

#[tokio::test]
async fn an_observer_elsewhere_fills_the_log_once() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    for round in 0..2 {
        let ended = observe(&log, &server.url, crate::harness::TOKEN).await;
        assert_eq!(ended.code, Some(0), "round {round}: {ended:?}");
        check_observed(&server).await;
    }
    // Without what the observer remembers, it reads everything again; the log knows it all.
    std::fs::remove_dir_all(log.path("observer")).unwrap();
    let ended = observe(&log, &server.url, crate::harness::TOKEN).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    check_observed(&server).await;
    server.terminate().await;
    assert_eq!(log.fsck().await.code, Some(0));
}

#[tokio::test]
async fn an_observer_that_is_not_let_in_says_why() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    let ended = observe(&log, &server.url, "not-the-token-of-this-log").await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("this is not the token of this log"), "{}", ended.stderr);
    assert_eq!(Reader::open(&server).await.tree().await.size(), 0);
    let short = observe(&log, &server.url, "short").await;
    assert_eq!(short.code, Some(2), "{short:?}");
    assert!(short.stderr.contains("less than 16 characters"), "{}", short.stderr);
    server.terminate().await;
}

#[tokio::test]
async fn a_server_observes_by_itself() {
    let log = TestLog::create().await;
    let listings = listings();
    let options = ["--index", listings.to_str().unwrap()];
    for _ in 0..2 {
        let server = log.serve_with(&options).await;
        let mut reader = Reader::open(&server).await;
        let observed = async {
            while log.head(&reader.checkpoint().await).size.get() < LISTED {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        within("observation", observed).await;
        check_observed(&server).await;
        server.terminate().await;
    }
}
