//! Every proof of every small tree, and every way to spoil it.

use proptest::prelude::*;
use rs_merkle::MerkleTree;
use sha2::{Digest as _, Sha256};
use tlog::{
    ConsistencyProof, Hash, InclusionProof, LeafIndex, MAX_SIZE, ProofError, TreeHead, TreeSize,
};

use crate::fixture::{TestLog, flip, index, leaves, size};
use crate::oracle;

/// Largest tree of the exhaustive tests; beyond 64 so that seven levels occur.
const LARGEST: usize = 70;

fn refused(result: Result<(), ProofError>) -> bool {
    result.is_err()
}

#[test]
fn every_inclusion_proof_is_the_one_of_the_rfc_and_verifies() {
    for n in 1..=LARGEST {
        let (log, leaves) = (TestLog::new(n), leaves(n));
        let head = log.head();
        assert_eq!(head.root, oracle::root(&leaves), "size {n}");
        let all = log.all();
        for (m, leaf) in leaves.iter().enumerate() {
            let proof = all.inclusion(index(m)).unwrap();
            assert_eq!(proof.hashes(), oracle::inclusion(m, &leaves), "leaf {m} of {n}");
            head.verify_inclusion(index(m), leaf, &proof).unwrap();
            let planned = log.verified(&head.plan_inclusion(index(m)).unwrap());
            assert_eq!(planned.inclusion(index(m)).unwrap(), proof, "leaf {m} of {n}");
            assert_eq!(planned.leaf(index(m)).unwrap(), *leaf);
        }
    }
}

#[test]
fn every_consistency_proof_is_the_one_of_the_rfc_and_verifies() {
    for n in 0..=LARGEST {
        let (log, leaves) = (TestLog::new(n), leaves(n));
        let (head, all) = (log.head(), log.all());
        for m in 0..=n {
            let proof = all.consistency(size(m)).unwrap();
            let expected = if m == 0 || m == n { vec![] } else { oracle::consistency(m, &leaves) };
            assert_eq!(proof.hashes(), expected, "{m} to {n}");
            let older = TreeHead { size: size(m), root: oracle::root(&leaves[..m]) };
            head.verify_consistency(&older, &proof).unwrap();
            let planned = log.verified(&head.plan_consistency(size(m)).unwrap());
            assert_eq!(planned.consistency(size(m)).unwrap(), proof, "{m} to {n}");
            assert_eq!(planned.root_at(size(m)).unwrap(), older.root, "{m} in {n}");
        }
    }
}

#[test]
fn an_inclusion_proof_verifies_at_no_other_position() {
    for n in 1..=LARGEST {
        let (log, leaves) = (TestLog::new(n), leaves(n));
        let (head, all) = (log.head(), log.all());
        for (m, leaf) in leaves.iter().enumerate() {
            let proof = all.inclusion(index(m)).unwrap();
            for other in (0..2 * n + 2).filter(|other| *other != m) {
                assert!(refused(head.verify_inclusion(index(other), leaf, &proof)));
            }
        }
    }
}

/// The size decides which way a path turns: where it turns alike, size and root alone differ.
#[test]
fn an_inclusion_proof_verifies_at_another_size_only_where_the_path_is_the_same() {
    for n in 1..=LARGEST {
        let (log, leaves) = (TestLog::new(n), leaves(n));
        for (m, leaf) in leaves.iter().enumerate() {
            let proof = log.all().inclusion(index(m)).unwrap();
            for other in [n - 1, n + 1, 2 * n, n / 2].into_iter().filter(|other| *other != n) {
                let head = TreeHead { size: size(other), root: log.head().root };
                let same = m < other
                    && oracle::path_shape(m as u64, other as u64)
                        == oracle::path_shape(m as u64, n as u64);
                let verdict = head.verify_inclusion(index(m), leaf, &proof);
                assert_eq!(verdict.is_ok(), same, "leaf {m} of {n} as {other}");
            }
        }
    }
}

/// Every spoilt version of a list of hashes.
fn spoilt(hashes: &[Hash]) -> Vec<Vec<Hash>> {
    let mut lists = Vec::new();
    for (place, hash) in hashes.iter().enumerate() {
        for bit in 0..8 * Hash::SIZE {
            let mut list = hashes.to_vec();
            list[place] = flip(hash, bit);
            lists.push(list);
        }
        let mut without = hashes.to_vec();
        without.remove(place);
        lists.push(without);
        if place + 1 < hashes.len() {
            let mut swapped = hashes.to_vec();
            swapped.swap(place, place + 1);
            lists.push(swapped);
        }
    }
    for extra in [Hash::EMPTY_ROOT, hashes.first().copied().unwrap_or(Hash::EMPTY_ROOT)] {
        lists.push([hashes, &[extra]].concat());
        lists.push([&[extra], hashes].concat());
    }
    lists
}

