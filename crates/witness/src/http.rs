//! The protocol over HTTP (C2SP tlog-witness). Every answer that is no success says why, as text.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{self, Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tlog::{MAX_ADD_CHECKPOINT_LEN, TLOG_SIZE_CONTENT_TYPE, WitnessRefusal, format_tlog_size};
use tracing::error;

use crate::witness::{Failure, Refused, Witness};

/// Longest time for the body of a request.
const BODY: Duration = Duration::from_secs(10);

/// The content type of everything but sizes.
const TEXT: &str = "text/plain; charset=utf-8";

/// The routes of a witness.
pub(crate) fn routes(witness: Arc<Witness>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin_hash}/checkpoint", get(checkpoint))
        .route("/healthz", get(healthz))
        .fallback(|| async { say(StatusCode::NOT_FOUND, "there is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            say(StatusCode::METHOD_NOT_ALLOWED, "checkpoints are added by POST and read by GET")
        })
        .with_state(witness)
}

/// `POST /add-checkpoint`
async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: Body) -> Response {
    let body = match read(body).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let cosigned = blocking(move || witness.add_checkpoint(&body)).await;
    match cosigned {
        Ok(line) => say(StatusCode::OK, line),
        Err(refused) => refusal(&refused),
    }
}

/// `GET /<hex SHA-256 of the origin>/checkpoint`
async fn checkpoint(
    State(witness): State<Arc<Witness>>,
    Path(origin_hash): Path<String>,
) -> Response {
    match blocking(move || witness.checkpoint(&origin_hash)).await {
        Ok(Some(checkpoint)) => answer(StatusCode::OK, TEXT, checkpoint.to_string()),
        Ok(None) => say(StatusCode::NOT_FOUND, "no checkpoint of such a log was cosigned here"),
        Err(failure) => unavailable(&failure),
    }
}

/// `GET /healthz`
async fn healthz(State(witness): State<Arc<Witness>>) -> Response {
    match blocking(move || witness.health()).await {
        Ok(line) => say(StatusCode::OK, line),
        Err(line) => say(StatusCode::SERVICE_UNAVAILABLE, line),
    }
}

/// The body of a request, if it is not too long and not too slow.
async fn read(body: Body) -> Result<Bytes, Response> {
    let read = tokio::time::timeout(BODY, body::to_bytes(body, MAX_ADD_CHECKPOINT_LEN)).await;
    let read = read.map_err(|_| say(StatusCode::REQUEST_TIMEOUT, "the request took too long"))?;
    // A connection that breaks is the other cause, and nobody reads that answer.
    read.map_err(|_| {
        let why = format!("a request has at most {MAX_ADD_CHECKPOINT_LEN} bytes");
        say(StatusCode::PAYLOAD_TOO_LARGE, why)
    })
}

/// Does what waits for locks and disks where that keeps nobody else waiting.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.expect("the work is not cancelled and does not panic")
}

fn refusal(refused: &Refused) -> Response {
    match refused {
        Refused::Malformed(_) | Refused::NoRoom(_) => say(StatusCode::BAD_REQUEST, refused),
        Refused::Failure(failure) => unavailable(failure),
        Refused::Judged(WitnessRefusal::OldIsNotLatest { latest, .. }) => {
            answer(StatusCode::CONFLICT, TLOG_SIZE_CONTENT_TYPE, format_tlog_size(*latest))
        }
        Refused::Judged(refusal) => {
            let status = StatusCode::from_u16(refusal.status());
            say(status.expect("the protocol's table has known codes"), refusal)
        }
    }
}

/// The details are for the operator.
fn unavailable(failure: &Failure) -> Response {
    error!(error = failure as &dyn std::error::Error, "not able to answer");
    say(StatusCode::SERVICE_UNAVAILABLE, failure)
}

/// A line of text.
fn say(status: StatusCode, line: impl std::fmt::Display) -> Response {
    answer(status, TEXT, format!("{line}\n"))
}

/// Nothing here is for caches: every answer may be another one the next moment.
fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}
