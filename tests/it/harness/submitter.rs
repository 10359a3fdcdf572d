//! One `Observe` stream.

use indelible_proto::v1::observe_request::Ask;
use indelible_proto::v1::observe_response::Answer;
use indelible_proto::v1::submit_client::SubmitClient;
use indelible_proto::v1::{Fact, Facts, Listed, Logged, ObserveRequest, ObserveResponse, Refused};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;
use tonic::{Request, Status, Streaming};

use super::log::TOKEN;
use super::{LIMIT, Server, within};

/// Asks one thing after the other.
pub(crate) struct Submitter {
    requests: mpsc::Sender<ObserveRequest>,
    answers: Streaming<ObserveResponse>,
    next_id: u64,
}

impl Submitter {
    /// Opens a stream that may submit.
    pub(crate) async fn open(server: &Server) -> Submitter {
        Submitter::try_open(&server.url, Some(TOKEN)).await.unwrap()
    }

    /// Opens a stream with any token, or none.
    pub(crate) async fn try_open(url: &str, token: Option<&str>) -> Result<Submitter, Status> {
        let endpoint = Endpoint::from_shared(url.to_owned()).unwrap().timeout(LIMIT);
        let channel = endpoint
            .connect()
            .await
            .map_err(|error| Status::unavailable(format!("no connection: {error}")))?;
        let (requests, queue) = mpsc::channel(1);
        let mut request = Request::new(ReceiverStream::new(queue));
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.metadata_mut().insert("authorization", value);
        }
        let answers = SubmitClient::new(channel).observe(request).await?.into_inner();
        Ok(Submitter { requests, answers, next_id: 0 })
    }

    /// Sends one request and waits for the answer to it.
    pub(crate) async fn ask(&mut self, ask: Option<Ask>) -> Result<Answer, Status> {
        self.next_id += 1;
        let request = ObserveRequest { id: self.next_id, ask };
        let lost = || Status::unavailable("the stream ended");
        self.requests.send(request).await.map_err(|_| lost())?;
        let answer = within("an answer", self.answers.message()).await?.ok_or_else(lost)?;
        assert_eq!(answer.id, self.next_id, "the answer to another request");
        Ok(answer.answer.expect("an answer says something"))
    }

    /// Submits; the outer error is of the stream, the inner one of the log.
    pub(crate) async fn try_submit(
        &mut self,
        facts: Vec<Fact>,
    ) -> Result<Result<Logged, Refused>, Status> {
        match self.ask(Some(Ask::Facts(Facts { facts }))).await? {
            Answer::Logged(logged) => Ok(Ok(logged)),
            Answer::Refused(refused) => Ok(Err(refused)),
            other => panic!("an answer to another question: {other:?}"),
        }
    }

    /// Submits what the log is to take.
    pub(crate) async fn submit(&mut self, facts: Vec<Fact>) -> Logged {
        self.try_submit(facts).await.unwrap().unwrap()
    }

    /// What the log is to refuse.
    pub(crate) async fn refused(&mut self, facts: Vec<Fact>) -> Refused {
        self.try_submit(facts).await.unwrap().unwrap_err()
    }

    /// What the log holds as listed.
    pub(crate) async fn listed(&mut self, project: &str) -> Result<Listed, Refused> {
        match self.ask(Some(Ask::Listed(project.to_owned()))).await.unwrap() {
            Answer::Listed(listed) => Ok(listed),
            Answer::Refused(refused) => Err(refused),
            other => panic!("an answer to another question: {other:?}"),
        }
    }
}
