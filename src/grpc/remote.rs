//! A log reached over gRPC, as an observer sees it: one `Observe` stream, many requests under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use indelible_proto::v1::submit_client::SubmitClient;
use observer::{Coverage, ListedName, Log, LogError, Submitted};
use record::{Fact, ProjectName};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};

use super::facts;
use super::v1::{self, observe_request::Ask, observe_response::Answer};

/// Requests waiting to be sent.
const QUEUE: usize = 64;

/// Submits to a log elsewhere. The stream is opened when needed and again after it broke.
pub struct RemoteLog {
    client: SubmitClient<Channel>,
    authorization: MetadataValue<Ascii>,
    stream: tokio::sync::Mutex<Option<OpenStream>>,
}

/// Requests under way, by id.
type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>;

struct OpenStream {
    requests: mpsc::Sender<v1::ObserveRequest>,
    waiting: Waiting,
    next_id: u64,
}

impl RemoteLog {
    /// Submits through `channel` with `token`.
    ///
    /// # Errors
    /// A token with characters that a header can not carry.
    pub fn new(channel: Channel, token: &str) -> anyhow::Result<RemoteLog> {
        let authorization = format!("Bearer {token}").parse()?;
        let client = SubmitClient::new(channel).max_decoding_message_size(super::MAX_SUBMISSION);
        Ok(RemoteLog { client, authorization, stream: tokio::sync::Mutex::new(None) })
    }

    /// Sends one request and waits for its answer.
    async fn ask(&self, ask: Ask) -> Result<Answer, LogError> {
        let (answer, answered) = oneshot::channel();
        let (requests, request) = {
            let mut slot = self.stream.lock().await;
            let stream = match slot.take().filter(|open| !open.requests.is_closed()) {
                Some(open) => slot.insert(open),
                None => slot.insert(self.open().await?),
            };
            stream.next_id += 1;
            let id = stream.next_id;
            lock(&stream.waiting).insert(id, answer);
            (stream.requests.clone(), v1::ObserveRequest { id, ask: Some(ask) })
        };
        let lost = || LogError::Unavailable("the connection to the log broke".to_owned());
        requests.send(request).await.map_err(|_| lost())?;
        match answered.await.map_err(|_| lost())? {
            Answer::Refused(refused) => Err(refusal(Code::from_i32(refused.code), refused.message)),
            answer => Ok(answer),
        }
    }

    async fn open(&self) -> Result<OpenStream, LogError> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let mut request = Request::new(ReceiverStream::new(queue));
        request.metadata_mut().insert("authorization", self.authorization.clone());
        let answers = self.client.clone().observe(request).await.map_err(|status| {
            refusal(status.code(), format!("{}: {}", status.code(), status.message()))
        })?;
        let waiting = Waiting::default();
        tokio::spawn(hand_out(answers.into_inner(), Arc::clone(&waiting)));
        Ok(OpenStream { requests, waiting, next_id: 0 })
    }
}

/// Gives each answer to who waits for it. When the stream ends, nobody is left waiting.
async fn hand_out(mut answers: Streaming<v1::ObserveResponse>, waiting: Waiting) {
    while let Ok(Some(response)) = answers.message().await {
        let waiter = lock(&waiting).remove(&response.id);
        if let (Some(waiter), Some(answer)) = (waiter, response.answer) {
            let _ = waiter.send(answer);
        }
    }
    lock(&waiting).clear();
}

fn lock(waiting: &Waiting) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<Answer>>> {
    waiting.lock().expect("no holder of this lock panics")
}

/// A bad request stays bad; everything else may pass.
fn refusal(code: Code, message: String) -> LogError {
    match code {
        Code::InvalidArgument | Code::Unauthenticated | Code::PermissionDenied => {
            LogError::Refused(message)
        }
        _ => LogError::Unavailable(message),
    }
}

#[async_trait]
impl Log for RemoteLog {
    async fn listed(&self, project: &ProjectName) -> Result<Option<Vec<ListedName>>, LogError> {
        let Answer::Listed(listed) = self.ask(Ask::Listed(project.to_string())).await? else {
            return Err(out_of_turn());
        };
        let name = |file: v1::ListedName| {
            let sha256 = facts::digest("sha256", &file.sha256).map_err(LogError::Unavailable)?;
            let v1::ListedName { filename, version, quarantined, .. } = file;
            Ok(ListedName { filename, version, sha256, quarantined })
        };
        let files = listed.files.into_iter().map(name).collect::<Result<Vec<_>, LogError>>()?;
        Ok(listed.known.then_some(files))
    }

    async fn submit(&self, facts: Vec<Fact>) -> Result<Submitted, LogError> {
        let facts = facts.into_iter().map(facts::encode).collect();
        let Answer::Logged(logged) = self.ask(Ask::Facts(v1::Facts { facts })).await? else {
            return Err(out_of_turn());
        };
        Ok(Submitted { entries: logged.entries })
    }

    async fn covered(&self, coverage: Coverage) -> Result<(), LogError> {
        let coverage = v1::Coverage { serial: coverage.serial, swept: coverage.swept };
        match self.ask(Ask::Covered(coverage)).await? {
            Answer::Noted(_) => Ok(()),
            _ => Err(out_of_turn()),
        }
    }
}

fn out_of_turn() -> LogError {
    LogError::Unavailable(Status::internal("the log answered something else").to_string())
}
