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
            pub(crate) fn hex(&self) -> [[u8; 2]; 32] {
                self.0.map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 0x0f)])
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

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let digits = self.hex();
                let text = str::from_utf8(digits.as_flattened());
                f.write_str(text.expect("hex digits are ASCII"))
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

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

fn hex_digit(nibble: u8) -> u8 {
    b"0123456789abcdef"[usize::from(nibble)]
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
