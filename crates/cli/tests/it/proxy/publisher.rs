//! Files that the publisher does not expect.

use super::index::Index;
use super::process::{Proxy, reason};
use super::session;
use crate::log::{digest, file, time};

const SDIST: &str = "attrs-1.0.tar.gz";
const WHEEL: &str = "attrs-1.0-py3-none-any.whl";
const NEW: &str = "attrs-3.0.tar.gz";

#[tokio::test]
async fn what_the_publisher_does_not_expect_is_not_let_through() {
    let (session, index) = (session().await, Index::start().await);
    let key = tlog::SigningKey::from_seed("attrs-release", &[1; 32]).unwrap();
    session.write("release.key", key.secret_text().as_str());
    session.write(SDIST, "sdist");
    session.write(WHEEL, "the publisher's own");
    for args in ["key enrol attrs", &format!("expect {SDIST} {WHEEL}"), "key complete attrs"] {
        let shown = session.run(&format!("{args} --sign-with release.key")).await;
        assert!(!shown.ends_with("--- exit 2\n"), "{shown}");
    }
    session.server.append(&[file(NEW, "new")]);
    for (name, content, expected) in [
        (SDIST, "sdist", ""),
        (WHEEL, "wheel", "unexpected: the publisher expects"),
        (NEW, "new", "not-yet-observed: listed since 2026-11-21T01:13:58Z, and the publisher"),
    ] {
        index.put_file(name, content, content);
        let proxy = Proxy::start(&session, &index, "--unobserved refuse").await;
        let answer = proxy.get(&format!("/files/attrs/{}/{name}", digest(content))).await;
        let reason = reason(&answer);
        assert_eq!(answer.status().is_success(), expected.is_empty(), "{reason}");
        assert!(reason.contains(expected), "{reason}");
    }
    let mut log = session.server.log();
    log.append_epoch(|epoch| epoch.time = time(120));
    session.server.replace(log);
    let proxy = Proxy::start(&session, &index, "--unobserved warn").await;
    let answer = proxy.get(&format!("/files/attrs/{}/{NEW}", digest("new"))).await;
    let reason = reason(&answer);
    assert!(reason.contains("unexpected: the publisher expects every file"), "{reason}");
}
