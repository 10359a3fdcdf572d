//! `indelible.v1.Submit`: for those who hold the token, and for publishers.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt as _};
use observer::Coverage;
use record::Fact;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming};

use super::facts;
use super::publish::{self, PublisherDesk};
use super::v1::{self, observe_request::Ask, observe_response::Answer};
use crate::observing::listed_names;
use crate::sequencer::{Sequencer, SubmitError};

/// Requests of one stream that are worked on at the same time.
const IN_FLIGHT: usize = 64;
/// Facts in one request.
const MAX_FACTS: usize = 16_384;
/// Shortest token, in bytes.
const MIN_TOKEN: usize = 16;

/// The secret that submitters present; only its hash is kept, and compared in constant time.
#[derive(Clone)]
pub struct Token([u8; 32]);

/// The token file can not be used.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The file can not be read.
    #[error("the token file {path} can not be read")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
    /// Too short to be a secret.
    #[error("the token in {0} has less than {MIN_TOKEN} characters: put a long random one there")]
    Short(PathBuf),
}

impl Token {
    /// Reads a token: the file's text without surrounding white space.
    ///
    /// # Errors
    /// [`TokenError`] if the file can not be read or holds no good token.
    pub fn read(path: &Path) -> Result<(Token, String), TokenError> {
        let text = fs::read_to_string(path)
            .map_err(|source| TokenError::Io { path: path.to_owned(), source })?;
        let text = text.trim();
        if text.len() < MIN_TOKEN {
            return Err(TokenError::Short(path.to_owned()));
        }
        Ok((Token::new(text), text.to_owned()))
    }

    /// The token with this text.
    pub fn new(text: &str) -> Token {
        Token(Sha256::digest(text).into())
    }

    /// Refuses calls that do not present the token.
    fn check(&self, metadata: &MetadataMap) -> Result<(), Status> {
        let Some(value) = metadata.get("authorization") else {
            return Err(Status::unauthenticated(
                "submitting needs the metadata `authorization: Bearer <token>`",
            ));
        };
        let text = value.to_str().unwrap_or_default();
        let presented = text.strip_prefix("Bearer ").unwrap_or_default();
        if bool::from(Token::new(presented).0.ct_eq(&self.0)) {
            Ok(())
        } else {
            Err(Status::unauthenticated("this is not the token of this log"))
        }
    }
}

/// Passes submissions on to the [`Sequencer`].
pub struct SubmitService {
    sequencer: Sequencer,
    token: Option<Token>,
    desk: PublisherDesk,
    stop: CancellationToken,
}

impl SubmitService {
    /// Submits to `sequencer` what observers and the operator say, who hold `token`, and what
    /// publishers sign; open streams take no more requests, and end when the last one is answered, when
    /// `stop` is cancelled. Without a token there are publishers only.
    pub fn new(
        sequencer: Sequencer,
        token: Option<Token>,
        desk: PublisherDesk,
        stop: CancellationToken,
    ) -> SubmitService {
        SubmitService { sequencer, token, desk, stop }
    }

    /// Refuses calls that do not present the token.
    fn check(&self, metadata: &MetadataMap) -> Result<(), Status> {
        match &self.token {
            Some(token) => token.check(metadata),
            None => Err(Status::unauthenticated(
                "this log has no token: only what publishers sign can be submitted",
            )),
        }
    }
}

#[tonic::async_trait]
impl v1::submit_server::Submit for SubmitService {
    type ObserveStream = Pin<Box<dyn Stream<Item = Result<v1::ObserveResponse, Status>> + Send>>;

    async fn observe(
        &self,
        request: Request<Streaming<v1::ObserveRequest>>,
    ) -> Result<Response<Self::ObserveStream>, Status> {
        self.check(request.metadata())?;
        let sequencer = Arc::new(self.sequencer.clone());
        let answers = request
            .into_inner()
            .take_until(self.stop.clone().cancelled_owned())
            .map(move |request| {
                let sequencer = Arc::clone(&sequencer);
                async move { Ok(respond(&sequencer, request?).await) }
            })
            .buffer_unordered(IN_FLIGHT);
        Ok(Response::new(Box::pin(answers)))
    }

