//! A whole index is swept: how soon after a page was seen its files can be proven.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use indelibled::log::OpenLog;
use indelibled::settings::Settings;
use observer::{Coverage, ListedName, Log as Submit, LogError, Observer, Submitted, SystemClock};
use record::{Fact, ProjectName};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::facts::{self, FILES_PER_PROJECT};
use crate::latency::Latency;
use crate::log::Log;
use crate::process;
use crate::table::{self, Figure, Row};

/// Projects of the index.
const PROJECTS: u64 = 100_000;
/// Files of each.
const FILES: u64 = 2;

/// Prints the line about a sweep.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn measure() -> std::io::Result<()> {
    let what = format!("seen until provable, in a sweep of {PROJECTS} projects");
    table::row_or_why(&what, swept().map(|(seconds, provable)| row(&what, seconds, &provable)))
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn row(what: &str, seconds: f64, provable: &Latency) -> Row {
    let files = (PROJECTS * FILES) as f64;
    let rate = table::grouped(files / seconds);
    let ours = Figure::millis(provable.quantile(0.99).as_secs_f64()).and(provable);
    let ours = ours.and(format!("{rate} files/s, observer and log in one process"));
    Row::new(what, "p99 under 1,000 ms").ours(ours)
}

/// Seconds of the sweep, and the times from when a page was read until a published head covered it.
fn swept() -> anyhow::Result<(f64, Latency)> {
    let log = Log::create()?;
    let index = log.beside("index");
    write_index(&index)?;
    process::on_all_cores(async {
        let settings = Settings { min_free: Some(0), ..Settings::default() };
        let stop = CancellationToken::new();
        let open = OpenLog::open(log.data(), &settings, stop.clone()).await?;
        let provable = Arc::new(Mutex::new(Latency::new()?));
        let timed = Timed { log: open.sequencer.clone(), provable: Arc::clone(&provable) };
        let clock: Arc<dyn observer::Clock> = Arc::new(SystemClock::new());
        let settings = observer::Settings::default();
        let source = observer::open_source(&index.display().to_string(), &settings, &clock)?;
        let state = log.beside("observer");
        let observer = Observer::open(source, Arc::new(timed), &state, settings, clock)?;
        let begin = Instant::now();
        let report = observer.sweep().await?;
        let seconds = begin.elapsed().as_secs_f64();
        ensure!(report.is_complete() && report.entries == PROJECTS * FILES, "{report}");
        drop(observer);
        stop.cancel();
        open.closed().await?;
        let provable = provable.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok((seconds, provable))
    })
}

/// A directory of recorded pages. An index that is asked over the network is asked far more slowly.
fn write_index(root: &Path) -> anyhow::Result<()> {
    let mut projects = Vec::new();
    for number in 0..PROJECTS {
        let first = number * FILES_PER_PROJECT;
        let files =
            (first..first + FILES).map(facts::listed).collect::<anyhow::Result<Vec<_>>>()?;
        let name = files.first().context("a project has files")?.project.to_string();
        let listed = files.iter().map(|file| {
            json!({"filename": file.filename, "url": format!("/{}", file.filename),
                "hashes": {"sha256": file.sha256}, "size": file.size, "upload-time": file.uploaded})
        });
        let files: Vec<Value> = listed.collect();
        let meta = json!({"api-version": "1.1", "_last-serial": number + 1});
        write(
            &root.join("simple").join(&name),
            &json!({"meta": meta, "name": name, "files": files}),
        )?;
        projects.push(json!({"name": name, "_last-serial": number + 1}));
    }
    let meta = json!({"api-version": "1.1", "_last-serial": PROJECTS});
    write(&root.join("simple"), &json!({"meta": meta, "projects": projects}))
}

fn write(dir: &Path, page: &Value) -> anyhow::Result<()> {
    fs::create_dir_all(dir)?;
    Ok(fs::write(dir.join("index.json"), page.to_string())?)
}

/// A log that takes the time from when facts are submitted until they can be proven.
struct Timed<L> {
    log: L,
    provable: Arc<Mutex<Latency>>,
}

#[async_trait]
impl<L: Submit> Submit for Timed<L> {
    async fn listed(&self, project: &ProjectName) -> Result<Option<Vec<ListedName>>, LogError> {
        self.log.listed(project).await
    }

    async fn submit(&self, facts: Vec<Fact>) -> Result<Submitted, LogError> {
        let begin = Instant::now();
        let submitted = self.log.submit(facts).await?;
        self.provable.lock().unwrap_or_else(PoisonError::into_inner).record(begin.elapsed());
        Ok(submitted)
    }

    async fn covered(&self, coverage: Coverage) -> Result<(), LogError> {
        self.log.covered(coverage).await
    }
}
