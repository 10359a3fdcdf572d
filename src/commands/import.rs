//! `indelibled import`: the history of the index, as somebody else recorded it.

use std::process::ExitCode;

use anyhow::Context as _;
use tracing::{info, warn};

use crate::args::Import as Arguments;
use crate::data_dir::DataDir;
use crate::import::Import;
use crate::log;
use crate::sequencer::BulkWriter;
use crate::settings::Settings;

/// Imports data sets into a log that is not being served. The exit code is 0 if everything in them is in the
/// log now, 2 if something was refused.
///
/// # Errors
/// A log or a data set that can not be opened, or a disk that is full.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { data, via, head_file, min_free, files } = arguments;
    let settings = Settings { head_file, min_free, ..Settings::default() };
    let parts = log::parts(&DataDir::new(data), &settings)?;
    let clock = std::sync::Arc::clone(&parts.clock);
    let log = BulkWriter::open(parts).await.context("the log can not be opened")?;
    let import = Import { files, via: via.into() };
    let summary = import.run(log, &clock, |refusal| warn!("not imported: {refusal}")).await?;
    info!("{summary}");
    Ok(if summary.refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
