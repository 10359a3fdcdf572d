//! A log with a witness: who vouches for it is shown, and a false cosignature is seen.

use super::browser::Browser;
use super::proxy::{Proxy, falsify_signature};
use super::scene::{CALM, settle};
use crate::harness::{Cosigner, Quorum, Submitter, TestLog, files, policy};

#[tokio::test]
async fn witnesses_are_named_and_their_signatures_checked() {
    let Some(browser) = Browser::open().await else { return };
    let (log, witness) = (TestLog::create().await, Cosigner::create("w1").await);
    let (path, text) = policy(&log, &[witness.line()], &Quorum(1));
    let _running = witness.serve(log.key()).await;
    let more = ["--epoch-interval", "0", "--policy", path.to_str().unwrap()];
    let server = log.serve_with(&more).await;
    Submitter::open(&server).await.submit(files(0..20)).await;
    settle(&server).await;
    let proxy = Proxy::start(&server).await;
    let url = format!("{}/files/{CALM}", proxy.url);
    assert_eq!(browser.visit(&url).await, "verified");
    let says = browser.text("#verification").await;
    assert!(says.contains("Cosigned by witness.example/w1 at 20"), "{says}");
    assert_eq!(browser.visit(&format!("{}/", proxy.url)).await, "verified");
    let home = browser.text("main").await;
    assert!(home.contains("witness.example/w1"), "{home}");

    // The last line of evidence is the cosignature.
    proxy.lie(|path, body| {
        if path.starts_with("/evidence/") {
            falsify_signature(body);
        }
    });
    assert_eq!(browser.visit(&url).await, "disproven");
    let says = browser.text("#verification").await;
    assert!(says.contains("the cosignature of witness.example/w1 is forged"), "{says}");

    // A policy can be pinned as it is; a witness in it that did not cosign is said not to have done so.
    proxy.lie(|_, _| ());
    let other = Cosigner::create("w2").await;
    let text = text.replace("group enough", &format!("{}\ngroup enough", other.line()));
    let pin = format!(
        "window.old = true; document.querySelector('#vkey').value = {}; document.querySelector('#pin').requestSubmit()",
        serde_json::json!(text)
    );
    browser.run(&pin).await;
    browser.until("return !window.old && document.readyState === 'complete'").await;
    assert_eq!(browser.verdict().await, "verified");
    let says = browser.text("#verification").await;
    assert!(says.contains("the key that you pinned"), "{says}");
    assert!(says.contains("Not cosigned by witness.example/w2"), "{says}");
    browser.close().await;
}
