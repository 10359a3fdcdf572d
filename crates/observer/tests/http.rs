//! An index over HTTP: what is asked for, how politely, and what is not believed.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::io::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use observer::{Clock as _, PageAnswer, PageRequest, Settings, SourceError};
use record::ProjectName;
use serde_json::json;
use support::{Bench, Canned, FakeIndex, file, hasty, settings, sha256};

const JSON: &str = "application/vnd.pypi.simple.v1+json";

async fn index_with(names: &[&str]) -> FakeIndex {
    let index = FakeIndex::start().await;
    for name in names {
        index.change(name, |project| project.files.push(file(&format!("{name}-1.zip"))));
    }
    index
}

fn page_of(name: &str) -> String {
    json!({"name": name, "files": [file(&format!("{name}-1.zip"))]}).to_string()
}

#[tokio::test]
async fn unchanged_projects_are_not_asked_for_again() {
    let index = index_with(&["a", "b", "c"]).await;
    let bench = Bench::new(&index.url, settings());
    let first = bench.sweep().await;
    assert_eq!((first.read, first.entries, first.serial), (3, 3, Some(3)), "{first}");
    assert_eq!(index.asked().len(), 4);

    let second = bench.sweep().await;
    assert_eq!((second.unchanged, second.facts), (3, 0), "{second}");
    assert_eq!(index.asked(), ["/simple/"]);

    index.change("b", |project| project.files.push(file("b-2.zip")));
    let third = bench.sweep().await;
    assert_eq!((third.read, third.unchanged, third.entries), (1, 2, 1), "{third}");
    assert_eq!(index.asked(), ["/simple/", "/simple/b/"]);
    assert_eq!(bench.observer().coverage().unwrap().serial, Some(4));
}

#[tokio::test]
async fn without_serials_validators_tell_what_is_unchanged() {
    for etags in [true, false] {
        let index = index_with(&["a", "b"]).await;
        index.lock().serials = false;
        index.lock().etags = etags;
        let bench = Bench::new(&index.url, settings());
        bench.sweep().await;
        let submissions = bench.log.submissions.load(Ordering::SeqCst);
        let second = bench.sweep().await;
        assert_eq!((second.unchanged, second.facts), (2, 0), "{second}");
        assert_eq!(bench.log.submissions.load(Ordering::SeqCst), submissions);
        let asked = index.headers("/simple/a/");
        assert_eq!(asked.contains_key("if-none-match"), etags);
    }
}

#[tokio::test]
async fn standing_serials_are_asked_for_now_and_then() {
    let index = index_with(&["a", "b", "c", "d", "e"]).await;
    let bench = Bench::new(&index.url, Settings { revalidate_every: 3, ..settings() });
    bench.sweep().await;
    // Archiving moves no serial.
    index.lock().projects.get_mut("c").unwrap().status = Some(json!({"status": "archived"}));
    index.asked();
    bench.news();
    for _ in 0..3 {
        bench.sweep().await;
    }
    let mut asked = index.asked();
    asked.retain(|path| path != "/simple/");
    asked.sort();
    assert_eq!(asked, ["a", "b", "c", "d", "e"].map(|name| format!("/simple/{name}/")));
    assert_eq!(bench.news(), ["status c archived"]);
}

#[tokio::test]
async fn requests_say_who_asks_and_for_what() {
    let index = index_with(&["a"]).await;
    let contact = Some("https://log.example/contact".to_owned());
    let bench = Bench::new(&index.url, Settings { contact, ..settings() });
    bench.sweep().await;
    for path in ["/simple/", "/simple/a/"] {
        let headers = index.headers(path);
        let agent = headers["user-agent"].to_str().unwrap();
        assert!(agent.starts_with("indelible-observer/"), "{agent}");
        assert!(agent.ends_with(" (+https://log.example/contact)"), "{agent}");
        assert!(headers["accept"].to_str().unwrap().starts_with(JSON));
        assert!(headers["accept-encoding"].to_str().unwrap().contains("gzip"));
    }
}

#[tokio::test]
async fn html_indexes_and_both_kinds_of_url() {
    let index = index_with(&["a", "b"]).await;
    {
        let mut shared = index.lock();
        (shared.html, shared.serials) = (true, false);
    }
    let simple = format!("{}simple/", index.url);
    for url in [index.url.trim_end_matches('/'), &index.url, &simple, simple.trim_end_matches('/')]
    {
        let bench = Bench::new(url, settings());
        let report = bench.sweep().await;
        assert!(report.is_complete() && report.entries == 2, "{url}: {report}");
    }
}

