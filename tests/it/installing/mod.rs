//! Installing through the checking proxy: the real pip and the real uv, a real index server, and a
//! real log that observes it.

mod index;
mod story;
mod tools;

use std::path::PathBuf;

use client::{LookupKey, coverage};
use indelible::{LogArgs, ProxyArgs, Unobserved};
use record::{Digest, ProjectName};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::index::{Edge, Index, free_port, make_dists};
use self::tools::{Desk, TOOLS};
use crate::harness::{Ended, Server, TestLog, environment, within};

const WHEEL: &str = "indelible_one-1.0-py3-none-any.whl";
const CONTENT: &str = "VERSION = '1.0'\n";

/// An index, a log that has seen all of it, and a proxy that stands in front of the index's edge.
struct Stage {
    python: PathBuf,
    dists: TempDir,
    edge: Edge,
    proxy: String,
    stop: oneshot::Sender<()>,
    proxying: JoinHandle<()>,
    server: Server,
    log: TestLog,
    _index: Index,
}

impl Stage {
    /// `None` if there is no Python here that has the programs.
    async fn set(unobserved: Unobserved) -> Option<Stage> {
        Stage::set_with(unobserved, &[]).await
    }

    /// The same, the log being served with more options.
    async fn set_with(unobserved: Unobserved, more: &[&str]) -> Option<Stage> {
        let programs = ["pip==26.3", "pypiserver==2.4.2", "uv==0.13.9"];
        let python = environment("installers", &programs).await?;
        let dists = tempfile::tempdir().unwrap();
        make_dists(&python, dists.path(), &["indelible-one", "1.0", "indelible-one", "1.1"]).await;
        let index = Index::start(&python, dists.path()).await;
        let edge = Edge::start(&index).await;
        let log = TestLog::create().await;
        let options = ["--epoch-interval", "0", "--index", &index.url];
        let server = log.serve_with(&[options.as_slice(), more].concat()).await;
        within("observation", observed(&log, &server)).await;
        let listen = format!("127.0.0.1:{}", free_port().await);
        let args = ProxyArgs {
            listen: listen.clone(),
            index: Some(format!("{}/simple/", edge.url)),
            unobserved,
            wait: 1,
            max_age: None,
            max_head_age: None,
            log: LogArgs {
                log: Some(server.url.clone()),
                key: Some(log.key().to_string()),
                policy: None,
                state: Some(log.path("proxy")),
            },
        };
        let (stop, stopped) = oneshot::channel();
        let proxying = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            args.serve(&mut std::io::sink(), stopped).await.unwrap();
        });
        let proxy = format!("http://{listen}/simple/");
        let stage =
            Stage { python, dists, edge, proxy, stop, proxying, server, log, _index: index };
        within("the start of the proxy", stage.listening()).await;
        Some(stage)
    }

    async fn listening(&self) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        while client.get(&self.proxy).send().await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    fn desk(&self) -> Desk {
        Desk::new(&self.python, &self.proxy)
    }

    fn dist(&self, filename: &str) -> PathBuf {
        self.dists.path().join("indelible-one").join(filename)
    }

    async fn clear(self) {
        self.stop.send(()).unwrap();
        within("the end of the proxy", self.proxying).await.unwrap();
        self.server.terminate().await;
    }
}

