//! How a log begins, ends and begins again, and what it refuses to begin with.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use indelible_proto::v1::lookup_request::Key;
use indelible_proto::v1::{GetEntriesRequest, LookupRequest, LookupResponse, WatchRequest};
use indelibled::register::HeadRegister;
use rustix::process::Signal;
use tlog::SignedCheckpoint;
use tonic::Code;

use crate::harness::{
    Ended, Reader, Server, Submitter, TestLog, copy_tree, files, indelibled, init, large_files,
    run, within,
};

/// Every file below a directory with its contents.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

#[tokio::test]
async fn init_never_creates_over_anything() {
    let log = TestLog::create().await;
    let before = contents(log.data());
    let again = init(log.data(), "log.example/pypi").await;
    assert_eq!((again.code, again.stdout.as_str()), (Some(2), ""), "{}", again.stderr);
    assert!(again.stderr.contains("is not empty"), "{}", again.stderr);
    assert_eq!(contents(log.data()), before);

    let occupied = log.path("occupied");
    fs::create_dir(&occupied).unwrap();
    fs::write(occupied.join(".hidden"), "x").unwrap();
    let refused = init(&occupied, "log.example/pypi").await;
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert_eq!(contents(&occupied).len(), 1);

    let empty = log.path("empty");
    fs::create_dir(&empty).unwrap();
    assert_eq!(init(&empty, "log.example/pypi").await.code, Some(0));
    assert_ne!(fs::read(empty.join("key")).unwrap(), fs::read(log.data().join("key")).unwrap());
}

#[tokio::test]
async fn init_keeps_the_key_to_its_owner() {
    let log = TestLog::create().await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(log.data()), 0o700);
    assert_eq!(mode(&log.data().join("key")), 0o600);
}

#[tokio::test]
async fn names_that_no_log_can_have() {
    let dir = tempfile::tempdir().unwrap();
    for origin in ["", "two words", "a+b", "line\nbreak"] {
        let data = dir.path().join("log");
        let ended = init(&data, origin).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{origin:?}");
        assert!(ended.stderr.contains("can not be the name of a log"), "{}", ended.stderr);
        assert!(!data.exists(), "{origin:?} left something behind");
    }
}

async fn serve_refused(data: &Path) -> Ended {
    let mut command = indelibled(["serve", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(data);
    match Server::try_start(command).await {
        Ok(server) => panic!("it was served: {}", server.said()),
        Err(ended) => ended,
    }
}

#[tokio::test]
async fn serve_creates_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let (absent, empty) = (dir.path().join("absent"), dir.path().join("empty"));
    fs::create_dir(&empty).unwrap();
    for data in [&absent, &empty] {
        let ended = serve_refused(data).await;
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains("`indelibled init` creates a log"), "{}", ended.stderr);
    }
    assert!(!absent.exists());
    assert_eq!(contents(&empty).len(), 0);

    let log = TestLog::create().await;
    fs::remove_dir_all(log.data().join("store")).unwrap();
    let refusal = log.refusal(&[]).await;
    assert!(refusal.contains("there is no log here"), "{refusal}");
    assert!(!log.data().join("store").exists() && !log.data().join("catalog").exists());
}

/// A log with some entries, not being served.
async fn written(entries: u64) -> TestLog {
    let log = TestLog::create().await;
    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(0..entries)).await;
    server.terminate().await;
    log
}