#[tokio::test]
async fn passing_faults_are_tried_again() {
    let gone_after = |status: u16, wait: &str| Canned::status(status).with("retry-after", wait);
    let broken = Canned { breaks: true, ..Canned::body(JSON, "{\"name\":\"a\",") };
    let cases: [(&str, Vec<Canned>, u64); 6] = [
        ("500", vec![Canned::status(500), Canned::status(502)], 2),
        ("429 with seconds", vec![gone_after(429, "120")], 120),
        ("429 without", vec![Canned::status(429)], 30),
        ("503 with a date", vec![gone_after(503, "Sat, 21 Nov 2026 01:15:58 GMT")], 115),
        ("Retry-After beyond reason", vec![gone_after(429, "86400")], 300),
        ("broken connection", vec![broken], 0),
    ];
    for (what, faults, waited) in cases {
        let index = index_with(&["a"]).await;
        let bench = Bench::new(&index.url, settings());
        let count = faults.len();
        for fault in faults {
            index.can("/simple/a/", fault);
        }
        let before = bench.clock.unix();
        let report = bench.sweep().await;
        assert!(report.is_complete() && report.entries == 1, "{what}: {report}");
        assert_eq!(index.asked().len(), count + 2, "{what}");
        assert!(bench.clock.unix() - before >= waited, "{what}");
        assert!(bench.clock.unix() - before <= waited + 10, "{what}");
    }
}

