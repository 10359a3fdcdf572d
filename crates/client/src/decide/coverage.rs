//! How far the log's observer has come.

use std::fmt;

use record::Timestamp;

/// How far the log's observer has seen the package index. `Display` is a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Serial of the index up to which everything was seen.
    pub serial: Option<u64>,
    /// Start of the last complete sweep.
    pub swept: Option<Timestamp>,
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.serial, self.swept) {
            (Some(serial), Some(swept)) => {
                write!(f, "the index was seen up to serial {serial}, last complete sweep: {swept}")
            }
            (Some(serial), None) => {
                write!(f, "the index was seen up to serial {serial}, but never swept completely")
            }
            (None, Some(swept)) => write!(f, "last complete sweep of the index: {swept}"),
            (None, None) => f.write_str("the index was never swept completely"),
        }
    }
}
