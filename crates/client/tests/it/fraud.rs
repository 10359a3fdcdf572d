//! Logs whose signed epochs are false: they are caught, and the file convinces a stranger.

use client::{
    Answered, Disproof, Error, FraudKind, LookupKey, VerifiedFraud, VerifiedInclusion,
    VerifiedLookup,
};
use record::FraudProof;
use tlog::LeafIndex;

use crate::log::{TestLog, digest, file, filler, project, removed};
use crate::questions::{client, trust};
use crate::server::{Lie, Server};

/// Position of the epoch that is false, if one is.
pub(crate) const EPOCH: u64 = 34;

/// Two epochs. The project has the entries 21 to 23 before the newest one and 40 after it.
pub(crate) fn log_with(misstate: impl FnOnce(&mut TestLog)) -> TestLog {
    let mut log = TestLog::new(&filler(20));
    log.append_epoch(|_| ());
    log.append(&[file("attrs-1.0.tar.gz", "one"), removed("attrs-1.0.tar.gz", "one")]);
    log.append(&[file("attrs-1.0.tar.gz", "two")]);
    log.append(&filler(30)[20..]);
    misstate(&mut log);
    log.append_epoch(|_| ());
    log.append(&filler(35)[30..]);
    log.append(&[file("attrs-2.0.tar.gz", "three")]);
    log
}

pub(crate) fn honest() -> TestLog {
    log_with(|_| ())
}

pub(crate) fn filename() -> LookupKey {
    LookupKey::File("attrs-1.0.tar.gz".into())
}

fn by_project() -> LookupKey {
    LookupKey::Project(project("attrs"))
}

pub(crate) fn by_hash() -> LookupKey {
    LookupKey::Sha256(digest("one"))
}

pub(crate) fn index(position: u64) -> LeafIndex {
    LeafIndex::new(position).unwrap()
}

/// Looks up what `verify` looks up, and compares.
async fn cross_checked(log: TestLog) -> Result<(), Error> {
    let server = Server::start(log).await;
    let state = tempfile::tempdir().unwrap();
    let mut client = client(&server, &state);
    let mut answers = Vec::new();
    for key in [by_hash(), filename(), by_project(), LookupKey::File("attrs-9.tar.gz".into())] {
        answers.push(client.lookup(&key).await?);
    }
    client.cross_check(&answers.iter().collect::<Vec<_>>(), &[]).await
}

/// The same in one call.
async fn cross_checked_at_once(log: TestLog) -> Result<(), Error> {
    let server = Server::start(log).await;
    let state = tempfile::tempdir().unwrap();
    let mut client = client(&server, &state);
    let nothing = LookupKey::File("attrs-9.tar.gz".into());
    let mut lookups = client.lookup_many(vec![by_hash(), filename(), by_project(), nothing]);
    let mut answers = Vec::new();
    while let Some(Answered::Found(answer)) = lookups.next().await? {
        answers.push(*answer);
    }
    client.cross_check(&answers.iter().collect::<Vec<_>>(), &[]).await
}

/// The file that was written, as a stranger with nothing but the key reads it.
fn written(error: Error) -> VerifiedFraud {
    match error {
        Error::Disproven(Disproof::Fraud { fraud, saved }) => {
            let text = fraud.proof().to_string();
            if let Some(bytes) = saved.and_then(|path| std::fs::read(path).ok()) {
                assert_eq!(bytes, text.as_bytes());
            }
            let read = FraudProof::parse(text.as_bytes()).unwrap();
            let verified = VerifiedFraud::verify(read, &trust()).unwrap();
            assert_eq!(verified, *fraud);
            verified
        }
        other => panic!("no fraud: {other:?}"),
    }
}

