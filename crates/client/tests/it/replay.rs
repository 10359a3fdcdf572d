//! The replay: true logs are replayed to their end, every lie stops it for good, and killing it loses
//! nothing and counts nothing twice.

use std::io;
use std::path::Path;

use client::{
    Disproof, Error, Falsehood, Lie as FoundLie, LogUrl, Monitor, Replayed, Selection, Undecided,
    VerifiedInclusion,
};
use record::{Entry, EpochEntry, MapRoot};
use redb::ReadableTable as _;
use tlog::{Hash, ProofFile, TreeHead};

use crate::log::{TestLog, content, file, filler, removed, sign, status, time, yanked};
use crate::questions::{Outcome, outcome, trust};
use crate::server::{Lie, Server, complete};

fn monitor(server: &Server, dir: &Path) -> Monitor {
    let url = LogUrl::parse(&server.url()).unwrap();
    Monitor::open(trust(), url, dir, Selection::All).unwrap()
}

fn replay(server: &Server, dir: &Path) -> Monitor {
    monitor(server, dir).with_replay().unwrap()
}

async fn follow(monitor: &mut Monitor) -> Result<(), Error> {
    monitor.refresh().await?;
    while !monitor.progress().is_complete() {
        monitor.read(|_| Ok(())).await?;
    }
    Ok(())
}

/// Entries of kinds that have keys, and of kinds that nobody knows.
fn mixed(log: &mut TestLog) {
    log.append(&[
        file("a-1.tar.gz", "one"),
        file("a-1.tar.gz", "two"),
        status("a", record::Status::Archived),
        removed("a-1.tar.gz", "two"),
        content("b-1.tar.gz", "one", "two"),
        yanked("a-1.tar.gz", "broken"),
    ]);
    log.append_bytes(vec![
        br#"{"v":1,"kind":"novelty"}"#.to_vec(),
        br#"{"v":9,"kind":"file"}"#.to_vec(),
    ]);
}

/// A log of three steps; epochs at its first positions, within steps, and between them.
fn log() -> TestLog {
    let mut log = TestLog::new(&[]);
    log.append_epoch(|_| ());
    log.append_epoch(|_| ());
    mixed(&mut log);
    log.append_epoch(|_| ());
    let filler = filler(8500);
    for entries in [&filler[..50], &filler[50..4084], &filler[4084..4085], &filler[4085..]] {
        log.append(entries);
        log.append_epoch(|_| ());
        mixed(&mut log);
    }
    log
}

/// What the replay of a true log comes to, from the definition of the map.
fn expected(log: &TestLog) -> Replayed {
    let mut epochs = 0;
    let mut newest = None;
    for (index, bytes) in (0..).zip(&log.entries) {
        if let Ok(record::Parsed::Known(Entry::Epoch(epoch))) = Entry::parse(bytes) {
            let index = tlog::LeafIndex::new(index).unwrap();
            newest = Some(client::ReplayedEpoch { index, number: epoch.epoch, map: epoch.map });
            epochs += 1;
        }
    }
    let map = complete::map(log, log.size()).root();
    Replayed { size: log.head().size, map, epochs, newest }
}

#[tokio::test]
async fn a_true_log_is_replayed_to_its_end_and_goes_on() {
    let mut log = log();
    let server = Server::start(log.clone()).await;
    let state = tempfile::tempdir().unwrap();
    let mut monitor = replay(&server, state.path());
    follow(&mut monitor).await.unwrap();
    assert_eq!(monitor.replayed(), Some(expected(&log)));
    drop(monitor);
    for round in 0..5 {
        mixed(&mut log);
        log.append(&[file(&format!("a-2.{round}.tar.gz"), "one")]);
        if round != 3 {
            log.append_epoch(|_| ());
        }
        server.replace(log.clone());
        let mut monitor = replay(&server, state.path());
        follow(&mut monitor).await.unwrap();
        assert_eq!(monitor.replayed(), Some(expected(&log)), "round {round}");
    }
}

#[tokio::test]
async fn a_log_without_entries_or_epochs_is_true() {
    let server = Server::start(TestLog::new(&[])).await;
    let state = tempfile::tempdir().unwrap();
    for log in [TestLog::new(&[]), TestLog::new(&filler(300))] {
        server.replace(log.clone());
        let mut monitor = replay(&server, state.path());
        follow(&mut monitor).await.unwrap();
        assert_eq!(monitor.replayed(), Some(expected(&log)));
    }
}

