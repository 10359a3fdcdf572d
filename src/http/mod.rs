//! The HTTP side: tiles, bundles and checkpoint as files (C2SP tlog-tiles), feeds, health and metrics, and
//! the pages of [`site`].

mod about;
mod feeds;
mod health;
mod tiles;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::feeds::Feeds;
use crate::reading::LogReader;
use crate::site::{self, Site};
pub use about::{About, Limits};
pub use health::Health;

/// How long what never changes may be kept.
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// What the HTTP side serves from.
pub struct HttpState {
    /// Tiles, bundles and checkpoint.
    pub reader: LogReader,
    /// News for people.
    pub feeds: Feeds,
    /// Whether all is well.
    pub health: Health,
    /// What has been counted.
    pub metrics: PrometheusHandle,
    /// Pages for people.
    pub site: Site,
    /// What the log says of itself.
    pub about: About,
}

/// The routes. Tiles are served at the root and, for origins with a path, under that path too, so
/// that the origin with a scheme before it is the log's URL.
pub fn routes(state: HttpState) -> Router {
    // The hashes in entries do not compress: harder work on them saves next to nothing.
    let compression = CompressionLayer::new().quality(CompressionLevel::Fastest);
    let log = || {
        Router::new()
            .route("/checkpoint", get(tiles::checkpoint))
            .route("/tile/entries/{*path}", get(tiles::object).layer(compression.clone()))
            .route("/tile/{*path}", get(tiles::object))
    };
    let mut routes = log();
    if !state.about.prefix.is_empty() {
        routes = routes.nest(&state.about.prefix, log());
    }
    let site = site::routes(state.site.clone());
    routes
        .route("/feeds/conflicts.atom", get(feeds::conflicts))
        .route("/feeds/projects/{file}", get(feeds::project))
        .route("/healthz", get(health::healthz))
        .route("/log.json", get(about::log_json))
        .route("/metrics", get(scrape))
        .with_state(Arc::new(state))
        .merge(site)
        .method_not_allowed_fallback(not_allowed)
}

/// Path below the host in an origin, if it means itself as a route; else empty.
pub fn prefix_of(origin: &str) -> String {
    let path = origin.split_once('/').map(|(_, path)| path).filter(|path| is_plain_path(path));
    path.map_or_else(String::new, |path| format!("/{path}"))
}

/// A path that means itself as a route.
fn is_plain_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    path.split('/').all(|segment| !segment.is_empty() && segment.bytes().all(plain))
}

/// Says in a line why there is nothing.
pub(crate) fn refuse(status: StatusCode, why: &'static str) -> Response {
    (status, [(CACHE_CONTROL, "no-store")], why).into_response()
}

/// Refuses a request for now, in the words of the protocol that asks.
pub fn too_often(headers: &HeaderMap, wait: Duration) -> Response {
    let seconds = wait.as_secs() + 1;
    let why =
        format!("you ask too often: wait {seconds} s, and see /log.json for what is allowed\n");
    let mut response = if is_grpc(headers) {
        tonic::Status::resource_exhausted(why).into_http()
    } else {
        (StatusCode::TOO_MANY_REQUESTS, [(CACHE_CONTROL, "no-store")], why).into_response()
    };
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.is_some_and(|value| value.starts_with(b"application/grpc"))
}

/// Answers for everything that has no route, in the words of the protocol that asks.
pub async fn not_found(request: Request) -> Response {
    if is_grpc(request.headers()) {
        let why = format!("this log has no method {}", request.uri().path());
        return tonic::Status::unimplemented(why).into_http();
    }
    let why = format!("there is nothing at {}\n", request.uri().path());
    (StatusCode::NOT_FOUND, [(CACHE_CONTROL, "no-store")], why).into_response()
}

/// Everything here is read only.
async fn not_allowed() -> Response {
    let headers = [(CACHE_CONTROL, "no-store"), (ALLOW, "GET, HEAD")];
    (StatusCode::METHOD_NOT_ALLOWED, headers, "this can only be read\n").into_response()
}

async fn scrape(State(state): State<Arc<HttpState>>) -> impl IntoResponse {
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    state.metrics.run_upkeep();
    let headers = [(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")];
    (StatusCode::OK, headers, state.metrics.render())
}
