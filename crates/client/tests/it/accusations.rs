//! Fraud proofs that prove nothing: an honest log cannot be accused.

use client::{NotFraud, Trust, VerifiedFraud};
use record::{FraudProof, ListingError, ProvenEntry};
use tlog::{InclusionProof, SigningKey};

use crate::fraud::{EPOCH, by_hash, filename, honest, index, log_with};
use crate::log::{ORIGIN, TestLog, file};
use crate::questions::trust;
use crate::server::complete::proof_of;

fn proven(log: &TestLog, position: u64) -> ProvenEntry {
    ProvenEntry {
        index: index(position),
        entry: log.entries[usize::try_from(position).unwrap()].clone(),
        proof: InclusionProof::new(log.inclusion(position, log.size())),
    }
}

/// What could be put together of a log by whoever wants to accuse it.
fn accusation(log: &TestLog, entry: u64) -> FraudProof {
    FraudProof {
        key: filename(),
        entry: proven(log, entry),
        epoch: proven(log, EPOCH),
        map_proof: proof_of(log, EPOCH, &filename().map_key()),
        positions: [21, 22, 23].map(index).to_vec(),
        checkpoint: log.checkpoint(),
    }
}

/// A log in which the key has an entry after the epoch, too.
fn accused() -> TestLog {
    let mut log = honest();
    log.append(&[file("attrs-1.0.tar.gz", "late")]);
    log
}

type Change<'a> = &'a dyn Fn(&mut FraudProof);
type Expected<'a> = &'a dyn Fn(&NotFraud) -> bool;

#[test]
fn an_honest_log_can_not_be_accused() {
    let log = accused();
    let late = log.size() - 1;
    let is_listing = |error: &NotFraud| matches!(error, NotFraud::Listing(ListingError::Proof(_)));
    let is_proof = |error: &NotFraud| matches!(error, NotFraud::Proof { .. });
    let not_covered = |error: &NotFraud| matches!(error, NotFraud::NotCovered { .. });
    let cases: [(&str, u64, Change<'_>, Expected<'_>); 16] = [
        ("listed", 22, &|_| (), &|error| *error == NotFraud::Listed(index(22))),
        ("unrelated", 3, &|_| (), &|error| *error == NotFraud::Unrelated(index(3))),
        ("after the epoch", late, &|_| (), &not_covered),
        ("the epoch itself", EPOCH, &|_| (), &not_covered),
        ("a position left out", 22, &|proof| proof.positions.truncate(1), &is_listing),
        ("a position added", 3, &|proof| proof.positions.insert(0, index(3)), &is_listing),
        ("an entry after the epoch claimed", 22, &|p| p.positions.push(index(late)), &is_listing),
        ("absence", 22, &|proof| proof.positions.clear(), &|error| {
            matches!(error, NotFraud::Listing(_))
        }),
        ("positions in disorder", 22, &|proof| proof.positions.reverse(), &|error| {
            matches!(error, NotFraud::Listing(ListingError::Positions(_)))
        }),
        ("no proof of the map", 22, &|proof| proof.map_proof.truncate(7), &|error| {
            matches!(error, NotFraud::Listing(ListingError::Invalid(_)))
        }),
        ("another key", 22, &|proof| proof.key = by_hash(), &is_listing),
        ("another epoch", 3, &|proof| proof.epoch = proven(&log, 20), &is_listing),
        ("no epoch", 3, &|proof| proof.epoch = proven(&log, 30), &|error| {
            *error == NotFraud::NotAnEpoch(index(30))
        }),
        ("another place", 22, &|proof| proof.entry.index = index(23), &is_proof),
        ("another place of the epoch", 22, &|proof| proof.epoch.index = index(33), &is_proof),
        ("another tree", 22, &|proof| proof.checkpoint = honest().checkpoint(), &is_proof),
    ];
    for (name, entry, change, expected) in cases {
        let mut proof = accusation(&log, entry);
        change(&mut proof);
        let error = VerifiedFraud::verify(proof, &trust()).unwrap_err();
        assert!(expected(&error), "{name}: {error:?}");
    }
}

#[test]
fn only_the_logs_own_key_and_known_kinds_count() {
    let log = log_with(|log| log.misstate(&filename(), &[21]));
    let mut proof = accusation(&log, 21);
    proof.positions.remove(0);
    VerifiedFraud::verify(proof.clone(), &trust()).unwrap();
    let other = SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap();
    let other = Trust::from_key(&other.verifying_key().to_string()).unwrap();
    let refused = VerifiedFraud::verify(proof, &other);
    assert!(matches!(refused, Err(NotFraud::Signature(_))), "{refused:?}");

    // An entry of a later version may have keys that this one does not know.
    let mut entries = honest().entries;
    entries[3] = br#"{"v":2,"kind":"file"}"#.to_vec();
    entries.truncate(usize::try_from(EPOCH).unwrap());
    let mut log = TestLog::new(&[]);
    log.append_bytes(entries);
    log.misstate(&filename(), &[3]);
    log.append_epoch(|_| ());
    let mut proof = accusation(&log, 3);
    proof.positions.insert(0, index(3));
    let refused = VerifiedFraud::verify(proof, &trust());
    assert_eq!(refused, Err(NotFraud::UnknownKind(index(3))));
}
