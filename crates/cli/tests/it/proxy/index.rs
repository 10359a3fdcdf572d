//! A package index whose every answer the test decides.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};

use crate::log::digest;

pub(super) const JSON: &str = "application/vnd.pypi.simple.v1+json";

#[derive(Clone)]
struct Document {
    headers: HeaderMap,
    body: Bytes,
    chunked: bool,
}

/// Serves documents by path, and remembers who asked for what.
#[derive(Clone, Default)]
pub(super) struct Index {
    documents: Arc<Mutex<BTreeMap<String, Document>>>,
    asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
    pub(super) address: String,
}

impl Index {
    pub(super) async fn start() -> Index {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let index = Index { address, ..Index::default() };
        let routes = axum::Router::new().fallback(answer).with_state(index.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        index
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/simple", self.address)
    }

    /// Serves a document with these headers from now on.
    pub(super) fn put(&self, path: &str, headers: &[(&'static str, &str)], body: impl Into<Bytes>) {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()));
        let document = Document { headers: headers.collect(), body: body.into(), chunked: false };
        self.documents.lock().unwrap().insert(path.to_owned(), document);
    }

    /// Serves the page of `attrs` in JSON.
    pub(super) fn put_page(&self, page: &Value) {
        let etag = format!("\"{}\"", digest(&page.to_string()));
        let headers = [("content-type", JSON), ("etag", &etag), ("x-pypi-last-serial", "77")];
        self.put("/simple/attrs/", &headers, page.to_string());
    }

    /// Serves a file and lists it alone.
    pub(super) fn put_file(&self, filename: &str, listed: &str, content: &str) {
        self.put_page(&page([file(filename, listed)]));
        self.put(&format!("/files/{filename}"), &[], content.to_owned());
    }

    /// Does not say any more how long a document is.
    pub(super) fn hide_length(&self, path: &str) {
        self.documents.lock().unwrap().get_mut(path).unwrap().chunked = true;
    }

    /// The headers of the requests for a path so far.
    pub(super) fn asked(&self, path: &str) -> Vec<HeaderMap> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(asked, _)| asked == path).map(|(_, h)| h.clone()).collect()
    }
}

async fn answer(State(index): State<Index>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    index.asked.lock().unwrap().push((path.clone(), request.headers().clone()));
    let Some(document) = index.documents.lock().unwrap().get(&path).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = document.headers.get(header::ETAG);
    if etag.is_some() && etag == request.headers().get(header::IF_NONE_MATCH) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let body = if document.chunked {
        let chunks: Vec<_> = document.body.chunks(1 << 16).map(Bytes::copy_from_slice).collect();
        Body::from_stream(stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>)))
    } else {
        Body::from(document.body)
    };
    (document.headers, body).into_response()
}

/// A listed file.
pub(super) fn file(filename: &str, content: &str) -> Value {
    let hashes = json!({ "sha256": digest(content).to_string() });
    json!({ "filename": filename, "url": format!("/files/{filename}"), "hashes": hashes })
}

/// The page of `attrs`.
pub(super) fn page(files: impl IntoIterator<Item = Value>) -> Value {
    let files: Vec<Value> = files.into_iter().collect();
    json!({ "meta": { "api-version": "1.4" }, "name": "attrs", "files": files })
}
