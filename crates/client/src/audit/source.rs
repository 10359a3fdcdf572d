//! A source of pins as it is handed to the readers of formats.

use std::borrow::Cow;

use super::formats;
use super::pin::{InvalidSource, Pins};
use super::url::is_same_index;

/// Longest source of pins, in bytes.
pub const MAX_SOURCE_LEN: usize = 256 << 20;

/// Reads sources of pins.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    index: Option<String>,
}

impl Reader {
    /// Tells the URL of the package index, so that a source that names it is known to mean it.
    #[must_use]
    pub fn with_index(self, url: impl Into<String>) -> Reader {
        Reader { index: Some(url.into()) }
    }

    /// Reads a source of pins as [`read_pins`](super::read_pins) does.
    ///
    /// # Errors
    /// [`InvalidSource`] if the source is of no known format, or malformed.
    pub fn read(&self, name: &str, bytes: &[u8]) -> Result<Pins, InvalidSource> {
        if bytes.len() > MAX_SOURCE_LEN {
            return Err(InvalidSource::whole(format!("more than {MAX_SOURCE_LEN} bytes")));
        }
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let text = decode(bytes)?;
        let mut pins = formats::read(&Source { name, text: &text, index: self.index.as_deref() })?;
        pins.pins.sort_by_key(|pin| pin.line);
        Ok(pins)
    }
}

/// What a reader of a format has to go by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// Last part of its path.
    pub(super) name: &'a str,
    /// What it holds.
    pub(super) text: &'a str,
    index: Option<&'a str>,
}

impl Source<'_> {
    /// Whether a file is from the package index if it is from the index at this URL: a mirror holds
    /// the same files and others too, so any but the index itself leaves it open.
    pub(super) fn is_index(&self, url: &str) -> Option<bool> {
        self.index.is_some_and(|index| is_same_index(index, url)).then_some(true)
    }
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Lines {
        Lines(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line of the byte at `offset`, from 1.
    pub(super) fn at(&self, offset: usize) -> u64 {
        let before = self.0.partition_point(|end| *end < offset);
        number(before)
    }
}

/// Number of the line that follows `before` others.
fn number(before: usize) -> u64 {
    u64::try_from(before).map_or(u64::MAX, |before| before.saturating_add(1))
}

/// The text in UTF-8, or in the UTF-16 of Windows shells.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, InvalidSource> {
    if let [0xff, 0xfe, units @ ..] = bytes {
        let (units, rest) = units.as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        let text = String::from_utf16(&units).ok().filter(|_| rest.is_empty());
        return text.map(Cow::Owned).ok_or_else(|| InvalidSource::whole("not text in UTF-16"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = number(before.iter().filter(|byte| **byte == b'\n').count());
        InvalidSource::at(line, "not text in UTF-8")
    })?;
    Ok(Cow::Borrowed(text))
}
