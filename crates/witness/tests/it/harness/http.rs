//! One request, one connection.

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tlog::{NoteSignature, parse_signature_lines};
use tokio::net::TcpStream;

use super::within;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

impl Answer {
    /// The one cosignature line of a success.
    pub(crate) fn cosignature(&self) -> NoteSignature {
        assert_eq!(self.status, 200, "{}", self.body);
        let lines = parse_signature_lines(self.body.as_bytes()).unwrap();
        let [line] = &lines[..] else { panic!("one line, not {}", self.body) };
        line.clone()
    }
}

/// Sends a request over HTTP/1.1. Fails only if the server goes away.
pub(crate) async fn exchange(
    address: &str,
    method: &str,
    path: &str,
    body: impl Into<Bytes>,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    let request = request(address, method, path, body.into());
    within("an exchange", async {
        let stream = TokioIo::new(TcpStream::connect(address).await?);
        let (mut sender, connection) = http1::handshake(stream).await?;
        let connection = tokio::spawn(connection);
        let answer = answer(sender.send_request(request).await?).await;
        connection.abort();
        answer
    })
    .await
}

/// Sends a request over HTTP/2 without TLS.
pub(crate) async fn exchange_h2(address: &str, method: &str, path: &str, body: String) -> Answer {
    let path = format!("http://{address}{path}");
    let request = request(address, method, &path, body.into());
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let answer = answer(sender.send_request(request).await.unwrap()).await.unwrap();
    connection.abort();
    answer
}

fn request(address: &str, method: &str, path: &str, body: Bytes) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", address)
        .body(Full::new(body))
        .unwrap()
}

async fn answer(
    response: Response<Incoming>,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type.map_or("", |value| value.to_str().unwrap()).to_owned();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok(Answer { status, content_type, body: String::from_utf8(body.to_vec())? })
}
