//! Logs in a bucket of a distributed object store.

#[path = "../../../crates/store/tests/failing/mod.rs"]
#[allow(dead_code, reason = "the store's own tests use all of it")]
mod failing;
#[path = "../../../crates/store/tests/matrix/mod.rs"]
mod matrix;
mod moving;
mod restored;
mod standby;
#[path = "../../../crates/store/tests/takeover/mod.rs"]
mod takeover;
mod trouble;

use std::path::Path;
use std::time::Duration;

use store::conformance;
use tlog::VerifyingKey;
use tokio::process::Command;

use crate::harness::{Ended, Server, Submitter, TOKEN, Weed, files, indelibled, raw, run, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_distributed_store_conforms_and_survives_every_fault() {
    let Some(weed) = Weed::start().await else { return };
    conformance::run(&matrix::Bucket(weed.objects())).await;
    let failures = matrix::every_request_fails(&weed.objects()).await;
    assert!(failures > 60, "{failures}");
    let failures = takeover::every_request_fails(&weed.objects()).await;
    assert!(failures > 60, "{failures}");
}

/// A log whose key is here and whose bytes are in a bucket.
struct Log<'a> {
    weed: &'a Weed,
    dir: tempfile::TempDir,
    key: VerifyingKey,
}

impl Log<'_> {
    async fn create<'a>(weed: &'a Weed, name: &str) -> Log<'a> {
        let dir = tempfile::tempdir().unwrap();
        let mut command = indelibled(["init", "--origin", "log.example/bucket", "--store"]);
        command.arg(Weed::log(name)).arg("--data").arg(dir.path().join("log"));
        weed.tell(&mut command);
        let ended = run(command).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        std::fs::write(dir.path().join("token"), TOKEN).unwrap();
        let key = VerifyingKey::parse(ended.stdout.trim_end()).unwrap();
        Log { weed, dir, key }
    }

    /// Serves it from a directory beside the log's, which has the key and the name of the bucket.
    fn command(&self, directory: &str) -> Command {
        self.command_at(directory, "127.0.0.1:0")
    }

    /// The same at an address that is known before.
    fn command_at(&self, directory: &str, listen: &str) -> Command {
        let data = self.dir.path().join(directory);
        if !data.exists() {
            std::fs::create_dir(&data).unwrap();
            for file in ["key", "bucket"] {
                std::fs::copy(self.dir.path().join("log").join(file), data.join(file)).unwrap();
            }
        }
        let mut command = indelibled(["serve", "--listen", listen, "--min-free", "0"]);
        command.arg("--data").arg(data).arg("--token-file").arg(self.dir.path().join("token"));
        self.weed.tell(&mut command);
        command
    }

    async fn serve(&self, directory: &str) -> Server {
        Server::start(self.command(directory)).await
    }

    /// The same, after a writer that gave no notice.
    async fn serve_after_kill(&self, directory: &str) -> Server {
        let mut command = self.command(directory);
        command.args(["--lease", "1"]);
        let server = Server::start(command).await;
        writes(&server).await;
        server
    }

    async fn assert_clean(&self, directory: &str, size: u64) {
        let ended = fsck(self.weed, &self.dir.path().join(directory)).await;
        assert_eq!(ended.code, Some(0), "{} {}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains(&format!("clean: size {size},")), "{}", ended.stdout);
    }
}

#[tokio::test]
async fn a_log_in_a_bucket_is_served_and_static_readers_need_no_server() {
    let Some(weed) = Weed::start().await else { return };
    let log = Log::create(&weed, "a/log").await;
    let server = log.serve("log").await;
    let mut submitter = Submitter::open(&server).await;
    for batch in [0..5, 5..300, 300..301] {
        submitter.submit(files(batch)).await;
    }
    let (address, prefix) = weed.public("a/log");
    for path in ["/checkpoint", "/tile/0/000", "/tile/0/001.p/45", "/tile/entries/001.p/45"] {
        let served = raw(server.address(), "GET", path, "").await;
        let bare = raw(&address, "GET", &format!("{prefix}{path}"), "").await;
        assert_eq!((bare.status, served.status), (200, 200), "{path}");
        assert_eq!(bare.body, served.body, "{path}");
        for header in ["content-type", "cache-control"] {
            assert_eq!(bare.header(header), served.header(header), "{path} {header}");
        }
    }
    server.kill().await;

    // From another machine, with nothing but the key and the name of the bucket, once the other is silent.
    let server = log.serve_after_kill("elsewhere").await;
    Submitter::open(&server).await.submit(files(300..400)).await;
    server.terminate().await;
    log.assert_clean("elsewhere", 400).await;

    let mut again = indelibled(["init", "--origin", "log.example/bucket", "--store"]);
    again.arg(Weed::log("a/log")).arg("--data").arg(log.dir.path().join("again"));
    weed.tell(&mut again);
    let refused = run(again).await;
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("a log exists here already"), "{}", refused.stderr);
}

/// What `indelibled fsck` says of a log whose store is in the bucket.
async fn fsck(weed: &Weed, data: &Path) -> Ended {
    let mut command = indelibled(["fsck", "--data"]);
    command.arg(data);
    weed.tell(&mut command);
    run(command).await
}

/// Waits until the server is the writer.
async fn writes(server: &Server) {
    let writes = async {
        loop {
            let health = raw(server.address(), "GET", "/healthz", "").await;
            if health.status == 200 && !health.body.ends_with(b"another process writes\n") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within("the lease", writes).await;
}

/// Submits ten files more; whether they were taken.
async fn grow(server: &Server, from: u64) -> bool {
    let mut submitter = Submitter::open(server).await;
    matches!(submitter.try_submit(files(from..from + 10)).await, Ok(Ok(_)))
}

#[tokio::test]
async fn a_volume_server_is_lost_and_comes_back() {
    let Some(weed) = Weed::start().await else { return };
    let log = Log::create(&weed, "log").await;
    let (mut server, mut taken) = (log.serve("log").await, Vec::new());
    for round in 0..30 {
        match round {
            8 => weed.lose_volume(0).await,
            20 => weed.return_volume(0),
            _ => {}
        }
        let from = round * 10;
        if grow(&server, from).await {
            taken.push(from);
            continue;
        }
        // What it could not write for certain it does not write: it ends, to be started again.
        let status = server.ended().await;
        assert_eq!(status.code(), Some(2), "{}", server.said());
        weed.return_volume(0);
        server = restarted(&log).await;
    }
    assert!(taken.len() > 20, "{taken:?}");
    for from in &taken {
        let again = Submitter::open(&server).await.submit(files(*from..from + 10)).await;
        assert_eq!(again.entries, 0, "an answered entry is gone");
    }
    let size = server.published_size().await;
    server.terminate().await;
    log.assert_clean("log", size).await;
}

/// Serves a log whose store may not be reachable yet.
async fn restarted(log: &Log<'_>) -> Server {
    let started = async {
        loop {
            match Server::try_start(log.command("log")).await {
                Ok(server) => return server,
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    };
    within("a store that is whole again", started).await
}
