//! `indelibled demo`: the whole story on recorded listings. A log is created, an index is observed, a
//! publisher says what was released, the index rewrites its history, and a client that holds only the
//! verification key is shown so.

mod index;
mod publishing;
mod story;

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use observer::{Observer, SweepReport};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::args::Demo;
use crate::clients::Clients;
use crate::data_dir::DataDir;
use crate::log::OpenLog;
use crate::observing::open_observer;
use crate::publishers::Enrolment;
use crate::settings::Settings;
use crate::signals::stop_on_signal;
use crate::{metrics, server};
use story::Story;

const ORIGIN: &str = "demo.example/pypi";
const LISTEN: &str = "127.0.0.1:7117";

/// Tells the story, then serves the log until SIGTERM or SIGINT.
///
/// # Errors
/// A port that is taken, a disk that is full; or a check that fails, which none should.
pub async fn run(arguments: Demo) -> anyhow::Result<ExitCode> {
    let stop = stop_on_signal()?;
    let listener = bind(arguments.listen.as_deref()).await?;
    let dir = tempfile::tempdir().context("there is no room for a throw-away log")?;
    let data = DataDir::new(dir.path().join("log"));
    let key = data.create(ORIGIN)?;
    let settings = Settings {
        min_free: Some(64),
        epoch_interval: Some(0),
        // Nobody but the demo knows this log.
        enrolment: Some(Enrolment::Open),
        ..Settings::default()
    };
    let writing = CancellationToken::new();
    // Before anything counts: opening confirms the head.
    let recorder = metrics::recorder();
    let log = OpenLog::open(&data, &settings, writing.clone()).await?;
    let routes = log.routes(&settings, None, recorder, stop.clone())?;
    let url = format!("http://{}", listener.local_addr()?);
    let clients = Arc::new(Clients::new(settings.client_rate()));
    let serving = server::serve(listener, None, routes, stop.clone(), settings.drain(), clients);
    let serving = tokio::spawn(serving);

    let index = dir.path().join("index");
    index::unpack(&index)?;
    let mut observer = observer(&index, &log, &dir.path().join("observer"))?;
    let client = dir.path().join("client");
    let mut story = Story::new(io::stdout(), &url, &key, &client)?;
    tokio::select! {
        told = tell(&mut story, &mut observer, dir.path()) => told?,
        () = stop.cancelled() => {}
    }
    serving.await?;
    writing.cancel();
    log.closed().await?;
    Ok(ExitCode::SUCCESS)
}

/// The acts, played in the directory `stage`.
async fn tell(
    story: &mut Story<impl io::Write>,
    observer: &mut Observer,
    stage: &Path,
) -> anyhow::Result<()> {
    story.opening()?;
    let first = sweep(observer).await?;
    story.observed(&first).await?;
    let kept = story.published().await?;

    index::rewrite(&stage.join("index"))?;
    let second = sweep(observer).await?;
    // A disappearance is believed only when a second reading agrees.
    let confirmed = sweep(observer).await?;
    story.observed_again(&[second, confirmed]).await?;

    story.evidence().await?;
    story.alarmed(&stage.join("watch"), &kept).await?;
    story.closing()
}

async fn sweep(observer: &mut Observer) -> anyhow::Result<SweepReport> {
    let report = observer.sweep().await?;
    anyhow::ensure!(report.is_complete(), "the recorded listings could not all be read: {report}");
    Ok(report)
}

fn observer(index: &Path, log: &OpenLog, state: &Path) -> anyhow::Result<Observer> {
    let mut settings = observer::Settings::default();
    settings.caution.confirm_after = Duration::ZERO;
    let index = index.to_str().context("the temporary directory has a strange name")?;
    open_observer(index, Arc::new(log.sequencer.clone()), settings, state)
}

/// The port asked for; or the usual one, or any if that is taken.
async fn bind(listen: Option<&str>) -> anyhow::Result<TcpListener> {
    if let Some(listen) = listen {
        let bound = TcpListener::bind(listen).await;
        return bound.with_context(|| format!("{listen} can not be listened on"));
    }
    match TcpListener::bind(LISTEN).await {
        Ok(listener) => Ok(listener),
        Err(_) => Ok(TcpListener::bind("127.0.0.1:0").await?),
    }
}
