//! What happens to files.

use client::{Class, EventKind, Selection};
use record::{Entry, Status, StatusEntry};

use super::{DAY, at, events, file_with, found, of_hashes, of_projects};
use crate::log::{content, digest, file, project, removed, status, time, yanked};

#[tokio::test]
async fn bytes_that_change_are_bad_in_every_way() {
    let entries = [
        file("a-1.tar.gz", "one"),
        file("a-1.tar.gz", "two"),
        removed("a-1.tar.gz", "two"),
        file("a-1.tar.gz", "three"),
        content("a-1.tar.gz", "three", "four"),
    ];
    let expected = [
        (1, EventKind::HashChanged),
        (2, EventKind::Removed),
        (3, EventKind::ReappearedChanged),
        (4, EventKind::ContentMismatch),
    ];
    let all = events(&entries, Selection::All).await;
    assert_eq!(super::kinds(&all), expected);
    let before: Vec<_> = all.iter().map(|event| event.before().copied()).collect();
    let hashes = ["one", "two", "two", "three"].map(|content| Some(digest(content)));
    assert_eq!(before, hashes);
    let earlier = all.iter().map(|event| event.earlier().map(tlog::LeafIndex::get));
    assert_eq!(earlier.collect::<Vec<_>>(), [Some(0), Some(1), Some(1), None]);
    for event in &all {
        let proofs =
            if event.class() == Class::Bad { event.earlier().iter().count() + 1 } else { 0 };
        assert_eq!(event.evidence().len(), proofs, "{event:?}");
    }
}

#[tokio::test]
async fn what_is_usual_is_silent_everywhere() {
    let wheel = "a-1.0-py3-none-any.whl";
    let via = |filename: &str, content: &str, minute: u64| {
        at(minute, file_with(filename, content, |file| file.via = Some("old-data".into())))
    };
    let on_page =
        |name: &str| file_with("a-1.0.tar.gz", "one", |file| file.project = project(name));
    let flip = |status: Status, minute: u64| {
        let Entry::Status(mut flip) = yanked("a-1.0.tar.gz", "broken") else { unreachable!() };
        flip.status = status;
        at(minute, Entry::Status(flip))
    };
    let entries = [
        via("a-0.9.tar.gz", "old", 0),
        file("a-1.0.tar.gz", "one"),
        // A late wheel within the limit, and one of another data set after it.
        at(14 * DAY, file(wheel, "wheel")),
        via("a-1.0.zip", "zip", 90 * DAY),
        flip(Status::Yanked, 1),
        flip(Status::Unyanked, 2),
        flip(Status::Yanked, 3),
        status("a", Status::Archived),
        // The same on another page, other metadata, and what a data set knows already.
        on_page("b"),
        file_with("a-1.0.tar.gz", "one", |file| file.metadata = Some(digest("metadata"))),
        via("a-1.0.tar.gz", "one", 5),
        file("a-2.0.tar.gz", "two"),
    ];
    assert_eq!(found(&entries, Selection::All).await, []);
}

#[tokio::test]
async fn a_file_that_comes_back_as_it_was_is_a_note() {
    let on_b = |entry: Entry| match entry {
        Entry::Removed(mut removed) => {
            removed.project = project("b");
            Entry::Removed(removed)
        }
        other => other,
    };
    let entries = [
        file("a-1.tar.gz", "one"),
        removed("a-1.tar.gz", "one"),
        file("a-1.tar.gz", "one"),
        // Another page lists it and stops to: on this one it is listed all the time.
        file_with("a-1.tar.gz", "one", |file| file.project = project("b")),
        on_b(removed("a-1.tar.gz", "one")),
        file_with("a-1.tar.gz", "one", |file| file.metadata = Some(digest("metadata"))),
    ];
    let expected = [(1, EventKind::Removed), (2, EventKind::ListedAgain), (4, EventKind::Removed)];
    assert_eq!(found(&entries, Selection::All).await, expected);
    let all = events(&entries, Selection::All).await;
    assert!(all.iter().all(|event| event.class() == Class::Note));
}

#[tokio::test]
async fn two_pages_with_different_bytes_are_bad_in_either_order() {
    let on_b = |content| file_with("a-1.tar.gz", content, |file| file.project = project("b"));
    let own_first = [file("a-1.tar.gz", "one"), on_b("two"), on_b("two")];
    let other_first = [on_b("two"), file("a-1.tar.gz", "one"), file("a-1.tar.gz", "one")];
    for entries in [own_first, other_first] {
        assert_eq!(found(&entries, Selection::All).await, [(1, EventKind::HashChanged)]);
    }
}

#[tokio::test]
async fn what_a_data_set_says_never_overrules_what_the_log_saw() {
    let via = |content| file_with("a-1.tar.gz", content, |file| file.via = Some("old-data".into()));
    let gone = |entry: Entry| match entry {
        Entry::Removed(mut removed) => {
            removed.via = Some("old-data".into());
            Entry::Removed(removed)
        }
        other => other,
    };
    let entries = [
        file("a-1.tar.gz", "one"),
        gone(removed("a-1.tar.gz", "one")),
        via("zero"),
        file_with("a-1.tar.gz", "one", |file| file.metadata = Some(digest("metadata"))),
    ];
    assert_eq!(found(&entries, Selection::All).await, [(2, EventKind::HashChanged)]);
}

