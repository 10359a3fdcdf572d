//! Virtual environments with programs that others wrote.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::needed;

/// A Python that these programs run on.
async fn python() -> Option<PathBuf> {
    let named = std::env::var_os("INDELIBLE_PYTHON").map(PathBuf::from);
    let common = ["python3.14", "python3.13", "python3.12", "python3"].map(PathBuf::from);
    let mut candidates: Vec<PathBuf> = named.into_iter().chain(common).collect();
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let installed = std::fs::read_dir(home.join(".pyenv/versions")).into_iter().flatten();
    candidates.extend(installed.filter_map(|dir| Some(dir.ok()?.path().join("bin/python3"))));
    for candidate in candidates {
        let mut probe = Command::new(&candidate);
        probe.args(["-c", "import sys, venv; sys.exit(sys.version_info < (3, 12))"]);
        if probe.output().await.is_ok_and(|output| output.status.success()) {
            return Some(candidate);
        }
    }
    None
}

/// The Python of an environment with `packages`, made once for all runs. Where there can be none it
/// says so and is `None`, unless `INDELIBLE_REQUIRE_PYTHON` is set.
pub(crate) async fn environment(name: &str, packages: &[&str]) -> Option<PathBuf> {
    let made = make(name, packages).await.ok_or_else(|| "it can not be made".to_owned());
    needed(made, "PYTHON", &format!("a Python with {packages:?}"))
}

async fn make(name: &str, packages: &[&str]) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // Test runners may start several processes at once.
    let lock = File::create(folder.with_extension("lock")).ok()?;
    lock.lock().ok()?;
    let interpreter = folder.join("bin/python");
    let done = folder.join("installed");
    let wanted = packages.join(" ");
    if std::fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Some(interpreter);
    }
    let mut create = Command::new(python().await?);
    create.args(["-m", "venv", "--clear"]).arg(&folder);
    let mut install = Command::new(&interpreter);
    install.args(["-m", "pip", "install", "--quiet"]).args(packages);
    if !(succeeds(create).await && succeeds(install).await) {
        return None;
    }
    std::fs::write(done, wanted).ok()?;
    Some(interpreter)
}

/// Downloads take longer than anything else that is waited for.
async fn succeeds(mut command: Command) -> bool {
    let output = command.kill_on_drop(true).output();
    let ended = tokio::time::timeout(Duration::from_secs(300), output).await;
    ended.is_ok_and(|output| output.is_ok_and(|output| output.status.success()))
}
