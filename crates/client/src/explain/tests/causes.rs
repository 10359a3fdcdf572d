//! Causes that no thread shows, and rules that decide between two.

use record::{
    ContentEntry, Digest, Entry, FileEntry, ProjectName, RemovedEntry, Status, StatusEntry,
    Timestamp,
};

use super::listing::{explained, hash, observe};
use crate::decide::Coverage;
use crate::explain::{Cause, Explanation, Known, Question, parse};
use crate::verdict::Class;

const SDIST: &str = "a-1.0.tar.gz";
const WHEEL: &str = "a-1.0-py3-none-any.whl";

fn time() -> Timestamp {
    Timestamp::from_unix(1_795_223_638).unwrap()
}

fn names(filename: &str) -> (ProjectName, String, String) {
    let (project, version) = record::split_filename(filename, None).unwrap();
    (project, version, filename.into())
}

fn file(filename: &str, content: &str) -> Entry {
    let (project, version, filename) = names(filename);
    Entry::File(FileEntry {
        project,
        version,
        filename,
        sha256: hash(content),
        size: None,
        blake2b: None,
        metadata: None,
        uploaded: None,
        yanked: None,
        provenance: false,
        via: None,
        observed: time(),
    })
}

fn removed(filename: &str, content: &str) -> Entry {
    let (project, version, filename) = names(filename);
    let sha256 = hash(content);
    Entry::Removed(RemovedEntry { project, version, filename, sha256, via: None, observed: time() })
}

fn content(filename: &str, listed: &str, got: &str) -> Entry {
    let (project, version, filename) = names(filename);
    let (sha256, got) = (hash(listed), hash(got));
    Entry::Content(ContentEntry { project, version, filename, sha256, got, observed: time() })
}

fn yanked(filename: &str) -> Entry {
    let (project, version, filename) = names(filename);
    let (version, filename, status) = (Some(version), Some(filename), Status::Yanked);
    let (reason, via, observed) = (None, None, time());
    Entry::Status(StatusEntry { project, version, filename, status, reason, via, observed })
}

fn ask(log: &[Entry], question: &Question) -> Explanation {
    explained(log, question, &Known::default())
}

fn release(expected: &[&str], got: Option<&str>) -> Question {
    Question {
        project: ProjectName::normalise("a").ok(),
        version: Some("1.0".into()),
        expected: expected.iter().map(|text| hash(text)).collect(),
        got: got.map(hash),
        ..Question::default()
    }
}

fn named(filename: &str, expected: &[&str], got: Option<&str>) -> Question {
    let filename = Some(filename.to_owned());
    Question { filename, project: None, version: None, ..release(expected, got) }
}

