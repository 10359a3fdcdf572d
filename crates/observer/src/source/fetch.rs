//! One HTTP exchange with the index: polite, bounded, tried again where that may help.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH, RETRY_AFTER,
};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Method, Response, Url};

use super::SourceError;
use super::backoff::{Backoff, Pace, retry_after};
use crate::clock::Clock;
use crate::page::Serial;
use crate::settings::Settings;

const SERIAL: HeaderName = HeaderName::from_static("x-pypi-last-serial");
const REDIRECTS: usize = 5;
/// Longer entity tags are not kept: state is held for every project.
const LONGEST_ETAG: usize = 200;

/// Asks the index for documents.
pub(super) struct Fetcher {
    client: Client,
    clock: Arc<dyn Clock>,
    pace: Pace,
    backoff: Backoff,
    tries: u32,
}

/// A request.
pub(super) struct Ask<'a> {
    pub(super) url: Url,
    pub(super) accept: &'static str,
    pub(super) etag: Option<&'a str>,
    /// Ask for the document uncompressed: caches were seen to hold stale variants of one encoding.
    pub(super) identity: bool,
    pub(super) limit: u64,
    /// XML to post; without it the request is a GET.
    pub(super) post: Option<String>,
}

/// An answer: 200 with a body, or 304, or "no such document".
pub(super) enum Answer {
    Document(Fetched),
    Missing,
    Unchanged { serial: Option<Serial> },
}

/// A document as it came.
pub(super) struct Fetched {
    pub(super) content_type: String,
    pub(super) etag: Option<String>,
    pub(super) serial: Option<Serial>,
    pub(super) body: Vec<u8>,
}

impl Fetcher {
    pub(super) fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Fetcher, SourceError> {
        let client = Client::builder()
            .user_agent(user_agent(settings))
            .redirect(Policy::custom(same_host_only))
            .timeout(settings.request_timeout)
            .build()
            .map_err(|error| SourceError::Location(format!("no HTTP client: {error}")))?;
        let pace = Pace::new(Arc::clone(&clock), settings);
        Ok(Fetcher { client, clock, pace, backoff: Backoff::new(settings), tries: settings.tries })
    }

    /// Waits as long as is right after the `tries`-th failure.
    pub(super) async fn back_off(&self, tries: u32) {
        self.clock.sleep(self.backoff.wait(tries, &*self.clock)).await;
    }

    /// Asks until there is an answer, or no further try can help.
    pub(super) async fn fetch(&self, ask: &Ask<'_>) -> Result<Answer, SourceError> {
        let mut tries = 1;
        loop {
            let error = match self.attempt(ask).await {
                Err(error) if error.is_passing() && tries < self.tries => error,
                settled => return settled,
            };
            match error {
                SourceError::Pause(asked) => self.pace.pause(self.backoff.bounded(asked)),
                error => {
                    tracing::debug!(url = %ask.url, "trying again: {error}");
                    self.back_off(tries).await;
                }
            }
            tries += 1;
        }
    }

    async fn attempt(&self, ask: &Ask<'_>) -> Result<Answer, SourceError> {
        self.pace.turn().await;
        let response = self.request(ask).send().await.map_err(|error| transport(&error))?;
        let headers = response.headers();
        let serial = header(headers, &SERIAL).and_then(|serial| serial.parse().ok());
        match response.status().as_u16() {
            200 => Ok(Answer::Document(Fetched {
                content_type: header(headers, &CONTENT_TYPE).unwrap_or_default().to_owned(),
                etag: header(headers, &ETAG)
                    .filter(|etag| etag.len() <= LONGEST_ETAG)
                    .map(str::to_owned),
                serial,
                body: read_body(response, ask.limit).await?,
            })),
            304 => Ok(Answer::Unchanged { serial }),
            404 | 410 => Ok(Answer::Missing),
            status @ (429 | 503) => Err(self.refusal(status, headers)),
            300..=399 => {
                let target = header(headers, &reqwest::header::LOCATION).unwrap_or_default();
                Err(SourceError::Redirect(target.to_owned()))
            }
            status => Err(SourceError::Status(status)),
        }
    }

    fn request(&self, ask: &Ask<'_>) -> reqwest::RequestBuilder {
        let method = if ask.post.is_some() { Method::POST } else { Method::GET };
        let mut request = self.client.request(method, ask.url.clone()).header(ACCEPT, ask.accept);
        if let Some(etag) = ask.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if ask.identity {
            request = request.header(ACCEPT_ENCODING, "identity");
        }
        if let Some(xml) = &ask.post {
            request = request.header(CONTENT_TYPE, "text/xml").body(xml.clone());
        }
        request
    }

    /// "Not now": with the pause that the index asks for, or that is usual.
    fn refusal(&self, status: u16, headers: &HeaderMap) -> SourceError {
        let stated = header(headers, &RETRY_AFTER);
        match stated.and_then(|value| retry_after(value, self.clock.unix())) {
            Some(pause) => SourceError::Pause(pause),
            None if status == 429 => SourceError::Pause(Duration::from_secs(30)),
            None => SourceError::Status(status),
        }
    }
}

fn user_agent(settings: &Settings) -> String {
    const NAME: &str = concat!("indelible-observer/", env!("CARGO_PKG_VERSION"));
    match &settings.contact {
        Some(contact) => format!("{NAME} (+{contact})"),
        None => NAME.to_owned(),
    }
}

/// Another host is another index: what it says is not what this one says.
fn same_host_only(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let origin = attempt.previous().first().map(Url::origin);
    if origin == Some(attempt.url().origin()) && attempt.previous().len() <= REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

async fn read_body(mut response: Response, limit: u64) -> Result<Vec<u8>, SourceError> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(SourceError::TooLarge(limit));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(SourceError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The error with its causes: the outermost says nothing but that a request failed.
fn transport(error: &reqwest::Error) -> SourceError {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    SourceError::Transport(text)
}
