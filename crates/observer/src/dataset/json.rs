//! JSON lines: rows, and recorded pages.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Recorded;
use super::row::{RecordProblem, Row};
use super::text::Text;
use crate::page::{Form, ProjectPage, Shown};

/// A line, of which `files` tells that it is a page.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
    #[serde(borrow, default)]
    filename: Text<'a>,
    #[serde(borrow, default)]
    size: Text<'a>,
    #[serde(borrow, default)]
    sha256_digest: Text<'a>,
    #[serde(borrow, default)]
    blake2_256_digest: Text<'a>,
    #[serde(borrow, default)]
    upload_time: Text<'a>,
    files: Option<IgnoredAny>,
}

/// Reads the lines of a block; empty ones are passed over.
pub(super) fn read(
    block: &[u8],
    first_line: u64,
    mut each: impl FnMut(u64, Result<Recorded, RecordProblem>),
) {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', block).chain([block.len()]);
    for (line, end) in (first_line..).zip(ends) {
        let bytes = block[start..end].trim_ascii();
        if !bytes.is_empty() {
            each(line, read_line(bytes));
        }
        start = end + 1;
    }
}

fn read_line(bytes: &[u8]) -> Result<Recorded, RecordProblem> {
    let malformed = |problem: &str| RecordProblem::Malformed(Shown(problem).to_string());
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(&error.to_string()))?;
    let line: Line<'_> =
        serde_json::from_str(text).map_err(|error| malformed(&error.to_string()))?;
    if line.files.is_some() {
        let project = record::ProjectName::normalise(&line.name.0)?;
        let page = ProjectPage::parse(Form::Json, bytes, &project)?;
        return Ok(Recorded::Page(project, page));
    }
    let row = Row {
        name: line.name,
        version: line.version,
        filename: line.filename,
        size: line.size,
        sha256: line.sha256_digest,
        blake2b: line.blake2_256_digest,
        uploaded: line.upload_time,
    };
    row.to_file().map(Recorded::File)
}
