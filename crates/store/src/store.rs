//! The contract between the log and whatever keeps its bytes.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use tlog::{SignedCheckpoint, TileKind, TilePath, TreeHead};

use crate::error::StoreError;
use crate::width;

/// Objects that become visible together with the head that needs them.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Every tile and bundle that the next head changes, each once and as wide as that head makes
    /// it: whole contents, not what was added.
    pub objects: Vec<(TilePath, Bytes)>,
}

/// Keeps one log. A handle is one opening of it; creating and opening are the backend's own
/// functions, and *a missing head is never a reason to create one*.
///
/// # Durability and atomicity
/// `commit` returns `Ok` only when every object of the batch is durable and readable and the head
/// equals `next`: from then on neither a killed process nor a power cut takes it back. After
/// [`Conflict`](StoreError::Conflict) or [`Misuse`](StoreError::Misuse) nothing of the batch is
/// visible. After any other error, a crash, or a future dropped before it was done, the head is
/// `prev` or `next` and nothing else, with all objects of the one it is; which of the two is known
/// only by opening the store again, and the handle refuses further writes until then.
///
/// # Compare-and-swap
/// The head is the lock. Of two commits that name the same `prev`, through one handle or through
/// two processes, at most one succeeds.
///
/// # Immutability
/// Trees only grow. A wider version of an object starts with the bytes of the narrower one, and
/// every width up to the widest committed stays readable for ever with the same bytes. The backend
/// checks widths and lengths, not hashes.
///
/// # Trust
/// The head is trusted: whoever rolls it back forks the log, so it is kept apart from what is public
/// and is compared at start with what others remember. Everything else is untrusted. Damaged or
/// withheld objects, and an old checkpoint, are at most a denial of service, because each reader
/// checks every byte against a signed head.
///
/// # Visibility
/// `get` and `get_part` answer for whatever is committed, also beyond the published checkpoint. Who serves
/// the public must not hand that out: it would be cached as final before it is.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Size and root of the committed tree: the trusted register, never public.
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Corrupt`] if it can not be read;
    /// [`StoreError::Halted`] if an earlier write through this handle left it in doubt.
    async fn head(&self) -> Result<TreeHead, StoreError>;

    /// The bytes of a tile or bundle at exactly the width asked for, untrusted; `None` if what is
    /// committed is narrower or absent. Goes on working after a failed write.
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Corrupt`] if it can not be read.
    async fn get(&self, path: &TilePath) -> Result<Option<Bytes>, StoreError>;

    /// The bytes of the hashes or entries at `places` of a tile or bundle, entries with their lengths
    /// before them, untrusted; `None` if what is committed is narrower or absent, and for places that
    /// no tile has or that are none. Goes on working after a failed write.
    ///
    /// A backend that can read a part for less than the whole does so.
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Corrupt`] if it can not be read.
    async fn get_part(
        &self,
        kind: TileKind,
        index: u64,
        places: Range<u16>,
    ) -> Result<Option<Bytes>, StoreError> {
        part_of_whole(self, kind, index, places).await
    }

    /// Moves the head from `prev` to `next`, a larger tree, together with the objects it needs.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] and [`StoreError::Misuse`] leave nothing behind;
    /// [`StoreError::Ambiguous`] leaves `prev` or `next`; [`StoreError::Halted`] if an earlier
    /// write failed. Section "Durability and atomicity" has the details.
    async fn commit(
        &self,
        prev: &TreeHead,
        batch: Batch,
        next: &TreeHead,
    ) -> Result<(), StoreError>;

    /// Replaces the published checkpoint, the only public object that changes, and makes it durable.
    ///
    /// Its tree is committed and never smaller than the published one; at the same size the root is
    /// the same and the note may have gained signatures. Whether it is signed well is the caller's
    /// business.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for a checkpoint that breaks these rules, nothing changed;
    /// [`StoreError::Ambiguous`] if the old or the new one is published;
    /// [`StoreError::Halted`] if an earlier write failed.
    async fn publish(&self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError>;

    /// As [`publish`](Store::publish), of a checkpoint that the caller has remembered durably elsewhere. A
    /// killed process does not take it back, but until the next commit a power cut may bring back the one
    /// before.
    ///
    /// # Errors
    /// As [`publish`](Store::publish).
    async fn publish_remembered(&self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError> {
        self.publish(checkpoint).await
    }

    /// The bytes of the checkpoint last published, untrusted; `None` before the first. Goes on
    /// working after a failed write.
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Corrupt`] if it can not be read.
    async fn checkpoint(&self) -> Result<Option<Bytes>, StoreError>;
}

/// A part of a tile or bundle, by reading as much as there is before it.
pub(crate) async fn part_of_whole(
    store: &(impl Store + ?Sized),
    kind: TileKind,
    index: u64,
    places: Range<u16>,
) -> Result<Option<Bytes>, StoreError> {
    let Some(path) = width::narrowest(kind, index, &places) else { return Ok(None) };
    let Some(bytes) = store.get(&path).await? else { return Ok(None) };
    Ok(width::part(kind, places, &bytes).map(|part| bytes.slice(part)))
}
