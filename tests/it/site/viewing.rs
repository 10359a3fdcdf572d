//! Looking at an honest log.

use serde_json::json;

use super::scene::{CALM, CHANGED, HOSTILE, Scene, UNEXPECTED};
use crate::harness::{Submitter, file, files};

/// The keys of the keyboard, as `WebDriver` names them.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

#[tokio::test]
async fn every_page_of_an_honest_log_is_verified_and_quiet() {
    let Some(scene) = Scene::set().await else { return };
    let pages = [
        "/".to_owned(),
        format!("/files/{CHANGED}"),
        format!("/files/{UNEXPECTED}"),
        format!("/files/{CALM}"),
        format!("/files/{}", file(3).filename),
        "/files/never%20seen%20%3Cb%3E.zip".to_owned(),
        format!("/sha256/{}", "07".repeat(32)),
        "/projects/project-1".to_owned(),
        "/projects/project-4".to_owned(),
        "/projects/project-5".to_owned(),
        "/projects/project-5?before=300".to_owned(),
        "/projects/project-6".to_owned(),
        "/projects/never-seen".to_owned(),
    ];
    scene.browser.requests().await;
    for path in pages {
        assert_eq!(
            scene.visit(&path).await,
            "verified",
            "{path}: {}",
            scene.browser.text("main").await
        );
        let noise = scene.browser.log("browser").await;
        // Of a page that says that there is nothing, the status says so, too.
        let noise: Vec<&String> = noise.iter().filter(|line| !line.contains("404")).collect();
        assert!(noise.is_empty(), "{path}: {noise:?}");
    }
    let asked = scene.browser.requests().await;
    assert!(asked.len() > 40, "{asked:?}");
    let elsewhere: Vec<&String> =
        asked.iter().filter(|url| !url.starts_with(&scene.proxy.url)).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    scene.browser.close().await;
}

#[tokio::test]
async fn a_conflict_and_hostile_text_are_what_they_are() {
    let Some(scene) = Scene::set().await else { return };
    scene.visit(&format!("/files/{CHANGED}")).await;
    let alarms = scene.browser.text(".alarms").await;
    assert!(alarms.contains("Conflict") && alarms.contains("2 different hashes"), "{alarms}");
    let top =
        "return document.querySelector('.alarms').getBoundingClientRect().bottom < innerHeight";
    assert_eq!(scene.browser.run(top).await, json!(true), "the conflict is seen without scrolling");
    let title = scene.browser.text_of("return document.title").await;
    assert!(title.starts_with(CHANGED), "{title}");
    let reason = scene.browser.text(".yanked dd").await;
    assert_eq!(reason, HOSTILE.replace('\u{202e}', "\u{fffd}"));
    let rows = scene.browser.run("return document.querySelectorAll('#rows > li').length").await;
    assert_eq!(rows, json!(3));
    scene.browser.close().await;
}

#[tokio::test]
async fn the_keyboard_is_enough() {
    let Some(scene) = Scene::set().await else { return };
    scene.visit("/").await;
    scene.browser.press(TAB).await;
    assert_eq!(focus(&scene).await, "Skip to the content");
    scene.browser.press(ENTER).await;
    assert_eq!(scene.browser.text_of("return document.activeElement.id").await, "main");
    scene.visit("/").await;
    for _ in 0..20 {
        scene.browser.press(TAB).await;
        if scene.browser.text_of("return document.activeElement.id").await == "q" {
            break;
        }
    }
    scene.browser.press(&format!("{CHANGED}{ENTER}")).await;
    scene.browser.until(&format!("return location.pathname === '/files/{CHANGED}'")).await;
    assert_eq!(scene.browser.verdict().await, "verified");
    let mut seen = Vec::new();
    for _ in 0..60 {
        scene.browser.press(TAB).await;
        seen.push(focus(&scene).await);
    }
    for name in ["Evidence of all of it", "The key that this is checked with"] {
        assert!(seen.iter().any(|found| found == name), "{name}: {seen:?}");
    }
    scene.browser.close().await;
}

/// The text of what has the focus.
async fn focus(scene: &Scene) -> String {
    scene.browser.text_of("return document.activeElement.textContent.trim()").await
}

#[tokio::test]
async fn a_log_that_grows_is_followed_and_newer_entries_are_announced() {
    let Some(scene) = Scene::set().await else { return };
    assert_eq!(scene.visit("/projects/project-2").await, "verified");
    let before = remembered(&scene).await;
    let mut submitter = Submitter::open(&scene.server).await;
    submitter.submit(files(900..1300)).await;
    super::scene::settle(&scene.server).await;
    assert_eq!(scene.visit("/projects/project-2").await, "verified");
    let after = remembered(&scene).await;
    assert!(after > before + 400, "{before} {after}");

    // The page is of an older head than the evidence.
    let page = reqwest::get(scene.url("/projects/project-2")).await.unwrap().bytes().await.unwrap();
    submitter.submit(files(1300..1400)).await;
    super::scene::settle(&scene.server).await;
    scene.proxy.lie(move |path, body| {
        if path.starts_with("/projects/") {
            body.clear();
            body.extend_from_slice(&page);
        }
    });
    assert_eq!(scene.visit("/projects/project-2").await, "verified");
    let says = scene.browser.text("#verification").await;
    assert!(says.contains("newer entries: reload"), "{says}");
    scene.browser.close().await;
}

/// Size of the head that the browser remembers.
async fn remembered(scene: &Scene) -> u64 {
    let note =
        "return Object.entries(localStorage).find(([key]) => key.startsWith('indelible:head:'))[1]";
    let note = scene.browser.text_of(note).await;
    note.lines().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_pinned_key_is_what_counts() {
    let Some(scene) = Scene::set().await else { return };
    let page = format!("/files/{CALM}");
    let pin = |text: &str| {
        let text = json!(text);
        format!(
            "document.querySelector('#vkey').value = {text}; document.querySelector('#pin').requestSubmit()"
        )
    };
    scene.visit(&page).await;
    scene.browser.run(&pin("nonsense")).await;
    scene
        .browser
        .until("return document.querySelector('#pin-says').textContent.startsWith('Not used')")
        .await;

    scene.browser.run("window.old = true").await;
    scene.browser.run(&pin(&scene.log.key().to_string())).await;
    scene.browser.until("return !window.old && document.readyState === 'complete'").await;
    assert_eq!(scene.browser.verdict().await, "verified");
    let says = scene.browser.text("#verification").await;
    assert!(says.contains("the key that you pinned"), "{says}");

    // Another key of the same name: what it would have signed is not there.
    let other = tlog::SigningKey::from_seed(scene.log.key().name(), &[1; 32]).unwrap();
    scene.browser.run("window.old = true").await;
    scene.browser.run(&pin(&other.verifying_key().to_string())).await;
    scene.browser.until("return !window.old && document.readyState === 'complete'").await;
    assert_eq!(scene.browser.verdict().await, "undecided");
    let says = scene.browser.text("#verification").await;
    assert!(says.contains("signature is missing"), "{says}");
    scene.browser.close().await;
}
