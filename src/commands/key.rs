//! `indelibled key`: what the operator decides about the keys of publishers, at a log that is running.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use indelible_proto::v1;
use indelible_proto::v1::enrol_key_response::Outcome;
use indelible_proto::v1::submit_client::SubmitClient;
use record::{KeyAction, KeyEntry, ProjectName, Timestamp};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::args::{Key, KeyCommand, KeyLog, WhichKey};
use crate::grpc::Token;

/// Carries out one decision, or shows what waits for one.
///
/// # Errors
/// A log that can not be reached or refuses.
pub async fn run(arguments: Key) -> anyhow::Result<ExitCode> {
    match arguments.command {
        KeyCommand::Pending(log) => Operator::open(&log)?.show_pending().await,
        KeyCommand::Approve(which) => Operator::open(&which.log)?.approve(&which).await,
        KeyCommand::Refuse(which) => Operator::open(&which.log)?.refuse(&which).await,
        KeyCommand::Enrol(which) => {
            Operator::open(&which.log)?.decide(&which, KeyAction::Enrol).await
        }
        KeyCommand::Revoke(which) => {
            Operator::open(&which.log)?.decide(&which, KeyAction::Revoke).await
        }
    }
}

/// A connection to the log with the operator's token.
struct Operator {
    client: SubmitClient<Channel>,
    authorization: MetadataValue<Ascii>,
}

impl Operator {
    fn open(log: &KeyLog) -> anyhow::Result<Operator> {
        let (_, token) = Token::read(&log.token_file)?;
        let endpoint = Endpoint::from_shared(log.log.clone())
            .with_context(|| format!("{} is not the URL of a log", log.log))?;
        let authorization = format!("Bearer {token}").parse()?;
        Ok(Operator { client: SubmitClient::new(endpoint.connect_lazy()), authorization })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.authorization.clone());
        request
    }

    async fn pending(&mut self) -> anyhow::Result<Vec<v1::PendingKey>> {
        let request = self.request(v1::PendingKeysRequest {});
        Ok(self.client.pending_keys(request).await.map_err(refused)?.into_inner().keys)
    }

    async fn show_pending(mut self) -> anyhow::Result<ExitCode> {
        for waiting in self.pending().await? {
            let received = Timestamp::from_unix(waiting.received)?;
            let asked = waiting.request.unwrap_or_default();
            say(&format!("{received}  {}  {}", asked.project, asked.key))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn approve(mut self, which: &WhichKey) -> anyhow::Result<ExitCode> {
        let waiting = self.pending().await?.into_iter().filter_map(|waiting| waiting.request);
        let key = which.key.as_deref();
        let mut asked = waiting.filter(|asked| {
            asked.project == which.project.as_str() && key.is_none_or(|key| asked.key == key)
        });
        let Some(enrolment) = asked.next() else {
            bail!("no such enrolment waits: `indelibled key pending` shows what does")
        };
        if asked.next().is_some() {
            bail!("several keys ask to speak for {}: name the right one with --key", which.project);
        }
        self.submit(&which.project, enrolment).await
    }

    async fn refuse(mut self, which: &WhichKey) -> anyhow::Result<ExitCode> {
        let (project, key) = (which.project.to_string(), which.key()?);
        let request = self.request(v1::RefuseKeyRequest { project, key });
        let answer = self.client.refuse_key(request).await.map_err(refused)?.into_inner();
        if !answer.found {
            bail!("no such enrolment waits: `indelibled key pending` shows what does");
        }
        say(&format!("the enrolment for {} is forgotten", which.project))?;
        Ok(ExitCode::SUCCESS)
    }

    /// What the operator does alone; the entry says so.
    async fn decide(mut self, which: &WhichKey, action: KeyAction) -> anyhow::Result<ExitCode> {
        let change = v1::EnrolKeyRequest {
            project: which.project.to_string(),
            action: action.to_string(),
            key: which.key()?,
            by: KeyEntry::OPERATOR.to_owned(),
            signature: bytes::Bytes::new(),
        };
        self.submit(&which.project, change).await
    }

    async fn submit(
        &mut self,
        project: &ProjectName,
        change: v1::EnrolKeyRequest,
    ) -> anyhow::Result<ExitCode> {
        let (action, key) = (change.action.clone(), change.key.clone());
        let request = self.request(change);
        let answer = self.client.enrol_key(request).await.map_err(refused)?.into_inner();
        let Some(Outcome::Logged(logged)) = answer.outcome else {
            bail!("the log did not say that it took the change")
        };
        say(&format!("{action} {key} for {project}: entry {}", logged.index))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl WhichKey {
    fn key(&self) -> anyhow::Result<String> {
        self.key.clone().context("name the key with --key VKEY")
    }
}

fn refused(status: Status) -> anyhow::Error {
    anyhow::Error::new(status).context("the log did not do it")
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
