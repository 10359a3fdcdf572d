//! Reading a log back over gRPC, and what `tlog` makes of its entries.

use std::ops::Range;

use bytes::Bytes;
use indelible_proto::v1::log_client::LogClient;
use indelible_proto::v1::{
    GetCheckpointRequest, GetConsistencyProofRequest, GetEntriesRequest, GetEntriesResponse,
    GetInclusionProofRequest,
};
use tlog::{CompactRange, Hash, LeafIndex, RightEdge, TilePath, TreeHead, TreeSize, leaf_hash};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use super::{LIMIT, Server};

/// Longest answer: a look-up of as many entries as there may be.
const MAX_ANSWER: usize = 64 << 20;

/// A gRPC connection.
pub(crate) async fn connect(server: &Server) -> Channel {
    let endpoint = Endpoint::from_shared(server.url.clone()).unwrap().timeout(LIMIT);
    endpoint.connect().await.unwrap()
}

/// Asks a log over gRPC and passes the answers on as they are.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) log: LogClient<Channel>,
}

impl Reader {
    pub(crate) async fn open(server: &Server) -> Reader {
        Reader { log: LogClient::new(connect(server).await).max_decoding_message_size(MAX_ANSWER) }
    }

    pub(crate) async fn checkpoint(&mut self) -> Bytes {
        let answer = self.log.get_checkpoint(GetCheckpointRequest {}).await.unwrap();
        answer.into_inner().checkpoint
    }

    /// The messages of one `GetEntries` call.
    pub(crate) async fn messages(
        &mut self,
        start: u64,
        end: Option<u64>,
    ) -> Result<Vec<GetEntriesResponse>, Status> {
        let request = GetEntriesRequest { start, end };
        let mut stream = self.log.get_entries(request).await?.into_inner();
        let mut messages = Vec::new();
        while let Some(message) = stream.message().await? {
            messages.push(message);
        }
        Ok(messages)
    }

    /// Entries of a range.
    pub(crate) async fn entries(&mut self, range: Range<u64>) -> Vec<Bytes> {
        let messages = self.messages(range.start, Some(range.end)).await.unwrap();
        messages.into_iter().flat_map(|message| message.entries).collect()
    }

    /// All entries that are published.
    pub(crate) async fn tree(&mut self) -> Tree {
        let messages = self.messages(0, None).await.unwrap();
        Tree { entries: messages.into_iter().flat_map(|message| message.entries).collect() }
    }

    /// Hashes of an inclusion proof, and the entry.
    pub(crate) async fn inclusion(
        &mut self,
        index: u64,
        size: Option<u64>,
    ) -> Result<(Vec<Hash>, Bytes), Status> {
        let request = GetInclusionProofRequest { index, size };
        let answer = self.log.get_inclusion_proof(request).await?.into_inner();
        assert_eq!(answer.index, index);
        assert!(size.is_none_or(|size| answer.size == size));
        Ok((hashes(&answer.hashes), answer.entry))
    }

    /// Hashes of a consistency proof.
    pub(crate) async fn consistency(
        &mut self,
        from: u64,
        to: Option<u64>,
    ) -> Result<Vec<Hash>, Status> {
        let request = GetConsistencyProofRequest { from, to };
        let answer = self.log.get_consistency_proof(request).await?.into_inner();
        assert_eq!(answer.from, from);
        assert!(to.is_none_or(|to| answer.to == to));
        Ok(hashes(&answer.hashes))
    }
}

/// Entries, and the tree that they make.
pub(crate) struct Tree {
    pub(crate) entries: Vec<Bytes>,
}

impl Tree {
    pub(crate) fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The head of the first `count` entries.
    pub(crate) fn head(&self, count: u64) -> TreeHead {
        let mut range = CompactRange::new();
        for entry in self.first(count) {
            range.append(leaf_hash(entry)).unwrap();
        }
        range.head()
    }

    /// Every tile and bundle of the tree of the first `count` entries at its widest.
    pub(crate) fn objects(&self, count: u64) -> Vec<(TilePath, Vec<u8>)> {
        RightEdge::empty().append(self.first(count)).unwrap().objects
    }

    fn first(&self, count: u64) -> &[Bytes] {
        &self.entries[..usize::try_from(count).unwrap()]
    }
}

pub(crate) fn hashes(bytes: &[Bytes]) -> Vec<Hash> {
    bytes.iter().map(|hash| Hash::new(hash.as_ref().try_into().unwrap())).collect()
}

pub(crate) fn index(index: u64) -> LeafIndex {
    LeafIndex::new(index).unwrap()
}

pub(crate) fn size(size: u64) -> TreeSize {
    TreeSize::new(size).unwrap()
}