/// Waits until the log can show that it has all four files, and that it has seen the whole index.
async fn observed(log: &TestLog, server: &Server) {
    let mut client = log.client(server, "observed");
    let key = LookupKey::Project(ProjectName::parse("indelible-one").unwrap());
    loop {
        let answer = client.lookup(&key).await.unwrap();
        let covered = answer.completeness().and_then(|complete| coverage(complete.epoch()));
        if covered.is_some() && answer.entries().len() == 4 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn assert_installed(desk: &Desk, target: &str, ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(desk.module(target, "indelible_one").as_deref(), Some(CONTENT), "{ended:?}");
}

fn assert_refused(desk: &Desk, target: &str, ended: &Ended, why: &str) {
    assert_ne!(ended.code, Some(0), "{ended:?}");
    assert!(ended.told().contains(why), "{ended:?}");
    assert_eq!(desk.module(target, "indelible_one"), None, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_logged_installs_as_ever() {
    let Some(stage) = Stage::set(Unobserved::Refuse).await else { return };
    for tool in TOOLS {
        let desk = stage.desk();
        let ended = desk.install(tool, "plain", &["indelible-one==1.0"]).await;
        assert_installed(&desk, "plain", &ended);
        // With hashes demanded, and from the source archive's page entry besides.
        let hash = |name: &str| Digest::sha256(&std::fs::read(stage.dist(name)).unwrap());
        let pinned = format!("indelible-one==1.0 --hash=sha256:{}\n", hash(WHEEL));
        desk.write("requirements.txt", &pinned);
        let locked = ["--require-hashes", "-r", "requirements.txt"];
        let ended = desk.install(tool, "locked", &locked).await;
        assert_installed(&desk, "locked", &ended);
    }
    stage.clear().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_are_refused_and_never_cached() {
    let Some(stage) = Stage::set(Unobserved::Refuse).await else { return };
    let what = ["indelible-one==1.0"];
    let why = format!("content: what the index sent for {WHEEL} has sha256");
    for tool in TOOLS {
        let desk = stage.desk();
        stage.edge.alter(true);
        let ended = desk.install(tool, "swapped", &what).await;
        assert_refused(&desk, "swapped", &ended, &why);
        // Nothing of the wrong file was kept: with the right bytes back, the same caches do.
        stage.edge.alter(false);
        let ended = desk.install(tool, "restored", &what).await;
        assert_installed(&desk, "restored", &ended);
        // What the caches hold now is right, whatever the edge serves.
        stage.edge.alter(true);
        let ended = desk.install(tool, "cached", &what).await;
        if ended.code == Some(0) {
            assert_installed(&desk, "cached", &ended);
        } else {
            assert_refused(&desk, "cached", &ended, &why);
        }
    }
    stage.clear().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_changed_is_refused() {
    let Some(stage) = Stage::set(Unobserved::Warn).await else { return };
    let desks = TOOLS.map(|tool| (tool, stage.desk()));
    let (_, desk) = &desks[1];
    desk.write(
        "project/pyproject.toml",
        "[project]\nname = \"app\"\nversion = \"0\"\nrequires-python = \">=3.12\"\n\
         dependencies = [\"indelible-one==1.0\"]\n",
    );
    let ended = desk.run("uv", &["sync", "--project", "project"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lock = std::fs::read_to_string(desk.path("project/uv.lock")).unwrap();
    assert!(lock.contains(&stage.proxy.replace("simple/", "files/indelible-one/")), "{lock}");

    // Both files of the release are replaced, and the index lists them with their new hashes.
    for name in [WHEEL, "indelible_one-1.0.tar.gz"] {
        let mut bytes = std::fs::read(stage.dist(name)).unwrap();
        bytes.extend_from_slice(b"evil");
        std::fs::write(stage.dist(name), bytes).unwrap();
    }
    for (tool, desk) in &desks {
        let ended = desk.install(tool, "changed", &["--no-cache-dir", "indelible-one==1.0"]).await;
        assert_refused(desk, "changed", &ended, "conflict: this file has sha256");
        // Who does not insist gets what can be had.
        let ended = desk.install(tool, "other", &["--no-cache-dir", "indelible-one"]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let installed = desk.module("other", "indelible_one");
        assert_eq!(installed.as_deref(), Some("VERSION = '1.1'\n"));
    }
    // The lock file still names the right hash, and the index does not have such a file any more.
    std::fs::remove_dir_all(desk.path("project/.venv")).unwrap();
    let ended = desk.run("uv", &["sync", "--frozen", "--no-cache", "--project", "project"]).await;
    assert_refused(desk, "project", &ended, "conflict: this file has sha256");
    stage.clear().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_the_log_has_not_seen() {
    let Some(stage) = Stage::set(Unobserved::Refuse).await else { return };
    make_dists(&stage.python, stage.dists.path(), &["indelible-one", "2.0"]).await;
    for tool in TOOLS {
        let desk = stage.desk();
        let ended = desk.install(tool, "newer", &["indelible-one==2.0"]).await;
        assert_refused(
            &desk,
            "newer",
            &ended,
            "unknown-release: the log does not have this release",
        );
        let ended = desk.install(tool, "any", &["indelible-one"]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let installed = desk.module("any", "indelible_one");
        assert_eq!(installed.as_deref(), Some("VERSION = '1.1'\n"));
    }
    stage.clear().await;
}
