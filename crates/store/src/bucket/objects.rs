//! Single objects, and what the answers of an object store mean.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{
    Attribute, AttributeValue, Error, GetOptions, ObjectStore, ObjectStoreExt as _, PutMode,
    PutOptions, UpdateVersion,
};

use crate::error::StoreError;

/// As a server says it of tiles and bundles.
const TILE: [(Attribute, &str); 2] = [
    (Attribute::ContentType, "application/octet-stream"),
    (Attribute::CacheControl, "public, max-age=31536000, immutable"),
];
/// As a server says it of the checkpoint.
pub(super) const CHECKPOINT: [(Attribute, &str); 2] =
    [(Attribute::ContentType, "text/plain; charset=utf-8"), (Attribute::CacheControl, "no-cache")];

/// The objects of a bucket.
pub(super) struct Objects(Arc<dyn ObjectStore>);

/// What became of a conditional put.
pub(super) enum Replaced {
    /// The object is what was put, in this version.
    By(UpdateVersion),
    /// The condition did not hold: the object is this, in this version.
    NotBy(Bytes, UpdateVersion),
}

impl Objects {
    pub(super) fn new(objects: Arc<dyn ObjectStore>) -> Objects {
        Objects(objects)
    }

    /// An object and its version; `None` if there is none.
    pub(super) async fn get(
        &self,
        name: &Path,
    ) -> Result<Option<(Bytes, UpdateVersion)>, StoreError> {
        let found = match self.0.get(name).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        let version =
            UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
        Ok(Some((found.bytes().await.map_err(io)?, version)))
    }

    /// An object of at most `limit` bytes; `None` if there is none.
    pub(super) async fn get_at_most(
        &self,
        name: &Path,
        limit: usize,
    ) -> Result<Option<Bytes>, StoreError> {
        let found = match self.0.get(name).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        if found.meta.size > limit as u64 {
            return Err(StoreError::Corrupt(format!("{name} has more than {limit} bytes")));
        }
        found.bytes().await.map(Some).map_err(io)
    }

    /// A part of an object; `None` if there is none, or it is shorter.
    pub(super) async fn get_range(
        &self,
        name: Path,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        let options = GetOptions { range: Some(range.clone().into()), ..GetOptions::default() };
        let found = match self.0.get_opts(&name, options).await {
            Ok(found) => found.bytes().await.map_err(io)?,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        Ok(Some(found).filter(|found| found.len() as u64 == range.end - range.start))
    }

    /// Writes an object, whatever there is.
    pub(super) async fn put(&self, name: &Path, bytes: Bytes) -> Result<(), StoreError> {
        self.0.put(name, bytes.into()).await.map(drop).map_err(io)
    }

    /// Writes a tile or bundle.
    pub(super) async fn put_tile(&self, name: Path, bytes: Bytes) -> Result<(), StoreError> {
        let options = with(PutMode::Overwrite, &TILE);
        self.0.put_opts(&name, bytes.into(), options).await.map(drop).map_err(io)
    }

    /// Removes an object; that there is none is as good.
    pub(super) async fn delete(&self, name: Path) -> Result<(), StoreError> {
        match self.0.delete(&name).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(io(error)),
        }
    }

    /// Writes an object if there is none, or if it is of a version; with these headers. No two of those who
    /// try write the same bytes, or it does not matter whose they are.
    ///
    /// A put that succeeded may have been answered by an error, or repeated and then refused: the object
    /// itself tells.
    pub(super) async fn put_if(
        &self,
        name: &Path,
        bytes: Bytes,
        condition: PutMode,
        headers: &[(Attribute, &'static str)],
    ) -> Result<Replaced, StoreError> {
        let options = with(condition, headers);
        let failed = match self.0.put_opts(name, bytes.clone().into(), options).await {
            Ok(put) => {
                return Ok(Replaced::By(UpdateVersion { e_tag: put.e_tag, version: put.version }));
            }
            Err(failed) => failed,
        };
        let found = self.get(name).await;
        match (found, failed) {
            (Ok(Some((found, version))), _) if found == bytes => Ok(Replaced::By(version)),
            (
                Ok(Some((found, version))),
                Error::Precondition { .. } | Error::AlreadyExists { .. },
            ) => Ok(Replaced::NotBy(found, version)),
            // A put that is still on its way may take effect yet.
            (_, failed) => Err(io(failed)),
        }
    }
}

fn with(mode: PutMode, headers: &[(Attribute, &'static str)]) -> PutOptions {
    let headers = headers.iter().map(|(name, value)| (name.clone(), AttributeValue::from(*value)));
    PutOptions { mode, attributes: headers.collect(), ..PutOptions::default() }
}

pub(super) fn io(error: Error) -> StoreError {
    StoreError::Io(error.into())
}
