//! The mirror: it answers as the log does, without the log, and whatever happens to it never falsely.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use client::judging::{KeyEntries, LogReader};
use client::{Disproof, Error, LogUrl, LookupKey, Mirror, Tiles, Trust, Undecided};
use record::MapRoot;
use tlog::{RightEdge, SigningKey, TileKind, TilePath, TreeSize};

use crate::log::{ORIGIN, TestLog, digest, file, filler, project, removed, yanked};
use crate::questions::{client, trust};
use crate::server::{Lie, Server};

fn open(dir: &Path) -> Mirror {
    Mirror::open(trust(), dir).unwrap()
}

fn tiles(server: &Server) -> Tiles {
    Tiles::new(LogUrl::parse(&server.url()).unwrap()).unwrap()
}

async fn update(mirror: &mut Mirror, server: &Server) -> Result<(), Error> {
    mirror.update(&tiles(server), |_| ()).await
}

/// A log of two steps and a bit; one project is in all of them.
fn log() -> TestLog {
    let mut log = TestLog::new(&filler(4000));
    for n in 0..3 {
        log.append(&[
            file(&format!("a-{n}.tar.gz"), "one"),
            yanked(&format!("a-{n}.tar.gz"), "broken"),
        ]);
        log.append_epoch(|_| ());
        log.append(&filler(4000 + 2400 * (n + 1))[4000 + 2400 * n..]);
    }
    log.append(&[removed("a-1.tar.gz", "one")]);
    log
}

fn keys() -> Vec<LookupKey> {
    vec![
        LookupKey::Project(project("a")),
        LookupKey::Project(project("filler-7000")),
        LookupKey::Project(project("nobody")),
        LookupKey::File("a-1.tar.gz".into()),
        LookupKey::File("a-9.tar.gz".into()),
        LookupKey::Sha256(digest("one")),
        LookupKey::Sha256(digest("filler 11")),
    ]
}

/// What a reader answers: positions of the entries, size of the tree, number of the epoch.
async fn answers(reader: &mut impl LogReader) -> Vec<(Vec<u64>, u64, Option<u64>)> {
    let mut answers = Vec::new();
    let mut take = |answer: Option<KeyEntries>| {
        let answer = answer.unwrap();
        let positions = answer.entries().iter().map(|entry| entry.index().get()).collect();
        let epoch = answer.epoch().map(|epoch| epoch.epoch);
        answers.push((positions, answer.checkpoint().head().size.get(), epoch));
    };
    reader.look_up(&keys(), &mut take).await.unwrap();
    answers
}

async fn answers_of_log(log: &TestLog) -> Vec<(Vec<u64>, u64, Option<u64>)> {
    let server = Server::start(log.clone()).await;
    let state = tempfile::tempdir().unwrap();
    answers(&mut client(&server, &state)).await
}

/// The files of the log's format in a directory.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(next) = dirs.pop() {
        for item in fs::read_dir(next).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read(path).unwrap());
        }
    }
    files.remove("mirror.redb");
    files
}

fn expected_files(log: &TestLog) -> BTreeMap<String, Vec<u8>> {
    let size = TreeSize::new(log.size()).unwrap();
    let mut files = BTreeMap::from([("checkpoint".to_owned(), log.checkpoint().to_bytes())]);
    for kind in [TileKind::Entries, TileKind::Hashes(0), TileKind::Hashes(1)] {
        let paths = (0..).map_while(|index| TilePath::at_size(kind, index, size));
        files.extend(paths.map(|path| (path.to_string(), log.object(&path).unwrap())));
    }
    files
}

#[tokio::test]
async fn it_answers_as_the_log_does_and_without_it() {
    let mut log = log();
    let server = Server::start(log.clone()).await;
    let dir = tempfile::tempdir().unwrap();
    let mut mirror = open(dir.path());
    let early = mirror.lookup(&keys()[0]);
    assert!(matches!(early, Err(Error::Undecided(Undecided::State { .. }))), "{early:?}");
    update(&mut mirror, &server).await.unwrap();
    for round in 0..4 {
        server.lie(Lie::NoTiles);
        assert_eq!(answers(&mut mirror).await, answers_of_log(&log).await, "round {round}");
        assert_eq!(files(dir.path()), expected_files(&log), "round {round}");
        drop(mirror);
        mirror = open(dir.path());
        assert_eq!(answers(&mut mirror).await, answers_of_log(&log).await, "round {round}");
        server.lie(Lie::None);
        log.append(&[file(&format!("a-5.{round}.tar.gz"), "one")]);
        if round == 1 {
            log.append_epoch(|_| ());
        }
        server.replace(log.clone());
        update(&mut mirror, &server).await.unwrap();
    }
}

#[tokio::test]
async fn an_empty_log_is_mirrored() {
    let server = Server::start(TestLog::new(&[])).await;
    let dir = tempfile::tempdir().unwrap();
    update(&mut open(dir.path()), &server).await.unwrap();
    let answer = open(dir.path()).lookup(&keys()[0]).unwrap();
    assert!(answer.entries().is_empty() && answer.epoch().is_none());
}

