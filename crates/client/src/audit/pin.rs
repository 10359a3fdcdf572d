//! Pins: files that a source names, and their hashes.

use record::{Digest, ProjectName};
use thiserror::Error;

use super::formats::Format;

/// Most pins of one source.
pub const MAX_PINS: usize = 1_000_000;

/// One file that a source pins, as far as the source says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pin {
    /// Line of the source where it stands, from 1; `None` where the source has no lines.
    pub line: Option<u64>,
    /// Whose it is.
    pub project: Option<ProjectName>,
    /// Of which release, as the source spells it.
    pub version: Option<String>,
    /// Its name on the package index; `None` if the source names no file, or one of its own making.
    pub filename: Option<String>,
    /// Its hash; `None` if the source states none, or only digests by other algorithms.
    pub sha256: Option<Digest>,
    /// Algorithms of the other digests that the source states, such as `md5`.
    pub other_digests: Vec<&'static str>,
    /// Whether the source says that the file comes from the package index; `None` if it says nothing.
    pub from_index: Option<bool>,
}

/// What a source pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pins {
    /// How it was read.
    pub format: Format,
    /// The pins, in the order of the source.
    pub pins: Vec<Pin>,
    /// Other sources that it includes; they were not read.
    pub mentioned: Vec<Mentioned>,
}

/// Another source that one includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mentioned {
    /// Line where it is mentioned, from 1.
    pub line: u64,
    /// Path or URL as it is written there.
    pub target: String,
}

/// Why a source of pins cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{reason}", .line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct InvalidSource {
    /// Where the problem is, from 1; `None` if it is not in one place.
    pub line: Option<u64>,
    /// What is wrong.
    pub reason: String,
}

impl InvalidSource {
    /// A problem in a line.
    pub(super) fn at(line: u64, reason: impl Into<String>) -> InvalidSource {
        InvalidSource { line: Some(line), reason: reason.into() }
    }

    /// A problem of the whole source.
    pub(super) fn whole(reason: impl Into<String>) -> InvalidSource {
        InvalidSource { line: None, reason: reason.into() }
    }
}

impl Pins {
    pub(super) const fn new(format: Format) -> Pins {
        Pins { format, pins: Vec::new(), mentioned: Vec::new() }
    }

    /// Adds a pin.
    ///
    /// # Errors
    /// [`InvalidSource`] beyond [`MAX_PINS`].
    pub(super) fn add(&mut self, pin: Pin) -> Result<(), InvalidSource> {
        if self.pins.len() >= MAX_PINS {
            let reason = format!("more than {MAX_PINS} files are pinned");
            return Err(InvalidSource { line: pin.line, reason });
        }
        self.pins.push(pin);
        Ok(())
    }
}
