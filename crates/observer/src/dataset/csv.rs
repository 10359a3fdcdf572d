//! Comma-separated values (RFC 4180).

use std::borrow::Cow;

use csv::{ByteRecord, Position, ReaderBuilder};

use super::row::{RecordProblem, Row};
use super::text::Text;
use super::{Recorded, UnknownLayout};
use crate::page::Shown;

/// Where the columns that are read stand, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    count: usize,
    name: usize,
    filename: usize,
    sha256: usize,
    version: Option<usize>,
    size: Option<usize>,
    blake2b: Option<usize>,
    uploaded: Option<usize>,
}

impl Columns {
    /// Reads the header.
    pub(super) fn of_header(beginning: &[u8]) -> Result<Columns, UnknownLayout> {
        let mut header = ByteRecord::new();
        let mut reader = ReaderBuilder::new().has_headers(false).from_reader(beginning);
        reader.read_byte_record(&mut header).map_err(|_| UnknownLayout(String::new()))?;
        let find = |name: &str| {
            header.iter().position(|column| {
                let column = column.strip_prefix(b"\xef\xbb\xbf").unwrap_or(column);
                column.trim_ascii().eq_ignore_ascii_case(name.as_bytes())
            })
        };
        let need = |name| find(name).ok_or_else(|| UnknownLayout(format!(": no `{name}`")));
        Ok(Columns {
            count: header.len(),
            name: need("name")?,
            filename: need("filename")?,
            sha256: need("sha256_digest")?,
            version: find("version"),
            size: find("size"),
            blake2b: find("blake2_256_digest"),
            uploaded: find("upload_time"),
        })
    }

    pub(super) fn read(
        &self,
        block: &[u8],
        first_line: u64,
        mut each: impl FnMut(u64, Result<Recorded, RecordProblem>),
    ) {
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(block);
        let mut record = ByteRecord::new();
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(false) => return,
                Ok(true) => {
                    let line = first_line + record.position().map_or(0, |at| line_of(block, at));
                    each(line, self.read_record(&record).map(Recorded::File));
                }
                // Reading from memory does not fail.
                Err(error) => {
                    let problem = RecordProblem::Malformed(Shown(&error.to_string()).to_string());
                    return each(first_line, Err(problem));
                }
            }
        }
    }

    fn read_record(&self, record: &ByteRecord) -> Result<record::ListedFile, RecordProblem> {
        if record.len() != self.count {
            let (got, expected) = (record.len(), self.count);
            let problem = format!("{got} values where the header names {expected}");
            return Err(RecordProblem::Malformed(problem));
        }
        let text = |column: Option<usize>| -> Result<Text<'_>, RecordProblem> {
            let bytes = column.and_then(|column| record.get(column)).unwrap_or_default();
            let text = std::str::from_utf8(bytes);
            let text = text.map_err(|error| RecordProblem::Malformed(error.to_string()))?;
            Ok(Text(Cow::Borrowed(text)))
        };
        Row {
            name: text(Some(self.name))?,
            version: text(self.version)?,
            filename: text(Some(self.filename))?,
            size: text(self.size)?,
            sha256: text(Some(self.sha256))?,
            blake2b: text(self.blake2b)?,
            uploaded: text(self.uploaded)?,
            files: None,
        }
        .to_file()
    }
}

/// Lines of a block before a record. The reader's place is before the empty lines that it passed over.
fn line_of(block: &[u8], place: &Position) -> u64 {
    let start = usize::try_from(place.byte()).unwrap_or(usize::MAX);
    let rest = block.get(start..).unwrap_or_default();
    let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    place.line() - 1 + empty.filter(|byte| **byte == b'\n').count() as u64
}

/// Length up to and with the last line break that is not inside quotes.
pub(super) fn whole_records(bytes: &[u8]) -> usize {
    let (mut quoted, mut end) = (false, 0);
    for (place, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => end = place + 1,
            _ => {}
        }
    }
    end
}
