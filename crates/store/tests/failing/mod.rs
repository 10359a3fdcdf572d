//! Object stores that fail, or do not keep their word.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// When a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fails {
    /// It has no effect.
    Before,
    /// It takes effect, but its answer is lost.
    After,
}

/// Fails one request, or ignores conditions.
#[derive(Debug)]
pub(crate) struct Failing {
    inner: Arc<dyn ObjectStore>,
    requests: AtomicU64,
    number: u64,
    fails: Fails,
    /// Takes every put, whatever its condition.
    is_careless: bool,
    seen: Mutex<Vec<(&'static str, usize)>>,
}

impl Failing {
    /// Fails the request with this number, from 0.
    pub(crate) fn new(inner: Arc<dyn ObjectStore>, number: u64, fails: Fails) -> Failing {
        Failing {
            inner,
            requests: AtomicU64::new(0),
            number,
            fails,
            is_careless: false,
            seen: Mutex::default(),
        }
    }

    /// Fails nothing, and takes every put, whatever its condition.
    pub(crate) fn careless(inner: Arc<dyn ObjectStore>) -> Failing {
        Failing { is_careless: true, ..Failing::new(inner, u64::MAX, Fails::Before) }
    }

    /// The requests since this was asked last, with the bytes that were sent.
    pub(crate) fn seen(&self) -> Vec<(&'static str, usize)> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    fn see(&self, what: &'static str, bytes: usize) {
        self.seen.lock().unwrap().push((what, bytes));
    }

    /// Whether there were enough requests.
    pub(crate) fn has_failed(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > self.number
    }

    async fn request<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let fails = self.requests.fetch_add(1, Ordering::Relaxed) == self.number;
        if fails && self.fails == Fails::Before {
            return Err(lost());
        }
        let done = work.await;
        if fails { Err(lost()) } else { done }
    }
}

fn lost() -> Error {
    Error::Generic { store: "failing", source: "made to fail".into() }
}

impl Display for Failing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("failing")
    }
}

#[async_trait]
impl ObjectStore for Failing {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let mode = if self.is_careless { PutMode::Overwrite } else { options.mode };
        let options = PutOptions { mode, ..options };
        self.see("put", payload.content_length());
        self.request(self.inner.put_opts(location, payload, options)).await
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        unimplemented!("nothing is uploaded in parts")
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.see("get", 0);
        self.request(self.inner.get_opts(location, options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.request(self.inner.get_ranges(location, ranges)).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.see("delete", 0);
        let fails = self.requests.fetch_add(1, Ordering::Relaxed) == self.number;
        if fails && self.fails == Fails::Before {
            return futures::stream::iter([Err(lost())]).boxed();
        }
        let done = self.inner.delete_stream(locations);
        if fails { done.map(|_| Err(lost())).boxed() } else { done }
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        unimplemented!("nothing is listed")
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        unimplemented!("nothing is listed")
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        unimplemented!("nothing is copied")
    }
}
