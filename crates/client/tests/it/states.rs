//! The head update: growth, rollback, fork, and the evidence of a fork.

use client::{
    Client, Disproof, Error, ForkReport, InvalidReport, Memory, NotAFork, Replaced, Trust,
    Undecided,
};

use crate::log::{ORIGIN, TestLog, file, filler, sign};
use crate::questions::{client, trust};
use crate::server::{Lie, Server};

/// A log of `size` entries that differs from the honest one of [`filler`] from `at` on.
fn forked(at: usize, size: usize) -> TestLog {
    let mut entries = filler(size);
    entries[at] = file("evil-1.0.tar.gz", "other");
    TestLog::new(&entries)
}

fn honest(size: usize) -> TestLog {
    TestLog::new(&filler(size))
}

fn remembered(state: &tempfile::TempDir) -> u64 {
    let memory = Memory::open(state.path()).unwrap();
    memory.load(ORIGIN).unwrap().unwrap().checkpoint().head().size.get()
}

async fn remembering(size: usize) -> (Server, Client, tempfile::TempDir) {
    let server = Server::start(honest(size)).await;
    let state = tempfile::tempdir().unwrap();
    let mut first = client(&server, &state);
    first.checkpoint().await.unwrap();
    let second = client(&server, &state);
    (server, second, state)
}

fn report(error: Error) -> ForkReport {
    match error {
        Error::Disproven(Disproof::Fork { report, saved: Some(path) }) => {
            let written = ForkReport::parse(&std::fs::read(path).unwrap()).unwrap();
            assert_eq!(written, *report);
            written
        }
        other => panic!("not a fork: {other:?}"),
    }
}

#[tokio::test]
async fn a_head_is_remembered_and_may_grow() {
    let (server, mut client, state) = remembering(10).await;
    assert_eq!(remembered(&state), 10);
    for size in [10, 11, 16, 17, 300, 513] {
        server.replace(honest(size));
        assert_eq!(client.checkpoint().await.unwrap().head(), honest(size).head());
        assert_eq!(remembered(&state), size as u64);
    }
}

#[tokio::test]
async fn an_empty_log_may_grow() {
    let (server, mut client, state) = remembering(0).await;
    server.replace(honest(3));
    client.checkpoint().await.unwrap();
    assert_eq!(remembered(&state), 3);
}

#[tokio::test]
async fn an_older_head_is_refused_and_the_newer_one_kept() {
    let (server, mut client, state) = remembering(20).await;
    for size in [19, 8, 0] {
        server.replace(honest(size));
        let error = client.checkpoint().await.unwrap_err();
        assert!(matches!(error, Error::Undecided(Undecided::Rollback { .. })), "{error:?}");
        assert_eq!(remembered(&state), 20);
    }
    server.replace(honest(21));
    client.checkpoint().await.unwrap();
}

#[tokio::test]
async fn an_answer_overtaken_by_another_process_is_no_rollback() {
    let (server, mut slow, state) = remembering(20).await;
    let mut answer = slow.watch(tlog::TreeSize::ZERO, &[]).await.unwrap();
    server.replace(honest(30));
    client(&server, &state).checkpoint().await.unwrap();
    let batch = answer.next().await.unwrap().unwrap();
    assert_eq!(batch.checkpoint().head(), honest(20).head());
    assert_eq!(remembered(&state), 30);
}

#[tokio::test]
async fn a_fork_gives_a_report_that_anyone_can_verify() {
    // (remembered size, where the other log differs, its size)
    for (size, at, other) in [(10, 3, 10), (10, 9, 30), (16, 0, 17), (16, 15, 32), (300, 299, 600)]
    {
        let (server, mut client, state) = remembering(size).await;
        server.replace(forked(at, other));
        let report = report(client.checkpoint().await.unwrap_err());
        report.verify(&trust()).unwrap();
        assert_eq!(report.older().checkpoint().head(), honest(size).head());
        assert_eq!(report.newer().checkpoint().head(), forked(at, other).head());
        assert_eq!(report.root(), forked(at, other).root_at(size as u64));
        assert_eq!(remembered(&state), size as u64);
    }
}

#[tokio::test]
async fn a_smaller_head_that_contradicts_the_remembered_one_is_a_fork() {
    let (server, mut client, _state) = remembering(20).await;
    server.serve_note(&forked(3, 8).checkpoint());
    let report = report(client.checkpoint().await.unwrap_err());
    report.verify(&trust()).unwrap();
    assert_eq!(report.older().checkpoint().head(), forked(3, 8).head());
}

#[tokio::test]
async fn a_false_proof_of_growth_is_no_fork() {
    let (server, mut client, state) = remembering(20).await;
    server.replace(honest(30));
    server.lie(Lie::WrongProofHash);
    let error = client.checkpoint().await.unwrap_err();
    assert!(matches!(error, Error::Disproven(Disproof::Proof { .. })), "{error:?}");
    assert_eq!(remembered(&state), 20);
}

async fn some_report() -> ForkReport {
    let (server, mut client, _state) = remembering(11).await;
    server.replace(forked(3, 30));
    report(client.checkpoint().await.unwrap_err())
}

