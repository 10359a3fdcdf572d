//! `indelibled import`: the history of the index, as somebody else recorded it.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use tlog::TreeSize;
use tracing::{info, warn};

use crate::args::Import as Arguments;
use crate::data_dir::{DataDir, LogStore};
use crate::following::Lease;
use crate::import::{Import, Summary};
use crate::log;
use crate::sequencer::{BulkWriter, Reading};
use crate::settings::Settings;

/// Imports data sets into a log that is not being served. The exit code is 0 if everything in them is in the
/// log now, 2 if something was refused.
///
/// # Errors
/// A log or a data set that can not be opened, or a disk that is full.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { data, via, head_file, min_free, files } = arguments;
    let settings = Settings { head_file, min_free, ..Settings::default() };
    let data = DataDir::new(data);
    let store = data.open_store().await?;
    let lease = Lease::of_only_writer(&store, settings.lease()).await?;
    let import = Import { files, via: via.into() };
    let summary = add(&data, &settings, &store, import).await;
    if let Some(lease) = lease {
        lease.release().await;
    }
    let summary = summary?;
    info!("{summary}");
    Ok(if summary.refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// Imports into the log whose store is open and written by nobody else.
async fn add(
    data: &DataDir,
    settings: &Settings,
    store: &LogStore,
    import: Import,
) -> anyhow::Result<Summary> {
    let parts = log::parts(data, settings, store)?;
    let clock = Arc::clone(&parts.clock);
    let conflicts = log::conflicts(data, &Reading::of(&parts), Arc::clone(&parts.recurring));
    let log = BulkWriter::open(parts).await.context("the log can not be opened")?;
    let summary = import.run(log, &clock, |refusal| warn!("not imported: {refusal}")).await?;
    let searched = conflicts.search_noted(TreeSize::new(summary.size)?).await;
    searched.context("what was imported is in the log; the conflicts in it are not found")?;
    Ok(summary)
}
