//! What publishers expect, against what the index lists.

use client::{Class, Event, EventKind, Selection};
use record::{Entry, KeyAction};

use super::{DAY, Key, at, epoch, events, file_with, found, of_projects, operator};
use crate::log::{file, project, removed};

/// What an owner hears, apart from changes of keys.
async fn heard(entries: &[Entry]) -> Vec<(u64, EventKind)> {
    let all = found(entries, of_projects(&["a"])).await;
    all.into_iter().filter(|event| event.1 != EventKind::KeyChanged).collect()
}

fn enrolled(key: &Key) -> Entry {
    key.changes(KeyAction::Enrol, key, None)
}

#[tokio::test]
async fn what_is_expected_is_silent() {
    let key = Key::new(1);
    let entries = [
        enrolled(&key),
        key.expects("a-1.tar.gz", "one", 1),
        at(2, file("a-1.tar.gz", "one")),
        at(3, file("b-1.tar.gz", "b")),
        // Expected when it was listed already, within the time.
        at(4, file("a-2.tar.gz", "two")),
        key.expects("a-2.tar.gz", "two", 5),
        epoch(30 * DAY),
    ];
    assert_eq!(heard(&entries).await, [(4, EventKind::NewFile)]);
    assert_eq!(found(&entries, Selection::All).await, []);
}

#[tokio::test]
async fn what_differs_from_the_expectation_is_bad() {
    let key = Key::new(1);
    let listed_later = [
        enrolled(&key),
        key.expects("a-1.tar.gz", "one", 1),
        at(2, file("a-1.tar.gz", "evil")),
        at(3, file_with("a-1.tar.gz", "evil", |file| file.metadata = Some(file.sha256))),
    ];
    let all = events(&listed_later, Selection::All).await;
    assert_eq!(super::kinds(&all), [(2, EventKind::Unexpected)]);
    assert_eq!(all[0].earlier().unwrap().get(), 1);
    assert_eq!(all[0].evidence().len(), 2);
    let expected_later = [
        at(0, file("a-1.tar.gz", "evil")),
        enrolled(&key),
        key.expects("a-1.tar.gz", "one", 1),
        key.expects("a-1.tar.gz", "one", 2),
    ];
    assert_eq!(found(&expected_later, Selection::All).await, [(2, EventKind::Unexpected)]);
    let changed_before = [
        at(0, file("a-1.tar.gz", "evil")),
        at(1, file("a-1.tar.gz", "one")),
        enrolled(&key),
        key.expects("a-1.tar.gz", "one", 2),
    ];
    let kinds = [(1, EventKind::HashChanged), (3, EventKind::Unexpected)];
    assert_eq!(found(&changed_before, Selection::All).await, kinds);
    assert_eq!(found(&changed_before, of_projects(&["b"])).await, []);
}

#[tokio::test]
async fn several_keys_may_expect_several_hashes() {
    let (first, second) = (Key::new(1), Key::new(2));
    let enrol = enrolled(&first);
    let add = first.changes(KeyAction::Add, &second, Some(&enrol));
    let revoke = second.changes(KeyAction::Revoke, &first, Some(&add));
    let mut entries = vec![
        enrol,
        add,
        first.expects("a-1.tar.gz", "stolen", 1),
        at(2, file("a-1.tar.gz", "stolen")),
    ];
    assert_eq!(heard(&entries).await, []);
    // Only now the index lists what no key that is to be believed expects.
    entries.extend([revoke, second.expects("a-1.tar.gz", "true", 3)]);
    assert_eq!(heard(&entries).await, [(5, EventKind::Unexpected)]);
}

#[tokio::test]
async fn a_publisher_that_contradicts_itself_is_bad() {
    let key = Key::new(1);
    let entries = [
        enrolled(&key),
        key.expects("a-1.tar.gz", "one", 1),
        at(1, file("a-1.tar.gz", "one")),
        key.expects("a-1.tar.gz", "two", 2),
    ];
    assert_eq!(found(&entries, Selection::All).await, [(3, EventKind::SelfContradiction)]);
}

