//! Proofs taken apart, so that many of them can share the hashes in them.

use alloc::vec::Vec;

use super::absence::Absence;
use super::lookup::{Claim, MapAnswer, MapProof};
use super::path::{InvalidMapProof, Path, Step};
use super::value::MapValue;
use crate::digest::MapRoot;
use crate::map::MapKey;

/// What a [`MapProof`] is made of, apart from its claim.
///
/// Proofs under one root have most of their hashes in common. Who sends many sends each hash once, and
/// puts the proofs together from these parts on the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapProofParts<K = MapKey, V = MapValue> {
    /// Key and value of the leaf in the place of an absent key; `None` if the key is present, or the map
    /// empty.
    pub other_leaf: Option<(K, V)>,
    /// From the leaf to the root: the bit at which a node parts, and the hash of its other child.
    pub steps: Vec<(u8, MapRoot)>,
}

impl<K: AsRef<[u8]> + Clone, V: AsRef<[u8]> + Clone> MapProof<K, V> {
    /// Takes the proof apart.
    pub fn to_parts(&self) -> MapProofParts<K, V> {
        let (other_leaf, path) = match &self.0 {
            Claim::Absent(Absence::EmptyMap) => (None, None),
            Claim::Absent(Absence::OtherLeaf { key, value, path }) => {
                (Some((key.clone(), value.clone())), Some(path))
            }
            Claim::Present { path, .. } => (None, Some(path)),
        };
        let steps = path.into_iter().flat_map(Path::steps).map(|step| (step.bit, step.sibling));
        MapProofParts { other_leaf, steps: steps.collect() }
    }

    /// Puts the proof of a claim together; the inverse of [`to_parts`](Self::to_parts).
    ///
    /// # Errors
    /// [`InvalidMapProof`] unless the parts are those of a proof of such a claim.
    pub fn from_parts(
        claim: MapAnswer<V>,
        parts: MapProofParts<K, V>,
    ) -> Result<MapProof<K, V>, InvalidMapProof> {
        let steps = parts.steps.into_iter().map(|(bit, sibling)| Step { bit, sibling });
        let path = Path::from_leaf(steps)?;
        match (claim, parts.other_leaf) {
            (MapAnswer::Present(value), None) => Ok(MapProof::present(value, path)),
            (MapAnswer::Absent, Some((key, value))) => {
                Ok(MapProof::absent(Absence::OtherLeaf { key, value, path }))
            }
            (MapAnswer::Absent, None) if path.is_empty() => Ok(MapProof::absent(Absence::EmptyMap)),
            _ => Err(InvalidMapProof::OtherLeaf),
        }
    }
}
