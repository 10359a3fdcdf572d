//! Current state as the fold of entries, and what a fact adds to it.
//!
//! The log is a sequence of changes: a fact equal to the current state adds nothing. Folding is
//! deterministic, so that everybody who reads the same entries in order holds the same state.

mod file;
mod project;
mod sighting;

use alloc::string::String;

pub use self::file::FileState;
pub use self::project::ProjectState;
pub use self::sighting::Sighting;
use crate::timestamp::Timestamp;

/// When and where a fact was seen: what an entry says beside the fact.
#[derive(Clone, Copy)]
struct Observation<'a> {
    observed: Timestamp,
    /// `None` for the index itself.
    via: Option<&'a str>,
}

impl Observation<'_> {
    fn via(&self) -> Option<String> {
        self.via.map(String::from)
    }
}
