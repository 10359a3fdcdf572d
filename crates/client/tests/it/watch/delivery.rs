//! The outbox: everything arrives, in order, once; and what a kill at any point changes.

use std::cell::Cell;
use std::io;
use std::path::Path;

use client::{Error, Message, Outbox, Selection, Sink, Undecided};

use super::{of_projects, open, read};
use crate::log::{TestLog, file, filler, removed};
use crate::server::Server;

/// A log with events in both of its steps; one has several.
fn log() -> TestLog {
    let mut entries = filler(4200);
    entries[0] = file("a-1.tar.gz", "one");
    entries[7] = file("a-1.tar.gz", "two");
    entries[8] = removed("a-1.tar.gz", "two");
    entries[9] = file("a-1.tar.gz", "three");
    entries[4100] = file("a-2.tar.gz", "two");
    entries[4199] = file("a-2.tar.gz", "three");
    TestLog::new(&entries)
}

fn sinks() -> [Sink; 2] {
    ["first", "second"].map(|name| Sink::new("test", name, name))
}

fn take_all(outbox: &Outbox, sink: &Sink) -> Vec<Message> {
    let mut taken = Vec::new();
    while let Some(delivery) = outbox.next(sink).unwrap() {
        taken.push(delivery.message().clone());
        outbox.acknowledge(sink, &delivery).unwrap();
    }
    assert_eq!(outbox.waiting(sink).unwrap(), 0);
    taken
}

#[tokio::test]
async fn every_sink_gets_everything_once() {
    let server = Server::start(log()).await;
    let state = tempfile::tempdir().unwrap();
    let [first, second] = sinks();
    let mut monitor = open(&server, state.path(), of_projects(&["a"]));
    monitor.outbox().register(&[first.clone(), second.clone()]).unwrap();
    let events = read(&mut monitor).await;
    let expected: Vec<_> = events.iter().map(client::Event::to_json).collect();
    assert_eq!(expected.len(), 6);
    assert!(events.iter().all(|event| !event.evidence().is_empty()));
    let bodies =
        |taken: Vec<Message>| -> Vec<String> { taken.into_iter().map(|m| m.body).collect() };
    assert_eq!(bodies(take_all(monitor.outbox(), &first)), expected);
    drop(monitor);
    // The other sink has them after a restart without it, too.
    let monitor = open(&server, state.path(), of_projects(&["a"]));
    monitor.outbox().register(std::slice::from_ref(&first)).unwrap();
    let others = monitor.outbox().others(std::slice::from_ref(&first)).unwrap();
    assert_eq!(others, [("second".to_owned(), 6)]);
    assert_eq!(bodies(take_all(monitor.outbox(), &second)), expected);
}

#[tokio::test]
async fn notes_of_what_was_not_chosen_are_not_delivered() {
    let server = Server::start(log()).await;
    let state = tempfile::tempdir().unwrap();
    let [sink, late] = sinks();
    let mut monitor = open(&server, state.path(), Selection::All);
    monitor.outbox().register(std::slice::from_ref(&sink)).unwrap();
    assert_eq!(read(&mut monitor).await.len(), 4);
    monitor.outbox().register(std::slice::from_ref(&late)).unwrap();
    let kinds: Vec<_> = take_all(monitor.outbox(), &sink).into_iter().map(|m| m.kind).collect();
    assert_eq!(kinds, ["hash-changed", "reappeared-changed", "hash-changed"]);
    assert_eq!(take_all(monitor.outbox(), &late), [], "it came later");
    monitor.outbox().put_disproof("it forked", &[]).unwrap();
    monitor.outbox().put_disproof("it forked", &[]).unwrap();
    assert_eq!(monitor.outbox().waiting(&sink).unwrap(), 1);
    monitor.outbox().forget_others(std::slice::from_ref(&late)).unwrap();
    assert_eq!(monitor.outbox().next(&sink).unwrap(), None);
    assert_eq!(take_all(monitor.outbox(), &late).len(), 1);
}

#[tokio::test]
async fn a_canary_comes_once_a_day() {
    let server = Server::start(TestLog::new(&[])).await;
    let state = tempfile::tempdir().unwrap();
    let [sink, _] = sinks();
    let now = 1_800_000_000;
    let put = |after: u64| {
        let monitor = open(&server, state.path(), Selection::All);
        monitor.outbox().register(std::slice::from_ref(&sink)).unwrap();
        let due = monitor.outbox().put_canary(now + after).unwrap();
        let taken = take_all(monitor.outbox(), &sink);
        assert_eq!(taken.len(), usize::from(due));
        let test =
            |message: &Message| message.kind == "canary" && message.body.contains("\"test\":true");
        assert!(taken.iter().all(test), "{taken:?}");
        due
    };
    let due = [0, 1, 86_399, 86_400, 100_000, 172_800].map(put);
    assert_eq!(due, [true, false, false, true, false, true]);
}

