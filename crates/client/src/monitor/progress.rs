//! How far a log was read.

use tlog::{FULL_WIDTH, TreeSize};

/// Bundles read, handled and committed in one step. All of their entries are in memory at once.
const STEP_BUNDLES: u64 = 16;

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

/// Whole bundles, as far as the tree goes.
pub(crate) fn end_of_step(cursor: TreeSize, size: TreeSize) -> TreeSize {
    let width = u64::from(FULL_WIDTH);
    let end = (cursor.get() / width + STEP_BUNDLES) * width;
    TreeSize::new(end).map_or(size, |end| end.min(size))
}
