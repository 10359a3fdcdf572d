//! Questions over gRPC: honest answers are handed out, every lie is the right kind of error.

use client::{Client, Error, LookupKey, Memory, Trust, VerifiedInclusion};
use tlog::{LeafIndex, ProofFile, TreeSize, leaf_hash};

use crate::log::{TestLog, digest, file, filler, project, removed, status, vkey};
use crate::server::{Lie, Server};

/// What kind of error, if any.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    Disproven,
    Undecided,
}

pub(crate) fn outcome<T>(answer: &Result<T, Error>) -> Outcome {
    match answer {
        Ok(_) => Outcome::Answered,
        Err(Error::Disproven(_)) => Outcome::Disproven,
        Err(Error::Undecided(_)) => Outcome::Undecided,
    }
}

pub(crate) fn trust() -> Trust {
    Trust::from_key(&vkey()).unwrap()
}

pub(crate) fn client(server: &Server, state: &tempfile::TempDir) -> Client {
    let url = client::LogUrl::parse(&server.url()).unwrap();
    Client::new(trust(), url, Memory::open(state.path()).unwrap()).unwrap()
}

/// Three entries of one project among others.
fn log() -> TestLog {
    let mut log = TestLog::new(&filler(30));
    log.append(&[file("attrs-1.0.tar.gz", "one"), status("attrs", record::Status::Archived)]);
    log.append(&[removed("attrs-1.0.tar.gz", "one")]);
    log.append(&filler(40)[30..]);
    log
}

async fn start() -> (Server, Client, tempfile::TempDir) {
    let server = Server::start(log()).await;
    let state = tempfile::tempdir().unwrap();
    let client = client(&server, &state);
    (server, client, state)
}

#[tokio::test]
async fn honest_answers_are_handed_out() {
    let (_server, mut client, _state) = start().await;
    assert_eq!(client.checkpoint().await.unwrap().head(), log().head());

    let lookup = client.lookup(&LookupKey::Project(project("attrs"))).await.unwrap();
    let positions: Vec<u64> = lookup.entries().iter().map(|entry| entry.index().get()).collect();
    assert_eq!(positions, [30, 31, 32]);
    let by_hash = client.lookup(&LookupKey::Sha256(digest("one"))).await.unwrap();
    assert_eq!(by_hash.entries().len(), 2);
    let nothing = client.lookup(&LookupKey::File("attrs-2.0.tar.gz".into())).await.unwrap();
    assert!(nothing.entries().is_empty());

    let older = TestLog::new(&filler(30)).head();
    let consistency = client.consistency(older).await.unwrap();
    let newer = consistency.checkpoint().head();
    newer.verify_consistency(&older, consistency.proof()).unwrap();
}

#[tokio::test]
async fn an_answer_becomes_a_proof_file() {
    let (_server, mut client, _state) = start().await;
    let index = LeafIndex::new(31).unwrap();
    let inclusion = client.entry(index).await.unwrap();
    let written = inclusion.to_proof_file().to_string();
    let read = ProofFile::parse(written.as_bytes()).unwrap();
    let leaf = leaf_hash(read.extra.as_deref().unwrap());
    read.verify(trust().policy(), &leaf).unwrap();
    let offline = VerifiedInclusion::from_proof_file(read.clone(), &trust()).unwrap();
    assert_eq!(offline, inclusion);

    let moved = ProofFile { index: LeafIndex::new(30).unwrap(), ..read.clone() };
    let edited = ProofFile { extra: Some(b"{}".to_vec()), ..read.clone() };
    for (file, expected) in [
        (moved, Outcome::Disproven),
        (edited, Outcome::Disproven),
        (ProofFile { extra: None, ..read }, Outcome::Undecided),
    ] {
        let answer = VerifiedInclusion::from_proof_file(file, &trust());
        assert_eq!(outcome(&answer), expected, "{answer:?}");
    }
    let lookup = client.lookup(&LookupKey::Project(project("attrs"))).await.unwrap();
    assert_eq!(lookup.inclusion(1), Some(inclusion));
}

