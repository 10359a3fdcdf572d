//! Looking at a log through somebody who lies, by one byte.

use super::proxy::{alter, falsify_signature};
use super::scene::{CALM, CHANGED, Scene, fill, serve};
use crate::harness::{Submitter, TestLog, file, files};

/// Visits a page, and expects that it is said to be false.
async fn is_disproven(scene: &Scene, path: &str, what: &str) {
    assert_eq!(
        scene.visit(path).await,
        "disproven",
        "{what}: {}",
        scene.browser.text("main").await
    );
    let title = scene.browser.text("#verdict").await;
    assert_eq!(title, "False: do not believe this page", "{what}");
    let first = "return document.querySelector('main').firstElementChild.id";
    assert_eq!(scene.browser.text_of(first).await, "verification", "{what}");
    let red =
        "const shadow = getComputedStyle(document.body).boxShadow; return shadow.includes('inset')";
    assert_eq!(scene.browser.run(red).await, serde_json::json!(true), "{what}");
}

/// What becomes false, in the answers to which paths, and how.
type Lie = (&'static str, &'static str, fn(&mut [u8]));

const LIES: [Lie; 9] = [
    ("the bytes of an entry", "/evidence/file/", |body| alter(body, "eyJ2IjoxLCJraW5k")),
    ("a hash of a proof", "/evidence/file/", |body| {
        let entry = 2 + body.iter().position(|byte| *byte == b'\n').unwrap();
        let lines = |from: usize| from + body[from..].iter().position(|b| *b == b'\n').unwrap() + 1;
        let proof = lines(lines(entry));
        body[proof] = if body[proof] == b'A' { b'B' } else { b'A' };
    }),
    ("the signature", "/evidence/file/", falsify_signature),
    ("a listed hash", "/files/", |body| alter(body, "0707070707</a>")),
    ("a time", "/files/", |body| alter(body, "6-11-27T10:00")),
    ("a headline", "/files/", |body| alter(body, "isted with another hash")),
    ("the number of hashes", "/files/", |body| alter(body, "2 different hashes")),
    ("a fact", "/files/", |body| alter(body, "3</dd></div><div><dt>files")),
    ("the leaf of a row", "/files/", |body| {
        let leaf = "data-leaf=\"";
        let at = body.windows(leaf.len()).position(|window| window == leaf.as_bytes()).unwrap();
        let digit = &mut body[at + leaf.len()];
        *digit = if *digit == b'0' { b'1' } else { b'0' };
    }),
];

#[tokio::test]
async fn one_false_byte_turns_the_page_red() {
    let Some(scene) = Scene::set().await else { return };
    let page = format!("/files/{CHANGED}");
    for (what, where_to, lie) in LIES {
        scene.proxy.lie(move |path, body| {
            if path.starts_with(where_to) {
                lie(body);
            }
        });
        is_disproven(&scene, &page, what).await;
        scene.proxy.lie(|_, _| ());
        assert_eq!(scene.visit(&page).await, "verified", "after {what}");
    }
    scene.browser.close().await;
}

#[tokio::test]
async fn hiding_rows_or_alarms_turns_the_page_red() {
    let Some(scene) = Scene::set().await else { return };
    for (what, from, to) in [
        ("a row", "<li class=\"row conflict\"", "</li>"),
        ("all alarms", "<section class=\"alarms\"", "</section>"),
    ] {
        scene.proxy.lie(move |path, body| {
            if path.starts_with("/files/") {
                let text = String::from_utf8(body.clone()).unwrap();
                let start = text.find(from).unwrap();
                let end = start + text[start..].find(to).unwrap() + to.len();
                *body = [&text[..start], &text[end..]].concat().into_bytes();
            }
        });
        is_disproven(&scene, &format!("/files/{CHANGED}"), what).await;
    }
    // Evidence about something else, true as it is, is no answer.
    let other = reqwest::get(scene.url(&format!("/evidence/file/{CALM}.evidence"))).await.unwrap();
    let other = other.bytes().await.unwrap();
    scene.proxy.lie(move |path, body| {
        if path.starts_with("/evidence/file/") {
            body.clear();
            body.extend_from_slice(&other);
        }
    });
    is_disproven(&scene, "/files/never-seen.zip", "evidence about another file").await;
    scene.browser.close().await;
}

