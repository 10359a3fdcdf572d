//! Complete answers: what they cover, every way of lying about it, and the offline form.

use client::{Claim, Disproof, Error, LookupKey, Trust, Undecided, VerifiedLookup, age, coverage};
use record::{Evidence, MapRoot};

use crate::log::{ORIGIN, TestLog, digest, file, filler, project, removed, time};
use crate::questions::{Outcome, client, outcome, trust};
use crate::server::{Lie, Server};

/// Two epochs; the project has three entries before the newest one and one after it.
pub(crate) fn log() -> TestLog {
    let mut log = TestLog::new(&filler(20));
    log.append_epoch(|_| ());
    log.append(&[file("attrs-1.0.tar.gz", "one"), removed("attrs-1.0.tar.gz", "one")]);
    log.append(&[file("attrs-1.0.tar.gz", "two")]);
    log.append(&filler(30)[20..]);
    log.append_epoch(|_| ());
    log.append(&filler(35)[30..]);
    log.append(&[file("attrs-2.0.tar.gz", "three")]);
    log
}

pub(crate) fn attrs() -> LookupKey {
    LookupKey::Project(project("attrs"))
}

async fn ask(log: TestLog, key: &LookupKey, lie: Lie) -> Result<VerifiedLookup, Error> {
    let server = Server::start(log).await;
    let state = tempfile::tempdir().unwrap();
    server.lie(lie);
    client(&server, &state).lookup(key).await
}

#[tokio::test]
async fn a_complete_answer_says_what_it_rests_on() {
    let nothing = LookupKey::File("attrs-9.tar.gz".into());
    let keys = [(attrs(), 4), (LookupKey::Sha256(digest("one")), 2), (nothing, 0)];
    for (key, entries) in keys {
        let answer = ask(log(), &key, Lie::None).await.unwrap();
        assert_eq!(answer.entries().len(), entries);
        let completeness = answer.completeness().unwrap();
        assert_eq!(completeness.position().get(), 34);
        let epoch = completeness.epoch();
        assert_eq!((epoch.epoch, epoch.serial), (1, Some(25_900_000)));
        assert_eq!(age(epoch, time(8)).as_secs(), 120);
        assert_eq!(age(epoch, time(0)).as_secs(), 0);
        assert_eq!(coverage(epoch).unwrap().swept, Some(time(5)));
    }
}

#[tokio::test]
async fn without_a_sweep_an_absence_means_nothing() {
    let mut log = log();
    log.append_epoch(|epoch| epoch.swept = None);
    let answer = ask(log, &attrs(), Lie::None).await.unwrap();
    assert_eq!(coverage(answer.completeness().unwrap().epoch()), None);
}

#[tokio::test]
async fn epochs_may_be_the_first_and_the_last_entry() {
    let mut first = TestLog::new(&[]);
    first.append_epoch(|_| ());
    let mut last = log();
    last.append_epoch(|_| ());
    for log in [first, last] {
        let answer = ask(log, &LookupKey::File("a".into()), Lie::None).await.unwrap();
        assert!(answer.completeness().is_some());
    }
}

#[tokio::test]
async fn without_an_epoch_completeness_is_the_logs_word() {
    let answer = ask(TestLog::new(&filler(9)), &attrs(), Lie::None).await.unwrap();
    assert_eq!(answer.completeness(), None);
    assert_eq!(answer.to_evidence(), None);
}

#[tokio::test]
async fn every_lie_about_completeness_is_seen() {
    let nothing = || LookupKey::File("attrs-9.tar.gz".into());
    let cases = [
        (Lie::Absence, attrs(), Outcome::Disproven),
        (Lie::EdgeWrong, attrs(), Outcome::Disproven),
        (Lie::ForeignEntry, attrs(), Outcome::Disproven),
        (Lie::NotAnEpoch, attrs(), Outcome::Disproven),
        (Lie::OldEpoch, attrs(), Outcome::Undecided),
        (Lie::Omission, attrs(), Outcome::Disproven),
        (Lie::OmissionAfterEpoch, attrs(), Outcome::Disproven),
        (Lie::OtherKeysProof, attrs(), Outcome::Disproven),
        (Lie::OtherKeysProof, nothing(), Outcome::Undecided),
        (Lie::Presence, nothing(), Outcome::Disproven),
        (Lie::ReversedEntries, attrs(), Outcome::Disproven),
        (Lie::TailSwapped, attrs(), Outcome::Disproven),
        (Lie::TailTruncated, attrs(), Outcome::Undecided),
        (Lie::None, attrs(), Outcome::Answered),
    ];
    for (lie, key, expected) in cases {
        let answer = ask(log(), &key, lie).await;
        assert_eq!(outcome(&answer), expected, "{lie:?}: {answer:?}");
    }
}

#[tokio::test]
async fn errors_say_what_was_false() {
    let left_out = ask(log(), &attrs(), Lie::OmissionAfterEpoch).await;
    assert!(matches!(left_out, Err(Error::Disproven(Disproof::Omission))), "{left_out:?}");
    let hidden = ask(log(), &attrs(), Lie::Omission).await;
    assert!(matches!(hidden, Err(Error::Disproven(Disproof::Map(_)))), "{hidden:?}");
    let swapped = ask(log(), &attrs(), Lie::TailSwapped).await;
    assert!(matches!(swapped, Err(Error::Disproven(Disproof::Tail { .. }))), "{swapped:?}");
    let old = ask(log(), &attrs(), Lie::OldEpoch).await;
    assert!(matches!(old, Err(Error::Undecided(Undecided::Malformed(_)))), "{old:?}");
}

