//! RFC 6962 section 2.1 as it is written, slow and plain: what everything else is compared with.

use tlog::{Hash, node_hash};

/// The largest power of two smaller than `n`.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// `MTH(D[n])` over leaf hashes.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// `PATH(m, D[n])`.
pub(crate) fn inclusion(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) = if m < k {
        (inclusion(m, left), root(right))
    } else {
        (inclusion(m - k, right), root(left))
    };
    path.push(sibling);
    path
}

/// `PROOF(m, D[n])` for `0 < m < n`.
pub(crate) fn consistency(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    subproof(m, leaves, true)
}

fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, other) = if m <= k {
        (subproof(m, left, whole), root(right))
    } else {
        (subproof(m - k, right, false), root(left))
    };
    proof.push(other);
    proof
}

/// Whether each sibling on the path of leaf `m` in a tree of `n` leaves is on the right.
pub(crate) fn path_shape(m: u64, n: u64) -> Vec<bool> {
    if n == 1 {
        return Vec::new();
    }
    let k = n.next_power_of_two() / 2;
    let mut shape = if m < k { path_shape(m, k) } else { path_shape(m - k, n - k) };
    shape.push(m < k);
    shape
}
