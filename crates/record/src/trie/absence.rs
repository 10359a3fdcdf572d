//! What shows that something is not in the map: the leaf that is there in its place.

use alloc::vec::Vec;

use super::path::{InvalidMapProof, MapProofError, Path, number};
use super::{bits, hash, uvarint};
use crate::digest::MapRoot;

/// Where the bits of an absent key lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Absence<K, V> {
    /// Nowhere: the map has no pairs.
    EmptyMap,
    /// To the leaf of another key.
    OtherLeaf {
        /// Its key.
        key: K,
        /// Its value.
        value: V,
        /// The steps from it to the root.
        path: Path,
    },
}

impl<K: AsRef<[u8]>, V: AsRef<[u8]>> Absence<K, V> {
    /// Reads the bytes of a proof: nothing, or the other leaf and the steps above it.
    pub(super) fn parse(mut input: &[u8]) -> Result<Absence<K, V>, InvalidMapProof>
    where
        K: for<'a> TryFrom<&'a [u8]>,
        V: for<'a> TryFrom<&'a [u8]>,
    {
        if input.is_empty() {
            return Ok(Absence::EmptyMap);
        }
        let key = word(&mut input)?;
        let value = word(&mut input)?;
        Ok(Absence::OtherLeaf { key, value, path: Path::parse(input)? })
    }

    /// The inverse of [`parse`](Absence::parse).
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut output = Vec::new();
        if let Absence::OtherLeaf { key, value, path } = self {
            for word in [key.as_ref(), value.as_ref()] {
                output.extend(uvarint::bytes(word.len()));
                output.extend(word);
            }
            path.write(&mut output);
        }
        output
    }

    /// Checks that the bits of `key` lead here from `root`. `is_meant` says of the other leaf's key
    /// that it is what should be absent.
    pub(super) fn check(
        &self,
        key: &[u8],
        is_meant: impl Fn(&[u8]) -> bool,
        root: &MapRoot,
    ) -> Result<(), MapProofError> {
        let Absence::OtherLeaf { key: other, value, path } = self else {
            return Path::from_top(Vec::new()).check(key, MapRoot::EMPTY, root);
        };
        let other = other.as_ref();
        if is_meant(other) {
            return Err(MapProofError::NotAbsent);
        }
        if let Some(bit) = path.bits().find(|bit| bits::bit(other, *bit) != bits::bit(key, *bit)) {
            return Err(MapProofError::OffPath { bit });
        }
        path.check(key, hash::leaf(other, value.as_ref()), root)
    }
}

/// Takes a key or a value, after its length, off the front of the input.
fn word<T: for<'a> TryFrom<&'a [u8]>>(input: &mut &[u8]) -> Result<T, InvalidMapProof> {
    let length = number(input)?;
    let (word, rest) = input.split_at_checked(length.into()).ok_or(InvalidMapProof::Truncated)?;
    *input = rest;
    T::try_from(word).map_err(|_| InvalidMapProof::Length(length))
}