#[test]
fn rules_decide_between_causes() {
    use Class::{Bad, Good, Note, Undecided};
    let both = || vec![file(SDIST, "sdist"), file(WHEEL, "wheel")];
    let other = || vec![file("a-0.9.tar.gz", "old"), file(SDIST, "sdist")];
    let anything = || Question { expected: vec![hash("sdist")], ..Question::default() };
    let rows = vec![
        (Cause::Unchanged, Good, both(), release(&["sdist"], None)),
        (Cause::Unchanged, Good, both(), release(&["sdist", "wheel"], None)),
        (Cause::Unchanged, Good, both(), release(&["sdist"], Some("sdist"))),
        (Cause::Unchanged, Good, both(), release(&[], Some("wheel"))),
        (Cause::Unchanged, Good, both(), named(SDIST, &["sdist"], None)),
        (Cause::Unchanged, Good, both(), anything()),
        (Cause::OtherFile, Good, both(), named(SDIST, &["wheel"], None)),
        (Cause::OtherFile, Good, vec![file(WHEEL, "wheel")], named(SDIST, &["wheel"], None)),
        (Cause::OtherFile, Good, both(), release(&["sdist", "nowhere"], Some("wheel"))),
        (Cause::OtherBytes, Bad, both(), named(SDIST, &["nowhere"], None)),
        (Cause::CorruptedDownload, Bad, both(), named(SDIST, &[], Some("nowhere"))),
        (Cause::CorruptedDownload, Undecided, both(), release(&["sdist"], Some("nowhere"))),
        (Cause::NeverOnIndex, Note, both(), release(&["sdist", "nowhere"], None)),
        (Cause::NeverOnIndex, Note, both(), release(&["nowhere"], Some("neither"))),
        (Cause::NeverOnIndex, Note, both(), release(&["nowhere"], Some("wheel"))),
        (Cause::OtherRelease, Good, other(), release(&["old"], None)),
        (Cause::OtherRelease, Good, other(), release(&["old"], Some("sdist"))),
        (Cause::OtherIndex, Note, both(), named("a-1.0.zip", &["sdist"], Some("nowhere"))),
        (Cause::NoHash, Note, both(), release(&[], None)),
        (Cause::NotYetObserved, Undecided, vec![], release(&[], None)),
        (Cause::NotYetObserved, Undecided, vec![], release(&["sdist"], Some("wheel"))),
        (Cause::NotYetObserved, Undecided, vec![], anything()),
        (
            Cause::UncoveredAlgorithm,
            Note,
            both(),
            Question { other_algorithms: true, ..release(&[], None) },
        ),
        (Cause::Removed, Good, vec![file(SDIST, "sdist"), removed(SDIST, "sdist")], anything()),
        (
            Cause::Unchanged,
            Good,
            vec![file(SDIST, "sdist"), removed(SDIST, "sdist"), file(SDIST, "sdist")],
            anything(),
        ),
        (Cause::Yanked, Good, vec![file(SDIST, "sdist"), yanked(SDIST)], anything()),
        // A change is bad, whatever else could explain the mismatch.
        (
            Cause::ChangedInPlace,
            Bad,
            vec![file(SDIST, "sdist"), file(WHEEL, "wheel"), file(SDIST, "changed")],
            release(&["sdist"], Some("wheel")),
        ),
        (
            Cause::ChangedInPlace,
            Bad,
            vec![file(SDIST, "sdist"), file(SDIST, "changed"), file(SDIST, "sdist")],
            anything(),
        ),
        // The log's observer got other bytes than listed, too.
        (
            Cause::CorruptedDownload,
            Bad,
            vec![file(SDIST, "sdist"), content(SDIST, "sdist", "damaged")],
            named(SDIST, &["sdist"], Some("damaged")),
        ),
    ];
    for (cause, class, entries, question) in rows {
        let explanation = ask(&entries, &question);
        assert_eq!((explanation.cause, explanation.class), (cause, class), "{question:?}");
    }
}

#[test]
fn what_else_happened_is_noted() {
    let downloads = [file(SDIST, "sdist"), content(SDIST, "sdist", "damaged")];
    let notes = ask(&downloads, &named(SDIST, &["sdist"], Some("damaged"))).notes;
    assert!(notes[0].contains("the same that came here"), "{notes:?}");

    let pin = format!("held==1.0 --hash=sha256:{}", hash("held-1.0.tar.gz"));
    let question = &parse(pin.as_bytes()).questions[0];
    let notes = ask(&observe("held"), question).notes;
    assert_eq!(notes, ["held 1.0 is quarantined since 2026-03-24T13:20:00Z (\"malware\")."]);

    let partial = Known { partial: true, ..Known::default() };
    let notes = explained(&observe("held"), question, &partial).notes;
    assert!(notes[1].contains("too many entries"), "{notes:?}");
}

#[test]
fn the_publisher_has_a_say() {
    let log = [file(SDIST, "sdist"), file(WHEEL, "wheel")];
    let cases: [(&[Digest], Cause); 3] = [
        (&[hash("wheel")], Cause::OtherFile),
        (&[hash("built here")], Cause::Unexpected),
        (&[], Cause::Unexpected),
    ];
    for (publisher, cause) in cases {
        let known = Known { publisher: Some(publisher), ..Known::default() };
        let explanation = explained(&log, &release(&["sdist"], Some("wheel")), &known);
        assert_eq!(explanation.cause, cause, "{publisher:?}");
    }
}

#[test]
fn coverage_turns_not_yet_into_never() {
    let coverage = Some(Coverage { serial: Some(7), swept: Some(time()) });
    let known = Known { coverage, ..Known::default() };
    let unknown = explained(&[], &release(&["nowhere"], None), &known);
    assert_eq!((unknown.cause, unknown.class), (Cause::UnknownRelease, Class::Note));
    assert!(unknown.text.contains("2026-11-21T01:13:58Z"), "{unknown:?}");
    let bare = Question { expected: vec![hash("nowhere")], ..Question::default() };
    assert_eq!(explained(&[], &bare, &known).cause, Cause::NeverOnIndex);
    for question in [release(&["nowhere"], None), bare] {
        let explanation = explained(&[], &question, &Known::default());
        assert_eq!(explanation.cause, Cause::NotYetObserved);
        assert_eq!(explanation.class, Class::Undecided);
        assert!(!explanation.text.contains("sweep"), "{explanation:?}");
    }
}
