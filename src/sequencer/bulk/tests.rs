//! The bulk writer against the plain definition of admission, undisturbed and with every fault.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use record::{Fact, MapKey};
use store::{Fault, MemoryStore, Operation, Store as _};
use tlog::{RightEdge, TreeSize};

use super::super::definition::{all_logged, definition, facts, is_epoch, logged, observed};
use super::super::tests::{Seen, parts, verify};
use super::{BulkError, BulkWriter, Candidates, Origin};
use crate::sequencer::second_opinion;

/// Entries of one commit: the facts make many.
const COMMIT_ENTRIES: usize = 300;

fn origin(via: &str) -> Origin {
    Origin { via: via.into(), observed: observed() }
}

async fn import(
    store: Arc<MemoryStore>,
    dir: &Path,
    facts: &[Fact],
    origin: &Origin,
) -> Result<TreeSize, BulkError> {
    let mut log = BulkWriter::open(parts(store, dir))
        .await
        .map_err(|error| BulkError::ReadOnly(error.to_string()))?;
    log.commit_entries = COMMIT_ENTRIES;
    let mut candidates = Candidates::new(origin.clone(), log.known_names());
    for fact in facts {
        let candidate = match fact {
            Fact::Listed(file) => candidates.listed(file.clone()).unwrap(),
            fact => candidates.fact(fact.clone()),
        };
        log.admit(candidate).await?;
    }
    log.finish().await
}

/// Facts that are no news a second time.
fn listed() -> Vec<Fact> {
    facts(900).into_iter().filter(|fact| matches!(fact, Fact::Listed(_))).collect()
}

/// Whether the newest entry is an epoch, so that all others are under its map.
async fn ends_with_epoch(store: &MemoryStore) -> bool {
    all_logged(store).await.last().is_some_and(is_epoch)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_the_log_of_its_facts() {
    let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
    let facts = facts(2500);
    let mut expected = Vec::new();
    for (part, via) in [(0..1800, "x"), (1500..2500, "x"), (0..900, "y")] {
        let origin = origin(via);
        definition(&mut expected, &facts[part.clone()], Some(via));
        import(Arc::clone(&store), dir.path(), &facts[part], &origin).await.unwrap();
        assert!(logged(&store).await == expected, "the entries, byte for byte");
        assert_eq!(verify(&store, &Seen::default()).await, expected.len());
    }
    let kinds = ["\"file\"", "\"removed\"", "\"status\""];
    for kind in kinds {
        let of_kind = |bytes: &&Bytes| String::from_utf8_lossy(bytes).contains(kind);
        assert!(expected.iter().filter(of_kind).count() > 10, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_fact_may_fill_a_commit() {
    let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
    let mut names = std::collections::BTreeSet::new();
    let is_first =
        |fact: &Fact| matches!(fact, Fact::Listed(file) if names.insert(file.filename.clone()));
    let firsts = facts(9000).into_iter().filter(is_first).take(2 * COMMIT_ENTRIES);
    let firsts: Vec<Fact> = firsts.collect();
    import(Arc::clone(&store), dir.path(), &firsts, &origin("x")).await.unwrap();
    assert_eq!(verify(&store, &Seen::default()).await, 2 * COMMIT_ENTRIES);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_new_is_nothing_written() {
    let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
    let listed = listed();
    let size = import(Arc::clone(&store), dir.path(), &listed, &origin("x")).await.unwrap();
    let commits = store.calls(Operation::Commit);
    let again = import(Arc::clone(&store), dir.path(), &listed, &origin("x")).await.unwrap();
    assert_eq!((again, store.calls(Operation::Commit)), (size, commits));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_new_is_summed_up_if_that_is_all_that_is_missing() {
    let undisturbed = Arc::new(MemoryStore::create());
    let dir = tempfile::tempdir().unwrap();
    import(Arc::clone(&undisturbed), dir.path(), &listed(), &origin("x")).await.unwrap();
    let last = undisturbed.calls(Operation::Commit) - 1;
    let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
    store.inject(Operation::Commit, last, Fault::Fail);
    import(Arc::clone(&store), dir.path(), &listed(), &origin("x")).await.unwrap_err();
    assert!(!ends_with_epoch(&store).await);
    let store = Arc::new(store.reopen());
    import(Arc::clone(&store), dir.path(), &listed(), &origin("x")).await.unwrap();
    assert!(ends_with_epoch(&store).await);
    assert_eq!(logged(&store).await, logged(&undisturbed).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_leaves_a_log_that_goes_on() {
    let facts: Vec<Fact> = facts(1500);
    let origin = origin("x");
    let mut expected = Vec::new();
    definition(&mut expected, &facts, Some("x"));
    for operation in [Operation::Commit, Operation::Publish, Operation::Head] {
        for place in 0..6 {
            for fault in [Fault::Fail, Fault::FailButPersist] {
                let (store, dir) = (Arc::new(MemoryStore::create()), tempfile::tempdir().unwrap());
                let seen = Seen::default();
                store.inject(operation, place, fault);
                let broken = import(Arc::clone(&store), dir.path(), &facts, &origin).await;
                seen.signed(&dir.path().join("head"));
                let head = store.reopen().head().await.unwrap();
                second_opinion::confirm(&store.reopen(), TreeSize::ZERO, head).await.unwrap();
                let store = Arc::new(store.reopen());
                import(Arc::clone(&store), dir.path(), &facts, &origin).await.unwrap();
                seen.signed(&dir.path().join("head"));
                verify(&store, &seen).await;
                let found = logged(&store).await;
                // A removal or a status before what was logged later is news again: files are not.
                let is_file = |bytes: &&Bytes| bytes.starts_with(br#"{"v":1,"kind":"file""#);
                let files: Vec<&Bytes> = found.iter().filter(is_file).collect();
                let once: std::collections::BTreeSet<&Bytes> = files.iter().copied().collect();
                assert_eq!(once.len(), files.len(), "{operation:?} {place} {fault:?} {broken:?}");
                assert!(expected.iter().filter(is_file).all(|entry| once.contains(entry)));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_entries_that_the_catalog_missed_are_taken_in_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(MemoryStore::create());
    let entries: Vec<Vec<u8>> = (0..110_000_u64)
        .map(|number| format!(r#"{{"v":2,"kind":"later","number":{number}}}"#).into_bytes())
        .collect();
    let integrated = RightEdge::empty().append(&entries).unwrap();
    let objects = integrated.objects.into_iter().map(|(path, bytes)| (path, Bytes::from(bytes)));
    let batch = store::Batch { objects: objects.collect() };
    let (prev, next) = (RightEdge::empty().head(), integrated.edge.head());
    store.commit(&prev, batch, &next).await.unwrap();
    let parts = parts(store, dir.path());
    let catalog = Arc::clone(&parts.catalog);
    BulkWriter::open(parts).await.unwrap();
    assert_eq!(catalog.cursor(), next.size);
    assert_eq!(catalog.positions(&MapKey::file("f"), next.size, None, 1).unwrap(), []);
}
