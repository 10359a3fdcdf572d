//! A peer: `siglog`, a tlog-tiles server that keeps its state in files and `SQLite`. It answers with a
//! position before the entry is integrated or durable.

use std::cell::Cell;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use tlog::SigningKey;

use crate::load::{self, Exchange, Http, Load, Refused, Requests, get};
use crate::process::{self, Server, peers};
use crate::table::Figure;

const VERSION: &str = "0.1.0";
const ORIGIN: &str = "log.example/peer";
/// Under load it fails some of what it is asked.
const ATTEMPTS: u32 = 1000;
/// Time after the load until it has done what it will do.
const PATIENCE: Duration = Duration::from_secs(3);

/// The program, installed.
#[derive(Debug)]
pub(crate) struct Siglog(PathBuf);

impl Siglog {
    /// Finds it in the build directory, or installs it there, which takes minutes.
    ///
    /// # Errors
    /// It can not be installed.
    pub(crate) fn find() -> anyhow::Result<Siglog> {
        let root = peers()?;
        let installed = root.join("bin/siglog");
        if !installed.exists() {
            let mut install = std::process::Command::new("cargo");
            install.args([
                "install",
                "siglog",
                "--locked",
                "--bin",
                "siglog",
                "--version",
                VERSION,
            ]);
            process::output(install.arg("--root").arg(&root))?;
        }
        Ok(Siglog(installed))
    }

    /// Adds single entries over `connections`, one at a time over each.
    ///
    /// # Errors
    /// It does not start or does not answer.
    pub(crate) fn adds(&self, connections: usize, time: Duration) -> anyhow::Result<Figure> {
        let dir = tempfile::tempdir()?;
        let address = free_address()?;
        let key = SigningKey::from_seed(ORIGIN, &[7; 32])?;
        let mut command = process::command(&self.0, None);
        let database = format!("sqlite://{}?mode=rwc", dir.path().join("state.db").display());
        command.env("LOG_PRIVATE_KEY", key.secret_text().as_str());
        command.args(["--database-url", &database, "--storage-backend", "fs", "--fs-root"]);
        command.arg(dir.path().join("tiles")).args(["--origin", ORIGIN, "--listen", &address]);
        command.args(["--batch-max-size", "4096", "--batch-max-age-ms", "20"]);
        let server = Server::start_at(command, address)?;
        process::on_all_cores(load(&server, connections, time))
    }
}

fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Adds an entry again until it is taken.
struct Adding<'a> {
    http: Http,
    refused: &'a Cell<u64>,
}

impl Exchange for Adding<'_> {
    async fn exchange(&mut self, number: usize) -> anyhow::Result<Bytes> {
        for _ in 0..ATTEMPTS {
            match self.http.exchange(number).await {
                Err(error) if error.is::<Refused>() => self.refused.set(self.refused.get() + 1),
                done => return done,
            }
        }
        bail!("it took none of {ATTEMPTS} attempts to add an entry")
    }
}

async fn load(server: &Server, connections: usize, time: Duration) -> anyhow::Result<Figure> {
    let refused = Cell::new(0);
    let workers = Http::connect(&server.address, &requests(), connections).await?;
    let workers = workers.into_iter().map(|http| Adding { http, refused: &refused }).collect();
    let measured = load::run(workers, Load { time, rate: None, server: server.pid() }).await?;
    tokio::time::sleep(PATIENCE).await;
    let checkpoint = load::pool(vec![get("/checkpoint")]);
    let mut asking = Http::connect(&server.address, &checkpoint, 1).await?;
    let answer = asking.first_mut().context("one connection")?.exchange(0).await?;
    let text = std::str::from_utf8(&answer)?;
    let size = text.lines().nth(1).context("a checkpoint has a size")?;
    let integrated = format!(
        "{} times status 500; {size} integrated {} s after {} and more adds",
        refused.get(),
        PATIENCE.as_secs(),
        measured.requests
    );
    Ok(Figure::rate(measured.rate()).and(&measured.latency).and(integrated))
}

/// Adds entries of 150 bytes, no two of which are the same.
fn requests() -> Requests {
    Arc::new(|number| {
        let request =
            format!("POST /add HTTP/1.1\r\nHost: log\r\nContent-Length: 150\r\n\r\n{number:0>150}");
        Bytes::from(request)
    })
}
