//! What people subscribe to.

use record::Digest;

use crate::harness::{
    Answer, Publisher, Server, Submitter, TestLog, change, expect, fact, file, files, raw, sdist,
    within,
};
use indelible_proto::v1::ListedFile;
use indelible_proto::v1::fact::Fact as Kind;

async fn feed(server: &Server, path: &str) -> (Answer, String) {
    let answer = raw(server.address(), "GET", path, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/atom+xml; charset=utf-8"));
    let text = String::from_utf8(answer.body.clone()).unwrap();
    (answer, text)
}

fn titles(feed: &str) -> Vec<&str> {
    let titles = feed.split("<title>").skip(2);
    titles.map(|rest| rest.split("</title>").next().unwrap()).collect()
}

/// Waits until the feed of conflicts has this many items: they are searched for after publication.
async fn conflicts(server: &Server, count: usize) -> String {
    let found = async {
        loop {
            let (_, text) = feed(server, "/feeds/conflicts.atom").await;
            if titles(&text).len() == count {
                return text;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    within("a conflict in the feed", found).await
}

#[tokio::test]
async fn conflicts_are_found_and_nothing_else_even_across_a_restart() {
    let log = TestLog::create().await;
    let server = log.serve_with(&["--enrolment", "open"]).await;
    let mut submitter = Submitter::open(&server).await;
    submitter.submit(files(0..700)).await;
    let (_, quiet) = feed(&server, "/feeds/conflicts.atom").await;
    assert_eq!(titles(&quiet), [""; 0]);
    let changed = ListedFile { sha256: vec![7; 32].into(), ..file(5) };
    submitter.submit(vec![fact(Kind::Listed(changed))]).await;
    let text = conflicts(&server, 1).await;
    assert!(titles(&text)[0].starts_with("project_5-1.5.tar.gz: listed"), "{text}");

    let publisher = Publisher::new("project-1", 1);
    change(&server, publisher.enrolment()).await.unwrap().unwrap();
    expect(&server, vec![publisher.sdist("2.0"), publisher.sdist("2.1")]).await.unwrap();
    let as_expected = Digest::sha256(b"project_1-2.0.tar.gz");
    submitter.submit(vec![sdist("2.0", as_expected)]).await;
    submitter.submit(vec![sdist("2.1", Digest::from([9; 32]))]).await;
    let text = conflicts(&server, 2).await;
    assert!(titles(&text)[0].starts_with("project_1-2.1.tar.gz: listed"), "{text}");
    drop(submitter);
    server.terminate().await;

    let server = log.serve().await;
    assert_eq!(conflicts(&server, 2).await, text, "remembered");
    server.terminate().await;
    std::fs::remove_file(log.data().join("conflicts")).unwrap();
    let server = log.serve().await;
    assert_eq!(conflicts(&server, 2).await, text, "found again");
}

#[tokio::test]
async fn a_project_feed_has_the_newest_entries_and_a_tag() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    let mut submitter = Submitter::open(&server).await;
    submitter.submit(files(0..600)).await;
    let strange = ListedFile {
        filename: "project_3 <&\"\u{fffe}\u{1f40d}>.zip".to_owned(),
        yanked: Some("\u{1}\u{8}]]>".to_owned()),
        ..file(3)
    };
    submitter.submit(vec![fact(Kind::Listed(strange))]).await;
    let (answer, text) = feed(&server, "/feeds/projects/project-3.atom").await;
    let titles = titles(&text);
    assert_eq!(titles.len(), 50);
    assert!(titles[0].starts_with("project_3 &lt;&amp;&quot;\u{1f40d}&gt;.zip: listed"), "{text}");
    assert!(titles[1].starts_with("project_3-1.598.tar.gz"), "{}", titles[1]);
    let mut reader = quick_xml::Reader::from_str(&text);
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}

    let tag = answer.header("etag").unwrap().to_owned();
    let ask = format!("If-None-Match: {tag}\r\n");
    let path = "/feeds/projects/project-3.atom";
    assert_eq!(raw(server.address(), "GET", path, &ask).await.status, 304);
    submitter.submit(vec![fact(Kind::Listed(ListedFile { yanked: None, ..file(703) }))]).await;
    assert_eq!(raw(server.address(), "GET", path, &ask).await.status, 200);

    let (_, empty) = feed(&server, "/feeds/projects/never-seen.atom").await;
    assert!(!empty.contains("<entry>"), "{empty}");
    for path in ["/feeds/projects/Project_3.atom", "/feeds/projects/project-3", "/feeds/x.atom"] {
        assert_eq!(raw(server.address(), "GET", path, "").await.status, 404, "{path}");
    }
    assert_eq!(raw(server.address(), "POST", path, "").await.status, 405);
}
