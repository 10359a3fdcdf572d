//! What survives the handle.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use tlog::{SignedCheckpoint, TilePath, TreeHead};

use crate::error::StoreError;
use crate::rules::check_publish;
use crate::store::Batch;
use crate::width::prefix_len;

/// The persisted state of a log. Objects are kept under the path of their full version.
#[derive(Clone)]
pub(super) struct Disk {
    head: TreeHead,
    objects: HashMap<TilePath, Bytes>,
    damaged: HashMap<TilePath, Bytes>,
    published: Option<(TreeHead, Bytes)>,
}

impl Default for Disk {
    fn default() -> Disk {
        Disk {
            head: TreeHead::EMPTY,
            objects: HashMap::new(),
            damaged: HashMap::new(),
            published: None,
        }
    }
}

impl Disk {
    pub(super) fn head(&self) -> TreeHead {
        self.head
    }

    pub(super) fn get(&self, path: &TilePath) -> Option<Bytes> {
        let key = path.full();
        let bytes = self.damaged.get(&key).or_else(|| self.objects.get(&key))?;
        Some(bytes.slice(..prefix_len(path, bytes)?))
    }

    pub(super) fn commit(
        &mut self,
        prev: &TreeHead,
        batch: Batch,
        next: &TreeHead,
    ) -> Result<(), StoreError> {
        if self.head != *prev {
            return Err(StoreError::Conflict { expected: *prev, found: self.head });
        }
        self.assert_immutable(&batch);
        for (path, bytes) in batch.objects {
            self.damaged.remove(&path.full());
            self.objects.insert(path.full(), bytes);
        }
        self.head = *next;
        Ok(())
    }

    /// The batch extends what is stored and names each object once.
    fn assert_immutable(&self, batch: &Batch) {
        let mut seen = HashSet::new();
        for (path, bytes) in &batch.objects {
            assert!(seen.insert(path), "{path} is twice in one batch");
            if let Some(stored) = self.objects.get(&path.full()) {
                assert!(
                    bytes.starts_with(stored),
                    "{path} does not start with the {} bytes stored before it",
                    stored.len()
                );
            }
        }
    }

    pub(super) fn publish(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError> {
        let offered = checkpoint.checkpoint().head();
        let published = self.published.as_ref().map(|(head, _)| head);
        check_publish(&self.head, published, &offered)?;
        self.published = Some((offered, Bytes::from(checkpoint.to_bytes())));
        Ok(())
    }

    pub(super) fn checkpoint(&self) -> Option<Bytes> {
        self.published.as_ref().map(|(_, note)| note.clone())
    }

    pub(super) fn damage(&mut self, path: &TilePath, change: impl FnOnce(&mut Vec<u8>)) -> bool {
        let key = path.full();
        let Some(bytes) = self.damaged.get(&key).or_else(|| self.objects.get(&key)) else {
            return false;
        };
        let mut bytes = bytes.to_vec();
        change(&mut bytes);
        self.damaged.insert(key, bytes.into());
        true
    }
}
