//! What is not served, and what the proxy does not start with.

use reqwest::{Method, StatusCode};

use super::index::{Index, JSON, file, page};
use super::process::{Proxy, reason};
use super::{entries, session};
use crate::Session;
use crate::server::Lie;

const PAGE: &str = "/simple/attrs/";

#[tokio::test]
async fn lies_of_the_log_let_nothing_through() {
    let (session, index) = (session().await, Index::start().await);
    index.put_file("attrs-1.0.tar.gz", "sdist", "sdist");
    let proxy = Proxy::start(&session, &index, "").await;
    let path = proxy.path_of("attrs-1.0.tar.gz").await;
    for (lie, status) in [
        (Lie::Absence, 403),
        (Lie::ForeignEntry, 403),
        (Lie::ForgedSignature, 403),
        (Lie::NotAnEpoch, 403),
        (Lie::OtherKey, 424),
        (Lie::OtherKeysProof, 403),
        (Lie::ShortHash, 424),
        (Lie::SwappedEntry, 403),
        (Lie::WrongProofHash, 403),
    ] {
        session.server.lie(lie);
        for path in [PAGE, &path] {
            let answer = proxy.get(path).await;
            assert_eq!(answer.status(), status, "{lie:?}: {path}: {}", reason(&answer));
            assert!(reason(&answer).contains(" by indelible proxy: "), "{}", reason(&answer));
        }
    }
    // It leaves out one entry of several, which the file does not have.
    session.server.lie(Lie::Omission);
    assert_eq!(proxy.get(PAGE).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(index.asked("/files/attrs-1.0.tar.gz").len(), 0);
}

#[tokio::test]
async fn answers_have_to_be_complete_and_fresh() {
    let index = Index::start().await;
    index.put_file("attrs-1.0.tar.gz", "sdist", "sdist");
    let incomplete = Session::start(entries()).await;
    let stale = session().await;
    for (session, options, why) in [
        (&incomplete, "", "the log has no epoch yet"),
        (&stale, "--max-age 0s", "the log's newest epoch is"),
    ] {
        let proxy = Proxy::start(session, &index, options).await;
        let answer = proxy.get(PAGE).await;
        assert_eq!(answer.status(), StatusCode::FAILED_DEPENDENCY);
        assert!(reason(&answer).contains(why), "{}", reason(&answer));
        assert!(proxy.said().contains(why), "{}", proxy.said());
    }
    let proxy = Proxy::start(&stale, &index, "--max-age 90000d").await;
    assert_eq!(proxy.get(PAGE).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_index_has_to_answer_well() {
    let (session, index) = (session().await, Index::start().await);
    let proxy = Proxy::start(&session, &index, "").await;
    assert_eq!(proxy.get(PAGE).await.status(), StatusCode::NOT_FOUND);
    let mut foreign = page([]);
    foreign["name"] = "other".into();
    let mut future = page([]);
    future["meta"]["api-version"] = "2.0".into();
    for (kind, body, why) in [
        ("text/plain", "x".to_owned(), "no document of the Simple API"),
        (JSON, "{\"files\":".to_owned(), "EOF"),
        (JSON, foreign.to_string(), "another project"),
        (JSON, future.to_string(), "another major version"),
        ("text/html", "\u{0}".to_owned(), ""),
    ] {
        index.put(PAGE, &[("content-type", kind)], body);
        let answer = proxy.get(PAGE).await;
        let expected = if why.is_empty() { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
        assert_eq!(answer.status(), expected, "{kind}");
        assert!(reason(&answer).contains(why), "{}", reason(&answer));
    }
    let gone = Proxy::start_at(&session, "http://127.0.0.1:9/simple/", "").await;
    assert_eq!(gone.get(PAGE).await.status(), StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn it_is_no_open_proxy() {
    let (session, index) = (session().await, Index::start().await);
    index.put_file("attrs-1.0.tar.gz", "sdist", "sdist");
    index.put("/secret", &[], "secret");
    let proxy = Proxy::start(&session, &index, "--unobserved warn").await;
    for path in [
        "/secret",
        "/files/attrs/-/../../secret",
        "/files/attrs/-/..%2f..%2fsecret",
        "/files/attrs/-/secret",
        "/simple/..%2fsecret/",
        "/files/http:%2f%2f127.0.0.1%2fsecret",
    ] {
        assert_eq!(proxy.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::CONNECT, Method::DELETE] {
        let answer = proxy.ask(method, PAGE, &[]).await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers()["allow"], "GET, HEAD");
    }
    let answer = proxy.ask(Method::GET, PAGE, &[("accept", "image/png")]).await;
    assert_eq!(answer.status(), StatusCode::NOT_ACCEPTABLE);
    assert!(index.asked("/secret").is_empty());
}

#[tokio::test]
async fn credentials_stay_with_the_index() {
    let (session, index, elsewhere) = (session().await, Index::start().await, Index::start().await);
    let mut foreign = file("attrs-1.0.tar.gz", "sdist");
    foreign["url"] = format!("http://{}/files/attrs-1.0.tar.gz", elsewhere.address).into();
    index.put_page(&page([foreign, file("attrs-1.0-py3-none-any.whl", "wheel")]));
    index.put("/files/attrs-1.0-py3-none-any.whl", &[], "wheel");
    elsewhere.put("/files/attrs-1.0.tar.gz", &[], "sdist");
    let url = format!("http://me:secret@{}/simple/", index.address);
    let proxy = Proxy::start_at(&session, &url, "").await;
    assert_eq!(proxy.download("attrs-1.0.tar.gz").await, Ok("sdist".to_owned()));
    assert_eq!(proxy.download("attrs-1.0-py3-none-any.whl").await, Ok("wheel".to_owned()));
    for path in [PAGE, "/files/attrs-1.0-py3-none-any.whl"] {
        let asked = index.asked(path);
        assert!(asked.iter().all(|headers| headers["authorization"] == "Basic bWU6c2VjcmV0"));
    }
    assert!(!elsewhere.asked("/files/attrs-1.0.tar.gz")[0].contains_key("authorization"));
    // Nor are they shown to those who ask.
    index.put(PAGE, &[("content-type", "text/plain")], "x");
    let answer = proxy.get(PAGE).await;
    let reason = reason(&answer);
    let told = format!("{reason}{}{}", answer.text().await.unwrap(), proxy.said());
    assert!(!told.contains("secret"), "{told}");
}

#[tokio::test]
async fn it_ends_in_peace() {
    let (session, index) = (session().await, Index::start().await);
    let mut proxy = Proxy::start(&session, &index, "").await;
    proxy.get(PAGE).await;
    assert_eq!(proxy.terminate().await.code(), Some(0), "{}", proxy.said());
}

#[tokio::test]
async fn an_index_has_to_be_named() {
    let session = session().await;
    let mut bare = session.command("proxy --listen 127.0.0.1:0");
    bare.env("PIP_CONFIG_FILE", "/dev/null");
    let output = bare.output().await.unwrap();
    let told = session.transcript("proxy", &output);
    assert!(told.contains("hint: Give --index URL") && told.ends_with("--- exit 2\n"), "{told}");
    for options in [
        "--index index.example/simple",
        "--index ftp://index.example/",
        "--index http://index.example/ --listen nowhere",
        "--index http://index.example/ --unobserved maybe",
    ] {
        let told = session.run(&format!("proxy {options}")).await;
        assert!(told.ends_with("--- exit 2\n"), "{told}");
    }
}

#[tokio::test]
async fn pips_own_configuration_names_the_index() {
    let (session, index) = (session().await, Index::start().await);
    index.put_file("attrs-1.0.tar.gz", "sdist", "sdist");
    session.write("pip.conf", format!("[global]\nindex-url = {}\n", index.url()));
    let configured = Proxy::start_with(&session, |command| {
        command.env("PIP_CONFIG_FILE", session.path("pip.conf"));
    })
    .await;
    assert_eq!(configured.get(PAGE).await.status(), StatusCode::OK);
    let overridden = Proxy::start_with(&session, |command| {
        command.env("PIP_CONFIG_FILE", session.path("pip.conf"));
        command.env("PIP_INDEX_URL", "http://127.0.0.1:9/simple/");
    })
    .await;
    assert_eq!(overridden.get(PAGE).await.status(), StatusCode::BAD_GATEWAY);
}
