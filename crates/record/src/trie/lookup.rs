//! What the map says of one key, and its proof.

use alloc::vec::Vec;

use super::absence::Absence;
use super::hash;
use super::path::{InvalidMapProof, MapProofError, Path};
use super::value::MapValue;
use crate::digest::MapRoot;
use crate::map::MapKey;

/// What the map says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapAnswer<V = MapValue> {
    /// The map does not have the key.
    Absent,
    /// The map has the key, with this value.
    Present(V),
}

/// Shows what the map says of one key: the steps from a leaf to the root, and the leaf itself if it is
/// that of another key.
///
/// What is claimed is not among the bytes; it accompanies them.
///
/// ```
/// use record::{MapAnswer, MapKey, MapProof, MapRoot};
///
/// let nothing: MapProof = MapProof::parse(MapAnswer::Absent, b"")?;
/// let key = MapKey::file("requests-2.31.0.tar.gz");
/// assert_eq!(MapRoot::EMPTY.verify_lookup(&key, &nothing)?, MapAnswer::Absent);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapProof<K = MapKey, V = MapValue>(pub(super) Claim<K, V>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim<K, V> {
    Absent(Absence<K, V>),
    Present { value: V, path: Path },
}

impl<K: AsRef<[u8]>, V: AsRef<[u8]> + Clone> MapProof<K, V> {
    pub(super) const fn absent(absence: Absence<K, V>) -> MapProof<K, V> {
        MapProof(Claim::Absent(absence))
    }

    pub(super) const fn present(value: V, path: Path) -> MapProof<K, V> {
        MapProof(Claim::Present { value, path })
    }

    /// Reads the proof of a claim; canonical or refused.
    ///
    /// # Errors
    /// [`InvalidMapProof`] unless the bytes are exactly what [`to_bytes`](MapProof::to_bytes) writes for
    /// some proof of such a claim.
    pub fn parse(claim: MapAnswer<V>, bytes: &[u8]) -> Result<MapProof<K, V>, InvalidMapProof>
    where
        K: for<'a> TryFrom<&'a [u8]>,
        V: for<'a> TryFrom<&'a [u8]>,
    {
        Ok(match claim {
            MapAnswer::Absent => MapProof::absent(Absence::parse(bytes)?),
            MapAnswer::Present(value) => MapProof::present(value, Path::parse(bytes)?),
        })
    }

    /// The bytes, without the claim.
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Claim::Absent(absence) => absence.to_bytes(),
            Claim::Present { path, .. } => {
                let mut output = Vec::new();
                path.write(&mut output);
                output
            }
        }
    }

    /// What is claimed. It is so only if [`MapRoot::verify_lookup`] says it.
    pub fn claim(&self) -> MapAnswer<V> {
        match &self.0 {
            Claim::Absent(_) => MapAnswer::Absent,
            Claim::Present { value, .. } => MapAnswer::Present(value.clone()),
        }
    }
}

impl MapRoot {
    /// Verifies what the map with this root says of `key`.
    ///
    /// A root has at most one answer to each key that can be proved, whoever made the map. For what a
    /// value stands for, recompute it from the positions received: [`map_value`](crate::map_value).
    ///
    /// # Errors
    /// [`MapProofError`] if the proof does not show what it claims.
    pub fn verify_lookup<K: AsRef<[u8]>, V: AsRef<[u8]> + Clone>(
        &self,
        key: &K,
        proof: &MapProof<K, V>,
    ) -> Result<MapAnswer<V>, MapProofError> {
        let key = key.as_ref();
        match &proof.0 {
            Claim::Absent(absence) => absence.check(key, |other| other == key, self)?,
            Claim::Present { value, path } => {
                path.check(key, hash::leaf(key, value.as_ref()), self)?;
            }
        }
        Ok(proof.claim())
    }
}