#[tokio::test]
async fn more_epochs_than_stand_in_memory_are_replayed() {
    let mut log = TestLog::new(&filler(10));
    let map = complete::map(&log, 10).root();
    let epoch = |epoch| EpochEntry { epoch, map, serial: None, swept: None, time: time(6) };
    log.append(&(0..9000).map(epoch).map(Entry::Epoch).collect::<Vec<_>>());
    let server = Server::start(log.clone()).await;
    let state = tempfile::tempdir().unwrap();
    let mut monitor = replay(&server, state.path());
    monitor.refresh().await.unwrap();
    monitor.read(|_| Ok(())).await.unwrap();
    assert_eq!(monitor.replayed().map(|done| done.epochs), Some(0));
    monitor.read(|_| Ok(())).await.unwrap();
    assert_eq!(monitor.replayed().map(|done| done.epochs), Some(8182));
    follow(&mut monitor).await.unwrap();
    assert_eq!(monitor.replayed(), Some(expected(&log)));
}

#[tokio::test]
async fn it_begins_with_the_first_entry_whatever_was_read_before() {
    let mut log = log();
    let server = Server::start(log.clone()).await;
    let state = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    let mut plain = monitor(&server, state.path());
    plain.refresh().await.unwrap();
    let mut note = |event: &client::Event| {
        seen.push(event.entry().index().get());
        Ok(())
    };
    plain.read(&mut note).await.unwrap();
    drop(plain);
    let mut both = replay(&server, state.path());
    both.refresh().await.unwrap();
    while !both.progress().is_complete() {
        both.read(&mut note).await.unwrap();
    }
    assert_eq!(both.replayed(), Some(expected(&log)));
    drop(both);
    let mut once = seen.clone();
    once.dedup();
    assert!(seen.is_sorted() && once == seen && seen.len() > 10, "{seen:?}");
    // Reading on without the replay does not keep it from going on later.
    mixed(&mut log);
    log.append_epoch(|_| ());
    server.replace(log.clone());
    follow(&mut monitor(&server, state.path())).await.unwrap();
    let mut both = replay(&server, state.path());
    follow(&mut both).await.unwrap();
    assert_eq!(both.replayed(), Some(expected(&log)));
}

#[tokio::test]
async fn killed_at_any_moment_it_goes_on_where_it_was() {
    let log = log();
    let server = Server::start(log.clone()).await;
    let state = tempfile::tempdir().unwrap();
    let mut died = 0;
    let mut reached = Vec::new();
    loop {
        // Every process dies: after its head, in the middle of a transaction, or after a step.
        replay(&server, state.path()).refresh().await.unwrap();
        let mut dying = replay(&server, state.path());
        let before = dying.progress();
        if before.is_complete() {
            break;
        }
        let mut handled = 0;
        let died_before = died;
        let answer = dying.read(|_| {
            handled += 1;
            if handled > died % 3 {
                died += 1;
                return Err(io::Error::other("killed"));
            }
            Ok(())
        });
        match answer.await {
            Err(Error::Undecided(Undecided::Report(_))) => assert_eq!(dying.progress(), before),
            other => reached.push(other.unwrap().read.get()),
        }
        if died == died_before {
            continue;
        }
        drop(dying);
        let mut living = replay(&server, state.path());
        assert_eq!(living.progress(), before);
        reached.push(living.read(|_| Ok(())).await.unwrap().read.get());
    }
    assert_eq!(reached, [4096, 8192, log.size()]);
    assert!(died > 0);
    assert_eq!(replay(&server, state.path()).replayed(), Some(expected(&log)));
}

