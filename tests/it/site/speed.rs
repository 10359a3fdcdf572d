//! How soon a page is there, and what it costs to fetch. The figures are printed; the bounds are those that a
//! page of a log of any size keeps.
//!
//! `INDELIBLE_PAGE_LOG` names the directory of another log to be measured, with `INDELIBLE_PAGE_PATHS` the
//! paths of its pages, with commas between them.

use std::path::PathBuf;

use serde_json::Value;

use super::browser::Browser;
use super::scene::{CHANGED, fill, serve, settle};
use crate::harness::{Server, TestLog};

/// Most bytes of one page without scripts, styles and evidence, compressed.
const MOST_HTML: u64 = 100_000;
/// Most bytes of all scripts and styles, compressed.
const MOST_ASSETS: u64 = 60_000;

/// Milliseconds and bytes of one page that was never seen before.
struct Figures {
    first_paint: u64,
    interactive: u64,
    verified: u64,
    html: u64,
    assets: u64,
    evidence: u64,
}

async fn measure(url: &str) -> Option<Figures> {
    let browser = Browser::open().await?;
    assert_eq!(browser.visit(url).await, "verified", "{url}");
    let figures = "const [navigation] = performance.getEntriesByType('navigation'); \
         const resources = performance.getEntriesByType('resource'); \
         const sum = (of) => resources.filter(of).reduce((all, { transferSize }) => all + transferSize, 0); \
         const isAsset = ({ name }) => new URL(name).pathname.startsWith('/site/'); \
         const [paint] = performance.getEntriesByName('first-contentful-paint'); \
         const [verified] = performance.getEntriesByName('indelible:ended'); \
         return [paint.startTime, navigation.domInteractive, verified.startTime, navigation.transferSize, \
         sum(isAsset), sum((resource) => !isAsset(resource))].map(Math.round)";
    let figures: Vec<Value> = serde_json::from_value(browser.run(figures).await).unwrap();
    browser.close().await;
    let figures: Vec<u64> = figures.iter().map(|figure| figure.as_u64().unwrap()).collect();
    let [first_paint, interactive, verified, html, assets, evidence] = figures[..] else {
        panic!("other figures: {figures:?}")
    };
    Some(Figures { first_paint, interactive, verified, html, assets, evidence })
}

/// The log to be measured and the paths of its pages.
async fn subject() -> (TestLog, Server, Vec<String>) {
    let log = TestLog::create().await;
    if let Some(data) = std::env::var_os("INDELIBLE_PAGE_LOG").map(PathBuf::from) {
        let server = Server::start(log.command_at(&data, &[])).await;
        let paths = std::env::var("INDELIBLE_PAGE_PATHS").unwrap_or_else(|_| "/".to_owned());
        return (log, server, paths.split(',').map(str::to_owned).collect());
    }
    let server = serve(&log).await;
    fill(&server).await;
    settle(&server).await;
    let paths = ["/".to_owned(), "/projects/project-5".to_owned(), format!("/files/{CHANGED}")];
    (log, server, paths.to_vec())
}

#[tokio::test]
#[allow(clippy::print_stderr, reason = "who reads the test's output must see it")]
async fn pages_are_small_and_soon_there() {
    let (_log, server, paths) = subject().await;
    for path in paths {
        let Some(figures) = measure(&format!("{}{path}", server.url)).await else { return };
        let Figures { first_paint, interactive, verified, html, assets, evidence } = figures;
        eprintln!(
            "{path}: first paint {first_paint} ms, interactive {interactive} ms, verified {verified} ms; \
             {html} bytes of HTML, {assets} of scripts and styles, {evidence} of evidence"
        );
        assert!(html <= MOST_HTML, "{path}: {html} bytes of HTML");
        assert!(assets <= MOST_ASSETS, "{path}: {assets} bytes of scripts and styles");
        assert!(interactive <= verified);
    }
}