#[tokio::test]
async fn interrupted_it_answers_as_before_and_goes_on() {
    let mut small = TestLog::new(&filler(3000));
    small.append_epoch(|_| ());
    let mut large = small.clone();
    large.append(&filler(14_000)[3000..]);
    large.append(&[file("a-1.tar.gz", "one")]);
    large.append_epoch(|_| ());
    let server = Server::start(small.clone()).await;
    let (whole, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    update(&mut open(dir.path()), &server).await.unwrap();
    server.replace(large.clone());
    update(&mut open(whole.path()), &server).await.unwrap();
    // Files of a step that was interrupted before its transaction.
    fs::write(dir.path().join("tile/entries/012"), "cut off").unwrap();
    let mut reached = Vec::new();
    for held_back_from in [27, 43, u64::MAX] {
        let mut mirror = open(dir.path());
        server.lie(Lie::NoBundlesFrom(held_back_from));
        let answer =
            mirror.update(&tiles(&server), |progress| reached.push(progress.read.get())).await;
        server.lie(Lie::None);
        drop(mirror);
        assert_eq!(answer.is_ok(), held_back_from == u64::MAX, "{answer:?}");
        if answer.is_ok() {
            break;
        }
        assert_eq!(answers(&mut open(dir.path())).await, answers_of_log(&small).await);
        let expected = expected_files(&small);
        assert!(expected.iter().all(|(path, bytes)| files(dir.path()).get(path) == Some(bytes)));
    }
    assert_eq!(reached, [3001, 6912, 11_008, large.size()]);
    assert_eq!(answers(&mut open(dir.path())).await, answers_of_log(&large).await);
    assert_eq!(files(dir.path()), files(whole.path()));
}

#[tokio::test]
async fn a_lie_of_the_log_is_never_answered_from() {
    let mut log = log();
    log.append_epoch(|epoch| epoch.map = MapRoot::EMPTY);
    let server = Server::start(log).await;
    let dir = tempfile::tempdir().unwrap();
    let mut mirror = open(dir.path());
    let found = update(&mut mirror, &server).await;
    drop(mirror);
    let mut mirror = open(dir.path());
    server.replace(self::log());
    let again = update(&mut mirror, &server).await;
    let asked = mirror.lookup(&keys()[0]).map(drop);
    for answer in [found, again, asked] {
        let Err(Error::Disproven(Disproof::Lie { saved: Some(path), .. })) = answer else {
            panic!("{answer:?}")
        };
        assert!(path.starts_with(dir.path()) && path.exists());
    }
}

#[tokio::test]
async fn a_fork_is_refused_and_proved_also_one_of_an_interrupted_update() {
    let server = Server::start(TestLog::new(&filler(3000))).await;
    let dir = tempfile::tempdir().unwrap();
    let mut mirror = open(dir.path());
    update(&mut mirror, &server).await.unwrap();
    let before = answers(&mut mirror).await;
    server.replace(log());
    server.lie(Lie::NoBundlesFrom(0));
    update(&mut mirror, &server).await.unwrap_err();
    drop(mirror);
    server.lie(Lie::None);
    // It continues what is answered from, but not the head that was accepted after it.
    let mut other = TestLog::new(&filler(3000));
    other.append(&filler(17_000)[4000..]);
    server.replace(other);
    let mut mirror = open(dir.path());
    let error = update(&mut mirror, &server).await.unwrap_err();
    let Error::Disproven(Disproof::Fork { report, saved: Some(_) }) = error else {
        panic!("{error:?}")
    };
    report.verify(&trust()).unwrap();
    assert_eq!(answers(&mut mirror).await, before);
}

#[tokio::test]
async fn files_that_are_not_the_log_s_are_not_stored() {
    let server = Server::start(log()).await;
    for lie in [Lie::FlippedBundle, Lie::FlippedTile, Lie::ForgedSignature, Lie::TruncatedBundle] {
        server.lie(lie);
        let dir = tempfile::tempdir().unwrap();
        update(&mut open(dir.path()), &server).await.unwrap_err();
        assert!(files(dir.path()).is_empty(), "{lie:?}");
    }
}

/// The error of opening, or of one of the look-ups.
fn first_error(dir: &Path) -> Option<Error> {
    match Mirror::open(trust(), dir) {
        Ok(mirror) => keys().iter().find_map(|key| mirror.lookup(key).err()),
        Err(error) => Some(error),
    }
}

#[tokio::test]
async fn damage_is_noticed_and_is_no_lie_of_the_log() {
    let log = log();
    let server = Server::start(log.clone()).await;
    let dir = tempfile::tempdir().unwrap();
    update(&mut open(dir.path()), &server).await.unwrap();
    let edge = RightEdge::plan(TreeSize::new(log.size()).unwrap());
    let mut paths: Vec<PathBuf> = edge.iter().map(|path| path.to_string().into()).collect();
    paths.extend(["tile/0/015", "tile/entries/015", "checkpoint"].map(PathBuf::from));
    for path in paths {
        let path = dir.path().join(path);
        let bytes = fs::read(&path).unwrap();
        let flipped = bytes.iter().map(|byte| byte ^ 1).collect();
        for damage in [Some(flipped), Some(bytes[..bytes.len() - 1].to_vec()), None] {
            match damage {
                Some(damage) => fs::write(&path, damage).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            if path.ends_with("checkpoint") {
                // It is there for others, and written again.
                assert!(first_error(dir.path()).is_none());
                assert_eq!(fs::read(&path).unwrap(), bytes);
                continue;
            }
            let error = first_error(dir.path());
            let Some(Error::Undecided(Undecided::State { source, .. })) = &error else {
                panic!("{}: {error:?}", path.display())
            };
            assert!(source.to_string().contains("delete its directory"), "{source}");
        }
        fs::write(&path, bytes).unwrap();
    }
    assert!(first_error(dir.path()).is_none());
}

#[tokio::test]
async fn the_mirror_of_another_log_is_refused() {
    let server = Server::start(log()).await;
    let dir = tempfile::tempdir().unwrap();
    update(&mut open(dir.path()), &server).await.unwrap();
    let key = SigningKey::from_seed(ORIGIN, &[8; 32]).unwrap().verifying_key().to_string();
    let refused = Mirror::open(Trust::from_key(&key).unwrap(), dir.path());
    assert!(matches!(refused, Err(Error::Undecided(Undecided::Checkpoint(_)))), "{refused:?}");
}
