//! The public side of a log in a bucket, for those who only read it.

use std::sync::Arc;

use bytes::Bytes;
use object_store::ObjectStore;
use object_store::path::Path;

use super::names::Names;
use super::objects::Objects;
use crate::error::StoreError;

/// The files of a log in a bucket: what static readers see, by their paths below the log's prefix.
///
/// Needs no right to write. Nothing of what is read is verified.
pub struct PublicObjects {
    objects: Objects,
    names: Names,
}

impl PublicObjects {
    /// The public objects of the log under a prefix.
    pub fn new(objects: Arc<dyn ObjectStore>, prefix: &str) -> PublicObjects {
        PublicObjects { objects: Objects::new(objects), names: Names::new(prefix) }
    }

    /// The file at `path`, such as `checkpoint` or `tile/0/000`, of at most `limit` bytes; `None` if there is
    /// none.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the object store can not be reached, [`StoreError::Corrupt`] for a longer object.
    pub async fn get(&self, path: &str, limit: usize) -> Result<Option<Bytes>, StoreError> {
        let name: Path = self.names.public(path);
        self.objects.get_at_most(&name, limit).await
    }
}
