//! Digests of files and of the map: 32 bytes, written as lower-case hex.

use core::fmt;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A 32-byte digest of a file: SHA-256, or BLAKE2b-256 where a field says so.
///
/// ```
/// use record::Digest;
///
/// let text = "942c5a758f98d790eaed1a29cb6eefc7ffb0d1cf7af05c3d2791656dbd6ad1e1";
/// assert_eq!(Digest::parse(text)?.to_string(), text);
/// assert!(Digest::parse(&text.to_uppercase()).is_err());
/// # Ok::<(), record::InvalidDigest>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; Digest::SIZE]);

/// Root of the verifiable map. A type of its own: it is never compared with a root of the log's tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapRoot([u8; MapRoot::SIZE]);

/// The text is not 64 characters of lower-case hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a digest is written as exactly 64 characters of lower-case hex")]
pub struct InvalidDigest;

impl Digest {
    /// SHA-256 of `bytes`.
    pub fn sha256(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }
}

impl MapRoot {
    /// Root of the map without pairs: SHA-256 of nothing.
    pub const EMPTY: MapRoot = MapRoot([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);
}

/// What the two have in common: 32 bytes and their hex form.
macro_rules! hex_digest {
    ($type:ident) => {
        impl $type {
            /// Length in bytes.
            pub const SIZE: usize = 32;

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The hex form.
            pub(crate) fn text(&self) -> Hex {
                Hex(self.0.map(|byte| HEX_OF_BYTE[usize::from(byte)]))
            }

            /// Parses the hex form.
            ///
            /// # Errors
            /// [`InvalidDigest`] unless `text` is exactly 64 characters of lower-case hex.
            pub fn parse(text: &str) -> Result<$type, InvalidDigest> {
                parse_hex(text).map($type).ok_or(InvalidDigest)
            }
        }

        impl From<[u8; 32]> for $type {
            fn from(bytes: [u8; 32]) -> $type {
                $type(bytes)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        textual!($type, InvalidDigest);
    };
}

hex_digest!(Digest);
hex_digest!(MapRoot);

/// The hex form of 32 bytes.
pub(crate) struct Hex([[u8; 2]; 32]);

impl AsRef<str> for Hex {
    fn as_ref(&self) -> &str {
        str::from_utf8(self.0.as_flattened()).expect("hex digits are ASCII")
    }
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The two digits of each byte.
const HEX_OF_BYTE: [[u8; 2]; 256] = {
    let mut digits = [[0; 2]; 256];
    let mut byte = 0;
    while byte < digits.len() {
        digits[byte] = [HEX_DIGITS[byte >> 4], HEX_DIGITS[byte & 0x0f]];
        byte += 1;
    }
    digits
};

/// In the place of the value of what is no digit.
const NO_DIGIT: u8 = 0xff;

/// The value of each digit.
const VALUE_OF_DIGIT: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[HEX_DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
};

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let pairs: &[[u8; 2]; 32] = pairs.try_into().ok().filter(|_| rest.is_empty())?;
    let values = pairs.map(|pair| pair.map(|digit| VALUE_OF_DIGIT[usize::from(digit)]));
    // The values of digits have no bits in common with what stands for none.
    let all_bits = values.as_flattened().iter().fold(0, |bits, value| bits | value);
    (all_bits < 16).then(|| values.map(|[high, low]| high << 4 | low))
}
