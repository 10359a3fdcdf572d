//! What is asked for: positions, sizes and keys all over a log, whatever it holds.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use client::LookupKey;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use indelible_proto::v1::log_client::LogClient;
use indelible_proto::v1::lookup_request::Key;
use indelible_proto::v1::{GetConsistencyProofRequest, GetInclusionProofRequest, LookupRequest};
use record::{Entry, Parsed};
use tlog::{FULL_WIDTH, TileKind, TilePath};
use tonic::transport::{Channel, Endpoint};

use crate::load::{framed, get};
use crate::process::Server;
use crate::submit::{Submissions, Until, streams, submit};

/// Entries that are looked at to know of what there is.
const SAMPLE: u64 = 5_000;
/// Requests that are made of them.
const REQUESTS: u64 = 65_536;
/// Numbers of facts that are added only to have an epoch: no log is filled with these.
const ADDED: u64 = 1 << 40;
const IN_FLIGHT: usize = 64;

/// The `number`-th of places all over `size`.
pub(crate) const fn spread(number: u64, size: u64) -> u64 {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)) % size
}

/// What is known of a log to ask about.
#[derive(Debug)]
pub(crate) struct WorkingSet {
    /// Entries.
    pub(crate) size: u64,
    /// Bytes of an entry on the average.
    pub(crate) entry_bytes: f64,
    files: Vec<(String, record::Digest)>,
}

/// A gRPC client of the server.
///
/// # Errors
/// It can not be reached.
pub(crate) async fn reader(server: &Server) -> anyhow::Result<LogClient<Channel>> {
    let channel = Endpoint::from_shared(server.url())?.connect().await?;
    Ok(LogClient::new(channel).max_decoding_message_size(64 << 20))
}

impl WorkingSet {
    /// Adds an entry to the log, so that an epoch covers all of it, and looks at some of the entries.
    ///
    /// # Errors
    /// The server does not answer, or the log is empty.
    pub(crate) async fn sample(server: &Server) -> anyhow::Result<WorkingSet> {
        let reader = reader(server).await?;
        let before = proof(&reader, 0).await?.size;
        let one = Submissions { facts: 1, in_flight: 1, until: Until::Facts(1) };
        submit(&streams(&server.url(), 1).await?, ADDED + before, one).await?;
        let size = covered(&reader).await?;
        let entries: Vec<Bytes> = stream::iter(0..SAMPLE)
            .map(|number| proof(&reader, spread(number, size)))
            .buffer_unordered(IN_FLIGHT)
            .map_ok(|answer| answer.entry)
            .try_collect()
            .await?;
        let bytes: usize = entries.iter().map(Bytes::len).sum();
        let file = |entry: &Bytes| match Entry::parse(entry) {
            Ok(Parsed::Known(Entry::File(file))) => Some((file.filename, file.sha256)),
            _ => None,
        };
        let files: Vec<_> = entries.iter().filter_map(file).collect();
        ensure!(!files.is_empty(), "the log has no files");
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
        let entry_bytes = bytes as f64 / entries.len() as f64;
        Ok(WorkingSet { size, entry_bytes, files })
    }

    /// Requests for inclusion proofs.
    pub(crate) fn inclusion(&self) -> Vec<Bytes> {
        let request = |number| GetInclusionProofRequest { index: self.place(number), size: None };
        (0..REQUESTS).map(|number| framed(&request(number))).collect()
    }

    /// The position that the request of this number asks for.
    pub(crate) const fn place(&self, number: u64) -> u64 {
        spread(number % REQUESTS, self.size)
    }

    /// Requests for consistency proofs to the newest head.
    pub(crate) fn consistency(&self) -> Vec<Bytes> {
        let request = |number| GetConsistencyProofRequest { from: self.place(number), to: None };
        (0..REQUESTS).map(|number| framed(&request(number))).collect()
    }

    /// Requests for look-ups of the same keys as [`keys`](Self::keys).
    pub(crate) fn lookups(&self) -> Vec<Bytes> {
        self.keys(REQUESTS).iter().map(|key| framed(&request(key))).collect()
    }

    /// Keys: half of them hashes, a quarter filenames, a quarter absent filenames.
    pub(crate) fn keys(&self, count: u64) -> Vec<LookupKey> {
        let key = |(number, (filename, sha256)): (u64, &(String, record::Digest))| match number % 4
        {
            0 | 1 => LookupKey::Sha256(*sha256),
            2 => LookupKey::File(filename.clone()),
            _ => LookupKey::File(format!("absent-{number}.tar.gz")),
        };
        (0..count).zip(self.files.iter().cycle()).map(key).collect()
    }

    /// Requests for full tiles of the lowest level.
    ///
    /// # Errors
    /// The log is too small to have one.
    pub(crate) fn tiles(&self) -> anyhow::Result<Vec<Bytes>> {
        let full = self.size / u64::from(FULL_WIDTH);
        ensure!(full > 0, "the log has no full tile");
        let kind = TileKind::Hashes(0);
        let tile = |number| TilePath::new(kind, spread(number, full), FULL_WIDTH);
        let requests = (0..REQUESTS).map(|number| Ok(get(&format!("/{}", tile(number)?))));
        requests.collect()
    }
}

/// A key on the wire.
pub(crate) fn request(key: &LookupKey) -> LookupRequest {
    let key = match key {
        LookupKey::File(name) => Key::Filename(name.clone()),
        LookupKey::Project(name) => Key::Project(name.to_string()),
        LookupKey::Sha256(digest) => Key::Sha256(digest.to_string()),
    };
    LookupRequest { key: Some(key) }
}

async fn proof(
    reader: &LogClient<Channel>,
    index: u64,
) -> anyhow::Result<indelible_proto::v1::GetInclusionProofResponse> {
    let request = GetInclusionProofRequest { index, size: None };
    Ok(reader.clone().get_inclusion_proof(request).await?.into_inner())
}

/// Waits until the newest entry is an epoch, and says how many entries there are.
async fn covered(reader: &LogClient<Channel>) -> anyhow::Result<u64> {
    for _ in 0..3000 {
        let size = proof(reader, 0).await?.size;
        let newest = proof(reader, size - 1).await?;
        if matches!(Entry::parse(&newest.entry), Ok(Parsed::Known(Entry::Epoch(_)))) {
            return Ok(size);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    None.context("the log does not write an epoch")
}
