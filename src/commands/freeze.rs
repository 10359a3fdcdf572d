//! `indelibled freeze`: a log that goes on being read, and is never written again.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;

use crate::args::Freeze;
use crate::data_dir::{DataDir, LogStore};
use crate::following::Lease;
use crate::log;
use crate::sequencer::last_head;
use crate::settings::Settings;

/// Publishes a last head, cosigned if there is a policy, and marks the log as frozen. Without `--yes` it only says
/// what it would do, and the exit code is 2.
///
/// # Errors
/// A log that is being served, frozen already, or can not be written.
pub async fn run(arguments: Freeze) -> anyhow::Result<ExitCode> {
    let Freeze { data, yes, config, settings } = arguments;
    let settings = settings.over_file(config.as_deref())?;
    let data = DataDir::new(data);
    let key = data.key()?;
    if !yes {
        let name = key.verifying_key().name();
        writeln!(
            io::stdout(),
            "{name} would get a last head. From then on it can be read and proven as before, and never be \
             written again, by nobody. There is no way back. To do that: --yes"
        )?;
        return Ok(ExitCode::from(2));
    }
    let store = data.open_store().await?;
    let lease = Lease::of_only_writer(&store, settings.lease()).await?;
    let done = freeze(&data, &settings, &store).await;
    if let Some(lease) = lease {
        lease.release().await;
    }
    done.map(|()| ExitCode::SUCCESS)
}

async fn freeze(data: &DataDir, settings: &Settings, store: &LogStore) -> anyhow::Result<()> {
    let parts = log::parts(data, settings, store)?;
    let last = last_head(parts).await.context("the log is not frozen")?;
    data.freeze(&last.note)
        .context("the last head is published, the log is not marked as frozen")?;
    if let LogStore::Bucket(store) = store {
        store.retire().await.context("the log is frozen here; its bucket is not marked")?;
    }
    writeln!(io::stdout(), "frozen: size {}, root {}", last.head.size, last.head.root)?;
    Ok(())
}
