//! One port for HTTP/1.1 and h2c, and the way it ends.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

use crate::http;
use crate::witness::Witness;

/// Longest time for the headers of a request.
const HEADERS: Duration = Duration::from_secs(10);
/// Longest time for open requests to finish once the server is to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// Requests that one HTTP/2 connection may have open.
const MAX_CONCURRENT_STREAMS: u32 = 64;

/// Serves `witness` on `listener` until `stop` is ready; then lets open requests finish. When this
/// returns, no connection holds the witness any more.
pub async fn run(witness: Arc<Witness>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let service = TowerToHyperService::new(http::routes(witness));
    let (builder, graceful) = (builder(), GracefulShutdown::new());
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
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
            () = &mut stop => break,
        };
        // Answers are small: they wait for nothing.
        let _ = stream.set_nodelay(true);
        let connection = builder.serve_connection(TokioIo::new(stream), service.clone());
        let connection = graceful.watch(connection.into_owned());
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "a connection ended badly");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        info!("requests still open after {} seconds are cut off", DRAIN.as_secs());
    }
    connections.shutdown().await;
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS);
    builder
}
