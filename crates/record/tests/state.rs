//! Which facts are news: scripts of facts with the entries that each adds.
#![allow(clippy::unwrap_used)]

mod samples;

use record::{
    ContentFact, Digest, Entry, Fact, FileState, ListedFile, MAX_REASON_LEN, ProjectState, Status,
    StatusFact, Timestamp,
};
use samples::{digest, project, time};

const FILENAME: &str = "example-1.0.tar.gz";

fn listing(sha256: u8) -> ListedFile {
    ListedFile {
        project: project("example"),
        version: "1.0".into(),
        filename: FILENAME.into(),
        sha256: digest(sha256),
        size: None,
        blake2b: None,
        metadata: None,
        uploaded: None,
        yanked: None,
        provenance: false,
    }
}

fn listed(sha256: u8) -> Fact {
    Fact::Listed(listing(sha256))
}

fn yanked(sha256: u8, reason: &str) -> Fact {
    Fact::Listed(ListedFile { yanked: Some(reason.into()), ..listing(sha256) })
}

fn with_metadata(metadata: u8) -> Fact {
    Fact::Listed(ListedFile { metadata: Some(digest(metadata)), ..listing(1) })
}

fn on_page(name: &str, sha256: u8) -> Fact {
    Fact::Listed(ListedFile { project: project(name), ..listing(sha256) })
}

fn unlisted(name: &str) -> Fact {
    Fact::Unlisted { project: project(name), filename: FILENAME.into() }
}

fn mismatch(got: u8) -> Fact {
    Fact::Content(ContentFact {
        project: project("example"),
        version: "1.0".into(),
        filename: FILENAME.into(),
        sha256: digest(1),
        got: digest(got),
    })
}

fn flip(status: Status, reason: Option<&str>) -> Fact {
    Fact::Status(StatusFact {
        project: project("example"),
        version: Some("1.0".into()),
        filename: Some(FILENAME.into()),
        status,
        reason: reason.map(String::from),
    })
}

/// An entry in one word or a few.
fn summary(entry: &Entry) -> String {
    let byte = |digest: &Digest| digest.as_bytes()[0];
    match entry {
        Entry::Content(entry) => format!("got {}", byte(&entry.got)),
        Entry::File(entry) => match &entry.yanked {
            Some(reason) => format!("{} {} yanked {reason:?}", entry.project, byte(&entry.sha256)),
            None => format!("{} {}", entry.project, byte(&entry.sha256)),
        },
        Entry::Removed(entry) => format!("{} removed {}", entry.project, byte(&entry.sha256)),
        Entry::Status(entry) => format!("{} {:?}", entry.status, entry.reason),
        other => panic!("no fact makes this: {other:?}"),
    }
}

/// Admits each fact, checks what it adds (nothing if empty), and that saying it again adds nothing.
fn play(script: &[(Fact, Option<&str>, &str)]) -> FileState {
    let mut state = FileState::default();
    for (step, (fact, via, expected)) in script.iter().enumerate() {
        let news = state.admit(fact, now(), *via);
        for entry in &news {
            let bytes = entry.to_bytes().unwrap();
            assert_eq!(Entry::parse(&bytes), Ok(record::Parsed::Known(entry.clone())));
            state.apply(entry);
        }
        let summaries: Vec<String> = news.iter().map(summary).collect();
        assert_eq!(summaries.join(", "), *expected, "step {step}: {fact:?}");
        assert_eq!(state.admit(fact, now(), *via), [], "step {step} again: {fact:?}");
    }
    state
}

fn now() -> Timestamp {
    time(1_795_223_638)
}

#[test]
fn a_hash_that_returns_is_a_third_entry() {
    let state = play(&[
        (listed(1), None, "example 1"),
        (listed(2), None, "example 2"),
        (listed(1), None, "example 1"),
    ]);
    let page = state.current().unwrap();
    assert_eq!((page.sha256(), page.hashes()), (&digest(1), &[digest(1), digest(2)][..]));
}

