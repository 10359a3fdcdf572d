//! What the map says of the entries of a key: at which positions they stand.

use thiserror::Error;
use tlog::LeafIndex;

use super::lookup::{MapAnswer, MapProof};
use super::path::{InvalidMapProof, MapProofError};
use super::value::{PositionsError, map_value};
use crate::digest::MapRoot;
use crate::map::MapKey;

/// The proof does not show that these are the positions of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ListingError {
    /// The bytes are not a proof.
    #[error(transparent)]
    Invalid(#[from] InvalidMapProof),
    /// The positions are not those of any key.
    #[error(transparent)]
    Positions(#[from] PositionsError),
    /// The proof shows something else, or nothing.
    #[error(transparent)]
    Proof(#[from] MapProofError),
}

impl MapAnswer {
    /// What the map says of a key whose entries are at `positions`.
    ///
    /// # Errors
    /// [`PositionsError`] unless they ascend strictly.
    pub fn of_positions(positions: &[LeafIndex]) -> Result<MapAnswer, PositionsError> {
        match positions {
            [] => Ok(MapAnswer::Absent),
            _ => Ok(MapAnswer::Present(map_value(positions)?)),
        }
    }
}

impl MapRoot {
    /// Verifies that the map with this root has for `key` the value of `positions`, or does not have the
    /// key if there are none.
    ///
    /// # Errors
    /// [`ListingError`] if `proof` does not show it.
    pub fn verify_listing(
        &self,
        key: &MapKey,
        positions: &[LeafIndex],
        proof: &[u8],
    ) -> Result<(), ListingError> {
        let proof: MapProof = MapProof::parse(MapAnswer::of_positions(positions)?, proof)?;
        self.verify_lookup(key, &proof)?;
        Ok(())
    }
}
