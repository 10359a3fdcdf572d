//! `indelibled observe`: the observer alone, for a log that runs elsewhere.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use client::pip;
use tracing::info;

use crate::args::Observe;
use crate::grpc::{RemoteLog, Token};
use crate::observing::open_observer;
use crate::signals::stop_on_signal;

/// Observes until SIGTERM or SIGINT or, with `--once`, for one sweep. The exit code of one sweep is
/// 0 if all of the index was read, 2 if some of it could not be.
///
/// # Errors
/// An index, a log or a token that can not be used.
pub async fn run(arguments: Observe) -> anyhow::Result<ExitCode> {
    let index = match arguments.index {
        Some(index) => index,
        None => pip::index_url().context(
            "no index was given: pass --index, or configure one for pip (PIP_INDEX_URL, pip.conf)",
        )?,
    };
    let (_, token) = Token::read(&arguments.token_file)?;
    let endpoint = tonic::transport::Endpoint::from_shared(arguments.log.clone())
        .with_context(|| format!("{} is not the URL of a log", arguments.log))?;
    let log = Arc::new(RemoteLog::new(endpoint.connect_lazy(), &token)?);
    let settings = observer::Settings { contact: arguments.contact, ..Default::default() };
    let observer = open_observer(&index, log, settings, &arguments.state)?;
    if !arguments.once {
        observer.follow(stop_on_signal()?.cancelled()).await;
        return Ok(ExitCode::SUCCESS);
    }
    let report = observer.sweep().await?;
    info!("{report}");
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
