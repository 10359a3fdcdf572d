//! The client of S3 and of what speaks its language.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;

use super::objects::io;
use super::{BucketStore, PublicObjects};
use crate::error::StoreError;

/// A bucket and a prefix in it.
struct Place {
    objects: Arc<dyn ObjectStore>,
    prefix: String,
}

impl Place {
    /// `s3://BUCKET/PREFIX`; where and as whom it is asked say the usual variables of the environment.
    fn parse(url: &str) -> Result<Place, StoreError> {
        let no_url = || StoreError::Io(format!("'{url}' is not s3://BUCKET/PREFIX").into());
        let rest = url.strip_prefix("s3://").ok_or_else(no_url)?;
        let (bucket, prefix) = rest.split_once('/').ok_or_else(no_url)?;
        let prefix = Path::parse(prefix).map_err(|error| StoreError::Io(error.into()))?;
        if bucket.is_empty() || prefix.as_ref().is_empty() {
            return Err(no_url());
        }
        // An endpoint that begins with http:// is no oversight.
        let endpoint = ["AWS_ENDPOINT", "AWS_ENDPOINT_URL"].map(std::env::var);
        let is_plain = endpoint.into_iter().flatten().any(|url| url.starts_with("http://"));
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
        if is_plain {
            builder = builder.with_allow_http(true);
        }
        let objects = Arc::new(builder.build().map_err(io)?);
        Ok(Place { objects, prefix: prefix.to_string() })
    }
}

impl BucketStore {
    /// [Creates](BucketStore::create) a log at `s3://BUCKET/PREFIX`. The environment says where that is and
    /// who asks: `AWS_ENDPOINT`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and the like.
    ///
    /// # Errors
    /// As [`create`](BucketStore::create), and [`StoreError::Io`] for another URL.
    pub async fn create_at(url: &str) -> Result<BucketStore, StoreError> {
        let Place { objects, prefix } = Place::parse(url)?;
        BucketStore::create(objects, &prefix).await
    }

    /// [Opens](BucketStore::open) the log at such a URL.
    ///
    /// # Errors
    /// As [`open`](BucketStore::open), and [`StoreError::Io`] for another URL.
    pub async fn open_at(url: &str) -> Result<BucketStore, StoreError> {
        let Place { objects, prefix } = Place::parse(url)?;
        BucketStore::open(objects, &prefix).await
    }
}

impl PublicObjects {
    /// The public objects of the log at such a URL.
    ///
    /// # Errors
    /// [`StoreError::Io`] for another URL, or an environment that does not say where the bucket is.
    pub fn at(url: &str) -> Result<PublicObjects, StoreError> {
        let Place { objects, prefix } = Place::parse(url)?;
        Ok(PublicObjects::new(objects, &prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::{BucketStore, StoreError};

    #[tokio::test]
    async fn only_a_bucket_with_a_prefix_is_a_place() {
        for url in ["", "s3://", "s3://bucket", "s3://bucket/", "s3:///prefix", "http://bucket/log"]
        {
            let refused = BucketStore::open_at(url).await;
            assert!(matches!(refused, Err(StoreError::Io(_))), "{url}");
        }
    }
}
