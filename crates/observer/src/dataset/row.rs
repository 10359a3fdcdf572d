//! One row of the export, whatever it is written in.

use record::{Digest, InvalidProjectName, ListedFile, ProjectName};
use serde::Deserialize;
use serde::de::IgnoredAny;
use thiserror::Error;

use super::text::Text;
use crate::page::{DocumentError, FileProblem, is_loggable_version, loggable_digest};

/// Why a record is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordProblem {
    /// A digest that is stated is none.
    #[error("its {column} is not 64 digits of hex")]
    Digest {
        /// In which column.
        column: &'static str,
    },
    /// The file can not be logged.
    #[error("its file can not be logged: {0}")]
    File(#[from] FileProblem),
    /// The record can not be read.
    #[error("it can not be read: {0}")]
    Malformed(String),
    /// The project's name is none.
    #[error("its name is none: {0}")]
    Name(#[from] InvalidProjectName),
    /// The page is none.
    #[error("its page can not be read: {0}")]
    Page(#[from] DocumentError),
    /// The size is no number.
    #[error("its size is not a number of bytes")]
    Size,
}

/// The columns that are read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Row<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow)]
    pub(super) filename: Text<'a>,
    #[serde(borrow)]
    pub(super) size: Text<'a>,
    #[serde(borrow, rename = "sha256_digest")]
    pub(super) sha256: Text<'a>,
    #[serde(borrow, rename = "blake2_256_digest")]
    pub(super) blake2b: Text<'a>,
    #[serde(borrow, rename = "upload_time")]
    pub(super) uploaded: Text<'a>,
    /// Of a recorded page, and of no row.
    pub(super) files: Option<IgnoredAny>,
}

impl Row<'_> {
    /// The file that was uploaded.
    pub(super) fn to_file(&self) -> Result<ListedFile, RecordProblem> {
        let project = ProjectName::normalise(&self.name.0)?;
        let sha256 = loggable_digest(&self.filename.0, self.sha256.given())?;
        let blake2b = self.blake2b.given().map(Digest::parse).transpose();
        let size = self.size.given().map(str::parse).transpose();
        Ok(ListedFile {
            project,
            version: self
                .version
                .given()
                .filter(|text| is_loggable_version(text))
                .map_or_else(String::new, str::to_owned),
            filename: self.filename.0.clone().into_owned(),
            sha256,
            size: size.map_err(|_| RecordProblem::Size)?,
            blake2b: blake2b.map_err(|_| RecordProblem::Digest { column: "blake2_256_digest" })?,
            metadata: None,
            uploaded: self.uploaded.given().map(upload_time),
            yanked: None,
            provenance: false,
        })
    }
}

/// An upload time as the index's pages write it, from how the export does: `2023-05-22 15:12:44.175051 UTC`,
/// the fraction left out if it is none. Other forms stay as they are.
fn upload_time(text: &str) -> String {
    let utc = [" UTC", "+00:00", "+00", "Z"].iter().find_map(|zone| text.strip_suffix(zone));
    let Some((date, time)) = utc.and_then(|utc| utc.split_once([' ', 'T'])) else {
        return text.to_owned();
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    if fraction.bytes().all(|digit| digit == b'0') {
        return [date, "T", time, "Z"].concat();
    }
    let zeros = &"000000"[fraction.chars().count().min(6)..];
    [date, "T", time, ".", fraction, zeros, "Z"].concat()
}

#[cfg(test)]
mod tests {
    use super::upload_time;

    #[test]
    fn upload_times_are_written_as_pages_write_them() {
        for (stated, written) in [
            ("2023-05-22 15:12:44.175051 UTC", "2023-05-22T15:12:44.175051Z"),
            ("2023-05-22 15:12:44.17505 UTC", "2023-05-22T15:12:44.175050Z"),
            ("2023-05-22 15:12:44 UTC", "2023-05-22T15:12:44Z"),
            ("2023-05-22 15:12:44.000000 UTC", "2023-05-22T15:12:44Z"),
            ("2023-05-22 15:12:44.5+00:00", "2023-05-22T15:12:44.500000Z"),
            ("2023-05-22T15:12:44.175051Z", "2023-05-22T15:12:44.175051Z"),
            ("2023-05-22T15:12:44Z", "2023-05-22T15:12:44Z"),
            ("2023-05-22T15:12:44+02:00", "2023-05-22T15:12:44+02:00"),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(upload_time(stated), written);
        }
    }
}
