//! Many keys at once: the same answers as one by one, and every lie is seen.

use client::{Answered, Error, LookupKey, VerifiedLookup};
use record::Evidence;

use crate::complete::{attrs, log};
use crate::log::{TestLog, digest, filler};
use crate::questions::{Outcome, client, outcome, trust};
use crate::server::{Lie, Server};

fn keys() -> Vec<LookupKey> {
    vec![
        attrs(),
        LookupKey::File("attrs-9.tar.gz".into()),
        LookupKey::Sha256(digest("one")),
        attrs(),
        LookupKey::File("attrs-2.0.tar.gz".into()),
    ]
}

async fn ask(log: TestLog, keys: Vec<LookupKey>, lie: Lie) -> Result<Vec<Answered>, Error> {
    let server = Server::start(log).await;
    let state = tempfile::tempdir().unwrap();
    server.lie(lie);
    let mut client = client(&server, &state);
    let mut lookups = client.lookup_many(keys);
    let mut answers = Vec::new();
    while let Some(answer) = lookups.next().await? {
        answers.push(answer);
    }
    assert_eq!(lookups.remaining(), 0);
    Ok(answers)
}

#[tokio::test]
async fn many_answers_are_those_of_single_questions() {
    let mut last_is_epoch = log();
    last_is_epoch.append_epoch(|_| ());
    for log in [log(), last_is_epoch, TestLog::new(&filler(9))] {
        let server = Server::start(log.clone()).await;
        let state = tempfile::tempdir().unwrap();
        let answers = ask(log, keys(), Lie::None).await.unwrap();
        assert_eq!(answers.len(), keys().len());
        for (key, answer) in keys().into_iter().zip(answers) {
            let alone = client(&server, &state).lookup(&key).await.unwrap();
            assert_eq!(answer, Answered::Found(Box::new(alone)));
        }
    }
}

#[tokio::test]
async fn nothing_is_asked_without_keys() {
    assert_eq!(ask(log(), Vec::new(), Lie::NoCheckpoint).await.unwrap(), []);
}

#[tokio::test]
async fn a_key_with_too_many_entries_does_not_keep_others_from_their_answers() {
    let answers = ask(log(), keys(), Lie::BigProject).await.unwrap();
    let refused = |answer: &Answered| matches!(answer, Answered::TooMany(key) if *key == attrs());
    let refused: Vec<bool> = answers.iter().map(refused).collect();
    assert_eq!(refused, [true, false, false, true, false]);
}

#[tokio::test]
async fn an_answer_of_many_becomes_evidence() {
    for answer in ask(log(), keys(), Lie::None).await.unwrap() {
        let Answered::Found(answer) = answer else { panic!("{answer:?}") };
        let written = answer.to_evidence().unwrap().to_string();
        let read = Evidence::parse(written.as_bytes()).unwrap();
        assert_eq!(VerifiedLookup::from_evidence(read, &trust()).unwrap(), *answer);
    }
}

#[tokio::test]
async fn every_lie_is_seen() {
    let cases = [
        (Lie::Absence, Outcome::Disproven),
        (Lie::AnswerMissing, Outcome::Undecided),
        (Lie::AnswersSwapped, Outcome::Disproven),
        (Lie::AnswerTwice, Outcome::Undecided),
        (Lie::CheckpointTwice, Outcome::Undecided),
        (Lie::EdgeWrong, Outcome::Disproven),
        (Lie::EntryTooLong, Outcome::Undecided),
        (Lie::ForeignEntry, Outcome::Disproven),
        (Lie::ForgedSignature, Outcome::Disproven),
        (Lie::MapProofMissing, Outcome::Undecided),
        (Lie::NoCheckpoint, Outcome::Undecided),
        (Lie::NodesForgotten, Outcome::Undecided),
        (Lie::NotAnEpoch, Outcome::Disproven),
        (Lie::OldEpoch, Outcome::Undecided),
        (Lie::Omission, Outcome::Disproven),
        (Lie::OmissionAfterEpoch, Outcome::Disproven),
        (Lie::OtherIndex, Outcome::Disproven),
        (Lie::OtherKey, Outcome::Undecided),
        (Lie::OtherKeysProof, Outcome::Disproven),
        (Lie::OtherLeafShort, Outcome::Undecided),
        (Lie::RepeatedEntry, Outcome::Disproven),
        (Lie::ReversedEntries, Outcome::Disproven),
        (Lie::ShortHash, Outcome::Undecided),
        (Lie::SiblingMissing, Outcome::Undecided),
        (Lie::SwappedEntry, Outcome::Disproven),
        (Lie::TailSwapped, Outcome::Disproven),
        (Lie::TailTruncated, Outcome::Undecided),
        (Lie::TailTwice, Outcome::Disproven),
        (Lie::TooManyEntries, Outcome::Undecided),
        (Lie::TooManyHashes, Outcome::Undecided),
        (Lie::WrongProofHash, Outcome::Disproven),
        (Lie::None, Outcome::Answered),
    ];
    for (lie, expected) in cases {
        let answer = ask(log(), keys(), lie).await;
        assert_eq!(outcome(&answer), expected, "{lie:?}: {answer:?}");
    }
}
