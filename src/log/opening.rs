//! The three ways in which a process serves a log: it writes to a store of its own, it writes to a bucket
//! when no other does, or it follows a log and never writes.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use client::{Tiles, Trust};
use store::Store;
use tlog::{SignedCheckpoint, VerifyingKey};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::parts;
use crate::clock;
use crate::data_dir::{DataDir, LogStore};
use crate::derived;
use crate::following::{Followed, Follower, Lease, Standby, replicate, tiles_at, tiles_of};
use crate::published::Published;
use crate::sequencer::{Reading, Recurring, Sequencer};
use crate::settings::Settings;

/// Refused submissions are few.
const NO_POOL: usize = 1;
/// What submitters are told by a process that waits for the lease.
const STANDING_BY: &str =
    "another process writes to this log, and this one stands by: submit there";

/// A log that is being opened.
pub(super) struct Opened {
    pub(super) reading: Reading,
    pub(super) recurring: Arc<Recurring>,
    pub(super) key: VerifyingKey,
    /// Those whose cosignatures the policy counts.
    pub(super) witnesses: Vec<VerifyingKey>,
    pub(super) sequencer: Sequencer,
    pub(super) life: Life,
}

/// What goes on until the log is closed.
pub(super) struct Life {
    pub(super) task: JoinHandle<anyhow::Result<()>>,
    /// Cancelled when that has ended.
    pub(super) ended: CancellationToken,
}

impl Life {
    fn of(work: impl Future<Output = anyhow::Result<()>> + Send + 'static) -> Life {
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let task = tokio::spawn(async move {
            let _ended = guard;
            work.await
        });
        Life { task, ended }
    }
}

/// The log whose key is in `data`.
pub(super) async fn log(
    data: &DataDir,
    settings: &Settings,
    stop: CancellationToken,
) -> anyhow::Result<Opened> {
    // Before anything else: a directory without a key is none of a log.
    data.key()?;
    let store = match &settings.store {
        Some(url) => data.open_store_at(url).await?,
        None => data.open_store().await?,
    };
    if let Some(last) = data.frozen()? {
        return frozen(data, settings, &store, &last, stop).await;
    }
    let parts = parts(data, settings, &store)?;
    let reading = Reading::of(&parts);
    let recurring = Arc::clone(&parts.recurring);
    let witnesses = parts.witnesses.as_ref().map_or_else(Vec::new, |all| all.keys());
    let key = parts.key.verifying_key().clone();
    let (sequencer, life) = match store {
        LogStore::Local(_) => {
            let started = Sequencer::start(parts, stop).await;
            let (sequencer, writer) = started.context("the log can not be opened")?;
            let life = Life::of(async { writer.await.context("the writer failed") });
            (sequencer, life)
        }
        LogStore::Bucket(store) => {
            let trust = trust(settings, &key)?;
            let place = "the log's bucket".to_owned();
            let tiles = tiles_of(Arc::clone(&store) as Arc<dyn Store>, place);
            let follower =
                Follower::in_place(followed(settings, &reading, tiles, trust), &data.heads())?;
            let (sequencer, dormant) =
                Sequencer::dormant(Reading::of(&parts), STANDING_BY.to_owned());
            let lease = Lease::new(store, settings.lease());
            let reached = sequencer.clone();
            let standby = Standby { lease, parts, follower, dormant, sequencer: reached };
            (sequencer, Life::of(standby.run(stop)))
        }
    };
    Ok(Opened { reading, recurring, key, witnesses, sequencer, life })
}

/// A log that has its last head: it is only read.
async fn frozen(
    data: &DataDir,
    settings: &Settings,
    store: &LogStore,
    last: &SignedCheckpoint,
    stop: CancellationToken,
) -> anyhow::Result<Opened> {
    let key = data.key()?.verifying_key().clone();
    let trust = trust(settings, &key)?;
    let witnesses = witnesses_of(&trust);
    let last = trust.verify(last).context("the last head is not this log's")?;
    let reading = Reading {
        origin: key.name().to_owned(),
        store: store.shared(),
        catalog: Arc::new(data.open_catalog(key.name())?),
        clock: clock::system(),
        pool: NO_POOL,
        witnesses: None,
    };
    let stored = reading.store.head().await?;
    ensure!(
        stored == last.head(),
        "the store ends at size {}, not with the last head",
        stored.size
    );
    derived::bring_up(&reading.store, &reading.catalog, stored).await?;
    let why = format!("frozen at size {}: nothing is ever written to this log again", stored.size);
    let (sequencer, dormant) = Sequencer::dormant(reading.clone(), why.clone());
    dormant.show(Published::new(last.signed(), (reading.clock)()));
    dormant.freeze(why);
    let life = Life::of(async move {
        stop.cancelled().await;
        drop(dormant);
        Ok(())
    });
    Ok(Opened { reading, recurring: Arc::default(), key, witnesses, sequencer, life })
}

/// A copy of the log at `place`, kept in `data`.
pub(super) async fn replica(
    data: &DataDir,
    settings: &Settings,
    place: &str,
    stop: CancellationToken,
) -> anyhow::Result<Opened> {
    let trust = policy(settings)?.context(
        "a log is followed by a policy: its key, and the witnesses that must have cosigned its heads",
    )?;
    let tiles = tiles_at(place).with_context(|| format!("{place} can not be followed"))?;
    let key = trust.policy().logs()[0].key().clone();
    let witnesses = witnesses_of(&trust);
    let store: Arc<dyn Store> = Arc::new(data.open_copy()?);
    let reading = Reading {
        origin: trust.origin().to_owned(),
        store,
        catalog: Arc::new(data.open_catalog(trust.origin())?),
        clock: clock::system(),
        pool: NO_POOL,
        witnesses: None,
    };
    let followed = followed(settings, &reading, tiles, trust);
    let why = format!("this server follows {place} and takes no entries: submit there");
    let (sequencer, dormant) = Sequencer::dormant(reading.clone(), why);
    let follower = Follower::copying(followed, &data.heads()).await?;
    info!("following {place}");
    let life = Life::of(replicate(follower, dormant, stop));
    Ok(Opened { reading, recurring: Arc::default(), key, witnesses, sequencer, life })
}

fn followed(settings: &Settings, reading: &Reading, tiles: Tiles, trust: Trust) -> Followed {
    Followed {
        tiles,
        trust,
        store: Arc::clone(&reading.store),
        catalog: Arc::clone(&reading.catalog),
        clock: Arc::clone(&reading.clock),
        interval: settings.follow_interval(),
    }
}

/// By the policy, if there is one that must be met; else by the key.
fn trust(settings: &Settings, key: &VerifyingKey) -> anyhow::Result<Trust> {
    match policy(settings)? {
        Some(trust) if !settings.fail_open => Ok(trust),
        _ => Ok(Trust::from_key(&key.to_string())?),
    }
}

fn witnesses_of(trust: &Trust) -> Vec<VerifyingKey> {
    trust.policy().witnesses().iter().map(|witness| witness.key().clone()).collect()
}

fn policy(settings: &Settings) -> anyhow::Result<Option<Trust>> {
    let Some(path) = &settings.policy else { return Ok(None) };
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the policy {shown} can not be read"))?;
    let trust = Trust::from_policy(&text).with_context(|| format!("{shown} is not of one log"))?;
    Ok(Some(trust))
}