#[tokio::test]
async fn only_its_own_key_opens_a_log() {
    let log = written(5).await;
    let key = log.data().join("key");
    let own = fs::read(&key).unwrap();
    let (same_name, other_name) =
        (TestLog::create().await, TestLog::named("other.example/pypi").await);
    let cases = [
        (
            fs::read(same_name.data().join("key")).unwrap(),
            "was not signed with the key that is here",
        ),
        (fs::read(other_name.data().join("key")).unwrap(), "log.example/pypi"),
        (b"nonsense\n".to_vec(), "is not a signing key"),
        (own[..own.len() - 3].to_vec(), "is not a signing key"),
        (Vec::new(), "is not a signing key"),
    ];
    for (text, why) in cases {
        fs::write(&key, text).unwrap();
        let refusal = log.refusal(&[]).await;
        assert!(refusal.contains(why), "{why}: {refusal}");
    }
    fs::remove_file(&key).unwrap();
    let refusal = log.refusal(&[]).await;
    assert!(refusal.contains("an existing log is never given a new key"), "{refusal}");
    assert!(!key.exists());
    fs::write(&key, own).unwrap();
    log.serve().await.terminate().await;
}

#[tokio::test]
async fn the_configuration_file_is_read_and_flags_win() {
    let log = TestLog::create().await;
    let config = log.path("indelibled.toml");
    let token = log.path("token");
    let serve = |more: &[&str]| {
        let mut command = indelibled(["serve", "--data"]);
        command.arg(log.data()).arg("--config").arg(&config).args(more);
        command
    };
    let text = format!("listen = \"256.0.0.1:1\"\nmin_free = 0\ntoken_file = {token:?}\n");
    fs::write(&config, &text).unwrap();
    let unusable = Server::try_start(serve(&[])).await.err().unwrap();
    assert!(unusable.stderr.contains("256.0.0.1:1 can not be listened on"), "{}", unusable.stderr);
    let server = Server::start(serve(&["--listen", "127.0.0.1:0"])).await;
    assert_eq!(Submitter::open(&server).await.submit(files(0..1)).await.entries, 1);
    server.terminate().await;

    for (line, why) in [
        ("tokn_file = \"x\"\n", "tokn_file"),
        ("min-free = 0\n", "min-free"),
        ("min_free = \"0\"\n", "min_free"),
        ("listen\n", "is not understood"),
    ] {
        fs::write(&config, line).unwrap();
        let ended = Server::try_start(serve(&["--listen", "127.0.0.1:0"])).await.err().unwrap();
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(why), "{why}: {}", ended.stderr);
    }
    fs::remove_file(&config).unwrap();
    let ended = Server::try_start(serve(&[])).await.err().unwrap();
    assert!(ended.stderr.contains("can not be read"), "{}", ended.stderr);
}

#[tokio::test]
async fn tokens_that_are_no_secrets_are_refused() {
    let log = TestLog::create().await;
    for (text, why) in [("short", "less than 16 characters"), ("  \n ", "less than 16 characters")]
    {
        fs::write(log.path("token"), text).unwrap();
        let refusal = log.refusal(&[]).await;
        assert!(refusal.contains(why), "{refusal}");
    }
    fs::remove_file(log.path("token")).unwrap();
    let refusal = log.refusal(&[]).await;
    assert!(refusal.contains("can not be read"), "{refusal}");
}

/// Large entries, together more than the windows of a connection hold: reading all of them is under
/// way for as long as the reader does not read.
const LARGE: u64 = 4000;

#[tokio::test]
async fn sigterm_lets_open_requests_finish_and_ends_streams() {
    let log = TestLog::create().await;
    let mut server = log.serve().await;
    Submitter::open(&server).await.submit(large_files(0..LARGE)).await;
    let mut idle = Submitter::open(&server).await;
    let mut reader = Reader::open(&server).await;
    let all = GetEntriesRequest { start: 0, end: None };
    let mut download = reader.log.get_entries(all).await.unwrap().into_inner();
    let first = download.message().await.unwrap().unwrap();
    let from_end = WatchRequest { start: LARGE, projects: Vec::new() };
    let mut other = Reader::open(&server).await;
    let mut watch = other.log.watch(from_end).await.unwrap().into_inner();

    let asked = Instant::now();
    server.signal(Signal::TERM);
    let status = within("the end of Watch", watch.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(status.message().contains("watch again from `next`"), "{status}");
    let refused = idle.try_submit(files(LARGE..LARGE + 1)).await;
    assert!(refused.is_err(), "a submission after SIGTERM: {refused:?}");

    let mut entries = first.entries.len();
    while let Some(message) = within("the download", download.message()).await.unwrap() {
        entries += message.entries.len();
    }
    assert_eq!(entries as u64, LARGE);
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.said());
    assert!(!server.said().contains("cut off"), "{}", server.said());
    assert!(asked.elapsed().as_secs() < 9, "nothing was waited for: {:?}", asked.elapsed());
}

