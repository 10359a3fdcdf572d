//! A log that is open: store, catalog, sequencer and reader put together.

mod opening;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use axum::Router;
use catalog::Catalog;
use metrics_exporter_prometheus::PrometheusHandle;
use tlog::VerifyingKey;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock};
use crate::data_dir::{DataDir, LogStore};
use crate::entries::EntryReader;
use crate::feeds::{Conflicts, Feeds};
use crate::grpc::{self, LogService, PublisherDesk, SubmitService, Token};
use crate::http::{self, About, Health, HttpState, Limits};
use crate::publishers::{Pending, Publishers, RateLimit};
use crate::reading::LogReader;
use crate::register::HeadRegister;
use crate::sequencer::{Parts, Reading, Recurring, Sequencer};
use crate::settings::Settings;
use crate::site::Site;
use crate::space::SpaceGuard;
use crate::witnesses::Witnesses;
use opening::{Life, Opened};

/// How often what no longer matters is forgotten.
const TIDY_INTERVAL: Duration = Duration::from_secs(600);

/// Opens what a sequencer works with, on a store that is open.
///
/// # Errors
/// A key or catalog that is missing, damaged, or open in another process; a policy that is none of this log.
pub fn parts(data: &DataDir, settings: &Settings, store: &LogStore) -> anyhow::Result<Parts> {
    ensure!(
        data.frozen()?.is_none(),
        "this log is frozen, and nothing is ever written to it again"
    );
    let key = data.key()?;
    let catalog: Arc<Catalog> = Arc::new(data.open_catalog(key.verifying_key().name())?);
    let witnesses = settings.policy.as_deref().map(|path| {
        let (times, fail_open) = (settings.witness_times(), settings.fail_open);
        Witnesses::read(path, key.verifying_key(), times, fail_open).map(Arc::new)
    });
    let witnesses = witnesses.transpose()?;
    let head_file: PathBuf = settings.head_file.clone().unwrap_or_else(|| data.head_file());
    Ok(Parts {
        store: store.shared(),
        catalog,
        key,
        register: HeadRegister::new(head_file),
        space: SpaceGuard::new(data.path().to_owned(), settings.min_free_bytes()),
        clock: clock::system(),
        limits: settings.limits(),
        epochs: settings.epochs(),
        recurring: Arc::default(),
        witnesses,
    })
}

/// The conflicts of the log that is read, as far as they were found.
pub fn conflicts(data: &DataDir, reading: &Reading, recurring: Arc<Recurring>) -> Conflicts {
    let catalog = Arc::clone(&reading.catalog);
    let entries = EntryReader::new(Arc::clone(&reading.store));
    let publishers = Publishers::new(&reading.origin, Arc::clone(&catalog), entries.clone());
    Conflicts::open(data.conflicts_file(), catalog, entries, publishers, recurring)
}

/// A log that is open: written by this process, or followed.
pub struct OpenLog {
    /// The one writer, or what stands for it.
    pub sequencer: Sequencer,
    /// Answers to readers.
    pub reader: LogReader,
    /// Verifies the log's signatures; its name is the origin.
    pub key: VerifyingKey,
    clock: Clock,
    conflicts: Arc<Conflicts>,
    witnesses: Vec<VerifyingKey>,
    searching: JoinHandle<()>,
    pending: PathBuf,
    life: Life,
}

impl OpenLog {
    /// Opens the log in `data`, or the one that `settings` say to follow, and returns when there is something to
    /// show. It ends when `stop` is cancelled, and by itself when another process takes over.
    ///
    /// # Errors
    /// Whatever makes it unsafe or impossible to serve this log.
    pub async fn open(
        data: &DataDir,
        settings: &Settings,
        stop: CancellationToken,
    ) -> anyhow::Result<OpenLog> {
        let Opened { reading, recurring, key, witnesses, sequencer, life } = match &settings.follow
        {
            Some(place) => opening::replica(data, settings, place, stop).await?,
            None => opening::log(data, settings, stop).await?,
        };
        let clock = Arc::clone(&reading.clock);
        let conflicts = Arc::new(conflicts(data, &reading, recurring));
        let Reading { store, catalog, .. } = reading;
        let mut published = sequencer.watch_published();
        let shows = published.wait_for(|published| !published.note.is_empty());
        if shows.await.is_err() {
            life.task.await.context("the log's own task failed")??;
            bail!("the log was closed before there was anything to show");
        }
        let searching = tokio::spawn(Arc::clone(&conflicts).follow(published.clone()));
        let reader = LogReader::new(store, catalog, published, settings.proof_cache_bytes());
        let pending = data.pending_file();
        Ok(OpenLog {
            sequencer,
            reader,
            key,
            clock,
            conflicts,
            witnesses,
            searching,
            pending,
            life,
        })
    }

    /// Everything that the log answers, on one port. Open streams end when `stop` is cancelled.
    ///
    /// # Errors
    /// A defect of the build.
    pub fn routes(
        &self,
        settings: &Settings,
        token: Option<Token>,
        metrics: PrometheusHandle,
        stop: CancellationToken,
    ) -> anyhow::Result<Router> {
        let log = LogService::new(self.reader.clone(), stop.clone());
        let desk = self.publisher_desk(settings)?;
        tokio::spawn(desk.tidy_up(TIDY_INTERVAL));
        let submit = SubmitService::new(self.sequencer.clone(), token, desk, stop);
        let (grpc, health) = grpc::routes(log, submit)?;
        tokio::spawn(grpc::report_health(self.sequencer.watch_state(), health));
        let health = self.health(settings);
        let feeds = Feeds::new(self.reader.clone(), Arc::clone(&self.conflicts), self.key.name());
        let site = Site::new(
            self.reader.clone(),
            Arc::clone(&self.conflicts),
            self.sequencer.publishers().clone(),
            &self.key,
            &self.witnesses,
            Arc::clone(&self.clock),
        );
        let about = self.about(settings);
        let state = HttpState { reader: self.reader.clone(), feeds, health, metrics, site, about };
        let routes = grpc.into_axum_router().merge(http::routes(state));
        Ok(routes.fallback(http::not_found))
    }

    fn about(&self, settings: &Settings) -> About {
        About {
            origin: self.key.name().to_owned(),
            key: self.key.to_string(),
            witnesses: self.witnesses.iter().map(ToString::to_string).collect(),
            limits: Limits::new(settings.client_rate(), settings.expectations_per_hour()),
            prefix: http::prefix_of(self.key.name()),
        }
    }

    /// Whether the log is well.
    pub fn health(&self, settings: &Settings) -> Health {
        Health::new(self.sequencer.clone(), Arc::clone(&self.clock), settings.max_head_age())
    }

    /// Where publishers state what they expect.
    fn publisher_desk(&self, settings: &Settings) -> anyhow::Result<PublisherDesk> {
        let pending = Pending::open(self.pending.clone())?;
        let rate = RateLimit::new(settings.expectations_per_hour());
        let (sequencer, clock) = (self.sequencer.clone(), Arc::clone(&self.clock));
        Ok(PublisherDesk::new(sequencer, pending, settings.enrolment(), rate, clock))
    }

    /// Cancelled when the log has ended, perhaps by itself.
    pub fn ended(&self) -> CancellationToken {
        self.life.ended.clone()
    }

    /// Waits until the writer has ended and gives up the store.
    ///
    /// # Errors
    /// Why it ended, if nobody asked it to.
    pub async fn closed(self) -> anyhow::Result<()> {
        let OpenLog { life, searching, .. } = self;
        let ended = life.task.await.context("the log's own task failed");
        searching.abort();
        let _ = searching.await;
        ended?
    }
}
