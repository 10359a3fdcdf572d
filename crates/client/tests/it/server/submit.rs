//! Takes what publishers say.

use futures::stream;
use indelible_proto::v1;
use indelible_proto::v1::enrol_key_response::Outcome;
use indelible_proto::v1::submit_server::Submit;
use record::{
    Digest, Entry, ExpectedEntry, KeyAction, KeyEntry, Parsed, ProjectName, PublicKey,
    PublisherState, Signature,
};
use tlog::LeafIndex;
use tonic::{Request, Response, Status};

use super::{Lie, Server};
use crate::log::{ORIGIN, TestLog, project, time};

#[tonic::async_trait]
impl Submit for Server {
    type ObserveStream = stream::Empty<Result<v1::ObserveResponse, Status>>;

    async fn observe(
        &self,
        _: Request<tonic::Streaming<v1::ObserveRequest>>,
    ) -> Result<Response<Self::ObserveStream>, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn expect(
        &self,
        request: Request<v1::ExpectRequest>,
    ) -> Result<Response<v1::ExpectResponse>, Status> {
        let mut indexes = Vec::new();
        for asked in request.into_inner().expectations {
            indexes.push(self.log_statement(expected(asked))?);
        }
        let (served, size) = (self.served(), self.served().log.size());
        match served.lie {
            Lie::ReceiptElsewhere => indexes[0] -= 1,
            Lie::ReceiptShort => drop(indexes.pop()),
            Lie::ReceiptUncovered => indexes[0] = size,
            _ => {}
        }
        Ok(Response::new(v1::ExpectResponse { indexes, checkpoint: served.note() }))
    }

    async fn enrol_key(
        &self,
        request: Request<v1::EnrolKeyRequest>,
    ) -> Result<Response<v1::EnrolKeyResponse>, Status> {
        if self.served().lie == Lie::KeyPending {
            let outcome = Some(Outcome::Pending(v1::KeyPending {}));
            return Ok(Response::new(v1::EnrolKeyResponse { outcome }));
        }
        let mut index = self.log_statement(key(request.into_inner()))?;
        let served = self.served();
        if served.lie == Lie::ReceiptElsewhere {
            index -= 1;
        }
        let logged = v1::KeyLogged { index, checkpoint: served.note() };
        Ok(Response::new(v1::EnrolKeyResponse { outcome: Some(Outcome::Logged(logged)) }))
    }

    async fn pending_keys(
        &self,
        _: Request<v1::PendingKeysRequest>,
    ) -> Result<Response<v1::PendingKeysResponse>, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn refuse_key(
        &self,
        _: Request<v1::RefuseKeyRequest>,
    ) -> Result<Response<v1::RefuseKeyResponse>, Status> {
        Err(Status::unimplemented("not needed here"))
    }
}

impl Server {
    /// Logs what counts, unless it is there already, and tells where it is.
    fn log_statement(&self, entry: Entry) -> Result<u64, Status> {
        let (served, name) = (self.served(), entry.project().unwrap().clone());
        match served.lie {
            Lie::NotNow => return Err(Status::unavailable("the log is read-only")),
            Lie::NoStatements => return Err(Status::unimplemented("unknown method")),
            _ => {}
        }
        let mut state = state(&served.log, &name);
        let next = LeafIndex::new(served.log.size()).unwrap();
        if let Entry::Expected(expected) = &entry
            && let Some(known) = state.known(&expected.filename, &expected.sha256, &expected.key)
        {
            return Ok(known.get());
        }
        let counts = state.apply(next, &entry);
        counts.map_err(|refusal| Status::permission_denied(refusal.to_string()))?;
        self.append(&[altered(entry, served.lie)]);
        Ok(next.get())
    }
}

fn altered(entry: Entry, lie: Lie) -> Entry {
    match entry {
        Entry::Expected(expected) if lie == Lie::ReceiptAltered => {
            Entry::Expected(ExpectedEntry { sha256: Digest::sha256(b"altered"), ..expected })
        }
        Entry::Key(key) if lie == Lie::ReceiptAltered => {
            Entry::Key(KeyEntry { action: KeyAction::Revoke, ..key })
        }
        entry => entry,
    }
}

fn state(log: &TestLog, name: &ProjectName) -> PublisherState {
    let mut state = PublisherState::new(ORIGIN, name.clone());
    for (index, bytes) in (0..).zip(&log.entries) {
        if let Ok(Parsed::Known(entry)) = Entry::parse(bytes) {
            let _ = state.apply(LeafIndex::new(index).unwrap(), &entry);
        }
    }
    state
}

fn expected(asked: v1::Expectation) -> Entry {
    Entry::Expected(ExpectedEntry {
        project: project(&asked.project),
        version: asked.version,
        filename: asked.filename,
        sha256: Digest::from(<[u8; 32]>::try_from(asked.sha256.as_ref()).unwrap()),
        key: PublicKey::parse(&asked.key).unwrap(),
        signature: Signature::new(asked.signature.to_vec()).unwrap(),
        received: time(7),
    })
}

fn key(asked: v1::EnrolKeyRequest) -> Entry {
    Entry::Key(KeyEntry {
        project: project(&asked.project),
        action: KeyAction::parse(&asked.action).unwrap(),
        key: PublicKey::parse(&asked.key).unwrap(),
        by: asked.by,
        signature: Signature::new(asked.signature.to_vec()).ok(),
        received: time(7),
    })
}
