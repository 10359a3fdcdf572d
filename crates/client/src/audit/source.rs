//! A source of pins as it is handed to the readers of formats.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::compressed::unpack;
use super::formats;
use super::json;
use super::pin::{InvalidSource, Pins};
use super::toml::Outline;
use super::url::is_same_index;

/// Longest source of pins, in bytes, packed and unpacked.
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
        let (name, bytes) = unpack(name, bytes)?;
        let text = decode(&bytes)?;
        let mut pins = formats::read(&Source::new(name, &text, self.index.as_deref()))?;
        pins.pins.sort_by_key(|pin| pin.line);
        Ok(pins)
    }
}

/// What a reader of a format has to go by.
#[derive(Debug)]
pub(super) struct Source<'a> {
    /// Last part of its path.
    pub(super) name: &'a str,
    /// What it holds.
    pub(super) text: &'a str,
    index: Option<&'a str>,
    outline: OnceCell<Outline<'a>>,
    json_keys: OnceCell<Vec<&'a str>>,
}

impl<'a> Source<'a> {
    fn new(name: &'a str, text: &'a str, index: Option<&'a str>) -> Source<'a> {
        let (outline, json_keys) = (OnceCell::new(), OnceCell::new());
        Source { name, text, index, outline, json_keys }
    }

    /// Whether the text, read as TOML, has a key in a table: empty at the top, in brackets for an array
    /// of tables.
    pub(super) fn has_toml(&self, table: &str, key: &str) -> bool {
        self.outline.get_or_init(|| Outline::of(self.text)).has(table, key)
    }

    /// Whether the text is a JSON object that has this key.
    pub(super) fn has_json(&self, key: &str) -> bool {
        self.json_keys.get_or_init(|| json::keys(self.text)).contains(&key)
    }

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
        u64::try_from(before).map_or(u64::MAX, |before| before.saturating_add(1))
    }
}

/// The lines of a text with their numbers.
pub(super) fn numbered(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(text.lines())
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
    let text = str::from_utf8(bytes).map_err(|_| {
        let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        InvalidSource::at(Lines::of(valid).at(valid.len()), "not text in UTF-8")
    })?;
    Ok(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_as_programs_write_it() {
        let utf16 = |text: &str| {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            [0xff, 0xfe].into_iter().chain(units).collect::<Vec<u8>>()
        };
        for (bytes, expected) in [
            (b"a\xc3\xa9".to_vec(), Ok("a\u{e9}")),
            (b"\xef\xbb\xbfa".to_vec(), Ok("a")),
            (utf16("a\u{e9}\r\n"), Ok("a\u{e9}\r\n")),
            (utf16("a")[..3].to_vec(), Err("not text in UTF-16")),
            (b"a\nb\n\xff\n\xff".to_vec(), Err("line 3: not text in UTF-8")),
        ] {
            let decoded = decode(&bytes).map_err(|error| error.to_string());
            assert_eq!(decoded.as_deref().map_err(String::as_str), expected, "{bytes:?}");
        }
    }

    #[test]
    fn an_offset_is_in_the_line_that_it_ends() {
        let lines = Lines::of("a\n\nb");
        assert_eq!([0, 1, 2, 3, 9].map(|at| lines.at(at)), [1, 1, 2, 3, 3]);
    }
}
