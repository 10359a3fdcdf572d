//! Data sets that others recorded: rows of the index's public export of all uploads, and recorded pages.
//!
//! The export has one row for each upload, kept after deletion, as JSON lines or CSV with a header. Read are
//! the columns `name`, `version`, `filename`, `size`, `sha256_digest`, `blake2_256_digest` and
//! `upload_time`; `name`, `filename` and `sha256_digest` must be there, and further ones do not matter. A
//! recorded page is a Simple API document of a project in JSON, one a line.
//!
//! ```
//! use observer::dataset::{Layout, Recorded};
//!
//! let rows = br#"{"name":"A.b","version":"1.0","filename":"a_b-1.0.tar.gz","sha256_digest":"ff"}"#;
//! let mut read = Vec::new();
//! Layout::detect(rows)?.read(rows, 7, |line, record| read.push((line, record.is_ok())));
//! assert_eq!(read, [(7, false)], "two digits are no digest");
//! # Ok::<(), observer::dataset::UnknownLayout>(())
//! ```

mod csv;
mod history;
mod json;
mod row;
mod text;

use record::ListedFile;
use thiserror::Error;

use self::csv::Columns;
pub use self::history::facts_of_pages;
pub use self::row::RecordProblem;
use crate::page::ProjectPage;

/// How the records of a data set are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One JSON object a line: a row or a page.
    Json,
    /// Rows of comma-separated values; the first line names the columns.
    Csv(CsvLayout),
}

/// Which column of a CSV file is which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvLayout(Columns);

/// What one record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// A file was uploaded.
    File(ListedFile),
    /// A project's page.
    Page(record::ProjectName, ProjectPage),
}

/// The first line is neither a JSON object nor a header with the columns that are needed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "neither JSON lines nor CSV with a header that names the columns `name`, `filename` and \
     `sha256_digest`{0}"
)]
pub struct UnknownLayout(String);

impl Layout {
    /// Finds out how a data set is written from how it begins: at least its first line.
    ///
    /// # Errors
    /// [`UnknownLayout`] if it is no data set.
    pub fn detect(beginning: &[u8]) -> Result<Layout, UnknownLayout> {
        match beginning.trim_ascii_start().first() {
            Some(b'{') => Ok(Layout::Json),
            _ => Ok(Layout::Csv(CsvLayout(Columns::of_header(beginning)?))),
        }
    }

    /// Whether the first line is no record.
    pub const fn has_header(&self) -> bool {
        matches!(self, Layout::Csv(_))
    }

    /// Length of the whole records at the beginning of `bytes`; 0 if not even one ends there.
    pub fn whole_records(&self, bytes: &[u8]) -> usize {
        match self {
            Layout::Json => bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1),
            Layout::Csv(_) => csv::whole_records(bytes),
        }
    }

    /// Reads the records of a block, which are whole; `each` is told the line of each and what it says.
    pub fn read(
        &self,
        block: &[u8],
        first_line: u64,
        each: impl FnMut(u64, Result<Recorded, RecordProblem>),
    ) {
        match self {
            Layout::Json => json::read(block, first_line, each),
            Layout::Csv(CsvLayout(columns)) => columns.read(block, first_line, each),
        }
    }
}
