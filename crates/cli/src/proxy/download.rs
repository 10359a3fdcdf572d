//! A file on its way through: nobody gets all of it before its hash is known.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::Response;
use hyper::body::Frame;
use record::Digest;
use reqwest::Url;
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{self, Body};
use super::index::{Index, unreachable_index};
use super::refusal::Refusal;
use super::service::say;

/// Files up to this length in bytes are checked before the first byte is sent: who asked is told why
/// there is nothing. Of longer ones the end is held back, and a wrong one never arrives whole.
const CHECKED_FIRST: usize = 8 << 20;
/// How long a file is checked before it begins to be sent all the same: clients do not wait for ever.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a client may take nothing.
const STALL: Duration = Duration::from_secs(60);
/// Most files on their way at once.
const MAX_DOWNLOADS: usize = 32;
/// For how long, and of how many files, it is remembered that they were cut off for being wrong.
const REMEMBERED: (Duration, usize) = (Duration::from_secs(10), 64);

/// The files on their way.
#[derive(Debug)]
pub(super) struct Downloads {
    permits: Arc<Semaphore>,
    wrong: Arc<Wrong>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// The file's name, for people.
    pub(super) name: String,
    /// Where the index has it.
    pub(super) url: Url,
    /// The hash that it has to have; `None` lets it pass unchecked.
    pub(super) sha256: Option<Digest>,
}

/// Files that were cut off for being wrong a short while ago: who asks again at once is told.
#[derive(Debug, Default)]
struct Wrong(Mutex<VecDeque<(Instant, Url, Refusal)>>);

impl Downloads {
    pub(super) fn new() -> Downloads {
        let permits = Arc::new(Semaphore::new(MAX_DOWNLOADS));
        Downloads { permits, wrong: Arc::default() }
    }

    /// Fetches what is wanted, checks it, and answers with it.
    pub(super) async fn fetch(
        &self,
        index: &Index,
        wanted: Wanted,
    ) -> Result<Response<Body>, Refusal> {
        if let Some(refusal) = self.wrong.recall(&wanted.url) {
            return Err(refusal);
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let from = index.file(&wanted.url).await?;
        let stated = from.content_length();
        let cached = wanted.sha256.is_some();
        let wrong = Arc::clone(&self.wrong);
        let (held, hasher) = (VecDeque::new(), Sha256::new());
        let mut passing = Passing { from, wanted, hasher, held, wrong, _permit: permit };
        if !passing.read_first().await? {
            return Ok(answer::file(passing.into_body(), stated, cached));
        }
        passing.check()?;
        let length = passing.held.iter().map(|chunk| chunk.len() as u64).sum();
        let frames = passing.held.into_iter().map(|chunk| Ok(Frame::data(chunk)));
        Ok(answer::file(StreamBody::new(stream::iter(frames)).boxed(), Some(length), cached))
    }
}

/// A file of which some was read.
struct Passing {
    from: reqwest::Response,
    wanted: Wanted,
    hasher: Sha256,
    held: VecDeque<Bytes>,
    wrong: Arc<Wrong>,
    _permit: OwnedSemaphorePermit,
}

impl Passing {
    /// Reads the file, if it is short; tells whether it was.
    async fn read_first(&mut self) -> Result<bool, Refusal> {
        let deadline = Instant::now() + PATIENCE;
        let mut length = 0;
        while length <= CHECKED_FIRST {
            match timeout_at(deadline, self.read()).await {
                Ok(read) => match read.map_err(unreachable_index)? {
                    Some(more) => length += more,
                    None => return Ok(true),
                },
                Err(_) => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Reads on and returns how much; `None` at the end.
    async fn read(&mut self) -> Result<Option<usize>, reqwest::Error> {
        let Some(chunk) = self.from.chunk().await? else { return Ok(None) };
        let length = chunk.len();
        self.hasher.update(&chunk);
        if length > 0 {
            self.held.push_back(chunk);
        }
        Ok(Some(length))
    }

    /// Whether all that was read has the right hash.
    fn check(&self) -> Result<(), Refusal> {
        let got = Digest::from(<[u8; Digest::SIZE]>::from(self.hasher.clone().finalize()));
        let Some(expected) = self.wanted.sha256.filter(|expected| *expected != got) else {
            return Ok(());
        };
        let name = &self.wanted.name;
        let refusal = Refusal::refused(format!(
            "content: what the index sent for {name} has sha256 {got}, but {expected} is right"
        ));
        Err(refusal)
    }

    /// Sends what was read and what is still to come, the end of it after the check.
    fn into_body(self) -> Body {
        let (sender, mut receiver) = mpsc::channel(1);
        tokio::spawn(self.send(sender));
        let frames = stream::poll_fn(move |context| receiver.poll_recv(context));
        StreamBody::new(frames).boxed()
    }

    async fn send(mut self, to: mpsc::Sender<io::Result<Frame<Bytes>>>) {
        loop {
            while self.held.len() > 1 {
                let Some(chunk) = self.held.pop_front() else { break };
                if !deliver(&to, Ok(Frame::data(chunk))).await {
                    return;
                }
            }
            let last = match self.read().await {
                Ok(Some(_)) => continue,
                Ok(None) => self.check().map_err(|refusal| {
                    say(&format!("cut off: {}", refusal.detail));
                    self.wrong.remember(&self.wanted.url, &refusal);
                    io::Error::other(refusal.detail)
                }),
                Err(error) => Err(io::Error::other(error.without_url())),
            };
            let rest = self.held.pop_front().unwrap_or_default();
            deliver(&to, last.map(|()| Frame::data(rest))).await;
            return;
        }
    }
}

/// Whether the client still takes what it asked for.
async fn deliver(
    to: &mpsc::Sender<io::Result<Frame<Bytes>>>,
    frame: io::Result<Frame<Bytes>>,
) -> bool {
    matches!(timeout(STALL, to.send(frame)).await, Ok(Ok(())))
}

impl Wrong {
    fn recall(&self, url: &Url) -> Option<Refusal> {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.retain(|(since, _, _)| since.elapsed() < REMEMBERED.0);
        let found = wrong.iter().find(|(_, known, _)| known == url);
        found.map(|(_, _, refusal)| refusal.clone())
    }

    fn remember(&self, url: &Url, refusal: &Refusal) {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.push_front((Instant::now(), url.clone(), refusal.clone()));
        wrong.truncate(REMEMBERED.1);
    }
}
