//! How what the index lists goes with what is expected.

use record::{KeyAction, Reconciled};

use crate::fixture::{History, digest, expectation, key, listed};

const FILE: &str = "example-1.0.tar.gz";

fn reconciled(history: &History) -> &'static str {
    match history.state.reconcile(FILE) {
        None => "nothing",
        Some(Reconciled::Agrees) => "agrees",
        Some(Reconciled::Differs { .. }) => "differs",
        Some(Reconciled::NotExpected) => "not expected",
        Some(Reconciled::Undeclared { .. }) => "undeclared",
        Some(Reconciled::Unlisted { .. }) => "unlisted",
    }
}

#[test]
fn listed_and_expected_in_any_order() {
    let mut history = History::enrolled();
    assert_eq!(reconciled(&history), "nothing");
    let mut late = history.clone();
    assert!(history.expect(&key(1), FILE, 1));
    assert_eq!((reconciled(&history), history.state.outstanding()), ("unlisted", 1));
    history.list(FILE, 1);
    assert_eq!((reconciled(&history), history.state.outstanding()), ("agrees", 0));
    history.remove(FILE, 1);
    assert!(history.state.file(FILE).unwrap().is_removed());
    assert_eq!(reconciled(&history), "agrees");
    history.list(FILE, 2);
    assert_eq!(reconciled(&history), "differs");

    late.list(FILE, 1);
    assert_eq!((reconciled(&late), late.state.outstanding()), ("not expected", 0));
    assert!(late.expect(&key(1), FILE, 1));
    assert_eq!((reconciled(&late), late.state.outstanding()), ("agrees", 0));
}

#[test]
fn what_is_listed_without_being_expected_matters_once_that_was_declared() {
    let mut history = History::enrolled();
    history.list("example-0.9.tar.gz", 9);
    history.change(KeyAction::Complete, &key(1), &key(1)).unwrap();
    let older = history.state.reconcile("example-0.9.tar.gz");
    assert_eq!(older, Some(Reconciled::NotExpected), "it was there before");
    history
        .push(record::FileEntry { via: Some("set".into()), ..listed("example-0.8.zip", 8) })
        .unwrap();
    let imported = history.state.reconcile("example-0.8.zip");
    assert_eq!(imported, Some(Reconciled::NotExpected), "nobody knows since when it is there");
    history.list(FILE, 1);
    assert_eq!(reconciled(&history), "undeclared");
    let mut said = history.clone();
    assert!(said.expect(&key(1), FILE, 1));
    assert_eq!(reconciled(&said), "agrees");
    history.change(KeyAction::Partial, &key(1), &key(1)).unwrap();
    assert_eq!(reconciled(&history), "not expected");
}

#[test]
fn the_same_said_twice_counts_once_and_other_things_contradict() {
    let mut history = History::enrolled();
    history.change(KeyAction::Add, &key(2), &key(1)).unwrap();
    assert!(history.expect(&key(1), FILE, 1));
    assert!(history.expect(&key(1), FILE, 1));
    assert!(history.expect(&key(2), FILE, 2));
    let file = history.state.file(FILE).unwrap();
    assert_eq!((file.expectations().len(), history.state.outstanding()), (2, 1));
    assert_eq!(history.state.contradiction(FILE), None, "two keys, perhaps two builds");
    assert_eq!(history.state.expected_hashes(FILE), [digest(1), digest(2)]);
    assert!(history.expect(&key(1), FILE, 3));
    let (first, second) = history.state.contradiction(FILE).unwrap();
    assert_eq!((first.sha256, second.sha256), (digest(1), digest(3)));
}

#[test]
fn keys_that_are_gone_say_nothing_new_and_what_they_said_stays() {
    let mut history = History::enrolled();
    assert!(history.expect(&key(1), FILE, 1));
    let mut rotated = history.clone();
    rotated.change(KeyAction::Rotate, &key(2), &key(1)).unwrap();
    assert!(!rotated.expect(&key(1), FILE, 2));
    assert!(rotated.expect(&key(2), FILE, 3));
    assert_eq!(rotated.state.expected_hashes(FILE), [digest(1), digest(3)]);

    history.change(KeyAction::Add, &key(2), &key(1)).unwrap();
    history.change(KeyAction::Revoke, &key(1), &key(2)).unwrap();
    assert!(!history.expect(&key(1), FILE, 2));
    assert_eq!(history.state.expected_hashes(FILE), [digest(1)], "still guarded");
    assert!(history.expect(&key(2), FILE, 3));
    assert_eq!(history.state.expected_hashes(FILE), [digest(3)], "the thief's word is void");
    history.list(FILE, 1);
    assert_eq!(reconciled(&history), "differs");
}

#[test]
fn files_are_of_their_release() {
    let fits = |file: &str| expectation(file, digest(1)).is_of_its_release();
    for file in [
        FILE,
        "example-1.0-py3-none-any.whl",
        "Example-1.0.0.zip",
        "example-1.0-1-py3-none-any.whl",
    ] {
        assert!(fits(file), "{file}");
    }
    for file in [
        "requests-1.0.tar.gz",
        "example-1.1.tar.gz",
        "example-2-1.0.tar.gz",
        "example-1.0.txt",
        "example.tar.gz",
        "*",
        "",
    ] {
        assert!(!fits(file), "{file}");
    }
}
