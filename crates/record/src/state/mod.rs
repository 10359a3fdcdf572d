//! Current state as the fold of entries, and what a fact adds to it.
//!
//! The log is a sequence of changes: a fact equal to the current state adds nothing. Folding is
//! deterministic, so that everybody who reads the same entries in order holds the same state.

mod file;
mod project;

pub use self::file::{FileState, Sighting};
pub use self::project::ProjectState;
