//! Events for servers.

use std::path::Path;
use std::time::{Duration, SystemTime};

use client::{Message, Sink};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};

use super::retry::{Refusal, Retry};
use super::signature::hmac_sha256;
use crate::failure::Failure;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a receiver may take for one event.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A server that takes events by POST.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    http: reqwest::Client,
    url: Url,
    secret: Option<Vec<u8>>,
}

impl Webhook {
    pub(super) fn new(url: &str, secret: Option<Vec<u8>>) -> Result<Webhook, Failure> {
        let url = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                Failure::undecided(
                    "--webhook is not a URL: expected http:// or https:// and a host",
                )
            })?;
        let http = reqwest::Client::builder()
            .user_agent(concat!("indelible/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .build()
            .map_err(Failure::undecided)?;
        Ok(Webhook { http, url, secret })
    }

    /// Paths and queries may be secret: people are shown the host.
    pub(super) fn sink(&self) -> Sink {
        let host = self.url.host_str().unwrap_or_default();
        Sink::new("webhook", self.url.as_str(), &format!("the webhook at {host}"))
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), Refusal> {
        let mut request = self.http.post(self.url.clone());
        request = request.header(CONTENT_TYPE, "application/json");
        request = request.header("X-Indelible-Event", &message.id);
        request = request.header("Idempotency-Key", &message.id);
        if let Some(secret) = &self.secret {
            let signature = hmac_sha256(secret, message.body.as_bytes());
            request = request.header("X-Indelible-Signature", format!("sha256={signature}"));
        }
        let answer = request.body(message.body.clone()).send().await;
        let answer = answer.map_err(|error| Refusal::soon(cause(error)))?;
        refusal(answer.status(), answer.headers(), SystemTime::now()).map_or(Ok(()), Err)
    }
}

/// What went wrong at the bottom, without the URL.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut deepest: &dyn std::error::Error = &error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// What an answer means, unless it means that the event was taken.
fn refusal(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Option<Refusal> {
    let transient = matches!(status.as_u16(), 408 | 425 | 429) || status.is_server_error();
    let retry = match retry_after(headers, now) {
        _ if status.is_success() => return None,
        _ if !transient => Retry::Slowly,
        Some(asked) => Retry::After(asked),
        None => Retry::Soon,
    };
    Some(Refusal { what: format!("it answered {status}"), retry })
}

fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = text.parse().map(Duration::from_secs).ok();
    let until = || httpdate::parse_http_date(text).ok()?.duration_since(now).ok();
    seconds.or_else(until)
}

/// The secret in a file; line ends at its end do not count.
pub(super) fn read_secret(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut secret = std::fs::read(path).map_err(|error| Failure::file(path, error))?;
    while secret.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        secret.pop();
    }
    if secret.is_empty() {
        return Err(Failure::file(path, "the secret is empty"));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(status: u16, retry_after: Option<&str>) -> Option<Retry> {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, value.parse().unwrap());
        }
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 01:13:58 GMT").unwrap();
        refusal(StatusCode::from_u16(status).unwrap(), &headers, now).map(|refusal| refusal.retry)
    }

    #[test]
    fn answers_are_understood() {
        let seconds = Duration::from_secs;
        for status in [200, 201, 204] {
            assert_eq!(retry(status, Some("9")), None);
        }
        for status in [301, 307, 400, 401, 404, 410] {
            assert_eq!(retry(status, Some("9")), Some(Retry::Slowly));
        }
        for status in [408, 425, 429, 500, 503] {
            assert_eq!(retry(status, None), Some(Retry::Soon));
            assert_eq!(retry(status, Some("9")), Some(Retry::After(seconds(9))));
            assert_eq!(retry(status, Some("soon")), Some(Retry::Soon));
        }
        let date = "Sat, 21 Nov 2026 01:14:58 GMT";
        assert_eq!(retry(503, Some(date)), Some(Retry::After(seconds(60))));
    }
}
