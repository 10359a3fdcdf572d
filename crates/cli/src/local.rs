//! Whom to ask: the log, or a mirror of it on this machine.

use std::path::PathBuf;

use clap::Args;
use client::judging::{self, Basis, Judgement, Progress, Release, ReleaseFile};
use client::{Artifact, Mirror, Tiles};

use crate::args::LogArgs;
use crate::failure::Failure;
use crate::progress;

/// Whether a mirror is asked, so that nobody learns what is asked.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Privacy")]
pub struct LocalArgs {
    /// Ask a mirror of the whole log in this directory; it is made or updated first, and the log does not
    /// learn what is asked
    ///
    /// The first time takes a while; for a log of 20 million files it needs some ten gigabytes. The
    /// directory holds the log's files as the log serves them (C2SP tlog-tiles), each of them verified.
    #[arg(long, value_name = "DIR")]
    pub local: Option<PathBuf>,
    /// Answer from the mirror as it is, without the network
    #[arg(long, requires = "local")]
    pub offline: bool,
}

impl LocalArgs {
    /// Judges by what the log knows, or the mirror.
    pub(crate) async fn judge(
        &self,
        log: &LogArgs,
        artifacts: Vec<Artifact>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Judgement, Failure> {
        let Some(mut mirror) = self.mirror(log).await? else {
            return Ok(judging::judge(&mut log.client()?, artifacts, progress).await?);
        };
        Ok(judging::judge(&mut mirror, artifacts, progress).await?)
    }

    /// Judges the files of releases by what the log knows, or the mirror.
    pub(crate) async fn judge_releases(
        &self,
        log: &LogArgs,
        releases: &[Release],
    ) -> Result<(Vec<Vec<ReleaseFile>>, Basis), Failure> {
        let Some(mut mirror) = self.mirror(log).await? else {
            return Ok(judging::judge_releases(&mut log.client()?, releases).await?);
        };
        Ok(judging::judge_releases(&mut mirror, releases).await?)
    }

    /// The mirror, up to date unless it is not to be.
    async fn mirror(&self, log: &LogArgs) -> Result<Option<Mirror>, Failure> {
        let Some(dir) = &self.local else { return Ok(None) };
        let trust = log.trust()?;
        let url = if self.offline { None } else { Some(log.url(&trust)?) };
        let mut mirror = Mirror::open(trust, dir)?;
        if let Some(url) = url {
            update(&mut mirror, &Tiles::new(url)?).await?;
        }
        Ok(Some(mirror))
    }
}

async fn update(mirror: &mut Mirror, tiles: &Tiles) -> Result<(), Failure> {
    let mut bar = None;
    let mut show = |done: client::Progress| {
        let bar = bar.get_or_insert_with(|| progress::of_reading(done, "updating the mirror"));
        bar.set_position(done.read.get());
    };
    let updated = mirror.update(tiles, &mut show).await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(updated?)
}
