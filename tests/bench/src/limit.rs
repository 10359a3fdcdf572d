//! The limit of a server: handlers that do nothing but answer as many bytes.

use std::convert::Infallible;
use std::future::{Ready, ready};

use anyhow::Context as _;
use bytes::{Buf as _, BufMut as _, Bytes};
use http::header::CONTENT_TYPE;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tonic::Status;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};

use crate::process::{self, SERVER_CORE, Server};

/// Said before the address.
const MARKER: &str = "answering on ";

/// `bench limit-server`
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct LimitServer {
    /// Bytes of the answer to every gRPC call
    #[arg(long, value_name = "BYTES", default_value_t = 1024)]
    message: usize,
    /// Bytes of the answer to every other request
    #[arg(long, value_name = "BYTES", default_value_t = 8192)]
    body: usize,
}

/// Starts a limit server as a process, on the core of servers.
///
/// # Errors
/// It does not start.
pub(crate) fn start(message: u64, body: u64) -> anyhow::Result<Server> {
    let mut command = process::command(std::env::current_exe()?, Some(SERVER_CORE));
    command.arg("limit-server").args(["--message", &message.to_string()]);
    command.args(["--body", &body.to_string()]);
    Server::start(command, MARKER)
}

/// Serves on one thread until it is ended.
///
/// # Errors
/// There is no port to listen on.
pub(crate) fn run(arguments: LimitServer) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("a port of this machine")?;
        say(&format!("{MARKER}{}", listener.local_addr()?));
        let answers = Answers {
            message: vec![b'x'; arguments.message].into(),
            body: vec![b'x'; arguments.body].into(),
        };
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(answers.clone().serve(stream));
        }
    })
}

#[expect(clippy::print_stderr, reason = "who started it waits for this line")]
fn say(line: &str) {
    eprintln!("{line}");
}

/// What is answered.
#[derive(Clone)]
struct Answers {
    message: Bytes,
    body: Bytes,
}

impl Answers {
    async fn serve(self, stream: TcpStream) {
        // Without this answers would wait for acknowledgements, here as in the real server.
        let _ = stream.set_nodelay(true);
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http2().max_concurrent_streams(256);
        let service = service_fn(move |request| {
            let answers = self.clone();
            async move { Ok::<_, Infallible>(answers.answer(request).await) }
        });
        // A client that leaves is no failure.
        let _ = builder.serve_connection(TokioIo::new(stream), service).await;
    }

    async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        let grpc =
            request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/grpc");
        if grpc {
            return Grpc::new(Raw).unary(self, request).await;
        }
        let body = Full::new(self.body).map_err(|never| match never {});
        Response::new(Body::new(body))
    }
}

impl UnaryService<Bytes> for Answers {
    type Response = Bytes;
    type Future = Ready<Result<tonic::Response<Bytes>, Status>>;

    fn call(&mut self, _: tonic::Request<Bytes>) -> Self::Future {
        ready(Ok(tonic::Response::new(self.message.clone())))
    }
}

/// Messages as they are.
#[derive(Clone, Copy, Debug)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
