//! One port for gRPC, HTTP/1.1 and h2c, or all of it over TLS; and the way it ends.

mod gathering;

use std::convert::Infallible;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::Request;
use anyhow::Context as _;
use axum::BoxError;
use axum::Router;
use axum::body::{Bytes, HttpBody as Body};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use futures::future::{Either, Ready, ready};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower_service::Service;
use tracing::{debug, info, warn};

use self::gathering::Gathering;
use crate::clients::{Clients, Network};
use crate::http;

/// Longest time for a TLS handshake or for the headers of a request.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Requests that one HTTP/2 connection may have open.
const MAX_CONCURRENT_STREAMS: u32 = 256;

/// Serves `routes` until `stop` is cancelled; then lets open requests finish for up to `drain`.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    routes: Router,
    stop: CancellationToken,
    drain: Duration,
    clients: Arc<Clients>,
) {
    let server = Connections { builder: builder(), tls, routes, clients };
    let server = Arc::new(server);
    let graceful = GracefulShutdown::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        let server = Arc::clone(&server);
        let watcher = graceful.watcher();
        let network = Network::of(peer.ip());
        tokio::spawn(async move { server.handle(stream, network, watcher).await });
    }
    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        info!("requests still open after {} seconds are cut off", drain.as_secs());
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HANDSHAKE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS);
    builder
}

struct Connections {
    builder: Builder<TokioExecutor>,
    tls: Option<TlsAcceptor>,
    routes: Router,
    clients: Arc<Clients>,
}

impl Connections {
    async fn handle(&self, stream: TcpStream, network: Option<Network>, watcher: Watcher) {
        // Without this, streamed answers wait for the peer's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let (stream, outgoing) = Gathering::new(stream);
        let served = match &self.tls {
            None => outgoing.sent_for(self.http(stream, network, watcher)).await,
            Some(tls) => outgoing.sent_for(self.https(tls, stream, network, watcher)).await,
        };
        if let Err(error) = served {
            debug!(%error, "a client has gone");
        }
    }

    async fn https(
        &self,
        tls: &TlsAcceptor,
        stream: Gathering,
        network: Option<Network>,
        watcher: Watcher,
    ) {
        match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.http(stream, network, watcher).await,
            Ok(Err(error)) => debug!(%error, "a TLS handshake failed"),
            Err(_) => debug!("a TLS handshake took too long"),
        }
    }

    async fn http<S>(&self, stream: S, network: Option<Network>, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let clients = network.map(|network| (network, Arc::clone(&self.clients)));
        let service = TowerToHyperService::new(Fair { clients, routes: self.routes.clone() });
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            debug!(%error, "a connection ended badly");
        }
    }
}

/// The routes, for one connection: requests of who asks too often are refused.
#[derive(Clone)]
struct Fair {
    /// Whose connection it is; `None` if that is not limited.
    clients: Option<(Network, Arc<Clients>)>,
    routes: Router,
}

impl<B> Service<Request<B>> for Fair
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, RouteFuture<Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<B>>::poll_ready(&mut self.routes, context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Some((network, clients)) = &self.clients
            && let Err(wait) = clients.admit(*network)
        {
            return Either::Left(ready(Ok(http::too_often(request.headers(), wait))));
        }
        Either::Right(self.routes.call(request))
    }
}

/// Reads a certificate chain and its key, both PEM, for gRPC and HTTP/1.1 over TLS.
///
/// # Errors
/// Files that can not be read, or do not fit together.
pub fn tls(certificate: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let open = |path: &Path| {
        File::open(path).map(BufReader::new).with_context(|| format!("{}", path.display()))
    };
    let chain = CertificateDer::pem_reader_iter(open(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("{} holds no certificate in PEM", certificate.display()))?;
    let secret = PrivateKeyDer::from_pem_reader(open(key)?)
        .with_context(|| format!("{} holds no private key in PEM", key.display()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .with_context(|| {
            format!("{} and {} do not fit together", certificate.display(), key.display())
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use axum::routing::get;

    use super::{Arc, Clients, Fair, Network, Request, Response, Router, Service as _};

    /// A connection from a network that may ask twice a second.
    fn connection(address: &str) -> Fair {
        let network = Network::of(address.parse().unwrap());
        let clients = Arc::new(Clients::new(NonZeroU32::new(2)));
        let clients = network.map(|network| (network, clients));
        Fair { clients, routes: Router::new().route("/checkpoint", get(async || "head")) }
    }

    async fn ask(connection: &mut Fair, content_type: &str) -> Response {
        let request = Request::get("/checkpoint").header("content-type", content_type);
        connection.call(request.body(axum::body::Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn who_asks_too_often_is_told_to_wait_in_its_own_protocol() {
        let mut far = connection("192.0.2.7");
        for _ in 0..2 {
            assert_eq!(ask(&mut far, "text/plain").await.status(), 200);
        }
        let refused = ask(&mut far, "text/plain").await;
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["retry-after"]),
            (429, &"1".parse().unwrap())
        );
        let refused = ask(&mut far, "application/grpc").await;
        assert_eq!(refused.status(), 200, "gRPC says it in a header");
        assert_eq!(refused.headers()["grpc-status"], "8");
        assert_eq!(refused.headers()["retry-after"], "1");
    }

    #[tokio::test]
    async fn this_machine_may_ask_as_often_as_it_likes() {
        let mut near = connection("127.0.0.1");
        for _ in 0..20 {
            assert_eq!(ask(&mut near, "text/plain").await.status(), 200);
        }
    }
}