#[tokio::test]
async fn lasting_faults_cost_their_project_only() {
    let zipped = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let bomb = Canned::body(JSON, zipped(&" ".repeat(1 << 20))).with("content-encoding", "gzip");
    let cut = zipped(&page_of("b"));
    let cut = Canned::body(JSON, &cut[..cut.len() / 2]).with("content-encoding", "gzip");
    let elsewhere = Canned::status(301).with("location", "http://files.example/simple/b/");
    let circle = Canned::status(302).with("location", "/simple/b/");
    let latin = Canned::body("text/html", &b"<html>caf\xe9</html>"[..]);
    let cases: Vec<(&str, Canned)> = vec![
        ("HTTP status 500", Canned::status(500)),
        ("HTTP status 403", Canned::status(403)),
        ("content type \"text/plain\"", Canned::body("text/plain", page_of("b"))),
        ("content type \"application/json\"", Canned::body("application/json", page_of("b"))),
        ("v2+json", Canned::body("application/vnd.pypi.simple.v2+json", page_of("b"))),
        (
            "version 2.0",
            Canned::body(JSON, r#"{"meta":{"api-version":"2.0"},"name":"b","files":[]}"#),
        ),
        ("another project", Canned::body(JSON, page_of("a"))),
        ("cut off", Canned::body(JSON, &page_of("b")[..40])),
        ("more than 65536 bytes", bomb),
        ("more than 65536 bytes", Canned::body(JSON, " ".repeat(70_000))),
        ("cannot be reached", cut),
        ("redirects to http://files.example", elsewhere),
        ("redirects to", circle),
        ("not UTF-8", latin),
    ];
    for (what, fault) in cases {
        let index = index_with(&["a", "b"]).await;
        index.lock().serials = false;
        let mut bench =
            Bench::new(&index.url, Settings { page_limit: 65_536, tries: 2, ..settings() });
        bench.settings.caution = hasty();
        bench.sweep().await;
        for _ in 0..50 {
            index.can("/simple/b/", fault.clone());
        }
        index.change("a", |project| project.files.push(file("a-2.zip")));
        for _ in 0..2 {
            let report = bench.sweep().await;
            assert_eq!((report.refused, report.is_complete()), (1, false), "{what}: {report}");
            assert!(report.refusals[0].contains(what), "{what}: {report}");
        }
        assert_eq!(bench.news(), ["file a-1.zip", "file a-2.zip", "file b-1.zip"], "{what}");
    }
}

#[tokio::test]
async fn gzip_and_redirects_on_the_same_host_are_followed() {
    let index = index_with(&["a"]).await;
    index.can("/simple/a/", Canned::status(301).with("location", "/elsewhere/"));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(page_of("a").as_bytes()).unwrap();
    let zipped = Canned::body(JSON, encoder.finish().unwrap());
    let zipped = zipped.with("content-encoding", "gzip").with("x-pypi-last-serial", "1");
    index.can("/elsewhere/", zipped);
    let bench = Bench::new(&index.url, settings());
    let report = bench.sweep().await;
    assert!(report.is_complete() && report.entries == 1, "{report}");
}

#[tokio::test]
async fn stale_pages_are_asked_for_again_uncompressed_and_never_believed() {
    let index = index_with(&["a"]).await;
    let mut bench = Bench::new(&index.url, settings());
    bench.settings.caution = hasty();
    bench.sweep().await;
    index.change("a", |project| project.files.clear());
    let claims = |claims| index.lock().projects.get_mut("a").unwrap().claims = claims;

    claims(Some(1));
    index.asked();
    for _ in 0..3 {
        let report = bench.sweep().await;
        assert!(report.refusals[0].contains("stale: serial 1, and 2 was told before"), "{report}");
    }
    assert_eq!(index.headers("/simple/a/")["accept-encoding"], "identity");
    assert!(!index.headers("/simple/a/").contains_key("if-none-match"));
    assert_eq!(bench.log.len(), 1);

    // A page without a serial is as stale as an old one, also when it claims to be unchanged.
    index.lock().projects.get_mut("a").unwrap().files = vec![file("a-1.zip")];
    for _ in 0..2 {
        index.can("/simple/a/", Canned::status(304));
        for _ in 0..2 {
            let body = json!({"name": "a", "files": []}).to_string();
            index.can("/simple/a/", Canned::body(JSON, body));
        }
    }
    let report = bench.sweep().await;
    assert!(report.refusals[0].contains("stale: serial not stated"), "{report}");
    assert_eq!(bench.log.len(), 1);

    index.lock().canned.clear();
    claims(None);
    let report = bench.sweep().await;
    assert!(report.is_complete(), "{report}");
}

#[tokio::test]
async fn a_stale_list_is_refused() {
    let index = index_with(&["a", "b"]).await;
    let bench = Bench::new(&index.url, settings());
    bench.sweep().await;
    index.lock().serial = 1;
    let error = bench.observer().sweep().await.unwrap_err();
    assert!(error.to_string().contains("stale: serial 1, and 2 was told"), "{error}");
}

#[tokio::test]
async fn an_outage_ends_the_sweep_instead_of_hammering() {
    let names: Vec<String> = (0..200).map(|number| format!("p{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let index = index_with(&names).await;
    for name in &names {
        for _ in 0..10 {
            index.can(&format!("/simple/{name}/"), Canned::status(500));
        }
    }
    let bench = Bench::new(&index.url, Settings { tries: 2, ..settings() });
    let report = bench.sweep().await;
    assert!(report.stopped.is_some() && !report.is_complete(), "{report}");
    assert!(index.asked().len() < 100);
    index.lock().canned.clear();
    let report = bench.sweep().await;
    assert!(report.is_complete() && report.entries == 200, "{report}");
}

#[tokio::test]
async fn an_index_that_cannot_be_reached_is_an_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let bench = Bench::new(url, Settings { tries: 2, ..settings() });
    let error = bench.observer().sweep().await.unwrap_err();
    assert!(error.to_string().contains("cannot be reached"), "{error}");
}

#[tokio::test]
async fn the_rate_of_requests_is_bounded() {
    let names: Vec<String> = (0..40).map(|number| format!("p{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let index = index_with(&names).await;
    let bench = Bench::new(&index.url, Settings { request_rate: 2.0, ..settings() });
    let before = bench.clock.monotonic();
    bench.sweep().await;
    // 41 requests, half a second apart; sleeping tasks move the clock together.
    assert!(bench.clock.monotonic() >= before + Duration::from_secs(20));
}

#[tokio::test]
async fn a_validator_is_only_good_for_the_page_it_came_with() {
    let index = index_with(&["a"]).await;
    index.lock().serials = false;
    let bench = Bench::new(&index.url, settings());
    let (source, project) = (bench.source(), ProjectName::parse("a").unwrap());
    let ask = async |validator: Option<&str>| {
        let request = PageRequest { project: &project, validator, required: None };
        source.page(request).await
    };
    let Ok(PageAnswer::Page { validator, page, .. }) = ask(None).await else { panic!("a page") };
    assert_eq!(page.files[0].sha256.to_string(), sha256("a-1.zip"));
    assert!(matches!(ask(Some(&validator)).await, Ok(PageAnswer::Unchanged { .. })));
    assert!(matches!(ask(Some("etag:\"x\"")).await, Ok(PageAnswer::Page { .. })));
    index.can("/simple/a/", Canned::status(304));
    assert!(matches!(ask(None).await, Err(SourceError::Status(304))));
    index.lock().projects.get_mut("a").unwrap().absent = true;
    assert!(matches!(ask(Some(&validator)).await, Ok(PageAnswer::Absent)));
}
