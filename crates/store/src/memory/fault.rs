//! Failures on request.

use std::collections::HashMap;

/// A kind of call that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// [`Store::checkpoint`](crate::Store::checkpoint)
    Checkpoint,
    /// [`Store::commit`](crate::Store::commit)
    Commit,
    /// [`Store::get`](crate::Store::get)
    Get,
    /// [`Store::head`](crate::Store::head)
    Head,
    /// [`Store::publish`](crate::Store::publish)
    Publish,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens.
    Fail,
    /// The write happens and is durable, but the caller is told that it failed. A read just fails.
    FailButPersist,
}

/// What made the call fail.
#[derive(Debug, thiserror::Error)]
#[error("call {call} of {operation:?} was made to fail")]
pub(super) struct Injected {
    operation: Operation,
    call: u64,
}

/// Which call of which operation fails, and how many there were.
#[derive(Default)]
pub(super) struct FaultPlan {
    calls: HashMap<Operation, u64>,
    faults: HashMap<(Operation, u64), Fault>,
}

impl FaultPlan {
    /// How many calls of the operation there were.
    pub(super) fn calls(&self, operation: Operation) -> u64 {
        self.calls.get(&operation).copied().unwrap_or(0)
    }

    /// Makes the call fail that has `skip` calls of the operation before it, counted from now.
    pub(super) fn inject(&mut self, operation: Operation, skip: u64, fault: Fault) {
        let call = self.calls(operation).saturating_add(skip);
        self.faults.insert((operation, call), fault);
    }

    /// Counts a call and says whether, and how, it fails.
    pub(super) fn next(&mut self, operation: Operation) -> Option<(Fault, Injected)> {
        let calls = self.calls.entry(operation).or_insert(0);
        let call = *calls;
        *calls += 1;
        let fault = self.faults.remove(&(operation, call))?;
        Some((fault, Injected { operation, call }))
    }
}
