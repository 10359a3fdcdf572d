//! Scripts and styles, embedded in the program. Their address changes with their content, so that they can
//! be kept for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::http::{IMMUTABLE, refuse};

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, media type and content.
const ASSETS: [(&str, &str, &str); 11] = [
    ("bytes.mjs", SCRIPT, include_str!("assets/bytes.mjs")),
    ("check.mjs", SCRIPT, include_str!("assets/check.mjs")),
    ("history.mjs", SCRIPT, include_str!("assets/history.mjs")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
    ("judge.mjs", SCRIPT, include_str!("assets/judge.mjs")),
    ("log.mjs", SCRIPT, include_str!("assets/log.mjs")),
    ("page.mjs", SCRIPT, include_str!("assets/page.mjs")),
    ("pins.mjs", SCRIPT, include_str!("assets/pins.mjs")),
    ("publishers.mjs", SCRIPT, include_str!("assets/publishers.mjs")),
    ("style.css", "text/css; charset=utf-8", include_str!("assets/style.css")),
    ("verify.mjs", SCRIPT, include_str!("assets/verify.mjs")),
];

/// Hash of all of them: one address for a set that belongs together.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for (name, _, content) in ASSETS {
        for part in [name, content] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    let hash: [u8; 32] = hash.finalize().into();
    record::Digest::from(hash).to_string()[..16].to_owned()
});

/// What stands for the content of all assets in their address.
pub(super) fn version() -> &'static str {
    &VERSION
}

/// `GET /site/<version>/<name>`
pub(super) async fn asset(
    Path((asked, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let found = ASSETS.iter().find(|(known, ..)| *known == name);
    let Some((_, media_type, content)) = found.filter(|_| asked == version()) else {
        return refuse(StatusCode::NOT_FOUND, "there is no such script or style in this version\n");
    };
    let tag = format!("\"{}\"", version());
    let caching = [(ETAG, tag.as_str()), (CACHE_CONTROL, IMMUTABLE)];
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (StatusCode::OK, caching, [(CONTENT_TYPE, *media_type)], *content).into_response()
}
