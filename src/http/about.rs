//! `/log.json`: what the log says of itself, for programs. Nothing in it is proven; what matters of it is in the
//! checkpoint and in the newest epoch.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Serialize;
use tracing::error;

use super::{HttpState, refuse};
use crate::reading::MAX_LOOKUP_ENTRIES;
use crate::sequencer::{Sequencer, WriterState};

/// What does not change while the log is served.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// Name of the log.
    pub origin: String,
    /// Verifies its signatures.
    pub key: String,
    /// Keys of the witnesses whose cosignatures its policy counts.
    pub witnesses: Vec<String>,
    /// What a client may do.
    pub limits: Limits,
    /// Path below the host under which the tiles are served, besides the root; empty if there is none.
    pub prefix: String,
}

/// What a client may do.
#[derive(Clone, Debug, Serialize)]
pub struct Limits {
    /// Requests a second, and at once; none if that is not limited.
    pub client_requests_per_second: Option<NonZeroU32>,
    /// Entries that one look-up returns at most.
    pub lookup_entries: usize,
    /// Expectations that one publisher key may state an hour.
    pub expectations_per_hour: NonZeroU32,
}

impl Limits {
    /// With these rates.
    pub fn new(client_rate: Option<NonZeroU32>, expectations_per_hour: NonZeroU32) -> Limits {
        Limits {
            client_requests_per_second: client_rate,
            lookup_entries: MAX_LOOKUP_ENTRIES,
            expectations_per_hour,
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    #[serde(flatten)]
    about: &'a About,
    role: &'static str,
    head: Head,
    coverage: Option<Coverage>,
    endpoints: Endpoints,
}

#[derive(Serialize)]
struct Head {
    size: u64,
    root: String,
    confirmed: String,
}

/// As the newest epoch states it.
#[derive(Serialize)]
struct Coverage {
    epoch: u64,
    time: String,
    serial: Option<u64>,
    swept: Option<String>,
}

/// Paths below the host.
#[derive(Serialize)]
struct Endpoints {
    checkpoint: &'static str,
    tiles: &'static str,
    grpc: [&'static str; 2],
    health: &'static str,
    metrics: &'static str,
    conflicts: &'static str,
    project_feed: &'static str,
}

const ENDPOINTS: Endpoints = Endpoints {
    checkpoint: "/checkpoint",
    tiles: "/tile/",
    grpc: ["indelible.v1.Log", "indelible.v1.Submit"],
    health: "/healthz",
    metrics: "/metrics",
    conflicts: "/feeds/conflicts.atom",
    project_feed: "/feeds/projects/{project}.atom",
};

/// `GET /log.json`
pub(super) async fn log_json(State(state): State<Arc<HttpState>>) -> Response {
    let published = state.reader.published();
    let coverage = match state.reader.newest_summary(&published).await {
        Ok(newest) => newest.map(|epoch| Coverage {
            epoch: epoch.epoch,
            time: epoch.time.to_string(),
            serial: epoch.serial,
            swept: epoch.swept.map(|swept| swept.to_string()),
        }),
        Err(failure) => {
            error!(?failure, "the newest epoch can not be read");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return refuse(status, "the log can not read its newest epoch\n");
        }
    };
    let document = Document {
        version: env!("CARGO_PKG_VERSION"),
        about: &state.about,
        role: role(state.health.sequencer()),
        head: Head {
            size: published.head.size.get(),
            root: published.head.root.to_string(),
            confirmed: published.confirmed.to_string(),
        },
        coverage,
        endpoints: ENDPOINTS,
    };
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")];
    let text = serde_json::to_string(&document).expect("the document has string keys");
    (StatusCode::OK, headers, text).into_response()
}

fn role(sequencer: &Sequencer) -> &'static str {
    match sequencer.state() {
        WriterState::Running => "writer",
        WriterState::Following(_) => "follower",
        WriterState::Frozen(_) => "frozen",
        WriterState::ReadOnly(_) => "read-only",
        WriterState::Halted(_) | WriterState::Interrupted(_) => "halted",
        WriterState::Stopped => "stopped",
    }
}