#[tokio::test]
async fn an_epoch_with_a_wrong_root_proves_nothing() {
    let mut log = log();
    log.append_epoch(|epoch| epoch.map = MapRoot::from([7; 32]));
    let answer = ask(log, &attrs(), Lie::None).await;
    assert!(matches!(answer, Err(Error::Disproven(Disproof::Map(_)))), "{answer:?}");
}

#[tokio::test]
async fn an_answer_becomes_evidence() {
    let nothing = LookupKey::File("attrs 9.tar.gz".into());
    for key in [attrs(), LookupKey::Sha256(digest("two")), nothing] {
        let answer = ask(log(), &key, Lie::None).await.unwrap();
        let written = answer.to_evidence().unwrap().to_string();
        let read = Evidence::parse(written.as_bytes()).unwrap();
        assert_eq!(VerifiedLookup::from_evidence(read.clone(), &trust()).unwrap(), answer);

        let other = tlog::SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap();
        let other = Trust::from_key(&other.verifying_key().to_string()).unwrap();
        let stranger = VerifiedLookup::from_evidence(read.clone(), &other);
        assert_eq!(outcome(&stranger), Outcome::Undecided);
        let renamed = Evidence { key: LookupKey::File("b-1.tar.gz".into()), ..read };
        let renamed = VerifiedLookup::from_evidence(renamed, &trust());
        assert_eq!(outcome(&renamed), Outcome::Disproven);
    }
}

#[tokio::test]
async fn evidence_stays_true_while_the_log_grows_a_thousandfold() {
    let mut young = TestLog::new(&[file("attrs-1.0.tar.gz", "one")]);
    young.append(&[removed("attrs-1.0.tar.gz", "one")]);
    young.append_epoch(|_| ());
    young.append(&[file("attrs-1.0.tar.gz", "two")]);
    let keys = [attrs(), LookupKey::Sha256(digest("two")), LookupKey::File("b-1.tar.gz".into())];
    let mut grown = young.clone();
    grown.append(&filler(4000));
    grown.append(&[removed("attrs-1.0.tar.gz", "two")]);
    grown.append_epoch(|_| ());
    assert!(grown.size() > 1000 * young.size());
    let server = Server::start(grown).await;
    let state = tempfile::tempdir().unwrap();
    let mut client = client(&server, &state);
    for key in keys {
        let then = ask(young.clone(), &key, Lie::None).await.unwrap();
        let written = then.to_evidence().unwrap().to_string();
        let read = Evidence::parse(written.as_bytes()).unwrap();
        let old = VerifiedLookup::from_evidence(read, &trust()).unwrap();
        assert_eq!((old.claims(), old.checkpoint()), (then.claims(), then.checkpoint()));

        // What it rests on is the beginning of what the log has now.
        let growth = client.consistency(old.checkpoint().head()).await.unwrap();
        let new = growth.checkpoint().head();
        assert!(new.size.get() > 1000 * old.checkpoint().head().size.get());
        new.verify_consistency(&old.checkpoint().head(), growth.proof()).unwrap();
        let now = client.lookup(&key).await.unwrap();
        assert!(now.entries().starts_with(old.entries()), "{key:?}");
        client.cross_check(&[&now, &old], &[]).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_proved_follows_from_the_entries() {
    let mut log = log();
    log.append(&[file("b-1.tar.gz", "b"), removed("b-1.tar.gz", "b"), file("c-1.tar.gz", "b")]);
    let (one, two) = (digest("one"), digest("two"));
    let file = |name: &str| LookupKey::File(name.to_owned());
    let cases = [
        (
            file("attrs-1.0.tar.gz"),
            vec![Claim::FileChanged {
                filename: "attrs-1.0.tar.gz".into(),
                sha256: vec![one, two],
            }],
        ),
        (
            file("attrs-2.0.tar.gz"),
            vec![Claim::OneHash { filename: "attrs-2.0.tar.gz".into(), sha256: digest("three") }],
        ),
        (
            LookupKey::Project(project("b")),
            vec![
                Claim::OneHash { filename: "b-1.tar.gz".into(), sha256: digest("b") },
                Claim::FileRemoved {
                    filename: "b-1.tar.gz".into(),
                    index: tlog::LeafIndex::new(42).unwrap(),
                },
            ],
        ),
        (
            LookupKey::Sha256(digest("b")),
            vec![
                Claim::SeenAs { filename: "b-1.tar.gz".into() },
                Claim::SeenAs { filename: "c-1.tar.gz".into() },
            ],
        ),
        (file("d-1.tar.gz"), vec![Claim::NeverObserved]),
    ];
    for (key, expected) in cases {
        let answer = ask(log.clone(), &key, Lie::None).await.unwrap();
        assert_eq!(answer.claims(), expected, "{key:?}");
    }
    let unknown = ask(TestLog::new(&filler(3)), &attrs(), Lie::None).await.unwrap();
    assert_eq!(unknown.claims(), []);
}