#[tokio::test]
async fn every_lie_about_a_look_up_is_seen() {
    let cases = [
        (Lie::EntryTooLong, Outcome::Undecided),
        (Lie::ForeignEntry, Outcome::Disproven),
        (Lie::ForgedSignature, Outcome::Disproven),
        (Lie::NodeOutOfRange, Outcome::Undecided),
        (Lie::OtherIndex, Outcome::Disproven),
        (Lie::OtherKey, Outcome::Undecided),
        (Lie::RepeatedEntry, Outcome::Disproven),
        (Lie::ReversedEntries, Outcome::Disproven),
        (Lie::ShortHash, Outcome::Undecided),
        (Lie::SwappedEntry, Outcome::Disproven),
        (Lie::TooManyEntries, Outcome::Undecided),
        (Lie::TooManyHashes, Outcome::Undecided),
        (Lie::TooManyNodes, Outcome::Undecided),
        (Lie::WrongProofHash, Outcome::Disproven),
        (Lie::None, Outcome::Answered),
    ];
    for (lie, expected) in cases {
        let (server, mut client, _state) = start().await;
        server.lie(lie);
        let answer = client.lookup(&LookupKey::Project(project("attrs"))).await;
        assert_eq!(outcome(&answer), expected, "{lie:?}: {answer:?}");
    }
}

#[tokio::test]
async fn every_lie_about_an_entry_is_seen() {
    let cases = [
        (Lie::EntryTooLong, Outcome::Undecided),
        (Lie::ForgedSignature, Outcome::Disproven),
        (Lie::OtherIndex, Outcome::Disproven),
        (Lie::OtherKey, Outcome::Undecided),
        (Lie::ShortHash, Outcome::Undecided),
        (Lie::SwappedEntry, Outcome::Disproven),
        (Lie::TooManyHashes, Outcome::Undecided),
        (Lie::WrongProofHash, Outcome::Disproven),
        (Lie::None, Outcome::Answered),
    ];
    for (lie, expected) in cases {
        let (server, mut client, _state) = start().await;
        server.lie(lie);
        let answer = client.entry(LeafIndex::new(31).unwrap()).await;
        assert_eq!(outcome(&answer), expected, "{lie:?}: {answer:?}");
    }
}

#[tokio::test]
async fn every_lie_about_consistency_is_seen() {
    let cases = [
        (Lie::ForgedSignature, Outcome::Disproven),
        (Lie::ShortHash, Outcome::Undecided),
        (Lie::TooManyHashes, Outcome::Undecided),
        (Lie::WrongProofHash, Outcome::Disproven),
        (Lie::None, Outcome::Answered),
    ];
    for (lie, expected) in cases {
        let (server, mut client, _state) = start().await;
        server.lie(lie);
        let answer = client.consistency(TestLog::new(&filler(30)).head()).await;
        assert_eq!(outcome(&answer), expected, "{lie:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_position_beyond_the_tree_is_undecided() {
    let (_server, mut client, _state) = start().await;
    let answer = client.entry(LeafIndex::new(1000).unwrap()).await;
    assert_eq!(outcome(&answer), Outcome::Undecided);
}

#[tokio::test]
async fn a_log_that_is_not_there_is_undecided() {
    let state = tempfile::tempdir().unwrap();
    let url = client::LogUrl::parse("http://127.0.0.1:9").unwrap();
    let mut client = Client::new(trust(), url, Memory::open(state.path()).unwrap()).unwrap();
    let error = client.checkpoint().await.unwrap_err();
    assert!(matches!(error, Error::Undecided(client::Undecided::Network { .. })), "{error:?}");
}

#[tokio::test]
async fn a_watch_gives_every_entry_or_those_asked_for() {
    let (_server, mut client, _state) = start().await;
    let mut watch = client.watch(TreeSize::new(5).unwrap(), &[]).await.unwrap();
    let batch = watch.next().await.unwrap().unwrap();
    let positions: Vec<u64> = batch.entries().iter().map(|entry| entry.index().get()).collect();
    assert_eq!(positions, (5..43).collect::<Vec<_>>());
    assert_eq!(batch.next(), batch.checkpoint().head().size);
    assert!(watch.next().await.unwrap().is_none());

    let mut watch = client.watch(TreeSize::ZERO, &[project("attrs")]).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().entries().len(), 3);
}

#[tokio::test]
async fn every_lie_about_a_watch_is_seen() {
    let cases = [
        (Lie::SkippedEntry, Vec::new(), Outcome::Undecided),
        (Lie::ForeignEntry, vec![project("attrs")], Outcome::Disproven),
        (Lie::ReversedEntries, Vec::new(), Outcome::Disproven),
        (Lie::WrongProofHash, Vec::new(), Outcome::Disproven),
        (Lie::ForgedSignature, Vec::new(), Outcome::Disproven),
        (Lie::TooManyEntries, Vec::new(), Outcome::Undecided),
    ];
    for (lie, projects, expected) in cases {
        let (server, mut client, _state) = start().await;
        server.lie(lie);
        let mut watch = client.watch(TreeSize::ZERO, &projects).await.unwrap();
        let answer = watch.next().await;
        assert_eq!(outcome(&answer), expected, "{lie:?}: {answer:?}");
    }
}
