//! How far a log was read.

use tlog::TreeSize;

/// How far a monitor has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries read and handled.
    pub read: TreeSize,
    /// Entries of the newest verified head.
    pub size: TreeSize,
}

impl Progress {
    /// Whether every entry of the newest verified head was handled.
    pub const fn is_complete(&self) -> bool {
        self.read.get() >= self.size.get()
    }
}
