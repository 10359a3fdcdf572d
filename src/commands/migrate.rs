//! `indelibled migrate`: a log moves to another store.

use std::io::{self, Write as _};
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use client::Trust;
use store::Store;
use tlog::{SignedCheckpoint, TreeHead, TreeSize, VerifiedCheckpoint};
use tracing::info;

use crate::args::Migrate;
use crate::data_dir::{DataDir, LogStore};
use crate::entries::root_at;
use crate::following::{Copy, Lease, tiles_of};
use crate::sequencer::second_opinion;
use crate::settings::Settings;

/// Copies the log, reads the copy back, and makes it the log's store; the one before is never written again.
///
/// # Errors
/// A log that is being served or has something to publish, a store that can not be used or holds another log,
/// and whatever is damaged. The log's store is then what it was; started again, it goes on.
pub async fn run(arguments: Migrate) -> anyhow::Result<()> {
    let Migrate { data, store: url, local: _ } = arguments;
    let data = DataDir::new(data);
    let key = data.key()?;
    let url = url.as_deref();
    let source = data.open_store().await?;
    let target = data.open_target(url).await?;
    let time = Settings::default().lease();
    let held = match &source {
        LogStore::Bucket(store) if store.is_retired().await => None,
        source => Lease::of_only_writer(source, time).await?,
    };
    let filling = Lease::of_only_writer(&target, time).await?;

    let trust = Trust::from_key(&key.verifying_key().to_string())?;
    let done = move_to(&data, url, source, &target, &trust).await;
    for lease in [held, filling].into_iter().flatten() {
        lease.release().await;
    }
    let head = done?;
    writeln!(io::stdout(), "moved: size {}, root {}", head.size, head.root)?;
    Ok(())
}

/// Copies the log to `target` and makes that its store.
async fn move_to(
    data: &DataDir,
    url: Option<&str>,
    source: LogStore,
    target: &LogStore,
    trust: &Trust,
) -> anyhow::Result<TreeHead> {
    let published = published(&*source.shared(), trust).await?;
    copy(source.shared(), target.shared(), &published).await?;
    if let LogStore::Bucket(store) = &source {
        store.retire().await?;
    }
    drop(source);
    data.switch(url).context("the log was copied, and its store is the old one still")?;
    Ok(published.head())
}

/// The published head, which must be that of all there is.
async fn published(source: &dyn Store, trust: &Trust) -> anyhow::Result<VerifiedCheckpoint> {
    let unpublished = "nothing of this log is published, or not all of it: serve it for a moment, and move \
                       it then";
    let note = source.checkpoint().await?.context(unpublished)?;
    let signed = SignedCheckpoint::parse(&note).context("the published head is damaged")?;
    // Whatever cosignatures it has, it is the log's own.
    let published = trust.verify(&signed).context("the published head is not this log's")?;
    ensure!(published.head() == source.head().await?, unpublished);
    Ok(published)
}

/// Every byte is verified against the head when it is read, and once more when it was written.
async fn copy(
    source: Arc<dyn Store>,
    target: Arc<dyn Store>,
    published: &VerifiedCheckpoint,
) -> anyhow::Result<()> {
    let head = published.head();
    let mut copy = Copy::open(Arc::clone(&target)).await?;
    let found = copy.head();
    let is_part = found.size <= head.size
        && (found.size == TreeSize::ZERO
            || root_at(&*source, head, found.size).await? == found.root);
    ensure!(
        is_part,
        "the store to move to holds another log, or a longer one: choose another place"
    );
    if found.size > TreeSize::ZERO {
        info!("{} of {} entries were copied before", found.size, head.size);
    }
    let tiles = tiles_of(source, "the log's store".to_owned());
    copy.bring_up(&tiles, published).await?;
    info!("reading the copy back");
    let confirmed = second_opinion::confirm(&*target, TreeSize::ZERO, head).await;
    confirmed.context("the copy is not what was copied; the log's store is the old one still")?;
    target.publish(published.signed()).await?;
    Ok(())
}
