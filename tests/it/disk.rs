//! A disk that fills up: a tmpfs, mounted in a mount namespace of the test's own.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tokio::process::Command;
use tonic::Code;

use crate::harness::{Reader, Server, Submitter, TestLog, files, large_files, needed, raw, run};

/// Set in the process that runs inside the namespace.
const INSIDE: &str = "INDELIBLE_TEST_NAMESPACE";
/// Size of the file system in MiB: the store reserves some tens of them ahead.
const SIZE: usize = 256;

/// Runs the test `name` of this program again where it may mount; true in that process itself.
async fn inside(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let found = unshare().await.ok_or_else(|| "`unshare` fails".to_owned());
    let Some(mut again) = needed(found, "TMPFS", "the right to mount a tmpfs") else {
        return false;
    };
    again.arg(std::env::current_exe().unwrap());
    again.args([name, "--exact", "--nocapture"]).env(INSIDE, "1").kill_on_drop(true);
    let ended = run(again).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("1 passed"), "{}", ended.stdout);
    false
}

/// A command that runs another one in a mount namespace of its own: as a user who is root there, or
/// as root. `None` if neither is allowed.
async fn unshare() -> Option<Command> {
    for options in ["-Urm", "-m"] {
        let mut probe = Command::new("unshare");
        probe.args([options, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
        if probe.output().await.is_ok_and(|output| output.status.success()) {
            let mut command = Command::new("unshare");
            command.arg(options);
            return Some(command);
        }
    }
    None
}

/// A log on a file system of its own, which a file fills.
struct SmallDisk {
    log: TestLog,
    ballast: PathBuf,
}

impl SmallDisk {
    async fn create() -> SmallDisk {
        let dir = tempfile::tempdir().unwrap();
        let disk = dir.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={SIZE}m"), "tmpfs"]).arg(&disk);
        let mounted = run(mount).await;
        assert_eq!(mounted.code, Some(0), "{}", mounted.stderr);
        let log = TestLog::create_at(dir, disk.join("log"), "log.example/pypi").await;
        SmallDisk { log, ballast: disk.join("ballast") }
    }

    /// Fills the disk until only `left` MiB are free.
    fn fill(&self, left: usize) {
        let mut file = File::create(&self.ballast).unwrap();
        let free = free_mib(self.ballast.parent().unwrap());
        let block = vec![1; 1 << 20];
        for _ in left..free {
            file.write_all(&block).unwrap();
        }
        // Whatever is left of the last MiB, if it is to be full.
        while left == 0 && file.write(&block[..4096]).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(&self.ballast).unwrap();
    }
}

fn free_mib(dir: &Path) -> usize {
    let stat = rustix::fs::statvfs(dir).unwrap();
    usize::try_from((stat.f_bavail * stat.f_frsize) >> 20).unwrap()
}

/// Status and line of `/healthz`.
async fn health(server: &Server) -> (u16, String) {
    let answer = raw(server.address(), "GET", "/healthz", "").await;
    (answer.status, String::from_utf8(answer.body).unwrap())
}

#[tokio::test]
async fn with_little_room_the_log_is_read_only_until_there_is_more() {
    if !inside("disk::with_little_room_the_log_is_read_only_until_there_is_more").await {
        return;
    }
    let disk = SmallDisk::create().await;
    let server = disk.log.serve_with(&["--min-free", "60"]).await;
    let mut submitter = Submitter::open(&server).await;
    submitter.submit(files(0..10)).await;
    assert_eq!(health(&server).await.0, 200);

    disk.fill(40);
    let refused = submitter.refused(files(10..20)).await;
    assert_eq!(refused.code, Code::Unavailable as i32, "{refused:?}");
    let reason = "are reserved: the log is read-only until there is more room";
    assert!(refused.message.contains(reason), "{refused:?}");
    let (status, line) = health(&server).await;
    assert_eq!(status, 503);
    assert!(line.contains(reason), "{line}");
    let mut reader = Reader::open(&server).await;
    assert_eq!(reader.tree().await.size(), 10, "reads go on");
    assert_eq!(reader.inclusion(9, None).await.unwrap().0.len(), 2);

    disk.free();
    assert_eq!(submitter.submit(files(10..20)).await.entries, 10);
    assert_eq!(health(&server).await.0, 200);
    assert_eq!(reader.tree().await.size(), 20);
    server.terminate().await;
    assert_eq!(disk.log.fsck().await.code, Some(0));
}

#[tokio::test]
async fn a_full_disk_stops_the_log_and_costs_nothing_that_was_answered() {
    if !inside("disk::a_full_disk_stops_the_log_and_costs_nothing_that_was_answered").await {
        return;
    }
    let disk = SmallDisk::create().await;
    let server = disk.log.serve().await;
    let mut submitter = Submitter::open(&server).await;
    submitter.submit(files(0..10)).await;
    disk.fill(0);
    let mut answered = 10;
    let refused = loop {
        assert!(answered < 50_000, "the disk never was full");
        match submitter.try_submit(large_files(answered..answered + 100)).await.unwrap() {
            Ok(_) => answered += 100,
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.code, Code::Unavailable as i32, "{refused:?}");
    assert!(refused.message.contains("the log stopped writing"), "{refused:?}");
    assert!(refused.message.contains("No space left on device"), "{refused:?}");
    let mut reader = Reader::open(&server).await;
    assert_eq!(reader.tree().await.size(), answered, "reads go on, and show what was answered");
    let (status, line) = health(&server).await;
    assert!(status == 503 && line.contains("the log stopped writing"), "{status} {line}");

    // More room alone does not help: what is durable is known after the next start.
    disk.free();
    let refused = submitter.refused(files(0..1)).await;
    assert!(refused.message.contains("the log stopped writing"), "{refused:?}");
    let before = reader.tree().await.entries;
    server.terminate().await;

    let server = disk.log.serve().await;
    let mut reader = Reader::open(&server).await;
    let tree = reader.tree().await;
    assert!(tree.entries.starts_with(&before), "something that was answered is lost");
    assert_eq!(disk.log.head(&reader.checkpoint().await), tree.head(tree.size()));
    let mut submitter = Submitter::open(&server).await;
    let more = submitter.submit(large_files(answered..answered + 100)).await.entries;
    assert_eq!(tree.size() + more, answered + 100, "the refused batch was logged whole or not");
    server.terminate().await;
    let fsck = disk.log.fsck().await;
    assert_eq!(fsck.code, Some(0), "{fsck:?}");
}
