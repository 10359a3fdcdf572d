//! Where the files of a followed log lie: behind a URL, in a bucket, or in a store of this process.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use client::{Error, Files, LogUrl, Tiles, Undecided};
use store::{PublicObjects, Store, StoreError};
use tlog::TilePath;

/// Reads the log at `place`, `s3://BUCKET/PREFIX` or an HTTP URL.
///
/// # Errors
/// Another place, or a bucket of which the environment does not say where it is.
pub fn tiles_at(place: &str) -> anyhow::Result<Tiles> {
    if place.starts_with("s3://") {
        let objects = PublicObjects::at(place)?;
        return Ok(Tiles::of(Arc::new(InBucket { objects, place: place.to_owned() })));
    }
    Ok(Tiles::new(LogUrl::parse(place)?)?)
}

/// Reads the log in `store`, which people know as `place`.
pub fn tiles_of(store: Arc<dyn Store>, place: String) -> Tiles {
    Tiles::of(Arc::new(InStore { store, place }))
}

/// The public objects of a log in a bucket.
struct InBucket {
    objects: PublicObjects,
    place: String,
}

/// A store, read as if its files were served.
struct InStore {
    store: Arc<dyn Store>,
    place: String,
}

#[async_trait]
impl Files for InBucket {
    async fn get(&self, path: &str, limit: usize) -> Result<Option<Bytes>, Error> {
        self.objects.get(path, limit).await.map_err(|error| unreadable(&self.place, error))
    }

    fn place(&self) -> String {
        self.place.clone()
    }
}

#[async_trait]
impl Files for InStore {
    async fn get(&self, path: &str, _: usize) -> Result<Option<Bytes>, Error> {
        let found = if path == "checkpoint" {
            self.store.checkpoint().await
        } else {
            self.store.get(&path.parse::<TilePath>().map_err(Error::malformed)?).await
        };
        found.map_err(|error| unreadable(&self.place, error))
    }

    fn place(&self) -> String {
        self.place.clone()
    }
}

fn unreadable(place: &str, error: StoreError) -> Error {
    match error {
        StoreError::Corrupt(what) => Error::malformed(what),
        error => Undecided::network(place, error).into(),
    }
}

impl Debug for InBucket {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl Debug for InStore {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}
