//! A store in memory: stricter than any real one, and able to fail on request.

mod disk;
mod fault;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tlog::{SignedCheckpoint, TilePath, TreeHead};

use crate::error::StoreError;
use crate::halt::Halt;
use crate::rules::check_commit;
use crate::store::{Batch, Store};
use disk::Disk;
use fault::FaultPlan;
pub use fault::{Fault, Operation};

/// A log in memory, for tests and demonstrations.
///
/// The bytes live behind the handle as they would on a disk: [`reopen`](MemoryStore::reopen) is a
/// restart of the process. Calls can be made to fail, objects can be damaged, the whole log can be
/// copied as a backup would be.
///
/// # Panics
/// `commit` panics when a batch rewrites what is already stored, which no other backend checks.
/// That is a defect of the sequencer which a test must not be able to overlook.
pub struct MemoryStore {
    disk: Arc<Mutex<Disk>>,
    faults: Mutex<FaultPlan>,
    halt: Halt,
}

impl MemoryStore {
    /// A new log, empty.
    #[must_use]
    pub fn create() -> MemoryStore {
        MemoryStore::on(Arc::new(Mutex::new(Disk::default())))
    }

    /// Another handle to the same log, as after a restart: no faults, and free to write.
    ///
    /// Older handles stay usable and compete with it, as a second process would.
    #[must_use]
    pub fn reopen(&self) -> MemoryStore {
        MemoryStore::on(Arc::clone(&self.disk))
    }

    /// A copy of the log as it is now, which lives on by itself: what restoring a backup gives.
    #[must_use]
    pub fn backup(&self) -> MemoryStore {
        MemoryStore::on(Arc::new(Mutex::new(lock(&self.disk).clone())))
    }

    fn on(disk: Arc<Mutex<Disk>>) -> MemoryStore {
        MemoryStore { disk, faults: Mutex::new(FaultPlan::default()), halt: Halt::default() }
    }

    /// Makes a later call on this handle fail: the next one of its kind if `skip` is 0, the one
    /// after it if `skip` is 1.
    pub fn inject(&self, operation: Operation, skip: u64, fault: Fault) {
        lock(&self.faults).inject(operation, skip, fault);
    }

    /// How many calls of a kind this handle has had, those made to fail included, those refused as
    /// misuse or after a failure not.
    pub fn calls(&self, operation: Operation) -> u64 {
        lock(&self.faults).calls(operation)
    }

    /// Damages a stored tile or bundle, whatever the width of `path`: later reads see what `change`
    /// leaves, until a commit writes the object again. Says whether there was such an object.
    pub fn corrupt(&self, path: &TilePath, change: impl FnOnce(&mut Vec<u8>)) -> bool {
        lock(&self.disk).damage(path, change)
    }

    /// Counts a read and fails it if it is to fail.
    fn read(&self, operation: Operation) -> Result<MutexGuard<'_, Disk>, StoreError> {
        match lock(&self.faults).next(operation) {
            Some((_, injected)) => Err(StoreError::Io(injected.into())),
            None => Ok(lock(&self.disk)),
        }
    }

    /// Counts a write and does it, or fails it, or both.
    fn write(
        &self,
        operation: Operation,
        change: impl FnOnce(&mut Disk) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.halt.check()?;
        let failing = lock(&self.faults).next(operation);
        if let Some((Fault::Fail, injected)) = failing {
            return Err(self.halt.halt(injected));
        }
        change(&mut lock(&self.disk))?;
        match failing {
            Some((_, injected)) => Err(self.halt.halt(injected)),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn head(&self) -> Result<TreeHead, StoreError> {
        self.halt.check()?;
        Ok(self.read(Operation::Head)?.head())
    }

    async fn get(&self, path: &TilePath) -> Result<Option<Bytes>, StoreError> {
        Ok(self.read(Operation::Get)?.get(path))
    }

    async fn commit(
        &self,
        prev: &TreeHead,
        batch: Batch,
        next: &TreeHead,
    ) -> Result<(), StoreError> {
        check_commit(prev, &batch, next)?;
        self.write(Operation::Commit, |disk| disk.commit(prev, batch, next))
    }

    async fn publish(&self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError> {
        self.write(Operation::Publish, |disk| disk.publish(checkpoint))
    }

    async fn checkpoint(&self) -> Result<Option<Bytes>, StoreError> {
        Ok(self.read(Operation::Checkpoint)?.checkpoint())
    }
}

/// Locks; a panic elsewhere leaves nothing half-done, because every change checks before it writes.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