/// One life of a monitor: it reads and delivers until `budget` steps are made, and dies in that step.
///
/// A step is an event handled, a message received, a message acknowledged, or a wait that is dropped.
async fn live(
    server: &Server,
    dir: &Path,
    budget: usize,
    received: &mut [Vec<String>; 2],
) -> Result<(), ()> {
    let left = Cell::new(budget);
    let spend = || match left.get() {
        0 => Err(()),
        more => {
            left.set(more - 1);
            Ok(())
        }
    };
    let sinks = sinks();
    let mut monitor = open(server, dir, of_projects(&["a"]));
    monitor.outbox().register(&sinks).unwrap();
    spend()?;
    monitor.refresh().await.unwrap();
    loop {
        for (sink, received) in sinks.iter().zip(received.iter_mut()) {
            while let Some(delivery) = monitor.outbox().next(sink).unwrap() {
                spend()?;
                received.push(delivery.message().id.clone());
                spend()?;
                monitor.outbox().acknowledge(sink, &delivery).unwrap();
                spend()?;
            }
        }
        if monitor.progress().is_complete() {
            return Ok(());
        }
        let dying = monitor.read(|_| spend().map_err(|()| io::Error::other("killed"))).await;
        match dying {
            Ok(_) => spend()?,
            Err(Error::Undecided(Undecided::Report(_))) => return Err(()),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn killed_at_every_step_nothing_is_lost_and_only_the_unacknowledged_comes_again() {
    let server = Server::start(log()).await;
    let whole = tempfile::tempdir().unwrap();
    let mut expected: [Vec<String>; 2] = Default::default();
    live(&server, whole.path(), usize::MAX, &mut expected).await.unwrap();
    assert_eq!(expected.each_ref().map(Vec::len), [6, 6]);
    for budget in 0.. {
        let state = tempfile::tempdir().unwrap();
        let mut received: [Vec<String>; 2] = Default::default();
        let ended = live(&server, state.path(), budget, &mut received).await;
        live(&server, state.path(), usize::MAX, &mut received).await.unwrap();
        for (received, expected) in received.iter().zip(&expected) {
            let repeated = received.windows(2).filter(|pair| pair[0] == pair[1]).count();
            let mut once = received.clone();
            once.dedup();
            assert_eq!(&once, expected, "killed at step {budget}");
            assert!(repeated <= 1 && received.len() == expected.len() + repeated);
        }
        if ended.is_ok() {
            break;
        }
    }
    // And again and again, in one life after the other.
    let state = tempfile::tempdir().unwrap();
    let mut received: [Vec<String>; 2] = Default::default();
    let mut lives = 0;
    while live(&server, state.path(), 9, &mut received).await.is_err() {
        lives += 1;
    }
    assert!(lives > 2);
    for (mut received, expected) in received.into_iter().zip(&expected) {
        received.dedup();
        assert_eq!(&received, expected);
    }
}

#[tokio::test]
async fn dropped_while_proofs_are_fetched_it_starts_the_step_again() {
    let server = Server::start(log()).await;
    let state = tempfile::tempdir().unwrap();
    let [sink, _] = sinks();
    for micros in [0, 100, 1000, 3000, 10_000, 20_000] {
        let mut monitor = open(&server, state.path(), of_projects(&["a"]));
        monitor.outbox().register(std::slice::from_ref(&sink)).unwrap();
        monitor.refresh().await.unwrap();
        if !monitor.progress().is_complete() {
            let wait = std::time::Duration::from_micros(micros);
            let _ = tokio::time::timeout(wait, monitor.read(|_| Ok(()))).await;
        }
    }
    let mut monitor = open(&server, state.path(), of_projects(&["a"]));
    read(&mut monitor).await;
    let ids: Vec<_> = take_all(monitor.outbox(), &sink).into_iter().map(|m| m.id).collect();
    let fresh = tempfile::tempdir().unwrap();
    let all = read(&mut open(&server, fresh.path(), of_projects(&["a"]))).await;
    assert_eq!(ids, all.iter().map(client::Event::id).collect::<Vec<_>>());
}