#[tokio::test]
async fn what_can_not_be_checked_is_neither_good_nor_bad() {
    let Some(scene) = Scene::set().await else { return };
    let page = format!("/files/{CALM}");
    scene.proxy.lie(|path, body| {
        if path.starts_with("/evidence/") {
            alter(body, "indelible-evidence@v1");
        }
    });
    assert_eq!(scene.visit(&page).await, "undecided");
    scene.proxy.lie(|path, body| {
        if path.starts_with("/evidence/") {
            body.truncate(body.len() / 2);
        }
    });
    assert_eq!(scene.visit(&page).await, "undecided");
    assert_eq!(scene.browser.text("#verdict").await, "Could not be verified");

    // Without the project's entries only its publisher's word stays open.
    scene.proxy.lie(|path, body| {
        if path.starts_with("/evidence/project/") {
            body.clear();
        }
    });
    assert_eq!(scene.visit(&page).await, "verified");
    let says = scene.browser.text("#verification").await;
    assert!(says.contains("but for the publisher's word"), "{says}");
    assert!(says.contains("Not checked is what the publisher of project-2 says"), "{says}");
    scene.browser.close().await;
}

#[tokio::test]
async fn a_log_that_was_rolled_back_is_said_to_be() {
    let Some(scene) = Scene::set().await else { return };
    let page = format!("/files/{CALM}");
    let old =
        reqwest::get(scene.url("/evidence/file/project_2-1.2.tar.gz.evidence")).await.unwrap();
    let old = old.bytes().await.unwrap();
    let old_page = reqwest::get(scene.url(&page)).await.unwrap().bytes().await.unwrap();
    let old_head = reqwest::get(scene.url("/checkpoint")).await.unwrap().bytes().await.unwrap();
    let mut submitter = Submitter::open(&scene.server).await;
    submitter.submit(files(2000..2100)).await;
    super::scene::settle(&scene.server).await;
    assert_eq!(scene.visit(&page).await, "verified");
    scene.proxy.lie(move |path, body| {
        let replaced = match path {
            "/checkpoint" => &old_head,
            path if path.starts_with("/evidence/file/") => &old,
            path if path.starts_with("/files/") => &old_page,
            _ => return,
        };
        body.clear();
        body.extend_from_slice(replaced);
    });
    for page in [page.as_str(), "/"] {
        let ended = scene.visit(page).await;
        let says = scene.browser.text("main").await;
        assert_eq!(ended, "undecided", "{says}");
        assert!(page == "/" || says.contains("the log was rolled back"), "{says}");
    }
    scene.browser.close().await;
}

#[tokio::test]
async fn a_fork_is_shown_with_both_heads() {
    let Some(scene) = Scene::set().await else { return };
    // The same key, another history.
    let twin = TestLog::create().await;
    std::fs::copy(scene.log.data().join("key"), twin.data().join("key")).unwrap();
    let page = format!("/files/{CALM}");
    assert_eq!(scene.visit(&page).await, "verified");
    let twin = forked(&twin).await;
    scene.proxy.switch(&twin);
    is_disproven(&scene, &page, "a fork").await;
    let says = scene.browser.text("#verification").await;
    assert!(says.contains("signed two heads that contradict each other"), "{says}");
    let notes =
        scene.browser.run("return document.querySelectorAll('#verdict-details pre').length").await;
    assert_eq!(notes, serde_json::json!(2));
    scene.browser.close().await;
}

/// The log with other entries, and more of them.
async fn forked(twin: &TestLog) -> crate::harness::Server {
    let server = serve(twin).await;
    let mut submitter = Submitter::open(&server).await;
    submitter.submit(files(5000..5400)).await;
    fill(&server).await;
    submitter
        .submit(vec![crate::harness::fact(indelible_proto::v1::fact::Fact::Listed(file(9999)))])
        .await;
    server
}