#[tokio::test]
async fn no_byte_of_a_report_can_be_changed() {
    let text = some_report().await.to_string().into_bytes();
    let proves =
        |bytes: &[u8]| ForkReport::parse(bytes).is_ok_and(|report| report.verify(&trust()).is_ok());
    assert!(proves(&text));
    for at in 0..text.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut changed = text.clone();
            changed[at] ^= flip;
            assert!(!proves(&changed), "byte {at} ^ {flip:02x}");
        }
        assert!(!proves(&text[..at]), "cut at {at}");
    }
    assert!(!proves(&[text.as_slice(), b"\n"].concat()));
}

#[tokio::test]
async fn a_report_convinces_nobody_who_trusts_another_key() {
    let report = some_report().await;
    let other = tlog::SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap();
    let other = Trust::from_key(&other.verifying_key().to_string()).unwrap();
    assert!(matches!(report.verify(&other), Err(NotAFork::Signature(_))));
}

#[test]
fn two_heads_that_agree_are_no_fork() {
    let (older, newer) = (honest(11), honest(30));
    let proof: Vec<String> = newer.consistency(11, 30).iter().map(ToString::to_string).collect();
    let proof = proof.join("\n");
    let (a, b) = (older.checkpoint().to_string(), newer.checkpoint().to_string());
    let (root, a_len, b_len) = (older.head().root, a.len(), b.len());
    let text =
        format!("indelible-fork@v1\nroot {root}\n{proof}\nolder {a_len}\n{a}newer {b_len}\n{b}");
    let report = ForkReport::parse(text.as_bytes()).unwrap();
    assert_eq!(report.verify(&trust()), Err(NotAFork::Consistent));
    // Without the heads' own roots there is no proof either.
    let text = text.replacen(&root.to_string(), &newer.head().root.to_string(), 1);
    let report = ForkReport::parse(text.as_bytes()).unwrap();
    assert!(matches!(report.verify(&trust()), Err(NotAFork::Proof(_))));
}

#[test]
fn other_texts_are_no_reports() {
    let note = honest(3).checkpoint().to_string();
    let (root, len) = (honest(3).head().root, note.len());
    let good = format!("indelible-fork@v1\nroot {root}\nolder {len}\n{note}newer {len}\n{note}");
    assert!(ForkReport::parse(good.as_bytes()).is_ok());
    let cases = [
        good.replacen("@v1", "@v2", 1),
        good.replacen("root ", "root  ", 1),
        good.replacen("older ", "older 0", 1),
        good.replacen("older ", "older +", 1),
        good.replacen("older", "newer", 1),
        good.replacen(&format!("older {len}"), "older 99999", 1),
        good.replacen("\nolder", &format!("{}\nolder", format!("\n{root}").repeat(64)), 1),
        format!("{good}x"),
        String::new(),
    ];
    for text in cases {
        assert_eq!(ForkReport::parse(text.as_bytes()), Err(InvalidReport::Syntax), "{text}");
    }
}

#[test]
fn only_the_state_that_was_read_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::open(dir.path().join("deeper")).unwrap();
    let (a, b, c) = (honest(1).checkpoint(), honest(2).checkpoint(), honest(3).checkpoint());
    assert_eq!(memory.load(ORIGIN).unwrap(), None);
    assert_eq!(memory.replace(None, &a).unwrap(), Replaced::Done);
    assert_eq!(memory.replace(None, &b).unwrap(), Replaced::Changed);
    assert_eq!(memory.replace(Some(&b), &c).unwrap(), Replaced::Changed);
    assert_eq!(memory.replace(Some(&a), &c).unwrap(), Replaced::Done);
    assert_eq!(memory.load(ORIGIN).unwrap(), Some(c));
}

#[test]
fn one_of_many_writers_wins() {
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::open(dir.path()).unwrap();
    let first = honest(1).checkpoint();
    memory.replace(None, &first).unwrap();
    let write = |size| memory.replace(Some(&first), &honest(size).checkpoint()).unwrap();
    let won = std::thread::scope(|scope| {
        let writers: Vec<_> = (2..10).map(|size| scope.spawn(move || write(size))).collect();
        let results = writers.into_iter().map(|writer| writer.join().unwrap());
        results.filter(|replaced| *replaced == Replaced::Done).count()
    });
    assert_eq!(won, 1);
}

#[tokio::test]
async fn damaged_state_is_not_taken_for_none() {
    let (_server, mut client, state) = remembering(5).await;
    let name = format!("{}.checkpoint", record::Digest::sha256(ORIGIN.as_bytes()));
    std::fs::write(state.path().join(name), "damaged").unwrap();
    let error = client.checkpoint().await.unwrap_err();
    assert!(matches!(error, Error::Undecided(Undecided::State { .. })), "{error:?}");
}

#[tokio::test]
async fn state_signed_by_another_key_is_not_accepted() {
    let (_server, mut client, state) = remembering(5).await;
    let forged = sign(honest(5).head()).to_string().replace("log.example", "lag.example");
    let name = format!("{}.checkpoint", record::Digest::sha256(ORIGIN.as_bytes()));
    std::fs::write(state.path().join(name), forged).unwrap();
    assert!(matches!(client.checkpoint().await, Err(Error::Undecided(_))));
}
