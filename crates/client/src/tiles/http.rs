//! Files that a server serves.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode};

use super::Files;
use crate::error::{Error, Undecided};
use crate::trust::LogUrl;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a log may be silent in the middle of a file.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Waits before a file is asked for again, one a retry.
const RETRY_AFTER: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// The files below a URL.
#[derive(Debug)]
pub(super) struct Served {
    http: reqwest::Client,
    url: LogUrl,
}

impl Served {
    pub(super) fn new(url: LogUrl) -> Result<Served, Error> {
        let mut headers = HeaderMap::new();
        if url.is_loopback() {
            // What is compressed all the same is understood.
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        let http = reqwest::Client::builder()
            .user_agent(crate::USER_AGENT)
            .default_headers(headers)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build()
            .map_err(|error| Undecided::network(&url, error))?;
        Ok(Served { http, url })
    }

    async fn get_once(&self, url: &str, limit: usize) -> Result<Option<Bytes>, Error> {
        let answer = self.http.get(url).send().await;
        let answer = answer.map_err(|error| Undecided::network(url, error.without_url()))?;
        match answer.status() {
            StatusCode::OK => read_body(answer, url, limit).await.map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(Undecided::Refused(format!("{status} for {url}")).into()),
        }
    }
}

#[async_trait]
impl Files for Served {
    async fn get(&self, path: &str, limit: usize) -> Result<Option<Bytes>, Error> {
        let url = self.url.join(&path);
        for wait in RETRY_AFTER {
            match self.get_once(&url, limit).await {
                Err(Error::Undecided(Undecided::Network { .. } | Undecided::Refused(_))) => {
                    tokio::time::sleep(wait).await;
                }
                settled => return settled,
            }
        }
        self.get_once(&url, limit).await
    }

    fn place(&self) -> String {
        self.url.to_string()
    }
}

/// Reads a body, after decompression, as far as `limit`.
async fn read_body(mut answer: Response, url: &str, limit: usize) -> Result<Bytes, Error> {
    let stated = answer.content_length().and_then(|length| usize::try_from(length).ok());
    let mut body = BytesMut::with_capacity(stated.map_or(0, |length| length.min(limit)));
    let broken = |error: reqwest::Error| Undecided::network(url, error.without_url());
    while let Some(chunk) = answer.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > limit {
            return Err(Error::malformed(format_args!("{url} has more than {limit} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