#[tokio::test]
async fn files_of_old_releases_are_late() {
    let wheel = |minute| at(minute, file("a-1.0-py3-none-any.whl", "wheel"));
    let first = file("a-1.0.tar.gz", "one");
    for (minute, late) in [(14 * DAY, false), (14 * DAY + 1, true), (90 * DAY, true)] {
        let entries = [first.clone(), wheel(minute)];
        let expected = if late { vec![(1, EventKind::LateFile)] } else { vec![] };
        assert_eq!(found(&entries, Selection::All).await, expected, "{minute}");
    }
    let watched = found(&[first.clone(), wheel(15 * DAY)], of_projects(&["a"])).await;
    assert_eq!(watched, [(0, EventKind::NewFile), (1, EventKind::LateFile)]);
    // Before the index refused them, they were usual.
    let long_ago = |entry: Entry, day: u64| match entry {
        Entry::File(mut file) => {
            file.observed = record::Timestamp::from_unix(1_780_000_000 + day * 86_400).unwrap();
            Entry::File(file)
        }
        other => other,
    };
    let entries =
        [long_ago(first.clone(), 0), long_ago(wheel(0), 30), long_ago(file("a-1.0.zip", "z"), 60)];
    assert_eq!(found(&entries, Selection::All).await, [(2, EventKind::LateFile)]);
}

#[tokio::test]
async fn digests_that_disagree_are_bad() {
    let with = |filename: &str, content: &str, blake2b: Option<&str>| {
        file_with(filename, content, |file| file.blake2b = blake2b.map(digest))
    };
    let cases = [
        // The same file, of which one digest stays and the other changes.
        (with("a-1.tar.gz", "one", Some("y")), vec![EventKind::DigestsDisagree]),
        (
            with("a-1.tar.gz", "two", Some("x")),
            vec![EventKind::HashChanged, EventKind::DigestsDisagree],
        ),
        // Other files.
        (with("b-1.tar.gz", "one", Some("y")), vec![EventKind::DigestsDisagree]),
        (with("b-1.tar.gz", "two", Some("x")), vec![EventKind::DigestsDisagree]),
        // What agrees.
        (with("b-1.tar.gz", "one", Some("x")), vec![]),
        (with("b-1.tar.gz", "two", Some("y")), vec![]),
        (with("b-1.tar.gz", "one", None), vec![]),
        (with("a-1.tar.gz", "one", Some("x")), vec![]),
        (with("a-1.tar.gz", "two", Some("y")), vec![EventKind::HashChanged]),
    ];
    for (entry, expected) in cases {
        let entries = [with("a-1.tar.gz", "one", Some("x")), entry];
        let events = events(&entries, Selection::All).await;
        let kinds: Vec<_> = events.iter().map(client::Event::kind).collect();
        assert_eq!(kinds, expected, "{entries:?}");
        assert!(events.iter().all(|event| event.earlier().is_some()));
    }
}

#[tokio::test]
async fn provenance_is_compared_once_a_release() {
    let file = |filename: &str, provenance: bool| {
        file_with(filename, filename, |file| file.provenance = provenance)
    };
    let wheel = |version: &str| format!("a-{version}-py3-none-any.whl");
    let entries = [
        file("a-1.tar.gz", true),
        file(&wheel("1"), true),
        // Lost, once.
        file("a-2.tar.gz", false),
        file(&wheel("2"), false),
        // A file more of the release before does not count.
        file("a-1.zip", false),
        // Gained.
        file("a-3.tar.gz", true),
        file(&wheel("3"), false),
        // After a release that had both, nothing is to be expected.
        file("a-4.tar.gz", false),
    ];
    let events = found(&entries, of_projects(&["a"])).await;
    let events: Vec<_> = events.into_iter().filter(|event| event.1 != EventKind::NewFile).collect();
    assert_eq!(events, [(2, EventKind::ProvenanceLost), (5, EventKind::ProvenanceGained)]);
    assert_eq!(found(&entries, Selection::All).await, []);
}

#[tokio::test]
async fn a_redistributor_hears_of_its_hashes_only() {
    let release = |version: &str, status: Status| {
        Entry::Status(StatusEntry {
            project: project("a"),
            version: Some(version.into()),
            filename: None,
            status,
            reason: None,
            via: None,
            observed: time(1),
        })
    };
    let entries = [
        removed("a-1.tar.gz", "one"),
        file("a-1.tar.gz", "one"),
        file("a-2.tar.gz", "other"),
        yanked("a-1.tar.gz", "broken"),
        yanked("a-2.tar.gz", "broken"),
        release("1", Status::Quarantined),
        release("2", Status::Quarantined),
        status("a", Status::Quarantined),
        status("b", Status::Quarantined),
        removed("a-1.tar.gz", "one"),
        file("a-1.tar.gz", "one"),
        file("a-1.tar.gz", "two"),
        removed("a-1.tar.gz", "two"),
        file("a-1.tar.gz", "two"),
        removed("a-2.tar.gz", "other"),
        file("b-1.tar.gz", "b"),
        file("b-1.tar.gz", "shipped"),
    ];
    let expected = [
        (3, EventKind::StatusChanged),
        (5, EventKind::StatusChanged),
        (7, EventKind::StatusChanged),
        (9, EventKind::Removed),
        (10, EventKind::ListedAgain),
        (11, EventKind::HashChanged),
        (12, EventKind::Removed),
        (13, EventKind::ListedAgain),
        (16, EventKind::HashChanged),
    ];
    assert_eq!(found(&entries, of_hashes(&["one", "shipped"])).await, expected);
    let both = Selection::of([project("b")], [digest("one")]);
    let both = found(&entries, both).await;
    assert!(both.contains(&(15, EventKind::NewFile)) && both.contains(&(9, EventKind::Removed)));
    assert!(!both.contains(&(14, EventKind::Removed)));
}
