//! What publishers and the operator call: `Expect`, `EnrolKey`, `PendingKeys`, `RefuseKey`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use client::publish::MAX_EXPECTATIONS;
use record::{
    ExpectedEntry, KeyAction, KeyEntry, KeyRefusal, ProjectName, PublicKey, Signature, Timestamp,
};
use tokio::sync::OwnedMutexGuard;
use tonic::{Code, Status};

use super::facts;
use super::submit::submit_status;
use super::v1::{self, enrol_key_response::Outcome};
use crate::clock::Clock;
use crate::publishers::{Enrolment, Pending, PendingError, Publisher, RateLimit, TooFast};
use crate::sequencer::{Receipt, Sequencer, SignedExpectation};

/// Takes what publishers state. Signatures are verified here, before anything waits for the sequencer;
/// whether the keys speak for the project, the sequencer decides.
#[derive(Clone)]
pub struct PublisherDesk {
    sequencer: Sequencer,
    pending: Arc<Pending>,
    enrolment: Enrolment,
    rate: Arc<RateLimit>,
    clock: Clock,
}

impl PublisherDesk {
    /// Submits to `sequencer`; keeps in `pending` what the operator has to decide.
    pub fn new(
        sequencer: Sequencer,
        pending: Pending,
        enrolment: Enrolment,
        rate: RateLimit,
        clock: Clock,
    ) -> PublisherDesk {
        let (pending, rate) = (Arc::new(pending), Arc::new(rate));
        PublisherDesk { sequencer, pending, enrolment, rate, clock }
    }

    /// Logs expectations, all or none.
    pub(super) async fn expect(
        &self,
        request: v1::ExpectRequest,
    ) -> Result<v1::ExpectResponse, Status> {
        let count = request.expectations.len();
        let outcome = self.log_expectations(request).await;
        count_outcome("indelible_expectations_total", count as u64, outcome.as_ref().err());
        let receipt = outcome?;
        let indexes = receipt.positions.iter().map(|position| position.get()).collect();
        Ok(v1::ExpectResponse { indexes, checkpoint: receipt.published.note.clone() })
    }

    async fn log_expectations(&self, request: v1::ExpectRequest) -> Result<Receipt, Status> {
        let count = request.expectations.len();
        if count == 0 || count > MAX_EXPECTATIONS {
            let why = format!("1 to {MAX_EXPECTATIONS} expectations a request, not {count}");
            return Err(Status::invalid_argument(why));
        }
        let received = (self.clock)();
        let entries = request.expectations.into_iter().enumerate().map(|(number, expectation)| {
            expected(expectation, received)
                .map_err(|why| Status::invalid_argument(format!("expectation {number}: {why}")))
        });
        let entries = entries.collect::<Result<Vec<_>, Status>>()?;
        self.check_keys(&entries).await?;
        let origin = self.sequencer.publishers().origin().to_owned();
        let verify = move || {
            let verified = entries.into_iter().enumerate().map(|(number, entry)| {
                SignedExpectation::verify(entry, &origin).map_err(|why| {
                    Status::permission_denied(format!("expectation {number} was refused: {why}"))
                })
            });
            verified.collect::<Result<Vec<_>, Status>>()
        };
        // A thousand signatures take long enough to keep others waiting.
        let verified = tokio::task::spawn_blocking(verify).await;
        let verified = verified.map_err(|_| Status::internal("verification broke off"))??;
        self.check_rate(&verified)?;
        self.sequencer.expect(verified).await.map_err(|error| submit_status(&error))
    }

    /// Refuses keys that do not speak for their projects before their signatures cost anything.
    async fn check_keys(&self, entries: &[ExpectedEntry]) -> Result<(), Status> {
        let mut asked: BTreeMap<(&ProjectName, &PublicKey), usize> = BTreeMap::new();
        for (number, entry) in entries.iter().enumerate() {
            asked.entry((&entry.project, &entry.key)).or_insert(number);
        }
        for ((project, key), number) in asked {
            self.publisher(project).await?.state.check_key(key).map_err(|why| {
                Status::permission_denied(format!("expectation {number} was refused: {why}"))
            })?;
        }
        Ok(())
    }

