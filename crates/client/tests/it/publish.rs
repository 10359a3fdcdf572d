//! Publishers: what is signed is logged, and the log's word for it is not enough.

use client::judging::judge;
use client::publish::{KeyOutcome, SignedExpectation, SignedKeyChange, Signer};
use client::{Artifact, Client, Disproof, Error, Undecided, Verdict};
use record::{Expectation, KeyAction, KeyChange, Reconciled};

use crate::log::{ORIGIN, TestLog, digest, file, filler, project};
use crate::questions::{Outcome, client, outcome};
use crate::server::{Lie, Server};

fn signer(seed: u8) -> Signer {
    let key = tlog::SigningKey::from_seed("attrs-release", &[seed; 32]).unwrap();
    Signer::Note(Box::new(key))
}

async fn start() -> (Server, Client, tempfile::TempDir) {
    let mut log = TestLog::new(&filler(30));
    log.append(&[file("attrs-1.0.tar.gz", "one")]);
    log.append_epoch(|_| ());
    let server = Server::start(log).await;
    let state = tempfile::tempdir().unwrap();
    let client = client(&server, &state);
    (server, client, state)
}

async fn change(client: &mut Client, signer: &Signer, action: KeyAction) -> SignedKeyChange {
    let attrs = project("attrs");
    let (publisher, _) = client.publisher(&attrs).await.unwrap();
    let after = publisher.state.ring().last();
    let change = KeyChange { project: attrs, action, key: signer.public_key(), after };
    signer.change_keys(change, ORIGIN).unwrap()
}

async fn enrol(client: &mut Client, signer: &Signer) {
    let statement = change(client, signer, KeyAction::Enrol).await;
    let outcome = client.change_keys(&statement).await.unwrap();
    assert!(matches!(outcome, KeyOutcome::Logged(_)));
}

fn expectation(signer: &Signer, version: &str, content: &str) -> SignedExpectation {
    let expectation = Expectation {
        project: project("attrs"),
        version: version.into(),
        filename: format!("attrs-{version}.tar.gz"),
        sha256: digest(content),
    };
    signer.expect(expectation, ORIGIN).unwrap()
}

#[tokio::test]
async fn what_was_signed_is_proved_to_be_logged() {
    let (_server, mut client, _state) = start().await;
    let signer = signer(1);
    enrol(&mut client, &signer).await;
    let signed = [expectation(&signer, "1.0", "one"), expectation(&signer, "2.0", "two")];
    let first = client.expect(&signed).await.unwrap();
    let positions: Vec<u64> = first.iter().map(|proven| proven.entry().index().get()).collect();
    assert_eq!(positions, [33, 34]);
    // What was stated before stands where it was, also if the version is written in another way.
    let mut again = expectation(&signer, "2.0", "two").expectation;
    again.version = "2.0.0".into();
    let again = [signer.expect(again, ORIGIN).unwrap(), expectation(&signer, "3.0", "three")];
    let second = client.expect(&again).await.unwrap();
    let positions: Vec<u64> = second.iter().map(|proven| proven.entry().index().get()).collect();
    assert_eq!(positions, [34, 35]);

    let (publisher, _) = client.publisher(&project("attrs")).await.unwrap();
    let state = &publisher.state;
    assert_eq!(publisher.refused, []);
    assert_eq!(state.reconcile("attrs-1.0.tar.gz"), Some(Reconciled::Agrees));
    assert_eq!(state.outstanding(), 2);
}

#[tokio::test]
async fn many_expectations_are_sent_in_parts() {
    let (server, mut client, _state) = start().await;
    let signer = signer(1);
    enrol(&mut client, &signer).await;
    let one = expectation(&signer, "1.0", "one");
    let logged = client.expect(&vec![one; 1001]).await.unwrap();
    assert_eq!(logged.len(), 1001);
    assert!(logged.iter().all(|proven| proven.entry().index().get() == 33));
    assert_eq!(server.log().size(), 34);
}

