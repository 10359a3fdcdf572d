//! The verifier in Python.
//!
//! Needs Python 3.12 or later, named by `INDELIBLE_PYTHON` or found, and `cryptography` from its package
//! index; required if `INDELIBLE_REQUIRE_PYTHON` is 1.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{agrees, skip, succeeds};

const SCRIPT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/evidence/verify_evidence.py");

fn is_recent(python: &PathBuf) -> bool {
    let probe = "import sys, venv; sys.exit(sys.version_info < (3, 12))";
    succeeds(Command::new(python).args(["-c", probe]).stderr(Stdio::null()))
}

fn python() -> Option<PathBuf> {
    if let Some(named) = env::var_os("INDELIBLE_PYTHON") {
        return Some(named.into());
    }
    let names = ["python3.14", "python3.13", "python3.12", "python3"].map(PathBuf::from);
    let pyenv = Path::new(&env::var_os("HOME")?).join(".pyenv/versions");
    let installed = std::fs::read_dir(pyenv).into_iter().flatten();
    let installed = installed.filter_map(|dir| Some(dir.ok()?.path().join("bin/python3")));
    names.into_iter().chain(installed).find(is_recent)
}

/// A Python with `cryptography`, made once for all runs.
fn interpreter() -> Option<PathBuf> {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cryptography");
    let interpreter = venv.join("bin/python");
    let installed = || succeeds(Command::new(&interpreter).args(["-c", "import cryptography"]));
    if !installed() {
        succeeds(Command::new(python()?).args(["-m", "venv", "--clear"]).arg(&venv));
        let install = ["-m", "pip", "install", "--quiet", "cryptography"];
        succeeds(Command::new(&interpreter).args(install));
    }
    installed().then_some(interpreter)
}

#[tokio::test]
async fn python_accepts_the_same_evidence() {
    match interpreter() {
        Some(interpreter) => agrees(&interpreter, SCRIPT).await,
        None => skip("Python 3.12 with cryptography", "INDELIBLE_REQUIRE_PYTHON"),
    }
}