    async fn expect(
        &self,
        request: Request<v1::ExpectRequest>,
    ) -> Result<Response<v1::ExpectResponse>, Status> {
        self.desk.expect(request.into_inner()).await.map(Response::new)
    }

    async fn enrol_key(
        &self,
        request: Request<v1::EnrolKeyRequest>,
    ) -> Result<Response<v1::EnrolKeyResponse>, Status> {
        // Who presents a token wants to be the operator, and is told if it is wrong.
        let presented = request.metadata().contains_key("authorization");
        if presented {
            self.check(request.metadata())?;
        }
        self.desk.enrol(request.into_inner(), presented).await.map(Response::new)
    }

    async fn pending_keys(
        &self,
        request: Request<v1::PendingKeysRequest>,
    ) -> Result<Response<v1::PendingKeysResponse>, Status> {
        self.check(request.metadata())?;
        Ok(Response::new(self.desk.waiting()))
    }

    async fn refuse_key(
        &self,
        request: Request<v1::RefuseKeyRequest>,
    ) -> Result<Response<v1::RefuseKeyResponse>, Status> {
        self.check(request.metadata())?;
        self.desk.refuse(request.get_ref()).map(Response::new)
    }
}

async fn respond(sequencer: &Sequencer, request: v1::ObserveRequest) -> v1::ObserveResponse {
    let answer = match request.ask {
        Some(Ask::Facts(facts)) => log_facts(sequencer, facts).await.map(Answer::Logged),
        Some(Ask::Covered(coverage)) => {
            sequencer.cover(Coverage { serial: coverage.serial, swept: coverage.swept });
            Ok(Answer::Noted(v1::Noted {}))
        }
        Some(Ask::Listed(name)) => listed(sequencer, &name).await.map(Answer::Listed),
        None => Err(Status::invalid_argument("the request asks nothing this log knows")),
    };
    let answer = answer.unwrap_or_else(|status| {
        let (code, message) = (status.code() as i32, status.message().to_owned());
        Answer::Refused(v1::Refused { code, message })
    });
    v1::ObserveResponse { id: request.id, answer: Some(answer) }
}

async fn log_facts(sequencer: &Sequencer, facts: v1::Facts) -> Result<v1::Logged, Status> {
    if facts.facts.len() > MAX_FACTS {
        let message = format!("at most {MAX_FACTS} facts a request, not {}", facts.facts.len());
        return Err(Status::invalid_argument(message));
    }
    let facts: Vec<Fact> = facts
        .facts
        .into_iter()
        .enumerate()
        .map(|(number, fact)| {
            facts::parse(fact)
                .map_err(|why| Status::invalid_argument(format!("fact {number}: {why}")))
        })
        .collect::<Result<_, _>>()?;
    let receipt = sequencer.submit(facts).await.map_err(|error| submit_status(&error))?;
    Ok(v1::Logged { entries: receipt.entries, checkpoint: receipt.published.note.clone() })
}

async fn listed(sequencer: &Sequencer, name: &str) -> Result<v1::Listed, Status> {
    let project = facts::project(name).map_err(Status::invalid_argument)?;
    let state = sequencer.project(&project).await.map_err(Status::internal)?;
    let Some(files) = listed_names(&state) else { return Ok(v1::Listed::default()) };
    let files = files.into_iter().map(|file| v1::ListedName {
        sha256: facts::digest_bytes(&file.sha256),
        filename: file.filename,
        version: file.version,
        quarantined: file.quarantined,
    });
    Ok(v1::Listed { known: true, files: files.collect() })
}

pub(super) fn submit_status(error: &SubmitError) -> Status {
    let code = match error {
        SubmitError::Invalid { .. } => Code::InvalidArgument,
        SubmitError::Expectation { .. } => Code::PermissionDenied,
        SubmitError::Key(why) => return publish::key_status(why),
        SubmitError::Outstanding { .. } | SubmitError::PoolFull => Code::ResourceExhausted,
        SubmitError::NotTheWriter(_) | SubmitError::ReadOnly(_) | SubmitError::Stopped => {
            Code::Unavailable
        }
    };
    Status::new(code, error.to_string())
}
