//! One box for projects, filenames and hashes.

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use record::{Digest, LookupKey, ProjectName};
use serde::Deserialize;

use super::Site;
use super::response::refuse;

/// Ends of the names of files that an index ever listed.
const ENDS: [&str; 13] = [
    ".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".egg", ".exe", ".msi", ".rpm", ".tar.xz",
    ".tar.z", ".tbz", ".tar",
];

/// What was typed.
#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

/// `GET /search?q=`
pub(super) async fn search(State(site): State<Site>, Query(asked): Query<Search>) -> Response {
    match address(asked.q.trim()) {
        Some(address) => Redirect::to(&address).into_response(),
        None => refuse(
            &site.shell,
            "That is nothing the log could know",
            "Search for a project, the full name of a file, or a SHA-256 of 64 hex digits.",
        ),
    }
}

/// The page about what was typed.
pub(super) fn address(asked: &str) -> Option<String> {
    let hash = asked.strip_prefix("sha256:").unwrap_or(asked).to_ascii_lowercase();
    if let Ok(digest) = Digest::parse(&hash) {
        return Some(path(&LookupKey::Sha256(digest)));
    }
    let lower = asked.to_ascii_lowercase();
    let project = if ENDS.iter().any(|end| lower.ends_with(end)) {
        None
    } else {
        ProjectName::normalise(asked).ok().map(LookupKey::Project)
    };
    project.or_else(|| LookupKey::parse("file", asked)).as_ref().map(path)
}

/// Where the page about a key is.
pub(super) fn path(key: &LookupKey) -> String {
    let folder = match key {
        LookupKey::File(_) => "files",
        LookupKey::Project(_) => "projects",
        LookupKey::Sha256(_) => "sha256",
    };
    format!("/{folder}/{}", encode(&key.value()))
}

/// One segment of a path.
pub(super) fn encode(segment: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let digits = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
            encoded.extend(std::iter::once('%').chain(digits.map(char::from)));
        }
    }
    encoded
}