/// Name, the key about which the map is false, where, how, the entry that shows it, and what the map lists.
type FalseMap = (&'static str, LookupKey, Vec<u64>, FraudKind, u64, Vec<u64>);

fn lies() -> [FalseMap; 6] {
    use FraudKind::{Foreign, Omitted};
    let nothing = LookupKey::File("attrs-9.tar.gz".into());
    [
        ("omitted", filename(), vec![22], Omitted, 22, vec![21, 23]),
        ("absent", by_hash(), vec![21, 22], Omitted, 21, vec![]),
        ("project", by_project(), vec![23], Omitted, 23, vec![21, 22]),
        ("foreign", filename(), vec![3], Foreign, 3, vec![3, 21, 22, 23]),
        ("foreign-alone", nothing, vec![5], Foreign, 5, vec![5]),
        ("swapped", by_hash(), vec![22, 23], Foreign, 23, vec![21, 23]),
    ]
}

async fn fraud_of(key: &LookupKey, misstated: &[u64]) -> VerifiedFraud {
    written(cross_checked(log_with(|log| log.misstate(key, misstated))).await.unwrap_err())
}

#[tokio::test]
async fn a_false_epoch_is_proved_to_strangers() {
    for (name, key, misstated, kind, entry, positions) in lies() {
        let fraud = fraud_of(&key, &misstated).await;
        assert_eq!((fraud.key(), fraud.kind()), (&key, kind), "{name}");
        assert_eq!(fraud.entry().index().get(), entry, "{name}");
        assert_eq!((fraud.position().get(), fraud.epoch().epoch), (EPOCH, 1), "{name}");
        let listed: Vec<u64> = fraud.proof().positions.iter().map(|at| at.get()).collect();
        assert_eq!(listed, positions, "{name}");
        let log = log_with(|log| log.misstate(&key, &misstated));
        assert_eq!(written(cross_checked_at_once(log).await.unwrap_err()), fraud, "{name}");
    }
}

#[tokio::test]
async fn an_honest_log_is_not_accused() {
    cross_checked(honest()).await.unwrap();
    cross_checked_at_once(honest()).await.unwrap();
    cross_checked(TestLog::new(&filler(3))).await.unwrap();
    let mut last = honest();
    last.append_epoch(|_| ());
    cross_checked(last).await.unwrap();
}

#[tokio::test]
async fn the_proof_is_kept_in_the_state_directory() {
    let server = Server::start(log_with(|log| log.misstate(&filename(), &[21]))).await;
    let state = tempfile::tempdir().unwrap();
    let mut client = client(&server, &state);
    let project = client.lookup(&by_project()).await.unwrap();
    let file = client.lookup(&filename()).await.unwrap();
    let error = client.cross_check(&[&project, &file], &[]).await.unwrap_err();
    let Error::Disproven(Disproof::Fraud { saved: Some(path), .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(path.extension().unwrap(), "fraud");
    let expected = "the log signed a false epoch: epoch 1 at position 34 leaves out entry 21, which has the \
                    key file attrs-1.0.tar.gz";
    assert_eq!(error.to_string(), expected);
    assert_eq!(std::fs::read(path).unwrap(), written(error).proof().to_string().into_bytes());
}

/// What one log answers about the project, and another one, which continues it, about the file.
async fn grown(
    first: TestLog,
    then: TestLog,
    lie: Lie,
) -> (Result<(), Error>, VerifiedLookup, VerifiedLookup) {
    let server = Server::start(first).await;
    let state = tempfile::tempdir().unwrap();
    let mut client = client(&server, &state);
    let project = client.lookup(&by_project()).await.unwrap();
    server.replace(then);
    let file = client.lookup(&filename()).await.unwrap();
    server.lie(lie);
    (client.cross_check(&[&project, &file], &[]).await, project, file)
}

#[tokio::test]
async fn answers_may_be_of_different_sizes_and_epochs() {
    let lying = || log_with(|log| log.misstate(&filename(), &[22]));
    let mut longer = lying();
    longer.append(&filler(50)[35..]);
    let (result, project, _) = grown(lying(), longer, Lie::NoInclusion).await;
    let fraud = written(result.unwrap_err());
    // The epoch is the same: the checkpoint that both rest on needs nothing more from the log.
    assert_eq!(fraud.checkpoint(), project.checkpoint());

    let later = |misstated: &[u64]| {
        let mut log = honest();
        log.misstate(&filename(), misstated);
        log.append_epoch(|_| ());
        log
    };
    let (result, _, file) = grown(honest(), later(&[22]), Lie::None).await;
    let fraud = written(result.unwrap_err());
    assert_eq!((fraud.checkpoint(), fraud.epoch().epoch), (file.checkpoint(), 2));
    grown(honest(), later(&[]), Lie::None).await.0.unwrap();

    let (refused, ..) = grown(honest(), later(&[22]), Lie::NoInclusion).await;
    assert!(matches!(refused, Err(Error::Disproven(Disproof::Omission))), "{refused:?}");
}

#[tokio::test]
async fn without_an_epoch_an_omission_is_only_known() {
    let mut log = TestLog::new(&filler(9));
    log.append(&[file("attrs-1.0.tar.gz", "one"), removed("attrs-1.0.tar.gz", "one")]);
    let server = Server::start(log).await;
    let state = tempfile::tempdir().unwrap();
    let mut client = client(&server, &state);
    let project = client.lookup(&by_project()).await.unwrap();
    server.lie(Lie::SkippedEntry);
    let file = client.lookup(&filename()).await.unwrap();
    let error = client.cross_check(&[&project, &file], &[]).await.unwrap_err();
    assert!(matches!(error, Error::Disproven(Disproof::Omission)), "{error:?}");
}

/// The entry at a position, as a proof file or evidence of that log keeps it.
async fn kept(log: TestLog, position: u64) -> VerifiedInclusion {
    let server = Server::start(log).await;
    let state = tempfile::tempdir().unwrap();
    let entry = client(&server, &state).entry(index(position)).await.unwrap();
    VerifiedInclusion::from_proof_file(entry.to_proof_file(), &trust()).unwrap()
}

#[tokio::test]
async fn what_was_kept_contradicts_a_later_answer() {
    let young = {
        let mut log = TestLog::new(&filler(20));
        log.append_epoch(|_| ());
        log.append(&[file("attrs-1.0.tar.gz", "one")]);
        log
    };
    let lying = || log_with(|log| log.misstate(&filename(), &[21, 22, 23]));
    let mut forked = filler(22);
    forked[21] = file("attrs-1.0.tar.gz", "one");
    let server = Server::start(lying()).await;
    let state = tempfile::tempdir().unwrap();
    let mut client = client(&server, &state);
    let answer = client.lookup(&filename()).await.unwrap();
    assert!(answer.entries().is_empty(), "the log says that it was never there");
    client.cross_check(&[&answer], &[]).await.unwrap();

    let proof = kept(young.clone(), 21).await;
    let error = client.cross_check(&[&answer], &[proof]).await.unwrap_err();
    assert_eq!(written(error).entry().index().get(), 21);

    let old = Server::start(young).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let old = crate::questions::client(&old, &elsewhere).lookup(&filename()).await.unwrap();
    let evidence = old.to_evidence().unwrap();
    let evidence = VerifiedLookup::from_evidence(evidence, &trust()).unwrap();
    let error = client.cross_check(&[&answer, &evidence], &[]).await.unwrap_err();
    assert_eq!(written(error).entry().index().get(), 21);

    let other = kept(TestLog::new(&forked), 21).await;
    let error = client.cross_check(&[&answer], &[other]).await.unwrap_err();
    assert!(matches!(error, Error::Disproven(Disproof::Fork { saved: Some(_), .. })), "{error:?}");
    let unrelated = kept(honest(), 3).await;
    client.cross_check(&[&answer], &[unrelated]).await.unwrap();
}

#[tokio::test]
async fn no_byte_of_a_fraud_proof_can_be_changed() {
    let proves = |bytes: &[u8]| {
        let parsed = FraudProof::parse(bytes);
        parsed.is_ok_and(|proof| VerifiedFraud::verify(proof, &trust()).is_ok())
    };
    for (name, key, misstated, ..) in lies() {
        let text = fraud_of(&key, &misstated).await.proof().to_string().into_bytes();
        assert!(proves(&text), "{name}");
        for at in 0..text.len() {
            for value in [text[at] ^ 1, text[at] ^ 4, text[at] ^ 0x20, text[at] ^ 0x80, b'\n', b'0']
            {
                let mut changed = text.clone();
                changed[at] = value;
                assert!(changed == text || !proves(&changed), "{name}: {value:02x} at byte {at}");
            }
            assert!(!proves(&text[..at]), "{name}: cut at {at}");
        }
        assert!(!proves(&[text.as_slice(), b"\n"].concat()), "{name}");
    }
}

/// Compares with the file under `tests/vectors/fraud`; `INDELIBLE_BLESS=1` writes it anew.
fn check(name: &str, current: &str) {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/fraud");
    let path = std::path::Path::new(directory).join(name);
    if std::env::var_os("INDELIBLE_BLESS").is_some() {
        std::fs::write(&path, current).unwrap();
    }
    let frozen = std::fs::read_to_string(&path).unwrap();
    assert_eq!(current, frozen, "{} differs", path.display());
}

#[tokio::test]
async fn the_format_stays_as_it_is() {
    check("key", &format!("{}\n", crate::log::vkey()));
    for (name, key, misstated, ..) in lies() {
        let proof = fraud_of(&key, &misstated).await.proof().to_string();
        check(&format!("{name}.fraud"), &proof);
    }
}
