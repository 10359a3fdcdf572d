//! The index that the proxy stands in front of.

use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH,
};
use record::ProjectName;
use reqwest::{Client, Response, Url};

use super::media::Media;
use super::refusal::{Refusal, chain};
use crate::failure::Failure;

/// The serial that the index states for a page.
pub(super) const SERIAL: HeaderName = HeaderName::from_static("x-pypi-last-serial");

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the index may be silent.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest document in bytes. The list of all projects is the longest.
const MAX_DOCUMENT: usize = 128 << 20;
const USER_AGENT: &str = concat!("indelible-proxy/", env!("CARGO_PKG_VERSION"));

/// A package index over HTTP.
#[derive(Debug)]
pub(super) struct Index {
    base: Url,
    documents: Client,
    /// Does not unpack anything: hashes are of the bytes as they are.
    files: Client,
}

/// A document of the index.
#[derive(Debug)]
pub(super) struct Document {
    /// Where it came from in the end: links are relative to it.
    pub(super) url: Url,
    /// Its form.
    pub(super) media: Media,
    /// The index's validator.
    pub(super) etag: Option<HeaderValue>,
    /// The index's serial.
    pub(super) serial: Option<HeaderValue>,
    /// Its bytes.
    pub(super) body: Vec<u8>,
}

impl Index {
    /// Prepares to ask the index at `url`.
    pub(super) fn open(url: &str) -> Result<Index, Failure> {
        let refuse =
            |why: &str| Failure::undecided(format!("the index's URL is not usable: {why}"));
        let mut base = Url::parse(url).map_err(|error| refuse(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(refuse("it is neither http nor https"));
        }
        base.set_path(&format!("{}/", base.path().trim_end_matches('/')));
        base.set_query(None);
        base.set_fragment(None);
        let builder = || {
            let builder = Client::builder().user_agent(USER_AGENT);
            builder.connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT)
        };
        let documents = builder().build().map_err(Failure::undecided)?;
        let files = builder().no_gzip().build().map_err(Failure::undecided)?;
        Ok(Index { base, documents, files })
    }

    /// The page of a project; `None` if it is still the one with this validator.
    pub(super) async fn page(
        &self,
        project: &ProjectName,
        etag: Option<&HeaderValue>,
    ) -> Result<Option<Document>, Refusal> {
        let path = format!("{project}/");
        let url = self.base.join(&path).expect("a project's name is a path");
        self.document(url, etag).await
    }

    /// The list of projects.
    pub(super) async fn projects(&self) -> Result<Document, Refusal> {
        let document = self.document(self.base.clone(), None).await?;
        document.ok_or_else(|| Refusal::index("it says that nothing changed"))
    }

    async fn document(
        &self,
        url: Url,
        etag: Option<&HeaderValue>,
    ) -> Result<Option<Document>, Refusal> {
        let mut request = self.documents.get(url).header(ACCEPT, Media::PREFERRED);
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let response = request.send().await.map_err(unreachable_index)?;
        match response.status() {
            StatusCode::OK => read(response).await.map(Some),
            StatusCode::NOT_MODIFIED if etag.is_some() => Ok(None),
            status => Err(refused(status, "this page")),
        }
    }

    /// A file, or what belongs to one. The URL is one that a page of this index named.
    pub(super) async fn file(&self, url: &Url) -> Result<Response, Refusal> {
        let mut url = url.clone();
        if url.origin() == self.base.origin() && url.username().is_empty() {
            // The same credentials as for the pages: URLs of the same origin can have them.
            let _ = url.set_username(self.base.username());
            let _ = url.set_password(self.base.password());
        }
        let request = self.files.get(url).header(ACCEPT_ENCODING, "identity");
        let response = request.send().await.map_err(unreachable_index)?;
        match response.status() {
            StatusCode::OK => Ok(response),
            status => Err(refused(status, "this file")),
        }
    }
}

fn refused(status: StatusCode, what: &str) -> Refusal {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            Refusal::missing(format!("the index does not have {what}"))
        }
        status => Refusal::index(format!("it answered {status} for {what}")),
    }
}

/// The URL may hold credentials, and is left out.
pub(super) fn unreachable_index(error: reqwest::Error) -> Refusal {
    Refusal::index(chain(&error.without_url()))
}

async fn read(mut response: Response) -> Result<Document, Refusal> {
    let header = |name| response.headers().get(name).cloned();
    let (etag, serial, stated) = (header(ETAG), header(SERIAL), header(CONTENT_TYPE));
    let stated = stated.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = Media::stated(stated)
        .ok_or_else(|| Refusal::index("its answer is no document of the Simple API"))?;
    let url = response.url().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable_index)? {
        if body.len() + chunk.len() > MAX_DOCUMENT {
            return Err(Refusal::index("its document is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Document { url, media, etag, serial, body })
}
