//! What becomes of facts as they change: each change is one entry, nothing else is.

use indelible_proto::v1::fact::Fact as Kind;
use indelible_proto::v1::lookup_request::Key;
use indelible_proto::v1::{ContentFact, Fact, ListedFile, LookupRequest, StatusFact, UnlistedFile};

use crate::harness::{Reader, Submitter, TestLog, fact};

const FILENAME: &str = "thing-1.0.tar.gz";

fn listed(digit: u8, yanked: Option<&str>) -> Fact {
    fact(Kind::Listed(ListedFile {
        project: "thing".to_owned(),
        version: "1.0".to_owned(),
        filename: FILENAME.to_owned(),
        sha256: vec![digit; 32].into(),
        yanked: yanked.map(str::to_owned),
        ..ListedFile::default()
    }))
}

fn unlisted() -> Fact {
    let (project, filename) = ("thing".to_owned(), FILENAME.to_owned());
    fact(Kind::Unlisted(UnlistedFile { project, filename }))
}

fn status(version: Option<&str>, status: &str, reason: Option<&str>) -> Fact {
    fact(Kind::Status(StatusFact {
        project: "thing".to_owned(),
        version: version.map(str::to_owned),
        status: status.to_owned(),
        reason: reason.map(str::to_owned),
    }))
}

fn content(got: u8) -> Fact {
    fact(Kind::Content(ContentFact {
        project: "thing".to_owned(),
        version: "1.0".to_owned(),
        filename: FILENAME.to_owned(),
        sha256: vec![1; 32].into(),
        got: vec![got; 32].into(),
    }))
}

/// A project that goes through a lot: each fact, and the entry that it adds, if any.
fn story() -> Vec<(Fact, Option<&'static str>)> {
    let file = Some("\"kind\":\"file\"");
    let removed = Some("\"kind\":\"removed\"");
    vec![
        (unlisted(), None),
        (listed(1, None), file),
        (listed(1, None), None),
        (content(1), None),
        (content(9), Some("\"kind\":\"content\"")),
        (content(9), None),
        (listed(2, None), file),
        (listed(1, None), file),
        (listed(1, Some("")), Some("\"status\":\"yanked\"")),
        (listed(1, Some("")), None),
        (listed(1, Some("broken \"here\"\n")), Some("\"reason\":\"broken \\\"here\\\"\\n\"")),
        (listed(1, None), Some("\"status\":\"unyanked\"")),
        (unlisted(), removed),
        (unlisted(), None),
        (listed(1, None), file),
        (status(None, "active", None), None),
        (status(None, "archived", None), Some("\"status\":\"archived\"")),
        (status(None, "archived", None), None),
        (status(None, "archived", Some("moved")), Some("\"reason\":\"moved\"")),
        (
            status(Some("1.0"), "quarantined", None),
            Some("\"version\":\"1.0\",\"status\":\"quarantined\""),
        ),
        (status(Some("2.0"), "active", None), None),
        (status(None, "active", None), Some("\"status\":\"active\"")),
    ]
}

/// With a restart after each of the first facts, and without.
#[tokio::test]
async fn each_change_is_one_entry_whoever_remembers() {
    for restarts in [0, 8] {
        let log = TestLog::create().await;
        let mut server = log.serve().await;
        let mut expected = Vec::new();
        for (number, (fact, entry)) in story().into_iter().enumerate() {
            let logged = Submitter::open(&server).await.submit(vec![fact]).await;
            assert_eq!(logged.entries, u64::from(entry.is_some()), "fact {number}");
            expected.extend(entry);
            if number < restarts {
                server.terminate().await;
                server = log.serve().await;
            }
        }
        let mut reader = Reader::open(&server).await;
        let key = Some(Key::Project("thing".to_owned()));
        let answer = reader.log.lookup(LookupRequest { key }).await.unwrap().into_inner();
        assert_eq!(answer.entries.len(), expected.len());
        for (found, part) in answer.entries.iter().zip(expected) {
            let text = String::from_utf8(found.entry.to_vec()).unwrap();
            assert!(text.contains(part), "{part} in {text}");
        }
        let held = Submitter::open(&server).await.listed("thing").await.unwrap();
        let [file] = &held.files[..] else { panic!("{held:?}") };
        assert!(held.known && file.quarantined, "{held:?}");
        assert_eq!((file.filename.as_str(), &file.sha256[..]), (FILENAME, &[1; 32][..]));
        server.terminate().await;
        assert_eq!(log.fsck().await.code, Some(0));
    }
}

#[tokio::test]
async fn one_submission_may_hold_the_whole_story() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    let (facts, entries): (Vec<_>, Vec<_>) = story().into_iter().unzip();
    let logged = Submitter::open(&server).await.submit(facts).await;
    let expected: Vec<_> = entries.into_iter().flatten().collect();
    assert_eq!(logged.entries, expected.len() as u64);
    let tree = Reader::open(&server).await.tree().await;
    for (entry, part) in tree.entries.iter().zip(expected) {
        let text = String::from_utf8(entry.to_vec()).unwrap();
        assert!(text.contains(part), "{part} in {text}");
    }
    server.terminate().await;
}