#[tokio::test]
async fn requests_that_never_end_are_cut_off() {
    let log = TestLog::create().await;
    let mut server = log.serve_with(&["--drain", "1"]).await;
    Submitter::open(&server).await.submit(large_files(0..LARGE)).await;
    let mut reader = Reader::open(&server).await;
    let all = GetEntriesRequest { start: 0, end: None };
    let _unread = reader.log.get_entries(all).await.unwrap().into_inner();
    server.signal(Signal::INT);
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.said());
    assert!(server.said().contains("still open after 1 seconds are cut off"), "{}", server.said());
}

#[tokio::test]
async fn one_process_at_a_time_has_the_log() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    let refusal = log.refusal(&[]).await;
    assert!(refusal.contains("lock"), "{refusal}");
    let fsck = log.fsck().await;
    assert_eq!((fsck.code, fsck.stdout.as_str()), (Some(2), ""), "{}", fsck.stderr);
    assert_eq!(Submitter::open(&server).await.submit(files(0..3)).await.entries, 3);
    server.terminate().await;
    assert_eq!(log.fsck().await.code, Some(0));
}

#[tokio::test]
async fn a_store_restored_from_a_backup_is_refused() {
    let log = written(5).await;
    let (store, backup, newest) =
        (log.data().join("store"), log.path("backup"), log.path("newest"));
    copy_tree(&store, &backup);
    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(5..10)).await;
    server.terminate().await;

    fs::rename(&store, &newest).unwrap();
    copy_tree(&backup, &store);
    let head = fs::read(log.data().join("head")).unwrap();
    let catalog = log.path("catalog");
    for with_catalog in [true, false] {
        if !with_catalog {
            fs::rename(log.data().join("catalog"), &catalog).unwrap();
        }
        let refusal = log.refusal(&[]).await;
        for part in ["is of size 10", "the store ends at size 5", "would fork the log"] {
            assert!(refusal.contains(part), "{part}: {refusal}");
        }
        assert_eq!(fs::read(log.data().join("head")).unwrap(), head);
    }
    let fsck = log.fsck().await;
    assert_eq!(fsck.code, Some(1), "{fsck:?}");
    assert!(fsck.stdout.contains("is of size 10, the store ends at 5"), "{fsck:?}");
    // Even with the head gone, a catalog from after the backup tells.
    fs::remove_file(log.data().join("head")).unwrap();
    copy_tree(&catalog, &log.data().join("catalog"));
    let refusal = log.refusal(&[]).await;
    assert!(refusal.contains("the catalog is of another log or of a longer one"), "{refusal}");
    fs::write(log.data().join("head"), head).unwrap();

    fs::remove_dir_all(&store).unwrap();
    fs::rename(&newest, &store).unwrap();
    let server = log.serve().await;
    assert_eq!(Submitter::open(&server).await.submit(files(0..11)).await.entries, 1);
    server.terminate().await;
}

#[tokio::test]
async fn the_store_of_another_log_is_refused() {
    let (log, other) = (written(5).await, TestLog::create().await);
    let server = other.serve().await;
    Submitter::open(&server).await.submit(files(100..107)).await;
    server.terminate().await;
    let store = log.data().join("store");
    fs::remove_dir_all(&store).unwrap();
    copy_tree(&other.data().join("store"), &store);
    let refusal = log.refusal(&[]).await;
    assert!(refusal.contains("this is another log's store, or a fork"), "{refusal}");
    // Without the head that was remembered, what the store itself holds still tells.
    fs::remove_file(log.data().join("head")).unwrap();
    let refusal = log.refusal(&[]).await;
    assert!(refusal.contains("was not signed with the key that is here"), "{refusal}");
}