    /// Counts what each key states; only keys that did sign are counted, so nobody can use up what
    /// another may.
    fn check_rate(&self, expectations: &[SignedExpectation]) -> Result<(), Status> {
        let mut counts: BTreeMap<&PublicKey, u32> = BTreeMap::new();
        for expectation in expectations {
            *counts.entry(&expectation.entry().key).or_default() += 1;
        }
        for (key, count) in counts {
            self.rate.check(key, count).map_err(|why| match why {
                TooFast::Wait { .. } => Status::resource_exhausted(why.to_string()),
                TooFast::Never { .. } => Status::failed_precondition(why.to_string()),
            })?;
        }
        Ok(())
    }

    /// Changes the keys of a project, or keeps an enrolment for the operator.
    pub(super) async fn enrol(
        &self,
        request: v1::EnrolKeyRequest,
        is_operator: bool,
    ) -> Result<v1::EnrolKeyResponse, Status> {
        let change = key_change(request, (self.clock)()).map_err(Status::invalid_argument)?;
        let action = change.action;
        let outcome = self.change_key(change, is_operator).await;
        let refused = outcome.as_ref().err();
        let label = refused.map_or(action.as_str(), |_| "refused");
        metrics::counter!("indelible_key_changes_total", "outcome" => label).increment(1);
        Ok(v1::EnrolKeyResponse { outcome: Some(outcome?) })
    }

    async fn change_key(&self, change: KeyEntry, is_operator: bool) -> Result<Outcome, Status> {
        if change.by == KeyEntry::OPERATOR && !is_operator {
            let why = "only the log's operator decides as such, with the token";
            return Err(Status::unauthenticated(why));
        }
        if change.action == KeyAction::Enrol && !is_operator {
            self.check_enrolment(&change).await?;
            if self.enrolment == Enrolment::Approve {
                self.pending.add(change).map_err(|error| pending_status(&error))?;
                return Ok(Outcome::Pending(v1::KeyPending {}));
            }
        }
        let waited = (change.action == KeyAction::Enrol)
            .then(|| (change.project.clone(), change.key.clone()));
        let receipt = self.sequencer.change_key(change).await;
        let receipt = receipt.map_err(|error| submit_status(&error))?;
        if let Some((project, key)) = waited {
            self.pending.remove(&project, &key).map_err(|error| pending_status(&error))?;
        }
        let index = receipt.positions.first().map_or(0, |position| position.get());
        let checkpoint = receipt.published.note.clone();
        Ok(Outcome::Logged(v1::KeyLogged { index, checkpoint }))
    }

    /// Whether somebody who is not the operator may enrol this key, as far as can be told now.
    async fn check_enrolment(&self, change: &KeyEntry) -> Result<(), Status> {
        if self.enrolment == Enrolment::Closed {
            let why = "this log enrols keys by its operator alone: ask the operator";
            return Err(Status::failed_precondition(why));
        }
        let project = &change.project;
        let publisher = self.publisher(project).await?;
        if publisher.state.files().len() == 0 {
            let why = format!(
                "this log has not seen a file of {project} on the index yet, and takes keys of projects \
                 that it knows: publish first, or ask its operator"
            );
            return Err(Status::failed_precondition(why));
        }
        publisher.state.ring().check(change).map_err(|why| key_status(&why))
    }

    /// What the publisher of a project has said, as far as it is published.
    async fn publisher(&self, project: &ProjectName) -> Result<OwnedMutexGuard<Publisher>, Status> {
        let size = self.sequencer.published().head.size;
        let publisher = self.sequencer.publishers().at(project, size).await;
        publisher.map_err(|failure| Status::internal(failure.to_string()))
    }

