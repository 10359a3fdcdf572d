//! `indelible-witness serve`: the life of the server.

use std::fs;
use std::sync::Arc;

use anyhow::Context as _;
use tlog::{Policy, VerifyingKey};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

use crate::args::Serve;
use crate::clock;
use crate::data_dir::DataDir;
use crate::server;
use crate::witness::Witness;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// Whatever keeps the witness from being served; nothing was cosigned then.
pub async fn run(arguments: Serve) -> anyhow::Result<()> {
    let keys = log_keys(&arguments)?;
    let dir = DataDir::new(arguments.data).open()?;
    let witness = Witness::open(dir, keys, clock::system())?;
    let listen = arguments.listen;
    let listener = TcpListener::bind(&listen)
        .await
        .with_context(|| format!("{listen} can not be listened on"))?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("shutting down");
    };
    info!(key = %witness.key(), "witnessing on http://{}", listener.local_addr()?);
    server::run(Arc::new(witness), listener, stop).await;
    Ok(())
}

fn log_keys(arguments: &Serve) -> anyhow::Result<Vec<VerifyingKey>> {
    let Some(path) = &arguments.policy else { return Ok(arguments.logs.clone()) };
    let text =
        fs::read_to_string(path).with_context(|| format!("{} can not be read", path.display()))?;
    let policy =
        Policy::parse(&text).with_context(|| format!("{} is not a policy", path.display()))?;
    Ok(policy.logs().iter().map(|log| log.key().clone()).collect())
}