async fn lookups(server: &Server) -> Vec<LookupResponse> {
    let mut reader = Reader::open(server).await;
    let mut answers = Vec::new();
    for project in 0..7 {
        let key = Some(Key::Project(format!("project-{project}")));
        answers.push(reader.log.lookup(LookupRequest { key }).await.unwrap().into_inner());
    }
    answers
}

#[tokio::test]
async fn a_deleted_catalog_is_rebuilt_with_the_same_answers() {
    let log = written(600).await;
    let server = log.serve().await;
    let before = lookups(&server).await;
    server.terminate().await;
    fs::remove_dir_all(log.data().join("catalog")).unwrap();
    let server = log.serve().await;
    assert_eq!(lookups(&server).await, before);
    assert_eq!(Submitter::open(&server).await.submit(files(0..600)).await.entries, 0);
    server.terminate().await;
}

fn remembered(file: &Path) -> SignedCheckpoint {
    HeadRegister::new(file.to_owned()).read().unwrap().unwrap()
}

#[tokio::test]
async fn a_lost_head_file_is_written_again_and_a_damaged_one_is_looked_into() {
    let log = written(5).await;
    let file = log.data().join("head");
    let head = remembered(&file);
    assert_eq!(head.checkpoint().head().size.get(), 5);
    fs::remove_file(&file).unwrap();
    let fsck = log.fsck().await;
    assert_eq!(fsck.code, Some(1), "{fsck:?}");
    assert!(fsck.stdout.contains("the remembered head is missing"), "{fsck:?}");
    // The store still holds what was published, which is as good.
    log.serve().await.terminate().await;
    assert_eq!(remembered(&file), head);
    // A file that is the note and nothing else is as good: earlier versions wrote it so.
    fs::write(&file, head.to_bytes()).unwrap();
    log.serve().await.terminate().await;
    assert_eq!(remembered(&file), head);

    let whole = fs::read(&file).unwrap();
    for damaged in [&whole[..whole.len() / 2], b"", b"log.example/pypi\n5\n"] {
        fs::write(&file, damaged).unwrap();
        let refusal = log.refusal(&[]).await;
        assert!(refusal.contains("does not hold a signed checkpoint"), "{refusal}");
        assert_eq!(fs::read(&file).unwrap(), damaged);
    }
}

#[tokio::test]
async fn the_head_may_be_remembered_elsewhere() {
    let log = TestLog::create().await;
    let elsewhere = log.path("elsewhere");
    let options = ["--head-file", elsewhere.to_str().unwrap()];
    let server = log.serve_with(&options).await;
    Submitter::open(&server).await.submit(files(0..5)).await;
    server.terminate().await;
    assert!(!log.data().join("head").exists());
    assert_eq!(remembered(&elsewhere).checkpoint().head().size.get(), 5);
    let mut fsck = indelibled(["fsck", "--data"]);
    fsck.arg(log.data()).args(options);
    assert_eq!(run(fsck).await.code, Some(0));
}

#[tokio::test]
async fn positions_survive_a_restart() {
    let log = written(300).await;
    let server = log.serve().await;
    let mut reader = Reader::open(&server).await;
    let before = (reader.checkpoint().await, reader.tree().await);
    server.terminate().await;
    let server = log.serve().await;
    let mut reader = Reader::open(&server).await;
    assert_eq!(reader.checkpoint().await, before.0, "the same head is signed again");
    assert_eq!(reader.tree().await.entries, before.1.entries);
    Submitter::open(&server).await.submit(files(300..301)).await;
    let (_, entry) = reader.inclusion(300, None).await.unwrap();
    assert!(record::Entry::parse(&entry).is_ok());
    server.terminate().await;
}