#[test]
fn no_spoilt_inclusion_proof_verifies() {
    for n in (1..=17).chain([31, 32, 33]) {
        let (log, leaves) = (TestLog::new(n), leaves(n));
        let head = log.head();
        for (m, leaf) in leaves.iter().enumerate() {
            let proof = log.all().inclusion(index(m)).unwrap();
            for hashes in spoilt(proof.hashes()) {
                let spoilt = InclusionProof::new(hashes);
                assert!(refused(head.verify_inclusion(index(m), leaf, &spoilt)), "{m} of {n}");
            }
            for bit in 0..8 * Hash::SIZE {
                assert!(refused(head.verify_inclusion(index(m), &flip(leaf, bit), &proof)));
                let head = TreeHead { root: flip(&head.root, bit), ..head };
                assert!(refused(head.verify_inclusion(index(m), leaf, &proof)));
            }
        }
    }
}

#[test]
fn no_spoilt_consistency_proof_verifies() {
    for n in (1..=17).chain([31, 32, 33]) {
        let (log, leaves) = (TestLog::new(n), leaves(n));
        let head = log.head();
        for m in 0..=n {
            let older = TreeHead { size: size(m), root: oracle::root(&leaves[..m]) };
            let proof = log.all().consistency(size(m)).unwrap();
            for hashes in spoilt(proof.hashes()) {
                let spoilt = ConsistencyProof::new(hashes);
                assert!(refused(head.verify_consistency(&older, &spoilt)), "{m} to {n}");
            }
            for bit in 0..8 * Hash::SIZE {
                let other = TreeHead { root: flip(&older.root, bit), ..older };
                assert!(refused(head.verify_consistency(&other, &proof)), "{m} to {n}");
                if m > 0 {
                    let other = TreeHead { root: flip(&head.root, bit), ..head };
                    assert!(refused(other.verify_consistency(&older, &proof)), "{m} to {n}");
                }
            }
        }
    }
}

#[test]
fn a_consistency_proof_verifies_for_no_other_older_size() {
    for n in 1..=LARGEST {
        let (log, leaves) = (TestLog::new(n), leaves(n));
        let all = log.all();
        for m in 0..=n {
            let proof = all.consistency(size(m)).unwrap();
            let root = oracle::root(&leaves[..m]);
            for other in (0..=2 * n + 1).filter(|other| *other != m) {
                let older = TreeHead { size: size(other), root };
                assert!(refused(log.head().verify_consistency(&older, &proof)), "{m} to {n}");
            }
        }
    }
}

#[test]
fn the_edge_cases_have_answers_of_their_own() {
    let log = TestLog::new(3);
    let head = log.head();
    let (none, one) = (InclusionProof::default(), ConsistencyProof::new(vec![head.root]));
    let leaf = log.all().leaf(index(0)).unwrap();

    let beyond = ProofError::IndexOutOfRange { index: index(3), size: size(3) };
    assert_eq!(head.verify_inclusion(index(3), &leaf, &none), Err(beyond));
    let empty = ProofError::IndexOutOfRange { index: index(0), size: size(0) };
    assert_eq!(TreeHead::EMPTY.verify_inclusion(index(0), &leaf, &none), Err(empty));
    let last = LeafIndex::new(MAX_SIZE).unwrap();
    assert!(refused(head.verify_inclusion(last, &leaf, &none)));

    let reversed = ProofError::SizesReversed { older: size(3), newer: size(0) };
    let no_hashes = ConsistencyProof::default();
    assert_eq!(TreeHead::EMPTY.verify_consistency(&head, &no_hashes), Err(reversed));
    let too_long = ProofError::WrongLength { expected: 0, got: 1 };
    assert_eq!(head.verify_consistency(&TreeHead::EMPTY, &one), Err(too_long));
    assert_eq!(head.verify_consistency(&head, &one), Err(too_long));
    let false_empty = TreeHead { root: head.root, ..TreeHead::EMPTY };
    assert!(refused(head.verify_consistency(&false_empty, &no_hashes)));
    assert!(refused(false_empty.verify_consistency(&TreeHead::EMPTY, &no_hashes)));
}

