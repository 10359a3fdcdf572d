//! The verifier of the web page, in Node.
//!
//! Needs Node 18 or later as `node`, or as `INDELIBLE_NODE` names it; required if `INDELIBLE_REQUIRE_NODE` is 1.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{agrees, skip, succeeds};

const SCRIPT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/evidence/verify_evidence.mjs");

fn interpreter() -> Option<PathBuf> {
    let node = PathBuf::from(env::var_os("INDELIBLE_NODE").unwrap_or_else(|| "node".into()));
    let probe = "const { subtle } = require('node:crypto').webcrypto; \
                 subtle.generateKey('Ed25519', false, ['sign', 'verify']).catch(() => process.exit(1))";
    succeeds(Command::new(&node).args(["-e", probe]).stderr(Stdio::null())).then_some(node)
}

#[tokio::test]
async fn the_page_accepts_the_same_evidence() {
    match interpreter() {
        Some(node) => agrees(&node, SCRIPT).await,
        None => skip("Node 18", "INDELIBLE_REQUIRE_NODE"),
    }
}
