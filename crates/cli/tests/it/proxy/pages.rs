//! What of the index's pages is passed on, and in which form.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::index::{Index, JSON, file, page};
use super::process::Proxy;
use super::session;
use crate::log::{digest, file as entry};

/// A page with a file of each kind, and with more than is known of each.
fn full_page() -> Value {
    let mut good = file("attrs-1.0.tar.gz", "sdist");
    good["size"] = json!(5);
    good["upload-time"] = json!("2026-11-20T10:00:00.000000Z");
    good["requires-python"] = json!(">=3.8,<\"4\"");
    good["provenance"] = json!("https://index.example/integrity/attrs/1.0/provenance");
    good["core-metadata"] = json!({ "sha256": digest("metadata").to_string() });
    good["gpg-sig"] = json!(true);
    good["from-the-future"] = json!({ "kept": [1, 18_446_744_073_709_551_616_u128.to_string()] });
    let mut yanked = file("attrs-1.0-py3-none-any.whl", "wheel");
    yanked["yanked"] = json!("broken <script>");
    yanked["core-metadata"] = json!(true);
    let mut unusable = file("attrs-1.0.zip", "x");
    unusable["hashes"]["sha256"] = json!("abc");
    let mut page = page([
        good,
        yanked,
        file("attrs-0.9.tar.gz", "old"),
        file("attrs-2.0.tar.gz", "second"),
        file("attrs-2.0-py3-none-any.whl", "wheel two"),
        file("attrs-3.0.tar.gz", "unheard of"),
        unusable,
    ]);
    page["meta"]["_last-serial"] = json!(77);
    page["versions"] = json!(["0.9", "1.0", "2.0", "3.0"]);
    page["project-status"] = json!({ "status": "archived", "reason": "\"done\"" });
    page["x-unknown"] = json!("kept");
    page
}

/// Without what depends on the log's answers' wording.
fn shown(page: &str) -> String {
    serde_json::to_string_pretty(&serde_json::from_str::<Value>(page).unwrap()).unwrap()
}

#[tokio::test]
async fn pages_keep_what_is_proven_and_all_that_is_said_of_it() {
    let (session, index) = (session().await, Index::start().await);
    index.put_page(&full_page());
    let proxy = Proxy::start(&session, &index, "").await;
    for (name, accept) in [("json", JSON), ("html", "text/html")] {
        let answer = proxy.ask(Method::GET, "/simple/attrs/", &[("accept", accept)]).await;
        assert_eq!(answer.headers()["x-pypi-last-serial"], "77");
        assert_eq!(answer.headers()["x-indelible-left-out"], "3");
        assert_eq!(answer.headers()["vary"], "Accept");
        let body = answer.text().await.unwrap();
        let body = if name == "json" { shown(&body) } else { body };
        insta::assert_snapshot!(format!("proxy_page_{name}"), body);
    }
    let said = proxy.said();
    assert!(said.contains("attrs: not offered: attrs-2.0.tar.gz: conflict: "), "{said}");
    let asked = index.asked("/simple/attrs/");
    assert!(asked[0]["accept"].to_str().unwrap().starts_with(JSON), "{asked:?}");
}

#[tokio::test]
async fn html_becomes_json_with_its_attributes() {
    let (session, index) = (session().await, Index::start().await);
    let (sdist, metadata) = (digest("sdist"), digest("metadata"));
    let html = format!(
        "<!DOCTYPE html><html><head><meta name=pypi:repository-version content=1.1>\
         <meta name=\"pypi:project-status\" content=\"archived\"></head><body>\
         <a href=\"../../files/attrs-1.0.tar.gz#sha256={sdist}\" data-requires-python=\"&gt;=3.8\" \
         data-core-metadata=\"sha256={metadata}\" data-yanked=\"\" data-new=\"a &amp; b\">x</a>\
         <a href=\"attrs-2.0.tar.gz#sha256={}\">y</a><a href=\"javascript:alert(1)\">z</a>\
         <a href=\"/files/attrs-2.0-py3-none-any.whl\">no hash</a><a>no link</a></body></html>",
        digest("second")
    );
    index.put("/simple/attrs/", &[("content-type", "text/html; charset=utf-8")], html);
    let proxy = Proxy::start(&session, &index, "").await;
    insta::assert_snapshot!("proxy_from_html", shown(&proxy.page().await.to_string()));
    index.put("/files/attrs-1.0.tar.gz", &[], "sdist");
    assert_eq!(proxy.download("attrs-1.0.tar.gz").await, Ok("sdist".to_owned()));
}

