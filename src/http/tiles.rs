//! Checkpoint, tiles and bundles, with the headers that let them be cached for as long as they are
//! true (C2SP tlog-tiles).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use tlog::TilePath;
use tracing::error;

use super::{HttpState, IMMUTABLE, refuse};

/// `GET /checkpoint`
pub(super) async fn checkpoint(State(state): State<Arc<HttpState>>) -> Response {
    let note = state.reader.published().note.clone();
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (StatusCode::OK, headers, note).into_response()
}

/// `GET /tile/<L>/<N>[.p/<W>]` and `GET /tile/entries/<N>[.p/<W>]`
pub(super) async fn object(State(state): State<Arc<HttpState>>, request: Request) -> Response {
    // Below the origin's own path, if it has one.
    let path =
        request.uri().path().strip_prefix('/').and_then(|path| path.parse::<TilePath>().ok());
    let Some(path) = path else {
        return refuse(StatusCode::BAD_REQUEST, "this is not the path of a tile or bundle\n");
    };
    match state.reader.object(&path).await {
        Ok(Some(bytes)) => found(bytes),
        Ok(None) => refuse(StatusCode::NOT_FOUND, "the published tree has no such tile\n"),
        Err(failure) => {
            error!(%path, ?failure, "a tile can not be read");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "the log can not read this tile\n")
        }
    }
}

fn found(bytes: Bytes) -> Response {
    let headers = [(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, IMMUTABLE)];
    (StatusCode::OK, headers, bytes).into_response()
}
