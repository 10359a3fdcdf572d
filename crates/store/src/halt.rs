//! No write after a failed one.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Cause, StoreError};

/// Whether a handle has given up writing; it never starts again.
#[derive(Default)]
pub(crate) struct Halt(AtomicBool);

impl Halt {
    /// Refuses once a write has failed.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.0.load(Ordering::Acquire) { Err(StoreError::Halted) } else { Ok(()) }
    }

    /// Gives up writing, and makes the error that says so.
    pub(crate) fn halt(&self, cause: impl Into<Cause>) -> StoreError {
        self.0.store(true, Ordering::Release);
        StoreError::Ambiguous(cause.into())
    }
}
