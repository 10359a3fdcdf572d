//! JSON lines: rows, and recorded pages.

use super::Recorded;
use super::row::{RecordProblem, Row};
use crate::page::{Form, ProjectPage, Shown};

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
    let row: Row<'_> = serde_json::from_str(text).map_err(|error| malformed(&error.to_string()))?;
    if row.files.is_none() {
        return row.to_file().map(Recorded::File);
    }
    let project = record::ProjectName::normalise(&row.name.0)?;
    let page = ProjectPage::parse(Form::Json, bytes, &project)?;
    Ok(Recorded::Page(project, page))
}
