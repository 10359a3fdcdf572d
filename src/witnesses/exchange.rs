//! One request to a witness and its answer (C2SP tlog-witness, `add-checkpoint`), over HTTP.

use std::time::{Duration, SystemTime};

use bytes::BytesMut;
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::Response;
use tlog::{
    AddCheckpoint, NoteSignature, TLOG_SIZE_CONTENT_TYPE, TreeSize, parse_signature_lines,
    parse_tlog_size,
};

/// Longest answer that is read, in bytes: room for sixteen signature lines of the largest type.
const MAX_ANSWER: usize = 64 * 1024;
/// Characters of a refusal that are repeated to the operator.
const QUOTED: usize = 200;

/// What a witness answered, nothing of it verified.
#[derive(Debug)]
pub(super) enum Answer {
    /// It cosigned: these lines, which may be of keys that nobody knows.
    Cosigned(Vec<NoteSignature>),
    /// The size that it cosigned last is another one (409).
    Latest(TreeSize),
    /// It says that this checkpoint does not continue what it cosigned (422, or 409 without a size).
    Disputed(String),
    /// It does not cosign for this log (403, 404).
    NotConfigured(String),
    /// It could not be asked, or not now; and after which time it wants to be asked again.
    Unavailable { why: String, retry_after: Option<Duration> },
}

/// Submits a request to the witness with this submission prefix.
pub(super) async fn submit(
    http: &reqwest::Client,
    prefix: &str,
    request: &AddCheckpoint,
) -> Answer {
    let url = format!("{}/add-checkpoint", prefix.trim_end_matches('/'));
    let sent = http.post(url).body(request.to_string()).send().await;
    match sent {
        Ok(response) => read(response).await,
        Err(error) => unavailable(crate::describe(&error.without_url())),
    }
}

async fn read(response: Response) -> Answer {
    let status = response.status();
    let is_size = header(&response, &CONTENT_TYPE) == Some(TLOG_SIZE_CONTENT_TYPE);
    let retry_after = header(&response, &RETRY_AFTER).and_then(parse_retry_after);
    let body = match read_body(response).await {
        Ok(body) => body,
        Err(why) => return unavailable(why),
    };
    match status {
        StatusCode::OK => match parse_signature_lines(&body) {
            Ok(lines) => Answer::Cosigned(lines),
            Err(error) => unavailable(format!("the answer is not signature lines: {error}")),
        },
        StatusCode::CONFLICT if is_size => match parse_tlog_size(&body) {
            Ok(size) => Answer::Latest(size),
            Err(error) => unavailable(format!("the size it cosigned last is unreadable: {error}")),
        },
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
            Answer::Disputed(refusal(status, &body))
        }
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            Answer::NotConfigured(refusal(status, &body))
        }
        _ => Answer::Unavailable { why: refusal(status, &body), retry_after },
    }
}

async fn read_body(mut response: Response) -> Result<BytesMut, String> {
    let mut body = BytesMut::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| crate::describe(&error.without_url()))?
    {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(format!("the answer has more than {MAX_ANSWER} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn header<'a>(response: &'a Response, name: &http::HeaderName) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// Seconds, or a date.
fn parse_retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

fn unavailable(why: String) -> Answer {
    Answer::Unavailable { why, retry_after: None }
}

/// The answer in one line that can do no harm in a terminal.
fn refusal(status: StatusCode, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text: String = text.trim().chars().take(QUOTED).flat_map(char::escape_debug).collect();
    if text.is_empty() { status.to_string() } else { format!("{status}: {text}") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{StatusCode, parse_retry_after, refusal};

    #[test]
    fn a_time_to_wait_is_seconds_or_a_date() {
        assert_eq!(parse_retry_after("120"), Some(Duration::from_secs(120)));
        assert_eq!(parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(parse_retry_after("soon"), None);
    }

    #[test]
    fn a_refusal_is_one_harmless_line() {
        let line = refusal(StatusCode::FORBIDDEN, b"no\x1b[2J\nway ");
        assert_eq!(line, "403 Forbidden: no\\u{1b}[2J\\nway");
    }
}
