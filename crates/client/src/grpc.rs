//! The log's gRPC service. What it answers is unverified and stays within this crate.

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use indelible_proto::v1;
use indelible_proto::v1::log_client::LogClient;
use indelible_proto::v1::submit_client::SubmitClient;
use tlog::{ConsistencyProof, Hash, TreeHead, TreeSize, leaf_hash, node_hash};
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::answer;
use crate::channel;
use crate::error::{Error, Undecided};
use crate::head::{History, Past, last_index};
use crate::trust::LogUrl;

/// Largest answer in bytes: 20,000 entries of a usual size with their proofs, several times over.
const MAX_ANSWER: usize = 64 << 20;

/// A connection to the log, made when it is first used.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    client: LogClient<Channel>,
    submit: SubmitClient<Channel>,
    url: LogUrl,
}

impl Wire {
    pub(crate) fn new(url: LogUrl) -> Result<Wire, Undecided> {
        let channel = channel::to(&url).map_err(|error| Undecided::network(&url, error))?;
        let submit = SubmitClient::new(channel.clone());
        let client = LogClient::new(channel).max_decoding_message_size(MAX_ANSWER);
        Ok(Wire { client, submit, url })
    }

    /// The writing side of the service.
    pub(crate) fn submit(&self) -> SubmitClient<Channel> {
        self.submit.clone()
    }

    pub(crate) async fn checkpoint(&self) -> Result<Bytes, Error> {
        let request = v1::GetCheckpointRequest {};
        let answer = self.client.clone().get_checkpoint(request).await;
        Ok(answer.map_err(|status| self.error(status))?.into_inner().checkpoint)
    }

    pub(crate) async fn inclusion(
        &self,
        index: u64,
        size: Option<TreeSize>,
    ) -> Result<v1::GetInclusionProofResponse, Error> {
        let request = v1::GetInclusionProofRequest { index, size: size.map(TreeSize::get) };
        let answer = self.client.clone().get_inclusion_proof(request).await;
        Ok(answer.map_err(|status| self.error(status))?.into_inner())
    }

    pub(crate) async fn consistency(
        &self,
        from: TreeSize,
        to: Option<TreeSize>,
    ) -> Result<v1::GetConsistencyProofResponse, Error> {
        let request =
            v1::GetConsistencyProofRequest { from: from.get(), to: to.map(TreeSize::get) };
        let answer = self.client.clone().get_consistency_proof(request).await;
        let answer = answer.map_err(|status| self.error(status))?.into_inner();
        if answer.from != from.get() || to.is_some_and(|to| to.get() != answer.to) {
            return Err(Error::malformed("a proof between other sizes"));
        }
        Ok(answer)
    }

    pub(crate) async fn lookup(
        &self,
        key: v1::lookup_request::Key,
    ) -> Result<v1::LookupResponse, Error> {
        let request = v1::LookupRequest { key: Some(key) };
        let answer = self.client.clone().lookup(request).await;
        Ok(answer.map_err(|status| self.error(status))?.into_inner())
    }

    pub(crate) async fn batch_lookup(
        &self,
        messages: Vec<v1::BatchLookupRequest>,
    ) -> Result<tonic::Streaming<v1::BatchLookupResponse>, Error> {
        let request = futures::stream::iter(messages);
        let answer = self.client.clone().batch_lookup(request).await;
        Ok(answer.map_err(|status| self.error(status))?.into_inner())
    }

    pub(crate) async fn watch(
        &self,
        start: u64,
        projects: Vec<String>,
    ) -> Result<tonic::Streaming<v1::WatchResponse>, Error> {
        let request = v1::WatchRequest { start, projects };
        let answer = self.client.clone().watch(request).await;
        Ok(answer.map_err(|status| self.error(status))?.into_inner())
    }

    /// Sorts out whether the log answered with an error, or did not answer.
    pub(crate) fn error(&self, status: Status) -> Error {
        let url = &self.url;
        let answered = StdError::source(&status).is_none();
        match status.code() {
            Code::Unknown | Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded
                if !answered =>
            {
                Undecided::network(url, Unanswered(status))
            }
            Code::ResourceExhausted => Undecided::TooMany(status.message().to_owned()),
            _ => Undecided::Refused(format!("{} ({:?})", status.message(), status.code())),
        }
        .into()
    }

    /// Root of the tree of `size` entries as the log tells it; unverified.
    ///
    /// All hashes of the last entry's inclusion proof are of nodes to its left.
    async fn claimed_root(&self, size: TreeSize) -> Result<Hash, Error> {
        let answer = self.inclusion(last_index(size).get(), Some(size)).await?;
        let path = answer::proof_hashes(&answer.hashes)?;
        Ok(path.iter().fold(leaf_hash(&answer.entry), |root, left| node_hash(left, &root)))
    }
}

/// A call that did not come to the log's answer. What tonic adds to the network's words is left out.
#[derive(Debug)]
struct Unanswered(Status);

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

impl StdError for Unanswered {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()?.source()
    }
}

impl History for Wire {
    async fn past(&self, newer: TreeHead, older: TreeHead) -> Result<Past, Error> {
        let answer = self.consistency(older.size, Some(newer.size)).await?;
        let proof = ConsistencyProof::new(answer::proof_hashes(&answer.hashes)?);
        if let Ok(past) = Past::verify(newer, older.size, older.root, proof.clone()) {
            return Ok(past);
        }
        // Either the proof is false, or the older root is not what the newer tree has there.
        let root = self.claimed_root(older.size).await?;
        Past::verify(newer, older.size, root, proof).map_err(|error| {
            let (older, newer) = (older.size, newer.size);
            Error::proof(format_args!("the step from size {older} to size {newer}"), error)
        })
    }
}