#[tokio::test]
async fn a_receipt_is_not_believed() {
    for (lie, expected) in [
        (Lie::None, Outcome::Answered),
        (Lie::ForgedSignature, Outcome::Disproven),
        (Lie::NoInclusion, Outcome::Undecided),
        (Lie::OtherKey, Outcome::Undecided),
        (Lie::ReceiptAltered, Outcome::Disproven),
        (Lie::ReceiptElsewhere, Outcome::Disproven),
        (Lie::ReceiptShort, Outcome::Undecided),
        (Lie::ReceiptUncovered, Outcome::Undecided),
        (Lie::SwappedEntry, Outcome::Disproven),
        (Lie::WrongProofHash, Outcome::Disproven),
    ] {
        let (server, mut client, _state) = start().await;
        let signer = signer(1);
        enrol(&mut client, &signer).await;
        // One more entry, so that none of them is the last.
        let signed = [expectation(&signer, "1.0", "one"), expectation(&signer, "2.0", "two")];
        server.lie(lie);
        let answer = client.expect(&signed).await;
        assert_eq!(outcome(&answer), expected, "{lie:?}: {answer:?}");
        let receipt = matches!(answer, Err(Error::Disproven(Disproof::Receipt { .. })));
        let is_receipt = matches!(lie, Lie::ReceiptAltered | Lie::ReceiptElsewhere);
        assert_eq!(receipt, is_receipt, "{lie:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_change_of_keys_is_not_believed_either() {
    for (lie, expected) in [
        (Lie::ReceiptAltered, Outcome::Disproven),
        (Lie::ReceiptElsewhere, Outcome::Disproven),
        (Lie::WrongProofHash, Outcome::Disproven),
        (Lie::NoInclusion, Outcome::Undecided),
    ] {
        let (server, mut client, _state) = start().await;
        let statement = change(&mut client, &signer(1), KeyAction::Enrol).await;
        server.lie(lie);
        let answer = client.change_keys(&statement).await;
        assert_eq!(outcome(&answer), expected, "{lie:?}: {answer:?}");
    }
}

#[tokio::test]
async fn an_enrolment_may_wait() {
    let (server, mut client, _state) = start().await;
    let statement = change(&mut client, &signer(1), KeyAction::Enrol).await;
    server.lie(Lie::KeyPending);
    assert_eq!(client.change_keys(&statement).await.unwrap(), KeyOutcome::Pending);
}

#[tokio::test]
async fn errors_say_whose_fault_it_is() {
    let (server, mut client, _state) = start().await;
    let signed = [expectation(&signer(1), "1.0", "one")];
    let error = client.expect(&signed).await.unwrap_err();
    assert!(matches!(error, Error::Undecided(Undecided::Statement(_))), "{error:?}");
    server.lie(Lie::NotNow);
    let error = client.expect(&signed).await.unwrap_err();
    assert!(matches!(error, Error::Undecided(Undecided::NotNow(_))), "{error:?}");
    server.lie(Lie::NoStatements);
    let error = client.expect(&signed).await.unwrap_err();
    assert!(matches!(error, Error::Undecided(Undecided::NoStatements)), "{error:?}");
}

#[tokio::test]
async fn keys_are_not_read_from_an_answer_that_may_lack_some() {
    let server = Server::start(TestLog::new(&filler(3))).await;
    let state = tempfile::tempdir().unwrap();
    let error = client(&server, &state).publisher(&project("attrs")).await.unwrap_err();
    assert!(matches!(error, Error::Undecided(Undecided::Incomplete(_))), "{error:?}");
}

#[tokio::test]
async fn verdicts_follow_what_the_publisher_says() {
    let (_server, mut client, _state) = start().await;
    let signer = signer(1);
    enrol(&mut client, &signer).await;
    let signed = [
        expectation(&signer, "1.0", "another"),
        expectation(&signer, "2.0", "two"),
        expectation(&signer, "3.0", "three"),
    ];
    client.expect(&signed).await.unwrap();
    let artifact = |version: &str, content: &str| Artifact {
        filename: Some(format!("attrs-{version}.tar.gz")),
        sha256: Some(digest(content)),
        project: None,
        version: None,
        from_index: None,
    };
    let artifacts = vec![
        artifact("1.0", "one"),
        artifact("2.0", "two"),
        artifact("3.0", "other"),
        // These bytes are another file's, but the publisher expects others under this name.
        artifact("3.0", "one"),
        artifact("4.0", "four"),
    ];
    let judgement = judge(&mut client, artifacts, &mut |_| ()).await.unwrap();
    let verdicts: Vec<Verdict> =
        judgement.judged.iter().map(|judged| judged.finding.verdict).collect();
    assert_eq!(
        verdicts,
        [
            Verdict::Unexpected,
            Verdict::NotYetObserved,
            Verdict::Unexpected,
            Verdict::Unexpected,
            Verdict::UnknownRelease,
        ]
    );
}