    /// What waits for the operator.
    pub(super) fn waiting(&self) -> v1::PendingKeysResponse {
        let pending = self.pending.list().into_iter().map(|waiting| {
            let KeyEntry { project, action, key, by, signature, received } = waiting;
            let request = v1::EnrolKeyRequest {
                project: project.to_string(),
                action: action.to_string(),
                key: key.to_string(),
                by,
                signature: signature.map_or_else(Vec::new, |s| s.as_bytes().to_vec()).into(),
            };
            v1::PendingKey { request: Some(request), received: received.unix() }
        });
        v1::PendingKeysResponse { keys: pending.collect() }
    }

    /// Forgets an enrolment that waits.
    pub(super) fn refuse(
        &self,
        request: &v1::RefuseKeyRequest,
    ) -> Result<v1::RefuseKeyResponse, Status> {
        let project = facts::project(&request.project).map_err(Status::invalid_argument)?;
        let key = public_key(&request.key).map_err(Status::invalid_argument)?;
        let found = self.pending.remove(&project, &key).map_err(|error| pending_status(&error))?;
        Ok(v1::RefuseKeyResponse { found })
    }

    /// Forgets now and then what no longer matters, for as long as there is a desk.
    pub fn tidy_up(&self, every: Duration) -> impl Future<Output = ()> + Send + 'static {
        let rate = Arc::downgrade(&self.rate);
        async move {
            loop {
                tokio::time::sleep(every).await;
                let Some(rate) = rate.upgrade() else { return };
                rate.forget_idle();
            }
        }
    }
}

fn expected(sent: v1::Expectation, received: Timestamp) -> Result<ExpectedEntry, String> {
    let entry = ExpectedEntry {
        project: facts::project(&sent.project)?,
        version: sent.version,
        filename: sent.filename,
        sha256: facts::digest("sha256", &sent.sha256)?,
        key: public_key(&sent.key)?,
        signature: signature(&sent.signature)?,
        received,
    };
    record::Entry::from(entry.clone()).to_bytes().map_err(|error| error.to_string())?;
    if !record::Expectation::from(&entry).is_of_its_release() {
        return Err(format!(
            "{:?} is not the name of a file of {} {:?}",
            entry.filename, entry.project, entry.version
        ));
    }
    Ok(entry)
}

fn key_change(sent: v1::EnrolKeyRequest, received: Timestamp) -> Result<KeyEntry, String> {
    let unsigned = sent.signature.is_empty();
    Ok(KeyEntry {
        project: facts::project(&sent.project)?,
        action: KeyAction::parse(&sent.action)
            .ok_or_else(|| format!("action: {:?} is none that the log knows", sent.action))?,
        key: public_key(&sent.key)?,
        by: sent.by,
        signature: if unsigned { None } else { Some(signature(&sent.signature)?) },
        received,
    })
}

fn public_key(text: &str) -> Result<PublicKey, String> {
    PublicKey::parse(text).map_err(|error| format!("key: {error}"))
}

fn signature(bytes: &bytes::Bytes) -> Result<Signature, String> {
    Signature::new(bytes.to_vec()).map_err(|error| format!("signature: {error}"))
}

/// What a publisher is told when the project's keys do not allow a change.
pub(super) fn key_status(why: &KeyRefusal) -> Status {
    let code = match why {
        KeyRefusal::Entry(_) | KeyRefusal::Unsupported(..) => Code::InvalidArgument,
        KeyRefusal::Declared | KeyRefusal::TooMany => Code::FailedPrecondition,
        _ => Code::PermissionDenied,
    };
    Status::new(code, why.to_string())
}

fn pending_status(error: &PendingError) -> Status {
    match error {
        PendingError::Full => Status::resource_exhausted(error.to_string()),
        PendingError::Damaged { .. } | PendingError::Io { .. } => {
            tracing::error!(%error, "enrolments can not be kept");
            Status::internal("the log can not keep enrolments now")
        }
    }
}

fn count_outcome(name: &'static str, count: u64, refused: Option<&Status>) {
    let outcome = match refused.map(Status::code) {
        None => "logged",
        Some(Code::InvalidArgument) => "malformed",
        Some(Code::PermissionDenied) => "not-allowed",
        Some(Code::ResourceExhausted) => "limit",
        Some(_) => "failed",
    };
    metrics::counter!(name, "outcome" => outcome).increment(count);
}
