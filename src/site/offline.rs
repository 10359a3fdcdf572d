//! What pages rest on, in the forms that are verified offline: evidence, proofs and entries.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use record::LookupKey;
use tlog::{LeafIndex, ProofFile, SignedCheckpoint, TreeSize};

use super::Site;
use super::response::status_of;
use crate::http::{IMMUTABLE, refuse};
use crate::reading::AnswerError;

const TEXT: &str = "text/plain; charset=utf-8";

/// `GET /evidence/<kind>/<value>.evidence`: everything about a key, shown to be everything.
pub(super) async fn evidence(
    State(site): State<Site>,
    Path((kind, file)): Path<(String, String)>,
) -> Response {
    let value = file.strip_suffix(".evidence");
    let Some(key) = value.and_then(|value| LookupKey::parse(&kind, value)) else {
        let why = "evidence is at /evidence/(file|project|sha256)/VALUE.evidence\n";
        return refuse(StatusCode::BAD_REQUEST, why);
    };
    let lookup = match site.reader.lookup(&key.map_key()).await {
        Ok(lookup) => lookup,
        Err(failure) => return fail(&failure),
    };
    match lookup.into_evidence(key) {
        Some(evidence) => text("no-cache", evidence.to_string()),
        None => refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "the log can not show yet that an answer is complete: ask again in a moment\n",
        ),
    }
}

/// `GET /entries/<N>` and `GET /entries/<N>.tlog-proof`
pub(super) async fn entry(State(site): State<Site>, Path(file): Path<String>) -> Response {
    let (digits, proven) = match file.strip_suffix(".tlog-proof") {
        Some(digits) => (digits, true),
        None => (file.as_str(), false),
    };
    let Some(index) = number(digits).and_then(|index| LeafIndex::new(index).ok()) else {
        return refuse(StatusCode::BAD_REQUEST, "an entry's address is its position\n");
    };
    let answer = if proven { proof(&site, index).await } else { bytes(&site, index).await };
    answer.unwrap_or_else(|failure| fail(&failure))
}

async fn bytes(site: &Site, index: LeafIndex) -> Result<Response, AnswerError> {
    let published = site.reader.published();
    if !published.head.size.contains(index) {
        let (what, asked) = ("index", index.get());
        return Err(AnswerError::Beyond { what, asked, published: published.head.size });
    }
    let entry = site.reader.entries_at(&published, &[index]).await?.remove(0);
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, IMMUTABLE)];
    Ok((StatusCode::OK, headers, entry).into_response())
}

async fn proof(site: &Site, index: LeafIndex) -> Result<Response, AnswerError> {
    let published = site.reader.published();
    let (proof, entry) = site.reader.inclusion(&published, index, published.head.size).await?;
    let checkpoint = SignedCheckpoint::parse(&published.note);
    let checkpoint = checkpoint.expect("what is published was written by this log");
    let file = ProofFile { extra: Some(entry.to_vec()), index, proof, checkpoint };
    Ok(text("no-cache", file.to_string()))
}

/// `GET /consistency/<FROM>/<TO>`: the hashes of the proof, in base64, one a line.
pub(super) async fn consistency(
    State(site): State<Site>,
    Path((from, to)): Path<(String, String)>,
) -> Response {
    let size = |digits: &str| number(digits).and_then(|size| TreeSize::new(size).ok());
    let (Some(from), Some(to)) = (size(&from), size(&to)) else {
        return refuse(StatusCode::BAD_REQUEST, "proofs are at /consistency/FROM/TO, two sizes\n");
    };
    let published = site.reader.published();
    match site.reader.consistency(&published, from, to).await {
        Ok(proof) => {
            let mut lines: Vec<String> = proof.hashes().iter().map(ToString::to_string).collect();
            // Each line ends in a line feed, the last one, too.
            lines.push(String::new());
            text(IMMUTABLE, lines.join("\n"))
        }
        Err(failure) => fail(&failure),
    }
}

/// A decimal number in its only form.
fn number(digits: &str) -> Option<u64> {
    digits.parse().ok().filter(|number: &u64| number.to_string() == digits)
}

fn text(caching: &'static str, body: String) -> Response {
    (StatusCode::OK, [(CONTENT_TYPE, TEXT), (CACHE_CONTROL, caching)], body).into_response()
}

fn fail(failure: &AnswerError) -> Response {
    let status = status_of(failure);
    (status, [(CACHE_CONTROL, "no-store")], format!("{failure}\n")).into_response()
}
