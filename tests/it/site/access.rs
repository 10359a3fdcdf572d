//! Whether everybody can use the page: it is audited with axe-core, which npm fetches once for all runs, into
//! the directory that `INDELIBLE_AXE` names if it does. Without npm the test says so and passes, unless
//! `INDELIBLE_REQUIRE_BROWSER` is 1.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use super::scene::{CALM, CHANGED, Scene};
use crate::harness::{needed, within};

/// Version of axe-core.
const AXE: &str = "4.14.1";

/// The text of axe-core.
async fn axe() -> Result<String, String> {
    let root = std::env::var_os("INDELIBLE_AXE").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("axe"));
    let script = root.join(AXE).join("node_modules/axe-core/axe.min.js");
    if !script.exists() {
        let mut install = Command::new("npm");
        install.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]);
        install.arg("--prefix").arg(root.join(AXE)).arg(format!("axe-core@{AXE}"));
        let output = install.kill_on_drop(true).output();
        let output = tokio::time::timeout(Duration::from_secs(300), output).await;
        let output = output.map_err(|_| "npm takes too long".to_owned())?;
        let output = output.map_err(|error| format!("npm: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
    }
    std::fs::read_to_string(&script).map_err(|error| error.to_string())
}

/// What axe-core finds on the page that is open: impact, rule and where.
async fn findings(scene: &Scene, axe: &str) -> Vec<String> {
    scene.browser.run(axe).await;
    let audit = "const done = arguments[0]; \
         axe.run().then(({ violations }) => done(violations.map(({ id, impact, nodes }) => \
         `${impact} ${id} ${nodes.map(({ html }) => html).join(' | ')}`)), (error) => done([`error ${error}`]))";
    let found = within("an audit", scene.browser.client.execute_async(audit, Vec::new())).await;
    let found: Vec<Value> = serde_json::from_value(found.unwrap()).unwrap();
    found.iter().map(|finding| finding.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn nothing_keeps_anybody_out() {
    let Some(scene) = Scene::set().await else { return };
    let Some(axe) = needed(axe().await, "BROWSER", "axe-core from npm") else { return };
    // The auditor is no part of the page, whose policy would not let it in.
    scene.browser.tools("Page.setBypassCSP", json!({ "enabled": true })).await;
    for colours in ["light", "dark"] {
        let features =
            json!({ "features": [{ "name": "prefers-color-scheme", "value": colours }] });
        scene.browser.tools("Emulation.setEmulatedMedia", features).await;
        for path in ["/", "/projects/project-5", "/projects/never-seen"] {
            assert_eq!(scene.visit(path).await, "verified", "{path}");
            let found = findings(&scene, &axe).await;
            assert_eq!(found, [""; 0], "{path} in {colours}");
        }
        for name in [CALM, CHANGED] {
            assert_eq!(scene.visit(&format!("/files/{name}")).await, "verified");
            assert_eq!(findings(&scene, &axe).await, [""; 0], "{name} in {colours}");
        }
        scene.browser.client.goto(&scene.url("/check")).await.unwrap();
        scene.browser.until("return !document.querySelector('#drop').hidden").await;
        assert_eq!(findings(&scene, &axe).await, [""; 0], "/check in {colours}");
        scene.proxy.lie(|path, body| {
            if path.starts_with("/evidence/") {
                super::proxy::falsify_signature(body);
            }
        });
        assert_eq!(scene.visit(&format!("/files/{CHANGED}")).await, "disproven");
        assert_eq!(findings(&scene, &axe).await, [""; 0], "the red page in {colours}");
        scene.proxy.lie(|_, _| ());
    }
    scene.browser.close().await;
}
