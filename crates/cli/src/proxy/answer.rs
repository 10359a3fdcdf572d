//! Answers over HTTP.

use std::io;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::ext::ReasonPhrase;
use hyper::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    HeaderValue, IF_NONE_MATCH, LOCATION, VARY,
};
use hyper::{Response, StatusCode};
use record::Digest;
use serde_json::json;

use super::index::SERIAL;
use super::media::Media;
use super::refusal::Refusal;

/// Body of an answer.
pub(super) type Body = BoxBody<Bytes, io::Error>;

/// How many files a page leaves out.
const LEFT_OUT: HeaderName = HeaderName::from_static("x-indelible-left-out");
/// Longest reason phrase in bytes.
const MAX_PHRASE: usize = 600;

/// A document, or 304 if the client has it already.
pub(super) struct Document {
    /// Its form.
    pub(super) media: Media,
    /// Its bytes.
    pub(super) body: Vec<u8>,
    /// The index's serial.
    pub(super) serial: Option<HeaderValue>,
    /// Number of files that it leaves out.
    pub(super) left_out: usize,
}

impl Document {
    /// The answer to a request with these headers. The validator is of the bytes as they are served: it
    /// changes with what is left out.
    pub(super) fn answer(self, request: &HeaderMap) -> Response<Body> {
        let etag = format!("\"{}\"", Digest::sha256(&self.body));
        let known = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let unchanged = known.flat_map(|value| value.split(',')).any(
            |tag| matches!(tag.trim().trim_start_matches("W/"), tag if tag == etag || tag == "*"),
        );
        let mut response = if unchanged {
            let mut response = Response::new(empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            Response::new(full(self.body))
        };
        let headers = response.headers_mut();
        headers.insert(ETAG, ascii(&etag));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media.content_type()));
        headers.insert(VARY, HeaderValue::from_static("Accept"));
        // What the log says may change at any time: it is asked each time.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(LEFT_OUT, self.left_out.into());
        headers.extend(self.serial.map(|serial| (SERIAL, serial)));
        response
    }
}

/// A file's bytes. Ranges are not served: part of a file has no hash to be checked against.
pub(super) fn file(body: Body, length: Option<u64>, cached: bool) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
    headers.extend(length.map(|length| (CONTENT_LENGTH, length.into())));
    // The URL has the hash in it: whatever is found there once is found there for ever.
    let policy = if cached { "max-age=31536000, immutable" } else { "no-store" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(policy));
    response
}

/// An answer that is none: the reason stands in the status line, for pip, and in the body, for uv.
pub(super) fn refusal(refusal: &Refusal) -> Response<Body> {
    let Refusal { status, title, detail } = refusal;
    let problem = json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail,
    });
    let mut response = Response::new(full(problem.to_string().into_bytes()));
    *response.status_mut() = *status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let printable = |c: char| if matches!(c, ' '..='~') { c } else { '?' };
    let phrase: String =
        format!("{title}: {detail}").chars().map(printable).take(MAX_PHRASE).collect();
    if let Ok(phrase) = ReasonPhrase::try_from(phrase.into_bytes()) {
        response.extensions_mut().insert(phrase);
    }
    response
}

/// Another path for the same thing.
pub(super) fn moved(to: &str) -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    response.headers_mut().insert(LOCATION, ascii(to));
    response
}

/// Only reading is possible.
pub(super) fn not_allowed() -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// No body.
pub(super) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed()
}

/// All of a body.
pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("digests and the paths of projects are ASCII")
}
