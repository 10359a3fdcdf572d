//! Feeds in Atom, with an entity tag so that asking often costs little.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use record::ProjectName;
use tracing::error;

use super::{HttpState, refuse};
use crate::feeds::Feed;
use crate::reading::AnswerError;

const ATOM: &str = "application/atom+xml; charset=utf-8";

/// `GET /feeds/conflicts.atom`
pub(super) async fn conflicts(State(state): State<Arc<HttpState>>, headers: HeaderMap) -> Response {
    answer(state.feeds.conflicts().await, &headers)
}

/// `GET /feeds/projects/<name>.atom`
pub(super) async fn project(
    State(state): State<Arc<HttpState>>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    let name = file.strip_suffix(".atom").and_then(|name| ProjectName::parse(name).ok());
    let Some(project) = name else {
        let why = "a project's feed is /feeds/projects/<normalised name>.atom\n";
        return refuse(StatusCode::NOT_FOUND, why);
    };
    answer(state.feeds.project(&project).await, &headers)
}

fn answer(feed: Result<Feed, AnswerError>, headers: &HeaderMap) -> Response {
    let Feed { tag, atom } = match feed {
        Ok(feed) => feed,
        Err(failure) => {
            error!(?failure, "a feed can not be made");
            let why = "the log can not read its entries\n";
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, why);
        }
    };
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known = known.is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag));
    let caching = [(ETAG, tag.as_str()), (CACHE_CONTROL, "public, max-age=60")];
    if known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (StatusCode::OK, caching, [(CONTENT_TYPE, ATOM)], atom).into_response()
}
