//! The lease: which of several processes writes to the log.
//!
//! The head object names the holder, who says again and again that it is there by replacing the head object;
//! a commit says it, too. Who waits looks whether the head object changes. If it does not for as long as was
//! agreed on, or nobody holds the lease, it takes the lease by a conditional put on the head object that it
//! saw. From then on every conditional put of the former holder fails, whatever that holder believes: nothing
//! is safe because of a clock.

use bytes::Bytes;
use object_store::UpdateVersion;

use super::head_object::HeadObject;
use super::{BucketStore, Known};
use crate::error::StoreError;

/// The head object as somebody saw it.
#[derive(Debug)]
pub struct Seen {
    bytes: Bytes,
    version: UpdateVersion,
    held: bool,
}

impl Seen {
    /// Whether a process holds the lease.
    pub const fn is_held(&self) -> bool {
        self.held
    }

    /// Whether nothing was written between this look and `later`: no commit, and no word of the holder.
    #[must_use]
    pub fn is_as(&self, later: &Seen) -> bool {
        self.bytes == later.bytes
    }
}

impl BucketStore {
    /// Looks who writes.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the object store can not be reached, [`StoreError::Corrupt`] if the head object
    /// is damaged or gone.
    pub async fn look(&self) -> Result<Seen, StoreError> {
        let (bytes, version) = self.head_object().await?;
        let held = HeadObject::parse(&bytes)?.writer.is_some();
        Ok(Seen { bytes, version, held })
    }

    /// Takes the lease if the head object is still as it was seen, and finishes what its former holder may have left
    /// unfinished. `false`: it has changed, look again.
    ///
    /// # Errors
    /// [`StoreError::Retired`] if the log was moved elsewhere. [`StoreError::Io`] or [`StoreError::Corrupt`]:
    /// whether this handle holds the lease is not known; take it again.
    pub async fn take_over(&self, seen: &Seen) -> Result<bool, StoreError> {
        self.halt.check()?;
        let mut known = self.known.lock().await;
        let head = HeadObject::parse(&seen.bytes)?;
        self.settle_staged(&head).await?;
        let published = self.published().await?;
        // As if this handle were the holder: only the version decides.
        let mut taken = Known { head, version: seen.version.clone(), published };
        let next = taken.head.leased_to(Some(self.writer.clone()));
        taken.head.writer = None;
        match self.put_head(&mut taken, next).await {
            Ok(()) => {}
            Err(StoreError::TakenOver | StoreError::Conflict { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        self.show(taken.head.head);
        *known = taken;
        Ok(true)
    }

    /// Says that the holder of the lease, this handle, is there.
    ///
    /// # Errors
    /// [`StoreError::TakenOver`] if it holds the lease no longer; [`StoreError::Io`] if the object store can not be reached,
    /// after which it may be said again.
    pub async fn renew(&self) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        if known.head.writer.as_ref() != Some(&self.writer) {
            return Err(StoreError::TakenOver);
        }
        let next = known.head.leased_to(Some(self.writer.clone()));
        self.put_head(&mut known, next).await
    }

    /// Gives the lease up, so that nobody has to wait. Does nothing if it is not held.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the object store can not be reached: the lease ends by itself.
    pub async fn release(&self) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        if known.head.writer.as_ref() != Some(&self.writer) {
            return Ok(());
        }
        let next = known.head.leased_to(None);
        match self.put_head(&mut known, next).await {
            Err(StoreError::TakenOver) => Ok(()),
            done => done,
        }
    }

    /// Marks the log as moved elsewhere: from then on nobody writes to it here. This handle holds the lease.
    ///
    /// # Errors
    /// As [`renew`](BucketStore::renew).
    pub async fn retire(&self) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        if known.head.retired {
            return Ok(());
        }
        if known.head.writer.as_ref() != Some(&self.writer) {
            return Err(StoreError::TakenOver);
        }
        let next = known.head.retired();
        self.put_head(&mut known, next).await
    }

    /// Whether the log was moved elsewhere.
    pub async fn is_retired(&self) -> bool {
        self.known.lock().await.head.retired
    }

    /// The head object and its version.
    pub(super) async fn head_object(&self) -> Result<(Bytes, UpdateVersion), StoreError> {
        let found = self.objects.get(&self.names.head()).await?;
        found.ok_or_else(|| StoreError::Corrupt("the head object is gone".to_owned()))
    }
}
