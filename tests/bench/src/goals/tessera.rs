//! A peer: Tessera's POSIX driver, through a program of ours in Go beside this one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::process::{output, peers};
use crate::table::Figure;

/// The program, built.
#[derive(Debug)]
pub(crate) struct Tessera(PathBuf);

/// What is added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adds {
    /// Entries of a batch at most; `None` for what Tessera takes by itself.
    pub(crate) batch: Option<u64>,
    /// Entries of 150 bytes under way at once.
    pub(crate) in_flight: usize,
}

impl Tessera {
    /// Finds it in the build directory, or builds it there, for which Go fetches Tessera.
    ///
    /// # Errors
    /// It can not be built.
    pub(crate) fn find() -> anyhow::Result<Tessera> {
        let root = peers()?;
        let built = root.join("bin/tessera-posix");
        if !built.exists() {
            build(&root, &built)?;
        }
        Ok(Tessera(built))
    }

    /// Adds single entries to a new log for some time.
    ///
    /// # Errors
    /// It fails.
    pub(crate) fn adds(&self, adds: Adds, time: Duration) -> anyhow::Result<Figure> {
        let dir = tempfile::tempdir()?;
        let mut command = Command::new(&self.0);
        command.arg("-dir").arg(dir.path().join("log"));
        command.args(["-in-flight", &adds.in_flight.to_string()]);
        command.args(["-time", &format!("{}ms", time.as_millis())]);
        if let Some(batch) = adds.batch {
            command.args(["-batch", &batch.to_string()]);
        }
        let measured: Value = serde_json::from_slice(&output(&mut command)?)?;
        let number = |name: &str| measured[name].as_f64().with_context(|| format!("no {name}"));
        let rate = number("entries")? / number("seconds")?;
        let (p50, p99) = (number("p50_ms")?, number("p99_ms")?);
        Ok(Figure::rate(rate).and(format!("{p50:.2} / {p99:.2} ms")))
    }
}

/// Builds it without a change to the sources.
fn build(root: &Path, built: &Path) -> anyhow::Result<()> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tessera");
    std::fs::create_dir_all(root)?;
    let modules = root.join("tessera-posix.mod");
    std::fs::copy(sources.join("go.mod"), &modules)?;
    let mut go = Command::new("go");
    go.current_dir(sources).args(["build", "-mod=mod", "-modfile"]).arg(modules);
    output(go.arg("-o").arg(built).arg(".")).map(drop)
}
