//! One port for gRPC, HTTP/1.1 and h2c, or all of it over TLS; and the way it ends.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

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
) {
    let server = Connections { builder: builder(), tls, routes };
    let server = Arc::new(server);
    let graceful = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
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
        tokio::spawn(async move { server.handle(stream, watcher).await });
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
}

impl Connections {
    async fn handle(&self, stream: TcpStream, watcher: hyper_util::server::graceful::Watcher) {
        // Without this, streamed answers wait for the peer's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => self.http(stream, watcher).await,
            Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.http(stream, watcher).await,
                Ok(Err(error)) => debug!(%error, "a TLS handshake failed"),
                Err(_) => debug!("a TLS handshake took too long"),
            },
        }
    }

    async fn http<S>(&self, stream: S, watcher: hyper_util::server::graceful::Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = TowerToHyperService::new(self.routes.clone());
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            debug!(%error, "a connection ended badly");
        }
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