/// The lie that stops a replay, now and when it is started again.
async fn lie(log: TestLog) -> FoundLie {
    let server = Server::start(log).await;
    let state = tempfile::tempdir().unwrap();
    let mut monitor = replay(&server, state.path());
    let first = follow(&mut monitor).await.unwrap_err();
    let again = follow(&mut monitor).await.unwrap_err();
    let read = monitor.read(|_| Ok(())).await.unwrap_err();
    drop(monitor);
    server.lie(Lie::NoTiles);
    let restarted = replay(&server, state.path()).refresh().await.unwrap_err();
    let mut lies = [first, again, read, restarted].into_iter().map(|error| match error {
        Error::Disproven(Disproof::Lie { lie, saved: Some(path) }) => {
            let written = ProofFile::parse(&std::fs::read(path).unwrap()).unwrap();
            assert_eq!(&written, lie.evidence());
            *lie
        }
        other => panic!("no lie: {other:?}"),
    });
    let lie = lies.next().unwrap();
    assert!(lies.all(|other| other == lie));
    // What does not look at the log's conclusions is not kept from reading.
    server.lie(Lie::None);
    follow(&mut self::monitor(&server, state.path())).await.unwrap();
    lie
}

#[tokio::test]
async fn a_wrong_map_root_is_a_lie() {
    // In the first step, at the end of a step, in the last step; the second lie is not reached.
    for (first, more) in [(0, 5), (3, 100), (4095, 3000), (8500, 20)] {
        let mut log = TestLog::new(&filler(first));
        let computed = complete::map(&log, log.size()).root();
        let stated = MapRoot::from([7; 32]);
        log.append_epoch(|epoch| epoch.map = stated);
        log.append(&filler(first + more)[first..]);
        log.append_epoch(|epoch| epoch.epoch = 9);
        let lie = lie(log).await;
        let since = tlog::TreeSize::ZERO;
        let falsehood = Falsehood::MapRoot { number: 0, stated, computed, since };
        assert_eq!((lie.index().get(), lie.falsehood()), (first as u64, &falsehood));
        let proved = VerifiedInclusion::from_proof_file(lie.evidence().clone(), &trust()).unwrap();
        assert!(matches!(proved.entry().entry(), Some(Entry::Epoch(e)) if e.map == stated));
        for part in [stated.to_string(), computed.to_string(), format!("entry {first},")] {
            assert!(lie.to_string().contains(&part), "{lie} without {part}");
        }
    }
}

#[tokio::test]
async fn a_map_with_one_row_too_many_or_too_few_is_a_lie() {
    let of_size = |size| complete::map(&log(), size).root();
    for (wrong, since) in [(of_size(7000), 4100), (of_size(6998), 4100)] {
        let mut log = log();
        log.append_epoch(|_| ());
        let since_newest = log.epoch().unwrap();
        log.append(&[file("z-1.tar.gz", "z")]);
        log.append_epoch(|epoch| epoch.map = wrong);
        let lie = lie(log).await;
        let Falsehood::MapRoot { since: good, .. } = lie.falsehood() else { panic!("{lie}") };
        assert_eq!(good.get(), since_newest);
        assert!(good.get() > since);
    }
    // The map of one entry fewer: the epoch forgets its newest entry.
    let mut log = TestLog::new(&filler(40));
    let wrong = complete::map(&log, 39).root();
    log.append_epoch(|epoch| epoch.map = wrong);
    assert_eq!(lie(log).await.falsehood().name(), "map-root");
}

#[tokio::test]
async fn an_epoch_out_of_order_is_a_lie() {
    for (stated, expected) in [(1, 0), (5, 2), (0, 2), (1, 2), (3, 2)] {
        let mut log = TestLog::new(&filler(3));
        (0..expected).for_each(|_| log.append_epoch(|_| ()));
        log.append_epoch(|epoch| epoch.epoch = stated);
        log.append_epoch(|epoch| epoch.map = MapRoot::EMPTY);
        let lie = lie(log).await;
        assert_eq!(lie.falsehood(), &Falsehood::EpochNumber { stated, expected });
        assert_eq!(lie.index().get(), 3 + expected);
        VerifiedInclusion::from_proof_file(lie.evidence().clone(), &trust()).unwrap();
    }
}

