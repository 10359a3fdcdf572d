//! The steps of a proof, from a node up to the root.

use alloc::vec::Vec;

use thiserror::Error;

use super::{bits, hash, uvarint};
use crate::digest::MapRoot;

/// The bytes are not a proof about the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidMapProof {
    /// A step is about a bit beyond the last one of a key.
    #[error("a step is about bit {0}, but keys have 256 bits")]
    BitBeyondKey(u16),
    /// The steps do not lead upwards.
    #[error("a step about bit {bit} follows one about bit {below}: the bits must descend")]
    BitsNotDescending {
        /// Bit of the step before.
        below: u8,
        /// Bit of the step.
        bit: u8,
    },
    /// A key or value has a length that those of this map do not have.
    #[error("a key or value of {0} bytes is not one of this map")]
    Length(u16),
    /// A number is cut off, too large, or longer than it needs to be.
    #[error("a number is cut off, too large, or not in its shortest form")]
    Number,
    /// An absence needs the leaf that is there instead; nothing else has one.
    #[error("a leaf of another key is missing, or there is one beside the key's own")]
    OtherLeaf,
    /// The bytes end too early.
    #[error("the proof is cut off")]
    Truncated,
}

/// The proof does not show what is claimed. It is refused; that alone does not show which side is
/// wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MapProofError {
    /// A step leads out of the keys with the prefix: the subtree lacks some of them.
    #[error("the subtree parts at bit {bit}, within the prefix: it cannot hold all keys with it")]
    InsidePrefix {
        /// Bit of the step.
        bit: u8,
    },
    /// The leaf shown in place of the absent one is what is said to be absent.
    #[error("the leaf shown is the one said to be absent")]
    NotAbsent,
    /// The leaf shown in place of the absent one is not where the key's bits lead.
    #[error("the leaf shown is not on the way of the key, which leaves it at bit {bit}")]
    OffPath {
        /// Bit of the step.
        bit: u8,
    },
    /// The proof leads to another root.
    #[error("the proof leads to the map root {computed}, not to {expected}")]
    RootMismatch {
        /// Root given.
        expected: MapRoot,
        /// Root the proof leads to.
        computed: MapRoot,
    },
}

/// One node above another: the bit at which it parts, and its other child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) bit: u8,
    pub(super) sibling: MapRoot,
}

/// The way from a node up to the root: steps whose bits strictly descend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

impl Path {
    /// Takes the steps as a descent passed them.
    pub(super) fn from_top(mut steps: Vec<Step>) -> Path {
        steps.reverse();
        Path(steps)
    }

    /// Takes the steps as a proof has them.
    pub(super) fn from_leaf(
        steps: impl IntoIterator<Item = Step>,
    ) -> Result<Path, InvalidMapProof> {
        let mut path = Path(Vec::new());
        for step in steps {
            path.check_next(step.bit)?;
            path.0.push(step);
        }
        Ok(path)
    }

    /// Reads steps up to the end of the input.
    pub(super) fn parse(mut input: &[u8]) -> Result<Path, InvalidMapProof> {
        let mut path = Path(Vec::new());
        while !input.is_empty() {
            let bit = number(&mut input)?;
            let bit = u8::try_from(bit).map_err(|_| InvalidMapProof::BitBeyondKey(bit))?;
            path.check_next(bit)?;
            let (sibling, rest) = input.split_first_chunk().ok_or(InvalidMapProof::Truncated)?;
            path.0.push(Step { bit, sibling: MapRoot::from(*sibling) });
            input = rest;
        }
        Ok(path)
    }

    /// Checks that a step about `bit` may come next on the way to the root.
    fn check_next(&self, bit: u8) -> Result<(), InvalidMapProof> {
        match self.0.last() {
            Some(&Step { bit: below, .. }) if below <= bit => {
                Err(InvalidMapProof::BitsNotDescending { below, bit })
            }
            _ => Ok(()),
        }
    }

    /// Whether the node is the root itself.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The steps, from the node to the root.
    pub(super) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.0.iter()
    }

    /// Appends the steps: `uvarint(bit) || sibling` each.
    pub(super) fn write(&self, output: &mut Vec<u8>) {
        for step in &self.0 {
            output.extend(uvarint::bytes(step.bit.into()));
            output.extend(step.sibling.as_bytes());
        }
    }

    /// The bits of the steps, descending.
    pub(super) fn bits(&self) -> impl Iterator<Item = u8> {
        self.0.iter().map(|step| step.bit)
    }

    /// Checks that the steps lead from `node`, which is where the bits of `key` lead, to `root`.
    pub(super) fn check(
        &self,
        key: &[u8],
        node: MapRoot,
        root: &MapRoot,
    ) -> Result<(), MapProofError> {
        let computed = self.0.iter().fold(node, |node, step| {
            if bits::bit(key, step.bit) {
                hash::inner(step.bit, &step.sibling, &node)
            } else {
                hash::inner(step.bit, &node, &step.sibling)
            }
        });
        if computed != *root {
            return Err(MapProofError::RootMismatch { expected: *root, computed });
        }
        Ok(())
    }
}

/// Takes a number off the front of the input.
pub(super) fn number(input: &mut &[u8]) -> Result<u16, InvalidMapProof> {
    let (number, rest) = uvarint::parse(input).ok_or(InvalidMapProof::Number)?;
    *input = rest;
    Ok(number)
}
