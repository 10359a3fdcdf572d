//! The gRPC services of `proto/indelible/v1`, with health and reflection.

mod batch;
mod facts;
mod log;
mod publish;
mod remote;
mod submit;

use tlog::{Hash, LeafIndex, TreeSize};
use tokio::sync::watch;
use tonic::Status;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tracing::error;

use crate::reading::AnswerError;
use crate::sequencer::WriterState;
use indelible_proto::v1::log_server::LogServer;
use indelible_proto::v1::submit_server::SubmitServer;
use indelible_proto::{FILE_DESCRIPTOR_SET, v1};

pub use log::LogService;
pub use publish::PublisherDesk;
pub use remote::RemoteLog;
pub use submit::{SubmitService, Token, TokenError};

/// Longest message that a submitter may send, in bytes: the largest submission fits.
const MAX_SUBMISSION: usize = 32 << 20;

/// All services as routes, and the reporter that moves their health.
///
/// # Errors
/// A broken descriptor set, which the build would have to have made.
pub fn routes(
    log: LogService,
    submit: SubmitService,
) -> Result<(Routes, HealthReporter), tonic_reflection::server::Error> {
    let (health, health_service) = tonic_health::server::health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let routes = Routes::new(LogServer::new(log)).add_service(health_service);
    let routes = routes.add_service(reflection);
    let submit = SubmitServer::new(submit).max_decoding_message_size(MAX_SUBMISSION);
    Ok((routes.add_service(submit), health))
}

/// Reports the services as serving while the writer writes; those that read also while another is followed.
pub async fn report_health(mut state: watch::Receiver<WriterState>, health: HealthReporter) {
    loop {
        let (reads, writes) = match *state.borrow_and_update() {
            WriterState::Running => (ServingStatus::Serving, ServingStatus::Serving),
            WriterState::Following(_) | WriterState::Frozen(_) => {
                (ServingStatus::Serving, ServingStatus::NotServing)
            }
            _ => (ServingStatus::NotServing, ServingStatus::NotServing),
        };
        for service in ["", "indelible.v1.Log"] {
            health.set_service_status(service, reads).await;
        }
        health.set_service_status("indelible.v1.Submit", writes).await;
        if state.changed().await.is_err() {
            return;
        }
    }
}

/// What a reader is told when a question is not answered.
fn refusal(failure: &AnswerError) -> Status {
    let message = failure.to_string();
    match failure {
        AnswerError::Beyond { .. } => Status::out_of_range(message),
        AnswerError::Impossible(_) => Status::invalid_argument(message),
        AnswerError::TooMany { .. } => Status::resource_exhausted(message),
        AnswerError::Catalog(_)
        | AnswerError::Plan(_)
        | AnswerError::Read(_)
        | AnswerError::Store(_)
        | AnswerError::Tile(_) => {
            error!(failure = ?failure, "a question could not be answered");
            Status::internal(message)
        }
    }
}

fn position(what: &str, index: u64) -> Result<LeafIndex, Status> {
    LeafIndex::new(index).map_err(|error| Status::invalid_argument(format!("{what}: {error}")))
}

fn size(what: &str, size: u64) -> Result<TreeSize, Status> {
    TreeSize::new(size).map_err(|error| Status::invalid_argument(format!("{what}: {error}")))
}

/// Hashes as they are sent, all in one piece of memory.
fn hashes(hashes: &[Hash]) -> Vec<bytes::Bytes> {
    let joined: Vec<u8> = hashes.iter().flat_map(Hash::as_bytes).copied().collect();
    let joined = bytes::Bytes::from(joined);
    (0..hashes.len()).map(|at| joined.slice(at * Hash::SIZE..(at + 1) * Hash::SIZE)).collect()
}