#[tokio::test]
async fn an_entry_that_is_not_canonical_is_a_lie() {
    let canonical = String::from_utf8(file("a-1.tar.gz", "a").to_bytes().unwrap()).unwrap();
    for bytes in [
        "{}".to_owned(),
        String::new(),
        "\u{0}".to_owned(),
        canonical.replace("\",\"", "\", \""),
        canonical.replace("\"a\"", "\"A\""),
        format!("{canonical} "),
        r#"{"v":1,"kind":"epoch","epoch":0}"#.to_owned(),
    ] {
        let mut log = TestLog::new(&filler(300));
        log.append_bytes(vec![bytes.clone().into_bytes()]);
        log.append_epoch(|epoch| epoch.map = MapRoot::EMPTY);
        let lie = lie(log).await;
        assert_eq!((lie.index().get(), lie.falsehood().name()), (300, "not-canonical"));
        if bytes.is_empty() {
            // A proof file of no bytes is one without its entry.
            continue;
        }
        let proved = VerifiedInclusion::from_proof_file(lie.evidence().clone(), &trust());
        let is_proved = matches!(proved, Err(Error::Disproven(Disproof::Entry { .. })));
        assert!(is_proved, "{bytes}: {proved:?}");
    }
}

#[tokio::test]
async fn the_first_of_several_lies_is_the_one_that_is_told() {
    let mut log = TestLog::new(&filler(30));
    log.append_epoch(|epoch| epoch.map = MapRoot::EMPTY);
    log.append_bytes(vec![b"{}".to_vec()]);
    log.append_epoch(|epoch| epoch.epoch = 7);
    assert_eq!(lie(log).await.index().get(), 30);
}

#[tokio::test]
async fn files_that_are_not_the_log_s_stop_it_but_are_no_lie_of_the_log() {
    let server = Server::start(log()).await;
    for (lie, outcome_then) in [
        (Lie::FlippedBundle, Outcome::Disproven),
        (Lie::FlippedTile, Outcome::Disproven),
        (Lie::ForgedSignature, Outcome::Disproven),
        (Lie::TruncatedBundle, Outcome::Undecided),
        (Lie::NoTiles, Outcome::Undecided),
    ] {
        let state = tempfile::tempdir().unwrap();
        server.lie(lie);
        let mut monitor = replay(&server, state.path());
        let answer = follow(&mut monitor).await;
        assert_eq!(outcome(&answer), outcome_then, "{lie:?}: {answer:?}");
        assert_eq!(monitor.progress().read.get(), 0);
        server.lie(Lie::None);
        follow(&mut monitor).await.unwrap();
        assert_eq!(monitor.replayed(), Some(expected(&log())));
    }
}

#[tokio::test]
async fn a_false_root_and_a_fork_stop_it() {
    let server = Server::start(log()).await;
    let state = tempfile::tempdir().unwrap();
    let head = TreeHead { root: Hash::new([7; 32]), ..log().head() };
    server.serve_note(&sign(head));
    let error = follow(&mut replay(&server, state.path())).await.unwrap_err();
    assert!(matches!(error, Error::Disproven(Disproof::Tiles(_))), "{error:?}");
    // The false head was signed: the true one contradicts it, and the two signatures prove it.
    server.serve_note(&log().checkpoint());
    let error = follow(&mut replay(&server, state.path())).await.unwrap_err();
    let Error::Disproven(Disproof::Fork { report, saved: Some(_) }) = error else {
        panic!("no fork: {error:?}")
    };
    report.verify(&trust()).unwrap();
}

#[tokio::test]
async fn damage_to_what_it_keeps_is_no_lie_of_the_log() {
    let mut log = log();
    let server = Server::start(log.clone()).await;
    let state = tempfile::tempdir().unwrap();
    follow(&mut replay(&server, state.path())).await.unwrap();
    let database = redb::Database::open(state.path().join("monitor.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    let pages = redb::TableDefinition::<u32, &[u8]>::new("replay-pages");
    {
        let mut pages = transaction.open_table(pages).unwrap();
        let key = record::MapKey::file("a-1.tar.gz");
        let number = record::MapBucket::of(&key, 20).number();
        let mut page = pages.get(number).unwrap().unwrap().value().to_vec();
        *page.last_mut().unwrap() ^= 1;
        pages.insert(number, page.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    drop(database);
    mixed(&mut log);
    log.append_epoch(|_| ());
    server.replace(log);
    let error = follow(&mut replay(&server, state.path())).await.unwrap_err();
    let Error::Undecided(Undecided::State { source, .. }) = error else { panic!("{error:?}") };
    assert!(source.to_string().contains("delete it"), "{source}");
}
