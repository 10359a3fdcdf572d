//! What a monitor finds in a log, what it keeps for others, and that nothing of it is lost.

mod delivery;
mod files;
mod publishers;
mod state;

use std::path::Path;

use client::{Event, EventKind, Grace, LogUrl, Monitor, Selection};
use record::{
    Entry, EpochEntry, Expectation, FileEntry, KeyAction, KeyChange, KeyEntry, MapRoot, PublicKey,
    Signature,
};
use tlog::{Hash, SigningKey, leaf_hash};

use crate::log::{ORIGIN, TestLog, digest, file, project, time};
use crate::questions::trust;
use crate::server::Server;

const DAY: u64 = 24 * 60;

/// What was found at which position.
type Found = Vec<(u64, EventKind)>;

fn of_projects(names: &[&str]) -> Selection {
    Selection::of(names.iter().map(|name| project(name)), [])
}

fn of_hashes(contents: &[&str]) -> Selection {
    Selection::of([], contents.iter().map(|content| digest(content)))
}

fn open(server: &Server, dir: &Path, selection: Selection) -> Monitor {
    let url = LogUrl::parse(&server.url()).unwrap();
    Monitor::open(trust(), url, dir, selection).unwrap().with_grace(Grace::default())
}

async fn read(monitor: &mut Monitor) -> Vec<Event> {
    let mut events = Vec::new();
    monitor.refresh().await.unwrap();
    while !monitor.progress().is_complete() {
        let handle = |event: &Event| {
            events.push(event.clone());
            Ok(())
        };
        monitor.read(handle).await.unwrap();
    }
    events
}

fn kinds(events: &[Event]) -> Found {
    events.iter().map(|event| (event.entry().index().get(), event.kind())).collect()
}

async fn events(entries: &[Entry], selection: Selection) -> Vec<Event> {
    let server = Server::start(TestLog::new(entries)).await;
    let state = tempfile::tempdir().unwrap();
    read(&mut open(&server, state.path(), selection)).await
}

async fn found(entries: &[Entry], selection: Selection) -> Found {
    kinds(&events(entries, selection).await)
}

/// The entry at another minute of the log's clock.
fn at(minute: u64, mut entry: Entry) -> Entry {
    match &mut entry {
        Entry::Content(content) => content.observed = time(minute),
        Entry::Epoch(epoch) => epoch.time = time(minute),
        Entry::Expected(expected) => expected.received = time(minute),
        Entry::File(file) => file.observed = time(minute),
        Entry::Key(key) => key.received = time(minute),
        Entry::Removed(removed) => removed.observed = time(minute),
        Entry::Status(flip) => flip.observed = time(minute),
    }
    entry
}

/// A file with something else about it.
fn file_with(filename: &str, content: &str, change: impl FnOnce(&mut FileEntry)) -> Entry {
    let Entry::File(mut entry) = file(filename, content) else { unreachable!() };
    change(&mut entry);
    Entry::File(entry)
}

fn epoch(minute: u64) -> Entry {
    let time = time(minute);
    Entry::Epoch(EpochEntry { epoch: 0, map: MapRoot::EMPTY, serial: None, swept: None, time })
}

/// A publisher's key.
struct Key(SigningKey);

impl Key {
    fn new(seed: u8) -> Key {
        Key(SigningKey::from_seed("a-release", &[seed; 32]).unwrap())
    }

    fn public(&self) -> PublicKey {
        PublicKey::parse(&self.0.verifying_key().to_string()).unwrap()
    }

    fn sign(&self, text: &str) -> Signature {
        Signature::new(self.0.sign(text).bytes().to_vec()).unwrap()
    }

    fn expects(&self, filename: &str, content: &str, minute: u64) -> Entry {
        let (project, version) = record::split_filename(filename, None).unwrap();
        let (filename, sha256) = (filename.to_owned(), digest(content));
        let expectation = Expectation { project, version, filename, sha256 };
        let signature = self.sign(&expectation.text(ORIGIN));
        Entry::Expected(expectation.into_entry(self.public(), signature, time(minute)))
    }

    /// The next change of the keys of project `a`, after the newest one.
    fn changes(&self, action: KeyAction, key: &Key, after: Option<&Entry>) -> Entry {
        let after: Option<Hash> = after.map(|entry| leaf_hash(&entry.to_bytes().unwrap()));
        let (project, key) = (project("a"), key.public());
        let text = KeyChange { project: project.clone(), action, key: key.clone(), after };
        let signature = Some(self.sign(&text.text(ORIGIN)));
        let by = self.public().to_string();
        Entry::Key(KeyEntry { project, action, key, by, signature, received: time(0) })
    }
}

/// What the operator decides about a key of project `a`.
fn operator(action: KeyAction, key: &Key) -> Entry {
    let (project, key, by) = (project("a"), key.public(), KeyEntry::OPERATOR.to_owned());
    Entry::Key(KeyEntry { project, action, key, by, signature: None, received: time(0) })
}
