//! Programs that others wrote, in Rust.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::needed;

/// Version of `siglog`.
const SIGLOG: &str = "0.1.0";

/// A program of the crate `siglog`, `siglog` or `witness`, built once for all runs, which takes minutes; in
/// the directory that `INDELIBLE_PEERS` names, if it does. Where it can not be built this says so and is
/// `None`, unless `INDELIBLE_REQUIRE_PEERS` is set.
pub(crate) async fn siglog(program: &str) -> Option<PathBuf> {
    needed(build(program).await, "PEERS", &format!("siglog {SIGLOG}"))
}

async fn build(program: &str) -> Result<PathBuf, String> {
    let root = std::env::var_os("INDELIBLE_PEERS").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers"));
    std::fs::create_dir_all(&root).map_err(|error| error.to_string())?;
    // Test runners may start several processes at once.
    let lock = File::create(root.join("lock")).map_err(|error| error.to_string())?;
    let locked = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock));
    let _lock = locked.await.unwrap().map_err(|error| error.to_string())?;
    let installed = root.join("bin").join(program);
    if installed.exists() {
        return Ok(installed);
    }
    let mut install = Command::new(env!("CARGO"));
    install.args(["install", "siglog", "--locked", "--version", SIGLOG]);
    install.args(["--bin", "siglog", "--bin", "witness", "--force", "--root"]).arg(&root);
    let output = install.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(installed);
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