#[tokio::test]
async fn files_nobody_declared_are_bad_after_a_time() {
    let key = Key::new(1);
    let enrol = enrolled(&key);
    let complete = key.changes(KeyAction::Complete, &key, Some(&enrol));
    let partial = key.changes(KeyAction::Partial, &key, Some(&complete));
    let before = [at(0, file("a-0.tar.gz", "zero")), enrol, complete];
    let log = |rest: &[Entry]| [&before, rest].concat();
    let listed = at(10, file("a-1.tar.gz", "one"));
    let quiet = |events: Vec<(u64, EventKind)>| -> Vec<(u64, EventKind)> {
        events.into_iter().filter(|event| event.1 != EventKind::NewFile).collect()
    };

    let waiting = log(&[listed.clone(), epoch(69)]);
    assert_eq!(quiet(heard(&waiting).await), []);
    let due = log(&[listed.clone(), epoch(70), epoch(71)]);
    assert_eq!(quiet(heard(&due).await), [(3, EventKind::Undeclared)]);
    assert_eq!(found(&due, Selection::All).await, [(3, EventKind::Undeclared)]);
    let declared = log(&[listed.clone(), key.expects("a-1.tar.gz", "one", 60), epoch(71)]);
    assert_eq!(quiet(heard(&declared).await), []);
    let taken_back = log(&[listed, partial, epoch(71)]);
    assert_eq!(quiet(heard(&taken_back).await), []);
    let imported = file_with("a-1.tar.gz", "one", |file| file.via = Some("old-data".into()));
    assert_eq!(quiet(heard(&log(&[imported, epoch(71)])).await), []);
}

#[tokio::test]
async fn what_is_expected_and_never_comes_is_a_note() {
    let key = Key::new(1);
    let expects = key.expects("a-1.tar.gz", "one", 0);
    let log = |rest: &[Entry]| [&[enrolled(&key), expects.clone()], rest].concat();
    assert_eq!(heard(&log(&[epoch(DAY - 1)])).await, []);
    assert_eq!(heard(&log(&[epoch(DAY)])).await, [(1, EventKind::ExpectedUnlisted)]);
    assert_eq!(heard(&log(&[at(5, file("a-1.tar.gz", "one")), epoch(DAY)])).await, []);
    let gone = [at(5, file("a-1.tar.gz", "one")), at(6, removed("a-1.tar.gz", "one")), epoch(DAY)];
    assert_eq!(heard(&log(&gone)).await, [(3, EventKind::Removed)]);
    assert_eq!(found(&log(&[epoch(DAY)]), Selection::All).await, []);
}

#[tokio::test]
async fn statements_that_do_not_count_are_bad() {
    let (key, thief) = (Key::new(1), Key::new(2));
    let enrol = enrolled(&key);
    let forged = |entry: Entry| match entry {
        Entry::Expected(mut expected) => {
            expected.signature = thief.sign("something else");
            Entry::Expected(expected)
        }
        other => other,
    };
    for unfounded in [
        thief.expects("a-1.tar.gz", "evil", 1),
        forged(key.expects("a-1.tar.gz", "evil", 1)),
        enrolled(&thief),
        thief.changes(KeyAction::Add, &thief, Some(&enrol)),
        // Used a second time.
        enrol.clone(),
        operator(KeyAction::Add, &thief),
    ] {
        let entries = [enrol.clone(), unfounded, at(2, file("a-1.tar.gz", "evil"))];
        let all = events(&entries, Selection::All).await;
        assert_eq!(super::kinds(&all), [(1, EventKind::UnfoundedStatement)], "{entries:?}");
        assert!(all[0].detail().is_some());
        let other = found(&entries, of_projects(&["b"])).await;
        assert_eq!(other, [], "it is about another project");
    }
}

#[tokio::test]
async fn changes_of_keys_are_bad_where_the_operator_overrules() {
    let (key, next, other) = (Key::new(1), Key::new(2), Key::new(3));
    let classes = async |entries: &[Entry], selection| -> Vec<(u64, Class)> {
        let events = events(entries, selection).await;
        assert!(events.iter().all(|event: &Event| event.kind() == EventKind::KeyChanged));
        events.iter().map(|event| (event.entry().index().get(), event.class())).collect()
    };
    let enrol = operator(KeyAction::Enrol, &key);
    let rotate = key.changes(KeyAction::Rotate, &next, Some(&enrol));
    let complete = next.changes(KeyAction::Complete, &next, Some(&rotate));
    let revoke = operator(KeyAction::Revoke, &next);
    let entries = [enrol, rotate, complete, revoke, operator(KeyAction::Enrol, &other)];
    let (note, bad) = (Class::Note, Class::Bad);
    let owner = classes(&entries, of_projects(&["a"])).await;
    assert_eq!(owner, [(0, note), (1, note), (2, note), (3, bad), (4, bad)]);
    assert_eq!(classes(&entries, Selection::All).await, [(3, bad), (4, bad)]);
    assert_eq!(project("a").as_str(), "a");
}
