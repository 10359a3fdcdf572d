//! Values of the map, and both its words as the byte strings that the trie is made of.

use core::array::TryFromSliceError;
use core::borrow::Borrow;
use core::fmt;

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tlog::LeafIndex;

use crate::digest::Digest;
use crate::map::MapKey;

/// The value of a key: what [`map_value`] computes from the positions of its entries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapValue([u8; MapValue::SIZE]);

/// The positions are not those of a key of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PositionsError {
    /// There are none: a key without entries is not in the map.
    #[error("a key of the map has at least one position")]
    Empty,
    /// A position is not above the one before it.
    #[error("position {next} follows {last}: the positions of a key ascend strictly")]
    NotAscending {
        /// The position before.
        last: LeafIndex,
        /// The position.
        next: LeafIndex,
    },
}

impl MapValue {
    /// Length in bytes.
    pub const SIZE: usize = 32;

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; MapValue::SIZE] {
        &self.0
    }
}

impl From<[u8; MapValue::SIZE]> for MapValue {
    fn from(bytes: [u8; MapValue::SIZE]) -> MapValue {
        MapValue(bytes)
    }
}

impl fmt::Debug for MapValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Digest::from(self.0), f)
    }
}

/// The value of a key whose entries are at these positions: SHA-256 of all of them as big-endian
/// 64-bit numbers. Frozen for entries of `v` 1.
///
/// ```
/// use record::{Digest, map_value};
/// use tlog::LeafIndex;
///
/// let positions = [LeafIndex::new(7)?, LeafIndex::new(256)?];
/// let digest = Digest::sha256(b"\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\x01\0");
/// assert_eq!(map_value(&positions)?.as_bytes(), digest.as_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`PositionsError`] unless there are positions and they ascend strictly.
pub fn map_value(
    positions: impl IntoIterator<Item = impl Borrow<LeafIndex>>,
) -> Result<MapValue, PositionsError> {
    let mut value = MapValueBuilder::default();
    positions.into_iter().try_for_each(|position| value.push(*position.borrow()))?;
    value.finish()
}

/// The value of a key, position by position: what [`map_value`] computes at once.
///
/// A copy that is kept can be continued when the key has more entries.
#[derive(Clone, Debug, Default)]
pub struct MapValueBuilder {
    hasher: Sha256,
    count: u64,
    last: Option<LeafIndex>,
}

impl MapValueBuilder {
    /// Adds the next position.
    ///
    /// # Errors
    /// [`PositionsError::NotAscending`] unless it is above the last one; nothing is added then.
    pub fn push(&mut self, next: LeafIndex) -> Result<(), PositionsError> {
        if let Some(last) = self.last.filter(|last| *last >= next) {
            return Err(PositionsError::NotAscending { last, next });
        }
        self.hasher.update(next.get().to_be_bytes());
        self.count += 1;
        self.last = Some(next);
        Ok(())
    }

    /// How many positions were added.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The position added last.
    pub const fn last(&self) -> Option<LeafIndex> {
        self.last
    }

    /// The value over the positions added.
    ///
    /// # Errors
    /// [`PositionsError::Empty`] if there are none.
    pub fn finish(self) -> Result<MapValue, PositionsError> {
        self.last.ok_or(PositionsError::Empty)?;
        Ok(MapValue(self.hasher.finalize().into()))
    }
}

/// A type of 32 bytes as a byte string.
macro_rules! byte_string {
    ($type:ident) => {
        impl AsRef<[u8]> for $type {
            fn as_ref(&self) -> &[u8] {
                self.as_bytes()
            }
        }

        impl TryFrom<&[u8]> for $type {
            type Error = TryFromSliceError;

            fn try_from(bytes: &[u8]) -> Result<$type, TryFromSliceError> {
                <[u8; $type::SIZE]>::try_from(bytes).map($type::from)
            }
        }
    };
}

byte_string!(MapKey);
byte_string!(MapValue);
