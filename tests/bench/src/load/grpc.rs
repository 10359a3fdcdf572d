//! Unary gRPC calls by hand: messages are encoded before, and answers are not decoded.

use anyhow::{Context as _, bail};
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::client::SendRequest;
use h2::{RecvStream, client};
use http::{HeaderMap, Request};
use prost::Message;
use tokio::net::TcpStream;

use super::{Exchange, Requests};

/// Flag and length before a message.
const PREFIX: usize = 5;
/// What the server may send before we say that we read it.
const STREAM_WINDOW: u32 = 1 << 22;
const CONNECTION_WINDOW: u32 = 1 << 26;

/// A message as it stands in the body of a call.
pub(crate) fn framed(message: &impl Message) -> Bytes {
    let len = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(PREFIX + len);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(len).unwrap_or(u32::MAX));
    bytes.put(message.encode_to_vec().as_slice());
    bytes.freeze()
}

/// The path of a method of the reading side.
pub(crate) fn method(name: &str) -> String {
    format!("/indelible.v1.Log/{name}")
}

/// Calls one method over a connection that it shares.
pub(crate) struct Grpc {
    sender: SendRequest<Bytes>,
    head: Request<()>,
    requests: Requests,
}

impl Grpc {
    /// `each` workers on each of `connections` new connections.
    ///
    /// # Errors
    /// The server can not be reached.
    pub(crate) async fn connect(
        address: &str,
        path: &str,
        requests: &Requests,
        (connections, each): (usize, usize),
    ) -> anyhow::Result<Vec<Grpc>> {
        let head = Request::post(format!("http://{address}{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())?;
        let mut workers = Vec::with_capacity(connections * each);
        for _ in 0..connections {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = client::Builder::new()
                .initial_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .handshake(stream)
                .await?;
            tokio::spawn(connection);
            let worker = |_| Grpc {
                sender: sender.clone(),
                head: head.clone(),
                requests: Requests::clone(requests),
            };
            workers.extend((0..each).map(worker));
        }
        Ok(workers)
    }
}

impl Exchange for Grpc {
    async fn exchange(&mut self, number: usize) -> anyhow::Result<Bytes> {
        let mut sender = self.sender.clone().ready().await?;
        let (answer, mut stream) = sender.send_request(self.head.clone(), false)?;
        stream.send_data((self.requests)(number), true)?;
        let (head, body) = answer.await?.into_parts();
        check(&head.headers)?;
        message(body).await
    }
}

/// The message of an answer that went well.
async fn message(mut body: RecvStream) -> anyhow::Result<Bytes> {
    let mut all = Bytes::new();
    while let Some(part) = body.data().await.transpose()? {
        body.flow_control().release_capacity(part.len())?;
        all = if all.is_empty() { part } else { [all, part].concat().into() };
    }
    check(&body.trailers().await?.context("an answer without its end")?)?;
    if all.len() < PREFIX {
        bail!("an answer without a message");
    }
    Ok(all.split_off(PREFIX))
}

/// Fails with the status of a call that failed.
fn check(headers: &HeaderMap) -> anyhow::Result<()> {
    match headers.get("grpc-status") {
        None => Ok(()),
        Some(status) if status == "0" => Ok(()),
        Some(status) => {
            bail!("status {status:?}: {:?}", headers.get("grpc-message"))
        }
    }
}