#[test]
fn the_largest_tree_overflows_nothing() {
    let max = TreeSize::new(MAX_SIZE).unwrap();
    let head = TreeHead { size: max, root: Hash::EMPTY_ROOT };
    let leaf = Hash::EMPTY_ROOT;
    for m in [0, 1, MAX_SIZE / 2, MAX_SIZE - 2, MAX_SIZE - 1] {
        let m = LeafIndex::new(m).unwrap();
        let right_length = (0..=64).filter(|len| {
            let proof = InclusionProof::new(vec![leaf; *len]);
            matches!(head.verify_inclusion(m, &leaf, &proof), Err(ProofError::RootMismatch { .. }))
        });
        assert_eq!(right_length.count(), 1, "one length fits leaf {m}");
    }
    for m in [1, 2, 3, MAX_SIZE / 2, MAX_SIZE - 1] {
        let older = TreeHead { size: TreeSize::new(m).unwrap(), root: leaf };
        let right_length = (0..=64).filter(|len| {
            let proof = ConsistencyProof::new(vec![leaf; *len]);
            let verdict = head.verify_consistency(&older, &proof);
            matches!(verdict, Err(ProofError::RootMismatch { .. }))
        });
        assert_eq!(right_length.count(), 1, "one length fits size {m}");
    }
    assert!(TreeSize::new(MAX_SIZE + 1).is_err() && LeafIndex::new(u64::MAX).is_err());
}

/// RFC 6962 for `rs_merkle`; without the second function only trees of one leaf would agree.
#[derive(Clone)]
struct Rfc6962;

impl rs_merkle::Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        Sha256::new_with_prefix([0x00]).chain_update(data).finalize().into()
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        let Some(right) = right else { return *left };
        Sha256::new_with_prefix([0x01]).chain_update(left).chain_update(right).finalize().into()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn roots_and_proofs_equal_those_of_two_others(n in 1..2000_usize, m: prop::sample::Index) {
        let (log, leaves, m) = (TestLog::new(n), leaves(n), m.index(n));
        let head = log.head();
        let raw: Vec<[u8; 32]> = leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
        let other = MerkleTree::<Rfc6962>::from_leaves(&raw);
        prop_assert_eq!(Some(*head.root.as_bytes()), other.root());
        prop_assert_eq!(head.root, oracle::root(&leaves));

        let tree = log.verified(&head.plan_inclusion(index(m)).unwrap());
        let proof = tree.inclusion(index(m)).unwrap();
        prop_assert_eq!(proof.hashes(), oracle::inclusion(m, &leaves));
        let ours: Vec<[u8; 32]> = proof.hashes().iter().map(|hash| *hash.as_bytes()).collect();
        let theirs = other.proof(&[m]);
        prop_assert_eq!(&ours[..], theirs.proof_hashes());
        prop_assert!(head.verify_inclusion(index(m), &leaves[m], &proof).is_ok());
    }

    #[test]
    fn growth_is_proved_between_any_two_sizes(n in 2..2000_usize, m: prop::sample::Index) {
        let (log, leaves, m) = (TestLog::new(n), leaves(n), 1 + m.index(n - 1));
        let head = log.head();
        let tree = log.verified(&head.plan_consistency(size(m)).unwrap());
        let proof = tree.consistency(size(m)).unwrap();
        prop_assert_eq!(proof.hashes(), oracle::consistency(m, &leaves));
        let older = TreeHead { size: size(m), root: tree.root_at(size(m)).unwrap() };
        prop_assert_eq!(older.root, oracle::root(&leaves[..m]));
        prop_assert!(head.verify_consistency(&older, &proof).is_ok());
    }

    #[test]
    fn arbitrary_hashes_prove_nothing(
        n in 1..MAX_SIZE, m in 0..MAX_SIZE, hashes in prop::collection::vec(any::<[u8; 32]>(), 0..64),
    ) {
        let hashes: Vec<Hash> = hashes.into_iter().map(Hash::new).collect();
        let head = TreeHead { size: TreeSize::new(n).unwrap(), root: Hash::EMPTY_ROOT };
        let leaf = Hash::new([7; 32]);
        let proof = InclusionProof::new(hashes.clone());
        prop_assert!(head.verify_inclusion(LeafIndex::new(m).unwrap(), &leaf, &proof).is_err());
        let older = TreeHead { size: TreeSize::new(m).unwrap(), root: leaf };
        prop_assert!(head.verify_consistency(&older, &ConsistencyProof::new(hashes)).is_err());
    }
}