#[tokio::test]
async fn validators_are_of_what_is_served() {
    let (session, index) = (session().await, Index::start().await);
    index.put_page(&full_page());
    let proxy = Proxy::start(&session, &index, "").await;
    let ask = async |etag: &str, accept: &str| {
        let headers = [("if-none-match", etag), ("accept", accept)];
        let answer = proxy.ask(Method::GET, "/simple/attrs/", &headers).await;
        (answer.status(), answer.headers()["etag"].to_str().unwrap().to_owned())
    };
    let (status, etag) = ask("\"other\"", JSON).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(ask(&etag, JSON).await, (StatusCode::NOT_MODIFIED, etag.clone()));
    assert_eq!(ask(&format!("\"x\", W/{etag}"), JSON).await.0, StatusCode::NOT_MODIFIED);
    assert_eq!(ask(&etag, "text/html").await.0, StatusCode::OK);
    // The index is asked each time, and need not send what is here already.
    let asked = index.asked("/simple/attrs/");
    assert!(!asked[0].contains_key("if-none-match") && asked[1].contains_key("if-none-match"));

    // The index's page stays the same, but the log knows more now.
    let mut log = super::complete();
    log.append(&[entry("attrs-3.0.tar.gz", "unheard of")]);
    session.server.replace(log);
    let (status, changed) = ask(&etag, JSON).await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(changed, etag);
}

#[tokio::test]
async fn hashes_come_from_the_log_where_the_index_states_none() {
    let (session, index) = (session().await, Index::start().await);
    let bare = |name: &str| {
        let mut file = file(name, "");
        file["hashes"] = json!({});
        file
    };
    index.put_page(&page([bare("attrs-1.0.tar.gz"), bare("attrs-3.0.tar.gz")]));
    let proxy = Proxy::start(&session, &index, "").await;
    let page = proxy.page().await;
    let hashes = json!({ "sha256": digest("sdist").to_string() });
    assert_eq!(page["files"][0]["hashes"], hashes, "{page}");
    assert!(page["files"][1]["yanked"].as_str().unwrap().contains("uncovered-algorithm: "));
    index.put("/files/attrs-1.0.tar.gz", &[], "sdist");
    assert_eq!(proxy.download("attrs-1.0.tar.gz").await, Ok("sdist".to_owned()));
    let proxy = Proxy::start(&session, &index, "").await;
    index.put("/files/attrs-1.0.tar.gz", &[], "other");
    let (status, reason) = proxy.download("attrs-1.0.tar.gz").await.unwrap_err();
    assert_eq!(status, 403, "{reason}");
}

#[tokio::test]
async fn names_and_the_list_of_projects() {
    let (session, index) = (session().await, Index::start().await);
    let proxy = Proxy::start(&session, &index, "").await;
    let answer = proxy.get("/simple/At_trs").await;
    assert_eq!(answer.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(answer.headers()["location"], "/simple/at-trs/");
    let list = r#"{"meta":{"api-version":"1.4","_last-serial":7},"projects":[{"name":"A.b"},{"name":"<c>"}]}"#;
    index.put("/simple/", &[("content-type", JSON)], list);
    let answer = proxy.ask(Method::GET, "/simple/", &[("accept", JSON)]).await;
    assert_eq!(answer.text().await.unwrap(), list);
    let html = proxy.get("/simple/").await.text().await.unwrap();
    assert!(html.contains("<a href=\"a-b/\">A.b</a>") && !html.contains("<c>"), "{html}");
    index.put("/simple/", &[("content-type", "text/html")], html);
    let answer = proxy.ask(Method::GET, "/simple/", &[("accept", JSON)]).await;
    let expected = r#"{"meta":{"api-version":"1.0"},"projects":[{"name":"a-b"}]}"#;
    assert_eq!(answer.text().await.unwrap(), expected);
}
