//! Freeze accusations: what they show, what they do not, and the form of the file.

use client::{
    Disproof, Error, FreezeAccusation, InvalidAccusation, LogUrl, NotAFreeze, Tiles, Trust,
    Undecided, VerifiedFreeze,
};
use record::Timestamp;
use tlog::{ConsistencyProof, PolicyError, ProofError};

use crate::log::{TestLog, cosigned, file, filler, policy, time, vkey};
use crate::server::Server;

/// When the quorum had cosigned the newer head, and when the old one was served.
const MET_AT: u64 = 60;
const OBSERVED: u64 = 240;

fn trust() -> Trust {
    Trust::from_policy(&policy()).unwrap()
}

fn honest(size: usize) -> TestLog {
    TestLog::new(&filler(size))
}

fn minute(minute: u64) -> u64 {
    time(minute).unix()
}

/// What could be put together of two logs by whoever wants to accuse somebody.
fn accusation(old: &TestLog, new: &TestLog) -> FreezeAccusation {
    FreezeAccusation {
        observed: time(OBSERVED),
        proof: ConsistencyProof::new(new.consistency(old.size(), new.size())),
        served: old.checkpoint(),
        newer: cosigned(new, &[(1, minute(20)), (3, minute(MET_AT))]),
    }
}

/// As the client makes it, from the tiles of a server that has the newer head.
async fn accused(old: &TestLog, new: TestLog) -> Result<VerifiedFreeze, Error> {
    let newer = accusation(&honest(0), &new).newer;
    let server = Server::start(new).await;
    server.serve_note(&newer);
    let tiles = Tiles::new(LogUrl::parse(&server.url()).unwrap()).unwrap();
    let newer = tiles.served_head().await.unwrap();
    VerifiedFreeze::accuse(&trust(), (old.checkpoint(), time(OBSERVED)), newer, &tiles).await
}

#[tokio::test]
async fn a_withheld_head_is_shown_to_strangers() {
    for (old, new) in [(0, 1), (0, 30), (10, 11), (16, 17), (255, 300), (256, 600)] {
        let freeze = accused(&honest(old), honest(new)).await.unwrap();
        assert_eq!(*freeze.accusation(), accusation(&honest(old), &honest(new)), "{old} to {new}");
        assert_eq!(freeze.served(), honest(old).head());
        assert_eq!(freeze.newer().head(), honest(new).head());
        assert_eq!(freeze.met_at(), time(MET_AT), "the first of the two alone is no quorum");
        assert_eq!(freeze.withheld().as_secs(), 60 * (OBSERVED - MET_AT));
        let text = freeze.accusation().to_string();
        let read = FreezeAccusation::parse(text.as_bytes()).unwrap();
        assert_eq!(VerifiedFreeze::verify(read, &trust()), Ok(freeze));
    }
}