#[test]
fn removal_and_return() {
    let state = play(&[
        (unlisted("example"), None, ""),
        (listed(1), None, "example 1"),
        (unlisted("other"), None, ""),
        (unlisted("example"), None, "example removed 1"),
        (yanked(1, ""), None, r#"example 1 yanked """#),
        (unlisted("example"), None, "example removed 1"),
    ]);
    assert!(!state.is_listed());
    assert_eq!(state.sha256(), Some(&digest(1)));
}

#[test]
fn metadata_is_part_of_the_state_once_stated() {
    let state = play(&[
        (listed(1), None, "example 1"),
        (with_metadata(3), None, "example 1"),
        (listed(1), None, ""),
        (with_metadata(3), None, ""),
        (listed(2), None, "example 2"),
        (listed(1), None, "example 1"),
        (with_metadata(3), None, ""),
        (with_metadata(4), None, "example 1"),
    ]);
    assert_eq!(state.current().unwrap().metadata(), Some(&digest(4)));
}

#[test]
fn other_optional_fields_alone_are_no_news() {
    let mut state = FileState::default();
    state.admit(&listed(1), now(), None).iter().for_each(|entry| state.apply(entry));
    let every_other = ListedFile {
        version: "1.0.0".into(),
        size: Some(1),
        blake2b: Some(digest(5)),
        uploaded: Some("2023-05-22T15:12:44Z".into()),
        provenance: true,
        ..listing(1)
    };
    assert_eq!(state.admit(&Fact::Listed(every_other), now(), None), []);
}

#[test]
fn yanks_flip() {
    play(&[
        (yanked(1, "bad"), None, r#"example 1 yanked "bad""#),
        (yanked(1, "worse"), None, r#"yanked Some("worse")"#),
        (yanked(1, ""), None, "yanked None"),
        (listed(1), None, "unyanked None"),
        (flip(Status::Yanked, Some("bad")), None, r#"yanked Some("bad")"#),
        (yanked(1, "bad"), None, ""),
        (flip(Status::Unyanked, None), None, "unyanked None"),
        (listed(1), None, ""),
        (yanked(2, "bad"), None, r#"example 2 yanked "bad""#),
        (unlisted("example"), None, "example removed 2"),
        (flip(Status::Unyanked, None), None, ""),
        (flip(Status::Archived, None), None, ""),
    ]);
}

#[test]
fn a_long_reason_is_cut_and_compared_cut() {
    let reason = "é".repeat(MAX_REASON_LEN);
    let state = play(&[(listed(1), None, "example 1")]);
    let [Entry::Status(entry)] = &state.admit(&yanked(1, &reason), now(), None)[..] else {
        panic!("one status entry")
    };
    assert_eq!(entry.reason.as_ref().map(String::len), Some(MAX_REASON_LEN));
    let mut state = state;
    state.apply(&Entry::Status(entry.clone()));
    assert_eq!(state.admit(&yanked(1, &reason), now(), None), []);
}

#[test]
fn content_mismatches_are_logged_once_each() {
    play(&[
        (mismatch(1), None, ""),
        (mismatch(2), None, "got 2"),
        (mismatch(3), None, "got 3"),
        (mismatch(2), None, ""),
        (listed(1), None, "example 1"),
        (mismatch(3), None, ""),
    ]);
}

#[test]
fn a_name_on_two_pages_does_not_alternate() {
    let state = play(&[
        (on_page("example", 1), None, "example 1"),
        (on_page("other", 2), None, "other 2"),
        (on_page("example", 1), None, ""),
        (on_page("other", 2), None, ""),
        (unlisted("other"), None, "other removed 2"),
        (on_page("example", 1), None, ""),
    ]);
    assert!(state.is_listed());
    assert_eq!(state.sha256(), Some(&digest(1)), "what is listed still");
    assert_eq!(state.pages().len(), 2);
}

#[test]
fn an_import_never_overrules_the_index() {
    let via = Some("bigquery");
    let state = play(&[
        (listed(1), None, "example 1"),
        (listed(1), via, ""),
        (listed(2), via, "example 2"),
        (listed(1), None, ""),
        (unlisted("example"), via, ""),
        (yanked(1, "bad"), via, ""),
        (flip(Status::Yanked, None), via, ""),
        (yanked(1, "bad"), None, r#"yanked Some("bad")"#),
        (listed(1), via, ""),
        (unlisted("example"), None, "example removed 1"),
        (listed(1), via, ""),
        (listed(2), via, ""),
    ]);
    let page = state.current().unwrap();
    assert!(!page.is_imported() && !page.is_listed());
    assert_eq!(page.hashes(), [digest(1), digest(2)]);
}

#[test]
fn an_import_is_the_state_where_there_is_no_other() {
    let via = Some("versions");
    let state = play(&[
        (listed(1), via, "example 1"),
        (listed(2), via, "example 2"),
        (listed(1), via, ""),
        (flip(Status::Yanked, None), via, "yanked None"),
        (unlisted("example"), via, "example removed 2"),
        (listed(2), None, "example 2"),
    ]);
    assert!(!state.current().unwrap().is_imported());
}

#[test]
fn claims_that_no_entry_can_hold_are_left_out() {
    let strange = ListedFile {
        version: "1.0\n".into(),
        size: Some(u64::MAX),
        uploaded: Some("x".repeat(1000)),
        ..listing(1)
    };
    let news = FileState::default().admit(&Fact::Listed(strange), now(), None);
    let [Entry::File(entry)] = &news[..] else { panic!("{news:?}") };
    assert_eq!((entry.version.as_str(), entry.size, &entry.uploaded), ("", None, &None));
    assert!(news[0].to_bytes().is_ok());
}

fn project_status(version: Option<&str>, status: Status, reason: Option<&str>) -> StatusFact {
    StatusFact {
        project: project("example"),
        version: version.map(String::from),
        filename: None,
        status,
        reason: reason.map(String::from),
    }
}

#[test]
fn statuses_of_projects_and_releases_flip() {
    use Status::{Active, Archived, Deleted, Quarantined};
    let script = [
        (None, Active, None, false),
        (None, Archived, None, true),
        (None, Archived, Some("done"), true),
        (None, Archived, Some("done"), false),
        (Some("1.0"), Active, None, false),
        (Some("1.0"), Quarantined, None, true),
        (Some("1.1"), Quarantined, Some(""), true),
        (None, Active, None, true),
        (Some("1.0"), Active, None, true),
        (None, Deleted, None, true),
        (None, Active, Some(""), true),
    ];
    let mut state = ProjectState::default();
    for (step, (version, status, reason, is_news)) in script.into_iter().enumerate() {
        let fact = project_status(version, status, reason);
        let entry = state.admit_status(&fact, now(), None);
        assert_eq!(entry.is_some(), is_news, "step {step}");
        if let Some(entry) = entry {
            assert!(entry.to_bytes().is_ok(), "step {step}");
            state.apply(&entry);
        }
        assert_eq!(state.admit_status(&fact, now(), None), None, "step {step} again");
    }
    assert_eq!((state.status(), state.release_status("1.1")), (Active, Quarantined));
    assert_eq!(state.release_status("2.0"), Active);
}

#[test]
fn a_project_lists_what_its_files_say() {
    let mut state = ProjectState::default();
    assert!(!state.is_seen());
    state.apply(&samples::key().into());
    state.apply(&samples::expected().into());
    assert!(!state.is_seen(), "the index has not shown it yet");

    state.apply(&samples::file().into());
    assert!(state.is_seen());
    assert_eq!(state.listed().collect::<Vec<_>>(), [(FILENAME, &digest(0x11))]);
    let Fact::Status(yank) = flip(Status::Yanked, None) else { unreachable!() };
    let entry = state.admit_status(&yank, now(), None).unwrap();
    state.apply(&entry);
    assert_eq!(state.file(FILENAME).unwrap().current().unwrap().yanked(), Some(""));

    state.apply(&samples::removed().into());
    assert_eq!(state.listed().count(), 0);
    assert_eq!(state.files().count(), 1);
}
