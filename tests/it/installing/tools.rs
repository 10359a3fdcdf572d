//! pip and uv, each with caches and configuration of its own.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

use crate::harness::{Ended, run};

/// The programs that install, by what they are called here.
pub(super) const TOOLS: [&str; 2] = ["pip", "uv"];

/// A place to install in, with caches that nothing else uses.
pub(super) struct Desk {
    python: PathBuf,
    index: String,
    dir: TempDir,
}

impl Desk {
    /// A desk whose programs know one index only.
    pub(super) fn new(python: &Path, index: &str) -> Desk {
        let dir = tempfile::tempdir().unwrap();
        Desk { python: python.to_owned(), index: index.to_owned(), dir }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs `pip` or `uv` with these arguments.
    pub(super) async fn run(&self, tool: &str, args: &[&str]) -> Ended {
        let mut command = Command::new(&self.python);
        command.args(["-m", tool]).args(args).current_dir(self.dir.path());
        command.env_clear().env("HOME", self.path("home")).env("PATH", "/usr/bin:/bin");
        command.env("PIP_CONFIG_FILE", "/dev/null").env("PIP_INDEX_URL", &self.index);
        command
            .env("PIP_CACHE_DIR", self.path("pip-cache"))
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        command.env("UV_DEFAULT_INDEX", &self.index).env("UV_CACHE_DIR", self.path("uv-cache"));
        command.env("UV_NO_CONFIG", "1").env("UV_PYTHON_DOWNLOADS", "never");
        command.env("UV_PYTHON", &self.python).env("NO_COLOR", "1").kill_on_drop(true);
        run(command).await
    }

    /// Installs requirements into a folder of the desk.
    pub(super) async fn install(&self, tool: &str, target: &str, what: &[&str]) -> Ended {
        let target = self.path(target);
        let mut args = if tool == "uv" { vec!["pip", "install"] } else { vec!["install"] };
        args.extend(["--no-deps", "--target", target.to_str().unwrap()]);
        args.extend(what);
        self.run(tool, &args).await
    }

    /// What was installed as the module `name`.
    pub(super) fn module(&self, target: &str, name: &str) -> Option<String> {
        std::fs::read_to_string(self.path(target).join(format!("{name}.py"))).ok()
    }
}

impl Ended {
    /// All that a person sees, on one line: programs break lines as they like.
    pub(super) fn told(&self) -> String {
        let text = format!("{} {}", self.stdout, self.stderr);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
