//! Admission by its plain definition, fact by fact, and the sequencer against it.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use record::{
    Digest, Entry, Fact, FileState, ListedFile, Parsed, ProjectName, ProjectState, Status,
    StatusFact, Timestamp,
};
use store::{MemoryStore, Store as _};
use tokio_util::sync::CancellationToken;

use super::Sequencer;
use super::tests::{Seen, parts, verify};
use crate::entries::EntryReader;
use crate::reading::positions;

/// The time on the clock of the log.
pub(super) fn observed() -> Timestamp {
    Timestamp::from_unix(1_795_223_638).unwrap()
}

/// Facts about few files of few projects, so that most meet something: other hashes, removals, yanks, the
/// same name on two pages. And many that meet nothing.
pub(super) fn facts(count: u64) -> Vec<Fact> {
    (0..count).map(fact).collect()
}

fn fact(number: u64) -> Fact {
    let dice = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let few = !dice.is_multiple_of(3);
    let project = ProjectName::parse(["a", "b", "c"][(dice % 2) as usize]).unwrap();
    let name = if few { dice / 7 % 12 } else { number };
    let filename = format!("f-{name}.zip");
    match dice / 5 % 9 {
        0 => Fact::Unlisted { project, filename },
        1 => {
            let status = if dice % 4 < 2 { Status::Yanked } else { Status::Unyanked };
            let (version, filename, reason) = (Some("1".to_owned()), Some(filename), None);
            Fact::Status(StatusFact { project, version, filename, status, reason })
        }
        2 => {
            let status = [Status::Active, Status::Archived][(dice / 11 % 2) as usize];
            let version = dice.is_multiple_of(5).then(|| "1".to_owned());
            Fact::Status(StatusFact { project, version, filename: None, status, reason: None })
        }
        _ => Fact::Listed(ListedFile {
            project,
            version: "1".to_owned(),
            filename,
            sha256: Digest::sha256(&[u8::try_from(dice / 13 % 3).unwrap()]),
            size: Some(number),
            blake2b: None,
            metadata: None,
            uploaded: None,
            yanked: None,
            provenance: false,
        }),
    }
}

/// The entries that `facts` add to a log of `entries`: by the definition, fact by fact.
pub(super) fn definition(entries: &mut Vec<Bytes>, facts: &[Fact], via: Option<&str>) {
    for fact in facts {
        let known = entries.iter().filter_map(|bytes| match Entry::parse(bytes) {
            Ok(Parsed::Known(entry)) => Some(entry),
            _ => None,
        });
        let news: Vec<Entry> = match (fact, fact.filename()) {
            (_, Some(name)) => {
                let mut state = FileState::default();
                known
                    .filter(|entry| entry.filename() == Some(name))
                    .for_each(|entry| state.apply(&entry));
                state.admit(fact, observed(), via)
            }
            (Fact::Status(status), None) => {
                let mut state = ProjectState::default();
                known
                    .filter(|entry| entry.project() == Some(&status.project))
                    .for_each(|entry| state.apply(&entry));
                state.admit_status(status, observed(), via).into_iter().collect()
            }
            _ => Vec::new(),
        };
        entries.extend(news.iter().map(|entry| Bytes::from(entry.to_bytes().unwrap())));
    }
}

/// The entries of a store that are no epochs.
pub(super) async fn logged(store: &MemoryStore) -> Vec<Bytes> {
    let entries = all_logged(store).await;
    entries.into_iter().filter(|bytes| !is_epoch(bytes)).collect()
}

/// The same with the epochs.
pub(super) async fn all_logged(store: &MemoryStore) -> Vec<Bytes> {
    let store = Arc::new(store.reopen());
    let head = store.head().await.unwrap();
    let all = positions(0..head.size.get());
    EntryReader::new(store).entries(&all, head.size).await.unwrap()
}

pub(super) fn is_epoch(bytes: &Bytes) -> bool {
    matches!(Entry::parse(bytes), Ok(Parsed::Known(Entry::Epoch(_))))
}

/// What waits together is admitted together, in part by several threads; the log does not show it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn submissions_are_the_log_of_their_facts() {
    let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
    let stop = CancellationToken::new();
    let (sequencer, done) =
        Sequencer::start(parts(store.clone(), dir.path()), stop.clone()).await.unwrap();
    let facts = facts(2500);
    let mut expected = Vec::new();
    definition(&mut expected, &facts, None);
    let (mut submissions, mut rest) = (Vec::new(), facts.as_slice());
    for count in [1, 90, 2, 300, 7, 64, 30].into_iter().cycle() {
        let (submission, left) = rest.split_at(rest.len().min(count));
        submissions.push(sequencer.submit(submission.to_vec()));
        rest = left;
        if rest.is_empty() {
            break;
        }
    }
    let receipts = join_all(submissions).await;
    let entries: u64 = receipts.into_iter().map(|receipt| receipt.unwrap().entries).sum();
    assert_eq!(entries, expected.len() as u64);
    assert!(logged(&store).await == expected, "the entries, byte for byte");
    drop(sequencer);
    stop.cancel();
    done.await.unwrap();
    verify(&store, &Seen::default()).await;
}
