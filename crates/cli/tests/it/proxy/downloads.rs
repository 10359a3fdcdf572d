//! Files on their way through: right ones arrive, wrong ones never do.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::index::{Index, file, page};
use super::process::{Proxy, reason};
use super::{complete, session};
use crate::Session;
use crate::log::{digest, file as entry};
use crate::server::Lie;

const SDIST: &str = "attrs-1.0.tar.gz";
const NEW: &str = "attrs-3.0.tar.gz";

#[tokio::test]
async fn files_pass_if_their_bytes_are_the_logged_ones() {
    let (session, index) = (session().await, Index::start().await);
    index.put_file(SDIST, "sdist", "sdist");
    let proxy = Proxy::start(&session, &index, "").await;
    assert_eq!(proxy.download(SDIST).await, Ok("sdist".to_owned()));
    let path = proxy.path_of(SDIST).await;
    let head = proxy.ask(Method::HEAD, &path, &[]).await;
    assert_eq!(
        (head.status(), &head.headers()["accept-ranges"]),
        (StatusCode::OK, &"none".parse().unwrap())
    );
    // A part has no hash: who asks for one gets the whole.
    let part = proxy.ask(Method::GET, &path, &[("range", "bytes=2-")]).await;
    assert_eq!((part.status(), part.text().await.unwrap()), (StatusCode::OK, "sdist".to_owned()));
    // A lock file names the path long after the page was read.
    let again = Proxy::start(&session, &index, "").await;
    assert_eq!(again.get(&path).await.text().await.unwrap(), "sdist");
}

