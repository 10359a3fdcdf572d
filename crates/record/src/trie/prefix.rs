//! All keys of the map that start alike, and the proof that there are no others.

use alloc::vec::Vec;

use super::absence::Absence;
use super::path::{InvalidMapProof, MapProofError, Path};
use super::value::MapValue;
use crate::digest::MapRoot;
use crate::map::MapKey;

/// Shows that a subtree holds all keys that start with some bytes, or that there are none.
///
/// It is one-sided: the subtree may hold other keys too. Who wants the keys needs all its pairs, checks
/// which start with the prefix, and that [`MapBuilder`](crate::MapBuilder) comes to the same hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixProof<K = MapKey, V = MapValue>(Claim<K, V>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Claim<K, V> {
    None(Absence<K, V>),
    Within { subtree: MapRoot, path: Path },
}

impl<K: AsRef<[u8]>, V: AsRef<[u8]>> PrefixProof<K, V> {
    pub(super) const fn none(absence: Absence<K, V>) -> PrefixProof<K, V> {
        PrefixProof(Claim::None(absence))
    }

    pub(super) const fn within(subtree: MapRoot, path: Path) -> PrefixProof<K, V> {
        PrefixProof(Claim::Within { subtree, path })
    }

    /// Reads the proof about a subtree, [`MapRoot::EMPTY`] meaning that no key has the prefix;
    /// canonical or refused.
    ///
    /// # Errors
    /// [`InvalidMapProof`] unless the bytes are exactly what [`to_bytes`](PrefixProof::to_bytes) writes
    /// for some proof about such a subtree.
    pub fn parse(subtree: MapRoot, bytes: &[u8]) -> Result<PrefixProof<K, V>, InvalidMapProof>
    where
        K: for<'a> TryFrom<&'a [u8]>,
        V: for<'a> TryFrom<&'a [u8]>,
    {
        Ok(if subtree == MapRoot::EMPTY {
            PrefixProof::none(Absence::parse(bytes)?)
        } else {
            PrefixProof::within(subtree, Path::parse(bytes)?)
        })
    }

    /// The bytes, without the hash of the subtree.
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Claim::None(absence) => absence.to_bytes(),
            Claim::Within { path, .. } => {
                let mut output = Vec::new();
                path.write(&mut output);
                output
            }
        }
    }

    /// Hash of the subtree that is claimed to hold the keys. It is so only if
    /// [`MapRoot::verify_prefix`] says it.
    pub fn subtree(&self) -> MapRoot {
        match &self.0 {
            Claim::None(_) => MapRoot::EMPTY,
            Claim::Within { subtree, .. } => *subtree,
        }
    }
}

impl MapRoot {
    /// Verifies which subtree of the map with this root holds all keys that start with `prefix`.
    ///
    /// Returns the subtree's hash, [`MapRoot::EMPTY`] if no key starts so.
    ///
    /// # Errors
    /// [`MapProofError`] if the proof does not show what it claims.
    pub fn verify_prefix<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        prefix: &[u8],
        proof: &PrefixProof<K, V>,
    ) -> Result<MapRoot, MapProofError> {
        match &proof.0 {
            Claim::None(absence) => {
                absence.check(prefix, |other| other.starts_with(prefix), self)?;
            }
            Claim::Within { subtree, path } => {
                let inside = |bit: &u8| usize::from(*bit) >= 8 * prefix.len();
                if let Some(bit) = path.bits().find(inside) {
                    return Err(MapProofError::InsidePrefix { bit });
                }
                path.check(prefix, *subtree, self)?;
            }
        }
        Ok(proof.subtree())
    }
}
