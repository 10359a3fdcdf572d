//! A log that signs whatever it is told to, and its tree by the recursion of RFC 6962.

use tlog::{
    AddCheckpoint, Checkpoint, ConsistencyProof, Hash, SignedCheckpoint, SigningKey, TreeHead,
    TreeSize, VerifyingKey, leaf_hash, node_hash,
};

pub(crate) const ORIGIN: &str = "log.example/pypi";

/// One history of a log. Two of them with one key are a fork.
#[derive(Clone)]
pub(crate) struct Log {
    key: SigningKey,
    leaves: Vec<Hash>,
}

impl Log {
    /// The history of the log [`ORIGIN`] whose entries begin with `first`.
    pub(crate) fn new(first: &str) -> Log {
        Log::named(ORIGIN, first)
    }

    pub(crate) fn named(origin: &str, first: &str) -> Log {
        let leaves = (0..300).map(|n| leaf_hash(format!("{first} {n}").as_bytes())).collect();
        Log { key: SigningKey::from_seed(origin, &[1; 32]).unwrap(), leaves }
    }

    /// The same history, signed with another key of the same name.
    pub(crate) fn signed_by(self, seed: u8) -> Log {
        let key = SigningKey::from_seed(self.key.verifying_key().name(), &[seed; 32]).unwrap();
        Log { key, ..self }
    }

    pub(crate) fn key(&self) -> VerifyingKey {
        self.key.verifying_key().clone()
    }

    pub(crate) fn head(&self, size: usize) -> TreeHead {
        TreeHead { size: TreeSize::new(size as u64).unwrap(), root: root(&self.leaves[..size]) }
    }

    pub(crate) fn signed(&self, size: usize) -> SignedCheckpoint {
        let origin = self.key.verifying_key().name();
        let checkpoint = Checkpoint::new(origin, self.head(size)).unwrap();
        SignedCheckpoint::sign(&checkpoint, &self.key)
    }

    /// The checkpoint of an empty tree with a root that it can not have.
    pub(crate) fn wrong_empty(&self) -> String {
        let text = format!("{ORIGIN}\n0\n{}\n", self.leaves[0]);
        format!("{text}\n{}\n", self.key.sign(&text))
    }

    pub(crate) fn proof(&self, older: usize, newer: usize) -> Vec<Hash> {
        if older == 0 || older >= newer {
            return Vec::new();
        }
        subproof(older, &self.leaves[..newer], true)
    }

    /// A request from size `old` to size `new`, as an honest log sends it.
    pub(crate) fn request(&self, old: usize, new: usize) -> String {
        let proof = ConsistencyProof::new(self.proof(old, new));
        let old = TreeSize::new(old as u64).unwrap();
        AddCheckpoint::new(old, proof, self.signed(new)).unwrap().to_string()
    }
}

fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&root(left), &root(right))
        }
    }
}

fn subproof(older: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if older == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(split);
    let (mut proof, sibling) = if older <= split {
        (subproof(older, left, whole), root(right))
    } else {
        (subproof(older - split, right, false), root(left))
    };
    proof.push(sibling);
    proof
}