fn not_a_freeze(result: Result<VerifiedFreeze, Error>) -> NotAFreeze {
    match result {
        Err(Error::Undecided(Undecided::NotAFreeze(error))) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_is_withheld_by_who_serves_the_newest_head() {
    for (old, new) in [(30, 30), (31, 30), (0, 0), (1, 0)] {
        let error = not_a_freeze(accused(&honest(old), honest(new)).await);
        assert!(matches!(error, NotAFreeze::NotNewer { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_fork_is_no_freeze_but_a_fork() {
    for (at, old) in [(3, 10), (9, 10), (3, 30)] {
        let mut entries = filler(old);
        entries[at] = file("evil-1.0.tar.gz", "other");
        let other = TestLog::new(&entries);
        let error = accused(&other, honest(30)).await.unwrap_err();
        let Error::Disproven(Disproof::Fork { report, .. }) = error else { panic!("{error:?}") };
        report.verify(&trust()).unwrap();
        let error = VerifiedFreeze::verify(accusation(&other, &honest(30)), &trust()).unwrap_err();
        let expected = if old == 30 {
            error == NotAFreeze::Fork
        } else {
            matches!(error, NotAFreeze::Proof(ProofError::RootMismatch { .. }))
        };
        assert!(expected && error.to_string().contains("fork"), "{error:?}");
    }
}

#[test]
fn what_several_witnesses_show_counts_together() {
    let (at, log) = (minute(20), honest(30));
    let shown = [
        cosigned(&honest(31), &[(1, at)]),
        cosigned(&log, &[(2, at)]),
        cosigned(&honest(29), &[(1, at), (2, at)]),
        cosigned(&log, &[(3, at)]),
    ];
    let newest = |shown: &[_]| client::newest_head(&trust(), shown.to_vec());
    assert_eq!(newest(&shown), Ok(Some(cosigned(&log, &[(2, at), (3, at)]))));
    assert_eq!(newest(&shown[..3]), Ok(Some(shown[2].clone())), "the only one with a quorum");
    assert_eq!(newest(&shown[..2]), Ok(Some(shown[0].clone())), "the largest");
    assert_eq!(newest(&[]), Ok(None));
    // A cosignature of another head is forged here.
    let forged = cosigned(&honest(28), &[]).to_string()
        + shown[1].to_string().lines().last().unwrap()
        + "\n";
    let forged = tlog::SignedCheckpoint::parse(forged.as_bytes()).unwrap();
    assert!(matches!(newest(&[forged]), Err(PolicyError::Note(_))));
}

type Change<'a> = &'a dyn Fn(&mut FreezeAccusation);
type Expected<'a> = &'a dyn Fn(&NotAFreeze) -> bool;

#[test]
fn who_withholds_nothing_can_not_be_accused() {
    let (old, new) = (honest(10), honest(30));
    let is_later = |error: &NotAFreeze| matches!(error, NotAFreeze::Later(_));
    let is_proof = |error: &NotAFreeze| matches!(error, NotAFreeze::Proof(_));
    let is_quorum =
        |error: &NotAFreeze| matches!(error, NotAFreeze::Newer(PolicyError::QuorumNotMet { .. }));
    let newer = |cosigners: &[(u8, u64)]| cosigned(&new, cosigners);
    let cases: [(&str, Change<'_>, Expected<'_>); 9] = [
        ("observed before", &|it| it.observed = time(MET_AT - 1), &is_later),
        ("cosigned after", &|it| it.newer = newer(&[(1, 7), (2, minute(241))]), &is_later),
        ("cosigned in no year", &|it| it.newer = newer(&[(1, 7), (2, u64::MAX)]), &is_later),
        ("one cosigner", &|it| it.newer = newer(&[(2, 7)]), &is_quorum),
        ("an unknown cosigner", &|it| it.newer = newer(&[(2, 7), (4, 7)]), &is_quorum),
        ("no proof", &|it| it.proof = ConsistencyProof::new(Vec::new()), &is_proof),
        ("another head", &|it| it.served = honest(11).checkpoint(), &is_proof),
        ("the heads swapped", &|it| std::mem::swap(&mut it.served, &mut it.newer), &is_quorum),
        ("one head twice", &|it| it.served = it.newer.clone(), &|error| {
            matches!(error, NotAFreeze::NotNewer { .. })
        }),
    ];
    VerifiedFreeze::verify(accusation(&old, &new), &trust()).unwrap();
    for (name, change, expected) in cases {
        let mut accusation = accusation(&old, &new);
        change(&mut accusation);
        let error = VerifiedFreeze::verify(accusation, &trust()).unwrap_err();
        assert!(expected(&error), "{name}: {error:?}");
    }
    // The moment at which the quorum was met is not too early.
    let met = FreezeAccusation { observed: time(MET_AT), ..accusation(&old, &new) };
    assert!(VerifiedFreeze::verify(met, &trust()).unwrap().withheld().is_zero());
}

#[test]
fn only_the_logs_own_key_and_a_quorum_count() {
    let accusation = accusation(&honest(10), &honest(30));
    let without = Trust::from_key(&vkey()).unwrap();
    let refused = VerifiedFreeze::verify(accusation.clone(), &without);
    assert_eq!(refused, Err(NotAFreeze::NoWitnesses));
    let other = tlog::SigningKey::from_seed(crate::log::ORIGIN, &[9; 32]).unwrap();
    let other = policy().replace(&vkey(), &other.verifying_key().to_string());
    let refused = VerifiedFreeze::verify(accusation, &Trust::from_policy(&other).unwrap());
    assert!(matches!(refused, Err(NotAFreeze::Served(_))), "{refused:?}");
}

/// A file to which nothing can be added and of which nothing can be taken away.
fn terse() -> String {
    accusation(&honest(11), &honest(30)).to_string()
}

/// A file with more signatures than it needs.
fn ample() -> String {
    let more = FreezeAccusation {
        served: cosigned(&honest(11), &[(1, 7), (4, 7)]),
        newer: cosigned(
            &honest(30),
            &[(1, minute(20)), (4, 7), (2, minute(40)), (3, minute(MET_AT))],
        ),
        ..accusation(&honest(11), &honest(30))
    };
    more.to_string()
}

/// Calls `check` with every way in which a byte of the text may be changed.
fn changes(text: &str, mut check: impl FnMut(usize, &[u8])) {
    let text = text.as_bytes();
    for at in 0..text.len() {
        for value in [text[at] ^ 1, text[at] ^ 4, text[at] ^ 0x20, text[at] ^ 0x80, b'\n', b'0'] {
            let mut changed = text.to_vec();
            changed[at] = value;
            if changed != text {
                check(at, &changed);
            }
        }
        check(at, &text[..at]);
    }
    check(text.len(), &[text, b"\n"].concat());
}

fn shown(bytes: &[u8]) -> Option<VerifiedFreeze> {
    VerifiedFreeze::verify(FreezeAccusation::parse(bytes).ok()?, &trust()).ok()
}

#[test]
fn no_byte_but_of_the_observation_can_be_changed() {
    let text = terse();
    let original = shown(text.as_bytes()).unwrap();
    let mut other_times = 0;
    changes(&text, |at, changed| {
        let Some(freeze) = shown(changed) else { return };
        // The time of the observation is the accuser's word. Nothing else is.
        let line = "indelible-freeze@v1\nobserved ".len();
        assert!((line..line + 20).contains(&at), "byte {at}");
        assert_ne!(freeze.accusation().observed, original.accusation().observed);
        assert_eq!((freeze.served(), freeze.newer()), (original.served(), original.newer()));
        other_times += 1;
    });
    assert!(other_times > 0);
}

#[test]
fn a_changed_byte_is_refused_or_accuses_of_no_more() {
    let text = ample();
    let original = shown(text.as_bytes()).unwrap();
    assert_eq!(original.met_at(), time(40));
    changes(&text, |at, changed| {
        let Some(freeze) = shown(changed) else { return };
        assert_eq!(freeze.served(), original.served(), "byte {at}");
        assert_eq!(freeze.newer().head(), original.newer().head(), "byte {at}");
        assert!(freeze.met_at() >= original.met_at(), "byte {at}");
    });
}

#[test]
fn other_forms_are_refused() {
    let text = terse();
    let served = honest(11).checkpoint().to_string().len();
    let hash = text.lines().nth(2).unwrap();
    let cases = [
        text.replacen("@v1", "@v2", 1),
        text.replacen("indelible-freeze", "indelible-fork", 1),
        text.replacen("observed ", "observed  ", 1),
        text.replacen("Z\n", "+00:00\n", 1),
        text.replacen("Z\n", ".0Z\n", 1),
        text.replacen(hash, &vec![hash; 64].join("\n"), 1),
        text.replacen("served ", "served 0", 1),
        text.replacen("served ", "served +", 1),
        text.replacen("served ", "older ", 1),
        text.replacen(&format!("served {served}"), "served 99999", 1),
        text.replace('\n', "\r\n"),
        format!("{text}\n"),
        String::new(),
    ];
    for case in cases {
        let parsed = FreezeAccusation::parse(case.as_bytes());
        assert_eq!(parsed, Err(InvalidAccusation::Syntax), "{case}");
    }
    assert_eq!(FreezeAccusation::parse(b"\xff"), Err(InvalidAccusation::Syntax));
    let head = text.replacen("log.example", "log\u{1}example", 1);
    let parsed = FreezeAccusation::parse(head.as_bytes());
    assert!(matches!(parsed, Err(InvalidAccusation::Checkpoint(_))), "{parsed:?}");
}

/// Compares with the file under `tests/vectors/freeze`; `INDELIBLE_BLESS=1` writes it anew.
fn check(name: &str, current: &str) {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/freeze");
    let path = std::path::Path::new(directory).join(name);
    if std::env::var_os("INDELIBLE_BLESS").is_some() {
        std::fs::write(&path, current).unwrap();
    }
    let frozen = std::fs::read_to_string(&path).unwrap();
    assert_eq!(current, frozen, "{} differs", path.display());
}

#[test]
fn the_format_stays_as_it_is() {
    check("policy", &policy());
    check("withheld.freeze", &terse());
    check("ample.freeze", &ample());
    check("from-nothing.freeze", &accusation(&honest(0), &honest(30)).to_string());
    let observed = Timestamp::parse("2026-11-21T05:13:58Z").unwrap();
    assert_eq!(shown(terse().as_bytes()).unwrap().accusation().observed, observed);
}
