//! Standing between a client and a server.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::Response;
use bytes::Bytes;

/// Longer than anything that is sent.
const LONGEST: usize = 1 << 26;

/// What the server at a URL without a path answers to somebody's request, of which not a byte changes.
pub(crate) async fn forward(
    http: &reqwest::Client,
    server: &str,
    request: Request,
) -> reqwest::Result<Response<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LONGEST).await.unwrap();
    let url = format!("{server}{}", parts.uri);
    let answer = http.request(parts.method, url).headers(parts.headers).body(body).send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = Response::new(answer.bytes().await?);
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    Ok(response)
}
