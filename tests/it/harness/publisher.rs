//! A publisher, who signs and submits.

use indelible_proto::v1;
use indelible_proto::v1::enrol_key_response::Outcome;
use indelible_proto::v1::submit_client::SubmitClient;
use record::{Digest, Expectation, KeyAction, KeyChange, ProjectName, PublicKey};
use tlog::{Hash, SigningKey};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use super::log::{ORIGIN, TOKEN};
use super::{LIMIT, Server};

/// Somebody who signs for one project of the log [`ORIGIN`] with one key.
#[derive(Clone)]
pub(crate) struct Publisher {
    pub(crate) project: ProjectName,
    pub(crate) key: SigningKey,
}

impl Publisher {
    /// The one with this number, for a project.
    pub(crate) fn new(project: &str, number: u8) -> Publisher {
        let key = SigningKey::from_seed(&format!("{project}-{number}"), &[number; 32]).unwrap();
        Publisher { project: ProjectName::parse(project).unwrap(), key }
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::parse(&self.key.verifying_key().to_string()).unwrap()
    }

    /// A change of keys in the place after the key entry with this leaf hash.
    pub(crate) fn change(
        &self,
        action: KeyAction,
        key: &PublicKey,
        after: Option<Hash>,
    ) -> v1::EnrolKeyRequest {
        let change = KeyChange { project: self.project.clone(), action, key: key.clone(), after };
        v1::EnrolKeyRequest {
            project: self.project.to_string(),
            action: action.to_string(),
            key: key.to_string(),
            by: self.public().to_string(),
            signature: self.key.sign(&change.text(ORIGIN)).bytes().to_vec().into(),
        }
    }

    /// Enrolment as the project's first key.
    pub(crate) fn enrolment(&self) -> v1::EnrolKeyRequest {
        self.change(KeyAction::Enrol, &self.public(), None)
    }

    /// That a file has this hash.
    pub(crate) fn expectation(
        &self,
        version: &str,
        filename: &str,
        sha256: &Digest,
    ) -> v1::Expectation {
        let what = Expectation {
            project: self.project.clone(),
            version: version.to_owned(),
            filename: filename.to_owned(),
            sha256: *sha256,
        };
        v1::Expectation {
            project: self.project.to_string(),
            version: version.to_owned(),
            filename: filename.to_owned(),
            sha256: sha256.as_bytes().to_vec().into(),
            key: self.public().to_string(),
            signature: self.key.sign(&what.text(ORIGIN)).bytes().to_vec().into(),
        }
    }

    /// That the sdist of a version has the hash of its name.
    pub(crate) fn sdist(&self, version: &str) -> v1::Expectation {
        let filename = format!("{}-{version}.tar.gz", self.project.as_str().replace('-', "_"));
        self.expectation(version, &filename, &Digest::sha256(filename.as_bytes()))
    }
}

/// A connection for publishers and, with the token, the operator.
pub(crate) async fn desk(server: &Server) -> SubmitClient<Channel> {
    let endpoint = Endpoint::from_shared(server.url.clone()).unwrap().timeout(LIMIT);
    SubmitClient::new(endpoint.connect().await.unwrap())
}

/// A request with the token.
pub(crate) fn as_operator<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {TOKEN}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

/// Submits expectations.
pub(crate) async fn expect(
    server: &Server,
    expectations: Vec<v1::Expectation>,
) -> Result<v1::ExpectResponse, Status> {
    let request = v1::ExpectRequest { expectations };
    Ok(desk(server).await.expect(request).await?.into_inner())
}

/// Changes keys; `None` if it waits for the operator.
pub(crate) async fn change(
    server: &Server,
    change: impl tonic::IntoRequest<v1::EnrolKeyRequest>,
) -> Result<Option<v1::KeyLogged>, Status> {
    let answer = desk(server).await.enrol_key(change).await?.into_inner();
    match answer.outcome.unwrap() {
        Outcome::Logged(logged) => Ok(Some(logged)),
        Outcome::Pending(_) => Ok(None),
    }
}
