//! Against index servers that others wrote: one that speaks HTML only, one that speaks JSON.
//!
//! They are installed from the package index into a virtual environment. Where Python or the index
//! is missing the tests say so and pass, unless `INDELIBLE_REQUIRE_PYTHON` is set.
#![allow(clippy::print_stderr, reason = "a skipped test says so")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use support::{Bench, hasty, settings};

const SERVERS: [&str; 2] = ["pypiserver==2.4.2", "simple-repository-server==0.10.0"];

/// The Python that has the servers, or why there is none.
static PYTHON: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("index-servers");
    // Test runners may start several processes at once.
    let lock = File::create(folder.with_extension("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    let python = folder.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(&python).args(quiet).args(SERVERS))?;
    Ok(python)
});

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The Python to use, or `None` if the test is to be skipped.
fn python() -> Option<&'static Path> {
    match &*PYTHON {
        Ok(python) => Some(python),
        Err(why) if std::env::var_os("INDELIBLE_REQUIRE_PYTHON").is_some() => panic!("{why}"),
        Err(why) => {
            eprintln!("skipped: no index servers here: {why}");
            None
        }
    }
}

/// A server process, ended with its test.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts a Python module that serves on a loopback port; `{port}` in its arguments becomes the
    /// port.
    fn start(python: &Path, module: &str, arguments: &[&str]) -> Server {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let arguments = arguments.iter().map(|text| text.replace("{port}", &port.to_string()));
        let child = Command::new(python)
            .args(["-m", module])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server { child, url: format!("http://127.0.0.1:{port}/") };
        for _ in 0..300 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{module} does not answer on port {port}");
    }

    fn html(python: &Path, dists: &Path) -> Server {
        let folder = dists.to_str().unwrap();
        let arguments = ["run", "-i", "127.0.0.1", "-p", "{port}", "--disable-fallback", folder];
        Server::start(python, "pypiserver", &arguments)
    }

    /// Speaks JSON for a local folder or for another index.
    fn json(python: &Path, upstream: &str) -> Server {
        let arguments = ["--host", "127.0.0.1", "--port", "{port}", upstream];
        Server::start(python, "simple_repository_server", &arguments)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn make_dists(python: &Path, folder: &Path, dists: &[&str]) {
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/index-server/make_dists.py");
    run(Command::new(python).arg(script).arg(folder).args(dists)).unwrap();
}

fn hash_of(path: &Path) -> String {
    record::Digest::sha256(&std::fs::read(path).unwrap()).to_string()
}

/// Observes, observes again, adds a release, removes a file: what the log has is what is in the
/// folder.
async fn follow_the_folder(python: &Path, url: &str, dists: &Path) {
    let mut bench = Bench::new(url, settings());
    bench.settings.caution = hasty();
    let first = bench.sweep().await;
    assert!(first.is_complete(), "{first}");
    assert_eq!((first.listed, first.files, first.entries), (2, 6, 6), "{first}");
    for entry in bench.log.entries() {
        let record::Entry::File(file) = entry else { panic!("only files so far") };
        let path = dists.join(file.project.as_str()).join(&file.filename);
        assert_eq!(file.sha256.to_string(), hash_of(&path), "{}", file.filename);
        assert!(["1.0", "1.1", "0.1"].contains(&file.version.as_str()), "{}", file.version);
    }
    assert_eq!(bench.news().len(), 6);

    let second = bench.sweep().await;
    assert_eq!((second.entries, second.unchanged), (0, 2), "{second}");

    make_dists(python, dists, &["indelible-two", "0.2"]);
    bench.sweep().await;
    assert_eq!(
        bench.news(),
        ["file indelible_two-0.2-py3-none-any.whl", "file indelible_two-0.2.tar.gz"]
    );
    std::fs::remove_file(dists.join("indelible-one/indelible_one-1.0.tar.gz")).unwrap();
    for _ in 0..2 {
        bench.sweep().await;
    }
    assert_eq!(bench.news(), ["removed indelible_one-1.0.tar.gz"]);
}

fn three_releases(python: &Path) -> tempfile::TempDir {
    let dists = tempfile::tempdir().unwrap();
    let releases = ["indelible-one", "1.0", "indelible-one", "1.1", "indelible-two", "0.1"];
    make_dists(python, dists.path(), &releases);
    dists
}

#[tokio::test]
async fn a_server_that_speaks_html() {
    let Some(python) = python() else { return };
    let dists = three_releases(python);
    let server = Server::html(python, dists.path());
    follow_the_folder(python, &server.url, dists.path()).await;
}

#[tokio::test]
async fn a_server_that_speaks_json() {
    let Some(python) = python() else { return };
    let dists = three_releases(python);
    let upstream = Server::html(python, dists.path());
    let server = Server::json(python, &format!("{}simple/", upstream.url));
    follow_the_folder(python, &format!("{}simple/", server.url), dists.path()).await;
}

#[tokio::test]
async fn a_server_that_states_no_hashes() {
    let Some(python) = python() else { return };
    let dists = three_releases(python);
    let server = Server::json(python, dists.path().to_str().unwrap());
    let bench = Bench::new(&server.url, settings());
    let report = bench.sweep().await;
    assert!(report.is_complete(), "{report}");
    assert_eq!((report.files, report.files_refused, report.entries), (6, 6, 0), "{report}");
    assert!(report.to_string().contains("the index states no sha256 for it"), "{report}");
}
