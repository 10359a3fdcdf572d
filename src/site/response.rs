//! How pages are answered: their headers, and what is said when there is no page.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use tracing::error;

use super::shell::Shell;
use crate::reading::AnswerError;

/// Nothing is loaded, sent or embedded elsewhere, and no text becomes a script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

const SECURITY: [(&str, &str); 4] = [
    ("content-security-policy", POLICY),
    ("cross-origin-opener-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// Adds the headers that keep a page to itself.
pub(super) async fn secure(mut response: Response) -> Response {
    for (name, value) in SECURITY {
        let name = HeaderName::from_static(name);
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A page that says why there is none.
#[derive(Template)]
#[template(path = "problem.html", config = ".askama.toml")]
struct Problem<'a> {
    shell: &'a Shell,
    title: &'a str,
    text: &'a str,
}

/// A page. It may be kept for as long as it takes to ask whether it is still true.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
            (status, headers, html).into_response()
        }
        Err(failure) => {
            error!(%failure, "a page can not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Says that what was asked for is none of the log's things.
pub(super) fn refuse(shell: &Arc<Shell>, title: &str, text: &str) -> Response {
    page(StatusCode::BAD_REQUEST, &Problem { shell, title, text })
}

/// Says that the log can not answer.
pub(super) fn fail(shell: &Arc<Shell>, failure: &AnswerError) -> Response {
    let (status, text) = (status_of(failure), failure.to_string());
    page(status, &Problem { shell, title: "The log can not answer this", text: &text })
}

/// The status for what was not answered; what is the log's own fault is noted.
pub(super) fn status_of(failure: &AnswerError) -> StatusCode {
    match failure {
        AnswerError::Beyond { .. } => StatusCode::NOT_FOUND,
        AnswerError::Impossible(_) => StatusCode::BAD_REQUEST,
        AnswerError::TooMany { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        _ => {
            error!(?failure, "a page can not be made");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}
