//! What is kept: proofs, and what is known of a log that was read before.

use std::path::Path;

use client::{EventKind, Selection, VerifiedInclusion};
use record::KeyAction;
use redb::TableDefinition;
use tlog::ProofFile;

use super::{Key, at, found, kinds, of_hashes, of_projects, open, read};
use crate::log::{TestLog, file, filler, removed, yanked};
use crate::questions::trust;
use crate::server::Server;

fn proved(path: &Path) -> u64 {
    let proof = ProofFile::parse(&std::fs::read(path).unwrap()).unwrap();
    VerifiedInclusion::from_proof_file(proof, &trust()).unwrap().entry().index().get()
}

#[tokio::test]
async fn what_is_bad_is_proved_with_what_it_contradicts() {
    let mut entries = filler(600);
    entries[3] = file("a-1.tar.gz", "one");
    entries[500] = file("a-1.tar.gz", "two");
    let server = Server::start(TestLog::new(&entries)).await;
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let events = read(&mut open(&server, first.path(), Selection::All)).await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    let folder = first.path().join("evidence");
    let positions: Vec<u64> = event.evidence().iter().map(|path| proved(path)).collect();
    assert_eq!(positions, [500, 3]);
    assert!(event.evidence().iter().all(|path| path.parent() == Some(&folder)));
    assert!(event.evidence()[0].ends_with(format!("{}-500.tlog-proof", event.id())));
    // Whoever reads the log calls it the same.
    let again = read(&mut open(&server, second.path(), of_projects(&["a"]))).await;
    assert_eq!(again.last().unwrap().id(), event.id());
    let json: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
    assert_eq!(json["id"], event.id());
    assert_eq!(json["evidence"][1], event.evidence()[1].to_str().unwrap());
}

#[tokio::test]
async fn a_hash_is_looked_for_from_the_first_entry_on() {
    let entries = [
        file("a-1.tar.gz", "one"),
        file("b-1.tar.gz", "two"),
        removed("a-1.tar.gz", "one"),
        file("a-1.tar.gz", "one"),
    ];
    let server = Server::start(TestLog::new(&entries)).await;
    let state = tempfile::tempdir().unwrap();
    read(&mut open(&server, state.path(), Selection::All)).await;
    let mut chosen = open(&server, state.path(), of_hashes(&["one"]));
    assert_eq!(kinds(&read(&mut chosen).await), []);
    drop(chosen);
    server.append(&[yanked("a-1.tar.gz", "broken"), yanked("b-1.tar.gz", "broken")]);
    let mut chosen = open(&server, state.path(), of_hashes(&["one", "two"]));
    assert_eq!(chosen.progress().read.get(), 0);
    let expected = [(4, EventKind::StatusChanged), (5, EventKind::StatusChanged)];
    assert_eq!(kinds(&read(&mut chosen).await), expected);
    drop(chosen);
    server.append(&[removed("b-1.tar.gz", "two")]);
    let mut chosen = open(&server, state.path(), of_hashes(&["two"]));
    assert_eq!(chosen.progress().read.get(), 6);
    assert_eq!(kinds(&read(&mut chosen).await), [(6, EventKind::Removed)]);
}

/// Takes away what a state of the first layout did not have.
fn make_old(dir: &Path) {
    let database = redb::Database::open(dir.join("monitor.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    for name in ["sightings", "replaced", "releases", "keys", "expectations", "deadlines"] {
        let names: Vec<_> = transaction.list_tables().unwrap().collect();
        let table = names.into_iter().find(|table| redb::TableHandle::name(table) == name).unwrap();
        transaction.delete_table(table).unwrap();
    }
    let position = TableDefinition::<&str, &[u8]>::new("position");
    for name in ["learned", "tracked", "clock"] {
        transaction.open_table(position).unwrap().remove(name).unwrap();
    }
    let files = TableDefinition::<&str, (bool, &[u8; 32])>::new("files");
    transaction.open_table(files).unwrap().insert("a-1.tar.gz", (true, &[7; 32])).unwrap();
    transaction.commit().unwrap();
}

#[tokio::test]
async fn a_state_of_an_older_layout_learns_quietly_what_it_lacks() {
    let key = Key::new(1);
    let enrol = key.changes(KeyAction::Enrol, &key, None);
    let before =
        [file("a-1.tar.gz", "one"), file("a-1.tar.gz", "two"), enrol, file("b-1.tar.gz", "b")];
    let after = [
        key.expects("b-1.tar.gz", "b", 1),
        key.expects("a-2.tar.gz", "true", 1),
        at(2, file("a-2.tar.gz", "evil")),
        at(2, file("a-1.tar.gz", "three")),
    ];
    let server = Server::start(TestLog::new(&before)).await;
    let state = tempfile::tempdir().unwrap();
    read(&mut open(&server, state.path(), Selection::All)).await;
    make_old(state.path());
    server.append(&after);
    let events = read(&mut open(&server, state.path(), Selection::All)).await;
    let whole = found(&[before.as_slice(), &after].concat(), Selection::All).await;
    let (old, new) = whole.split_at(1);
    assert_eq!((old, new), (&[(1, EventKind::HashChanged)][..], kinds(&events).as_slice()));
    assert_eq!(events.last().unwrap().earlier().unwrap().get(), 1);
}
