//! Submits statements over gRPC. What the log answers is no proof of anything.

use bytes::Bytes;
use indelible_proto::v1;
use indelible_proto::v1::enrol_key_response::Outcome;
use tonic::{Code, Status};

use super::receipt;
use super::signer::{SignedExpectation, SignedKeyChange};
use crate::answer::VerifiedInclusion;
use crate::client::Client;
use crate::error::{Error, Undecided};
use crate::grpc::Wire;

/// Most expectations that a log takes at once: all of them are logged, or none.
pub const MAX_EXPECTATIONS: usize = 1_000;

/// What became of a change of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOutcome {
    /// It is logged.
    Logged(Box<VerifiedInclusion>),
    /// It waits for the log's operator.
    Pending,
}

impl Client {
    /// Submits expectations and proves that they are logged, in their order. What the same key stated
    /// before stands where it was.
    ///
    /// # Errors
    /// [`Error`] if they are not taken, or it is not proved that they are. Of more than
    /// [`MAX_EXPECTATIONS`] some may be logged then; sending them again does no harm.
    pub async fn expect(
        &mut self,
        statements: &[SignedExpectation],
    ) -> Result<Vec<VerifiedInclusion>, Error> {
        let mut logged = Vec::with_capacity(statements.len());
        for statements in statements.chunks(MAX_EXPECTATIONS) {
            self.prepare()?;
            let expectations = statements.iter().map(v1::Expectation::from).collect();
            let answer = self.wire().expect(v1::ExpectRequest { expectations }).await?;
            if answer.indexes.len() != statements.len() {
                return Err(Error::malformed("not one position for each expectation"));
            }
            let proven = self.prove(&answer.indexes, &answer.checkpoint).await?;
            for (statement, inclusion) in statements.iter().zip(&proven) {
                receipt::check_expectation(statement, inclusion)?;
            }
            logged.extend(proven);
        }
        Ok(logged)
    }

    /// Submits a change of keys and, unless it waits for the log's operator, proves that it is logged.
    ///
    /// # Errors
    /// [`Error`] if it is not taken, or it is not proved that it is.
    pub async fn change_keys(&mut self, statement: &SignedKeyChange) -> Result<KeyOutcome, Error> {
        self.prepare()?;
        let answer = self.wire().enrol_key(statement.into()).await?;
        match answer.outcome {
            Some(Outcome::Logged(v1::KeyLogged { index, checkpoint })) => {
                let proven = self.prove(&[index], &checkpoint).await?;
                let inclusion = proven.into_iter().next();
                let inclusion = inclusion.ok_or_else(|| Error::malformed("no position"))?;
                receipt::check_key_change(statement, &inclusion)?;
                Ok(KeyOutcome::Logged(Box::new(inclusion)))
            }
            Some(Outcome::Pending(v1::KeyPending {})) => Ok(KeyOutcome::Pending),
            None => Err(Error::malformed("neither a position nor that it waits")),
        }
    }

    /// Proves what is at the positions of a receipt.
    async fn prove(
        &mut self,
        indexes: &[u64],
        checkpoint: &Bytes,
    ) -> Result<Vec<VerifiedInclusion>, Error> {
        let checkpoint = self.accept(checkpoint).await?;
        receipt::prove(self.wire(), &checkpoint, indexes).await
    }
}

impl From<&SignedExpectation> for v1::Expectation {
    fn from(statement: &SignedExpectation) -> v1::Expectation {
        let SignedExpectation { expectation, key, signature } = statement;
        v1::Expectation {
            project: expectation.project.to_string(),
            version: expectation.version.clone(),
            filename: expectation.filename.clone(),
            sha256: Bytes::copy_from_slice(expectation.sha256.as_bytes()),
            key: key.to_string(),
            signature: Bytes::copy_from_slice(signature.as_bytes()),
        }
    }
}

impl From<&SignedKeyChange> for v1::EnrolKeyRequest {
    fn from(statement: &SignedKeyChange) -> v1::EnrolKeyRequest {
        let SignedKeyChange { change, by, signature } = statement;
        v1::EnrolKeyRequest {
            project: change.project.to_string(),
            action: change.action.to_string(),
            key: change.key.to_string(),
            by: by.to_string(),
            signature: Bytes::copy_from_slice(signature.as_bytes()),
        }
    }
}

impl Wire {
    async fn expect(&self, request: v1::ExpectRequest) -> Result<v1::ExpectResponse, Error> {
        let answer = self.submit().expect(request).await;
        Ok(answer.map_err(|status| self.not_taken(status))?.into_inner())
    }

    async fn enrol_key(&self, request: v1::EnrolKeyRequest) -> Result<v1::EnrolKeyResponse, Error> {
        let answer = self.submit().enrol_key(request).await;
        Ok(answer.map_err(|status| self.not_taken(status))?.into_inner())
    }

    /// Sorts out whether the statement is wrong, or the log does not take any.
    fn not_taken(&self, status: Status) -> Error {
        let message = status.message().to_owned();
        match (status.code(), self.error(status)) {
            (_, error @ Error::Undecided(Undecided::Network { .. })) => error,
            (Code::InvalidArgument | Code::PermissionDenied, _) => {
                Undecided::Statement(message).into()
            }
            (Code::FailedPrecondition | Code::ResourceExhausted | Code::Unavailable, _) => {
                Undecided::NotNow(message).into()
            }
            (Code::Unimplemented, _) => Undecided::NoStatements.into(),
            (_, error) => error,
        }
    }
}