#[tokio::test]
async fn wrong_bytes_are_refused_with_the_reason() {
    let (session, index) = (session().await, Index::start().await);
    index.put_file(SDIST, "sdist", "evil");
    index.hide_length(&format!("/files/{SDIST}"));
    let proxy = Proxy::start(&session, &index, "").await;
    let (status, reason) = proxy.download(SDIST).await.unwrap_err();
    let expected = format!(
        "Refused by indelible proxy: content: what the index sent for {SDIST} has sha256 {}, but {} \
         is right",
        digest("evil"),
        digest("sdist")
    );
    assert_eq!((status, reason), (403, expected));
    let path = proxy.path_of(SDIST).await;
    let problem = proxy.get(&path).await;
    assert_eq!(problem.headers()["content-type"], "application/problem+json");
    assert_eq!(problem.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn a_long_wrong_file_never_arrives_whole() {
    let (good, evil) = ("g".repeat(20 << 20), "e".repeat(20 << 20));
    for hidden in [false, true] {
        let mut log = complete();
        log.append(&[entry(NEW, &good)]);
        let (session, index) = (Session::start(log).await, Index::start().await);
        index.put_file(NEW, &good, &good);
        let proxy = Proxy::start(&session, &index, "").await;
        assert_eq!(proxy.download(NEW).await, Ok(good.clone()));
        index.put(&format!("/files/{NEW}"), &[], evil.clone());
        if hidden {
            index.hide_length(&format!("/files/{NEW}"));
        }
        let path = proxy.path_of(NEW).await;
        let mut answer = proxy.get(&path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let mut received = 0;
        let broken = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => received += chunk.len(),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        assert!(broken && received < evil.len(), "{received} bytes, hidden: {hidden}");
        // Who tries again is told.
        let again = proxy.get(&path).await;
        assert_eq!(again.status(), StatusCode::FORBIDDEN);
        assert!(reason(&again).contains("is right"), "{}", reason(&again));
    }
}

#[tokio::test]
async fn metadata_have_a_hash_of_their_own() {
    let (session, index) = (session().await, Index::start().await);
    let mut listed = file(SDIST, "sdist");
    listed["core-metadata"] = json!({ "sha256": digest("metadata").to_string() });
    index.put_page(&page([listed]));
    index.put(&format!("/files/{SDIST}.metadata"), &[], "metadata");
    let proxy = Proxy::start(&session, &index, "").await;
    let path = format!("{}.metadata", proxy.path_of(SDIST).await);
    assert_eq!(proxy.get(&path).await.text().await.unwrap(), "metadata");
    index.put(&format!("/files/{SDIST}.metadata"), &[], "Requires-Dist: evil");
    let answer = proxy.get(&path).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(reason(&answer).contains(".metadata has sha256"), "{}", reason(&answer));
}

#[tokio::test]
async fn what_the_log_contradicts_is_never_let_through() {
    let (session, index) = (session().await, Index::start().await);
    for (content, policy) in [("first", "refuse"), ("second", "warn"), ("third", "wait")] {
        index.put_file("attrs-2.0.tar.gz", content, content);
        let proxy = Proxy::start(&session, &index, &format!("--unobserved {policy}")).await;
        let page = proxy.page().await;
        let listed = &page["files"][0];
        assert!(listed["yanked"].as_str().unwrap().contains(" proxy: conflict: "), "{page}");
        assert_eq!(listed["hashes"], json!({}), "{page}");
        let (status, reason) = proxy.download("attrs-2.0.tar.gz").await.unwrap_err();
        assert_eq!(status, 403, "{policy}");
        assert!(reason.contains("conflict: this file has sha256"), "{reason}");
    }
    assert!(index.asked("/files/attrs-2.0.tar.gz").is_empty());
}

#[tokio::test]
async fn another_projects_page_is_no_way_round() {
    let (session, index) = (session().await, Index::start().await);
    // The log has the name under another project: only the look-up of the file itself shows it.
    let mut page = page([file("attrs-1.0.tar.gz", "evil")]);
    page["name"] = json!("other");
    index.put("/simple/other/", &[("content-type", super::index::JSON)], page.to_string());
    index.put("/files/attrs-1.0.tar.gz", &[], "evil");
    let proxy = Proxy::start(&session, &index, "--unobserved warn").await;
    let answer = proxy.get(&format!("/files/other/{}/{SDIST}", digest("evil"))).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(reason(&answer).contains("conflict"), "{}", reason(&answer));
}

#[tokio::test]
async fn a_url_of_other_bytes_is_refused() {
    let (session, index) = (session().await, Index::start().await);
    index.put_file(SDIST, "sdist", "sdist");
    let proxy = Proxy::start(&session, &index, "").await;
    let answer = proxy.get(&format!("/files/attrs/{}/{SDIST}", digest("evil"))).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(reason(&answer).contains("this URL is of a file with sha256"), "{}", reason(&answer));
}

#[tokio::test]
async fn what_was_not_seen_is_up_to_the_user() {
    let (session, index) = (session().await, Index::start().await);
    index.put_file(NEW, "new", "new");
    let refusing = Proxy::start(&session, &index, "").await;
    let (status, reason) = refusing.download(NEW).await.unwrap_err();
    assert_eq!(status, 403);
    assert!(reason.contains("unknown-release: the log does not have this release"), "{reason}");

    let warning = Proxy::start(&session, &index, "--unobserved warn").await;
    assert_eq!(warning.download(NEW).await, Ok("new".to_owned()));
    assert!(warning.said().contains(&format!("warning: {NEW}: let through: unknown-release")));
    index.put(&format!("/files/{NEW}"), &[], "other");
    let (status, reason) = warning.download(NEW).await.unwrap_err();
    assert!(status == 403 && reason.contains("content: "), "{reason}");

    index.put(&format!("/files/{NEW}"), &[], "new");
    let waiting = Proxy::start(&session, &index, "--unobserved wait --wait 1").await;
    assert_eq!(waiting.download(NEW).await.unwrap_err().0, 403);
    let waiting = Proxy::start(&session, &index, "--unobserved wait").await;
    let seen = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        session.server.append(&[entry(NEW, "new")]);
    };
    let (downloaded, ()) = tokio::join!(waiting.download(NEW), seen);
    assert_eq!(downloaded, Ok("new".to_owned()));
}

#[tokio::test]
async fn files_of_a_huge_project_are_judged_when_they_are_asked_for() {
    let (session, index) = (session().await, Index::start().await);
    session.server.lie(Lie::BigProject);
    index.put_page(&page([
        file(SDIST, "sdist"),
        file("attrs-2.0.tar.gz", "second"),
        file(NEW, "new"),
    ]));
    for (name, content) in [(SDIST, "sdist"), ("attrs-2.0.tar.gz", "second"), (NEW, "new")] {
        index.put(&format!("/files/{name}"), &[], content);
    }
    let proxy = Proxy::start(&session, &index, "").await;
    assert_eq!(proxy.download(SDIST).await, Ok("sdist".to_owned()));
    for (name, why) in [("attrs-2.0.tar.gz", "conflict: "), (NEW, "not-yet-observed: ")] {
        let (status, reason) = proxy.download(name).await.unwrap_err();
        assert!(status == 403 && reason.contains(why), "{reason}");
    }
}
