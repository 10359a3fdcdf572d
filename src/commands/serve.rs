//! `indelibled serve`: the life of the server.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::args::Serve;
use crate::clients::Clients;
use crate::data_dir::DataDir;
use crate::grpc::Token;
use crate::log::OpenLog;
use crate::observing::open_observer;
use crate::sequencer::WriterState;
use crate::settings::Settings;
use crate::signals::stop_on_signal;
use crate::supervisor::Told;
use crate::{metrics, server};

/// How often it is looked who asks most.
const TIDY_INTERVAL: Duration = Duration::from_secs(60);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// Whatever keeps the log from being served; nothing was written then.
pub async fn run(arguments: Serve) -> anyhow::Result<()> {
    let settings = arguments.settings.over_file(arguments.config.as_deref())?;
    let stop = stop_on_signal()?;
    let listen = settings.listen().to_owned();
    let listener = TcpListener::bind(&listen)
        .await
        .with_context(|| format!("{listen} can not be listened on"))?;
    serve(&DataDir::new(arguments.data), &settings, listener, stop).await
}

/// Serves the log in `data` on `listener` until `stop` is cancelled.
///
/// # Errors
/// Whatever keeps the log from being served; nothing was written then.
pub async fn serve(
    data: &DataDir,
    settings: &Settings,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let tls = match (&settings.tls_cert, &settings.tls_key) {
        (Some(certificate), Some(key)) => Some(server::tls(certificate, key)?),
        (None, None) => None,
        _ => anyhow::bail!("TLS needs both tls_cert and tls_key"),
    };
    let token = settings.token_file.as_deref().map(Token::read).transpose()?;
    // Before anything counts: opening confirms the head.
    let recorder = metrics::recorder();
    let writing = CancellationToken::new();
    let log = tokio::select! {
        log = OpenLog::open(data, settings, writing.clone()) => log?,
        () = stop.cancelled() => return Ok(()),
    };
    let token = token.map(|(token, _)| token);
    let routes = log.routes(settings, token, recorder, stop.clone())?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let (address, size) = (listener.local_addr()?, log.reader.published().head.size);
    info!(key = %log.key, size = size.get(), "serving the log on {scheme}://{address}");

    let observing = match &settings.index {
        Some(index) => {
            let writer = Arc::new(log.sequencer.clone());
            let mut state = log.sequencer.watch_state();
            let observer = open_observer(index, writer, settings.observer(), &data.observer())?;
            let stop = stop.clone();
            Some(tokio::spawn(async move {
                // Only the writer observes.
                let writes = state.wait_for(|state| *state == WriterState::Running);
                if stop.run_until_cancelled(writes).await.is_some_and(|writes| writes.is_ok()) {
                    observer.follow(stop.cancelled()).await;
                }
            }))
        }
        None => None,
    };
    let ended = log.ended();
    let clients = Arc::new(Clients::new(settings.client_rate()));
    let tidying = tokio::spawn(tidy_up(Arc::clone(&clients)));
    let _told = Told::start(log.health(settings));
    tokio::select! {
        () = server::serve(listener, tls, routes, stop.clone(), settings.drain(), clients) => {}
        // Nothing that it would still answer is worth waiting for.
        () = ended.cancelled() => stop.cancel(),
    }
    tidying.abort();
    if let Some(observing) = observing {
        let _ = observing.await;
    }
    writing.cancel();
    log.closed().await?;
    info!("the log is closed");
    Ok(())
}

async fn tidy_up(clients: Arc<Clients>) {
    loop {
        tokio::time::sleep(TIDY_INTERVAL).await;
        clients.tidy_up();
    }
}
