//! Pages and what they rest on, without a browser: these run everywhere.

use client::{Client, LookupKey, VerifiedInclusion, VerifiedLookup};
use record::Evidence;
use tlog::{ConsistencyProof, Hash, ProofFile};

use super::scene::{CALM, CHANGED, HOSTILE, UNEXPECTED, fill, serve};
use crate::harness::{Answer, Server, TestLog, file, files, raw};

async fn get(server: &Server, path: &str) -> Answer {
    raw(server.address(), "GET", path, "").await
}

async fn html(server: &Server, path: &str, status: u16) -> String {
    let answer = get(server, path).await;
    assert_eq!(answer.status, status, "{path}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
    String::from_utf8(answer.body).unwrap()
}

/// Everything that is asked here, of one log.
#[tokio::test]
async fn pages_and_what_they_rest_on() {
    let log = TestLog::create().await;
    let server = serve(&log).await;
    fill(&server).await;
    pages(&server).await;
    offline_files(&log, &server).await;
    consistency(&log, &server).await;
    refusals(&server).await;
    assets(&server).await;
    the_log_itself_is_as_it_was(&server).await;
}

async fn pages(server: &Server) {
    let home = html(server, "/", 200).await;
    for name in [CHANGED, UNEXPECTED, "project_6-1.6.tar.gz"] {
        assert!(home.contains(name), "{name} is not on the first page");
    }
    let changed = html(server, &format!("/files/{CHANGED}"), 200).await;
    assert!(changed.contains("was seen with 2 different hashes"));
    assert!(changed.contains("Listed with another hash"));
    assert!(changed.contains("Listed with an earlier hash again"));
    assert!(!changed.contains("<script>document"), "the reason of a yank became markup");
    assert!(changed.contains("script&#62;document.title=&#39;owned&#39;"), "{changed}");
    assert!(!changed.contains('\u{202e}') && HOSTILE.contains('\u{202e}'));

    let expected = html(server, &format!("/files/{UNEXPECTED}"), 200).await;
    assert!(expected.contains("is not what its publisher says was released"));
    let calm = html(server, &format!("/files/{CALM}"), 200).await;
    assert!(!calm.contains("class=\"alarms\""));
    let hash = html(server, &format!("/sha256/{}", "07".repeat(32)), 200).await;
    assert!(hash.contains(&format!("{CHANGED} was seen with 2 different hashes")));
    let absent = html(server, "/projects/never-seen", 404).await;
    assert!(absent.contains("/evidence/project/never-seen.evidence"));
    assert!(absent.contains("never read the index completely"));

    let project = html(server, "/projects/project-5", 200).await;
    assert_eq!(project.matches("<li class=\"row").count(), 100);
    assert!(project.contains("This page shows 100 of 130 entries"), "{project}");
    let older = project.split("href=\"?before=").nth(1).unwrap().split('"').next().unwrap();
    let rest = html(server, &format!("/projects/project-5?before={older}"), 200).await;
    assert_eq!(rest.matches("<li class=\"row").count(), 30);
    let moved = get(server, "/projects/Project_5").await;
    assert_eq!((moved.status, moved.header("location")), (308, Some("/projects/project-5")));
    for (asked, path) in
        [("project-5", "/projects/project-5"), (CHANGED, "/files/project_5-1.5.tar.gz")]
    {
        let found = get(server, &format!("/search?q={asked}")).await;
        assert_eq!((found.status, found.header("location")), (303, Some(path)));
    }
}

async fn offline_files(log: &TestLog, server: &Server) {
    let mut client: Client = log.client(server, "client");
    for (kind, value) in [("file", CHANGED), ("project", "project-1"), ("file", "never.zip")] {
        let answer = get(server, &format!("/evidence/{kind}/{value}.evidence")).await;
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        let evidence = Evidence::parse(&answer.body).unwrap();
        let verified = VerifiedLookup::from_evidence(evidence, &log.trust()).unwrap();
        let key = LookupKey::parse(kind, value).unwrap();
        assert_eq!(verified, client.lookup(&key).await.unwrap());
    }
    let proof = get(server, "/entries/5.tlog-proof").await;
    let proof = ProofFile::parse(&proof.body).unwrap();
    let proven = VerifiedInclusion::from_proof_file(proof, &log.trust()).unwrap();
    let entry = get(server, "/entries/5").await;
    assert_eq!(entry.header("content-type"), Some("application/json"));
    assert_eq!(entry.body, proven.entry().bytes());
}

async fn consistency(log: &TestLog, server: &Server) {
    let new = log.head(&get(server, "/checkpoint").await.body);
    for size in [1_u64, 2, 300, 512, new.size.get()] {
        let answer = get(server, &format!("/consistency/{size}/{}", new.size)).await;
        let text = String::from_utf8(answer.body).unwrap();
        let hashes = text.lines().map(|line| Hash::parse(line).unwrap()).collect();
        let mut reader = crate::harness::Reader::open(server).await;
        let tree = reader.tree().await;
        new.verify_consistency(&tree.head(size), &ConsistencyProof::new(hashes)).unwrap();
    }
}

async fn refusals(server: &Server) {
    for (path, status) in [
        ("/projects/-", 400),
        ("/files/a%0ab", 400),
        ("/sha256/00", 400),
        ("/search?q=", 400),
        ("/evidence/file/a", 400),
        ("/evidence/release/a.evidence", 400),
        ("/entries/x", 400),
        ("/entries/05", 400),
        ("/entries/99999999", 404),
        ("/entries/99999999.tlog-proof", 404),
        ("/consistency/5/99999999", 404),
        ("/consistency/9/5", 400),
        ("/site/0000000000000000/page.mjs", 404),
    ] {
        assert_eq!(get(server, path).await.status, status, "{path}");
    }
    assert_eq!(raw(server.address(), "POST", "/", "").await.status, 405);
}

async fn assets(server: &Server) {
    let answer = get(server, "/").await;
    let policy = answer.header("content-security-policy").unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let home = String::from_utf8(answer.body).unwrap();
    let script = home.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    let answer = get(server, script).await;
    assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let tag = format!("If-None-Match: {}\r\n", answer.header("etag").unwrap());
    assert_eq!(raw(server.address(), "GET", script, &tag).await.status, 304);
}

/// The paths of tlog-tiles get no headers of the page.
async fn the_log_itself_is_as_it_was(server: &Server) {
    for path in ["/checkpoint", "/tile/0/000", "/tile/entries/000"] {
        let answer = get(server, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-security-policy"), None, "{path}");
    }
}

#[tokio::test]
async fn a_log_that_has_nothing_yet_has_pages() {
    let log = TestLog::create().await;
    let server = log.serve_with(&["--epoch-interval", "3600"]).await;
    html(&server, "/", 200).await;
    let absent = html(&server, "/files/a.zip", 404).await;
    assert!(absent.contains("has never read the index completely"));
    let mut submitter = crate::harness::Submitter::open(&server).await;
    submitter.submit(files(0..3)).await;
    let shown = html(&server, &format!("/files/{}", file(1).filename), 200).await;
    assert!(shown.contains("Listed for the first time"));
}
