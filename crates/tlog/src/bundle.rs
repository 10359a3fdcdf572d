//! Entry bundles: up to 256 entries, each with its length before it (C2SP tlog-tiles).
//!
//! ```
//! use tlog::{Bundle, append_entry};
//!
//! let mut bytes = Vec::new();
//! append_entry(&mut bytes, b"first")?;
//! append_entry(&mut bytes, b"")?;
//! let bundle = Bundle::parse(&bytes, 2)?;
//! assert_eq!(bundle.entries().collect::<Vec<_>>(), [b"first".as_slice(), b""]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::vec::Vec;

use thiserror::Error;

/// Longest entry in bytes.
pub const MAX_ENTRY_LEN: usize = u16::MAX as usize;

/// An entry of this many bytes does not fit a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an entry has at most {MAX_ENTRY_LEN} bytes, not {0}")]
pub struct EntryTooLong(pub usize);

/// The bytes are not exactly the entries they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a bundle of exactly {width} entries")]
pub struct InvalidBundle {
    /// Number of entries expected.
    pub width: u16,
}

/// Appends one entry: its length as two big-endian bytes, then its bytes.
///
/// # Errors
/// [`EntryTooLong`] above [`MAX_ENTRY_LEN`]; `bundle` is then unchanged.
pub fn append_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), EntryTooLong> {
    let len = u16::try_from(entry.len()).map_err(|_| EntryTooLong(entry.len()))?;
    bundle.extend_from_slice(&len.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Byte length of the first `width` entries of a bundle; `None` if it has fewer.
pub fn bundle_prefix(bytes: &[u8], width: u16) -> Option<usize> {
    let mut rest = bytes;
    for _ in 0..width {
        (_, rest) = split_entry(rest)?;
    }
    Some(bytes.len() - rest.len())
}

/// Splits the first entry off.
fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}

/// The entries of a bundle, borrowed from its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle<'a> {
    entries: Vec<&'a [u8]>,
}

impl<'a> Bundle<'a> {
    /// Parses a bundle of exactly `width` entries and no further bytes.
    ///
    /// # Errors
    /// [`InvalidBundle`] otherwise.
    pub fn parse(bytes: &'a [u8], width: u16) -> Result<Bundle<'a>, InvalidBundle> {
        let invalid = InvalidBundle { width };
        let mut entries = Vec::with_capacity(usize::from(width));
        let mut rest = bytes;
        for _ in 0..width {
            let (entry, after) = split_entry(rest).ok_or(invalid)?;
            entries.push(entry);
            rest = after;
        }
        if rest.is_empty() { Ok(Bundle { entries }) } else { Err(invalid) }
    }

    /// The entries in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + '_ {
        self.entries.iter().copied()
    }

    /// Entry `place` of the bundle, from 0.
    pub fn get(&self, place: usize) -> Option<&'a [u8]> {
        self.entries.get(place).copied()
    }
}
