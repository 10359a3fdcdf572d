//! A log that is open: store, catalog, sequencer and reader put together.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use catalog::Catalog;
use metrics_exporter_prometheus::PrometheusHandle;
use tlog::VerifyingKey;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock};
use crate::data_dir::DataDir;
use crate::entries::EntryReader;
use crate::feeds::{Conflicts, Feeds};
use crate::grpc::{self, LogService, PublisherDesk, SubmitService, Token};
use crate::http::{self, Health, HttpState};
use crate::publishers::{Pending, Publishers, RateLimit};
use crate::reading::LogReader;
use crate::register::HeadRegister;
use crate::sequencer::{Parts, Sequencer};
use crate::settings::Settings;
use crate::site::Site;
use crate::space::SpaceGuard;
use crate::witnesses::Witnesses;

/// How often what no longer matters is forgotten.
const TIDY_INTERVAL: Duration = Duration::from_secs(600);

/// Opens what a sequencer works with.
///
/// # Errors
/// A key, store or catalog that is missing, damaged, or open in another process.
pub async fn parts(data: &DataDir, settings: &Settings) -> anyhow::Result<Parts> {
    let key = data.key()?;
    let store = data.open_store().await?.shared();
    let catalog: Arc<Catalog> = Arc::new(data.open_catalog(key.verifying_key().name())?);
    let witnesses = settings.policy.as_deref().map(|path| {
        let (times, fail_open) = (settings.witness_times(), settings.fail_open);
        Witnesses::read(path, key.verifying_key(), times, fail_open).map(Arc::new)
    });
    let witnesses = witnesses.transpose()?;
    let head_file: PathBuf = settings.head_file.clone().unwrap_or_else(|| data.head_file());
    Ok(Parts {
        store,
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

/// The conflicts of the log, as far as they were found.
pub fn conflicts(data: &DataDir, parts: &Parts) -> Conflicts {
    let (catalog, recurring) = (Arc::clone(&parts.catalog), Arc::clone(&parts.recurring));
    let entries = EntryReader::new(Arc::clone(&parts.store));
    Conflicts::open(data.conflicts_file(), catalog, entries, publishers(parts), recurring)
}

/// What publishers have said, as readers of the log find it.
fn publishers(parts: &Parts) -> Publishers {
    let origin = parts.key.verifying_key().name();
    let entries = EntryReader::new(Arc::clone(&parts.store));
    Publishers::new(origin, Arc::clone(&parts.catalog), entries)
}

/// A log that is open and writing.
pub struct OpenLog {
    /// The one writer.
    pub sequencer: Sequencer,
    /// Answers to readers.
    pub reader: LogReader,
    /// Verifies the log's signatures; its name is the origin.
    pub key: VerifyingKey,
    clock: Clock,
    conflicts: Arc<Conflicts>,
    publishers: Publishers,
    witnesses: Vec<VerifyingKey>,
    searching: JoinHandle<()>,
    pending: PathBuf,
    writer: JoinHandle<()>,
}

impl OpenLog {
    /// Opens the log in `data` and starts its sequencer; it ends when `stop` is cancelled.
    ///
    /// # Errors
    /// Whatever makes it unsafe or impossible to serve this log.
    pub async fn open(
        data: &DataDir,
        settings: &Settings,
        stop: CancellationToken,
    ) -> anyhow::Result<OpenLog> {
        let parts = parts(data, settings).await?;
        let key = parts.key.verifying_key().clone();
        let (store, catalog) = (Arc::clone(&parts.store), Arc::clone(&parts.catalog));
        let clock = Arc::clone(&parts.clock);
        let conflicts = Arc::new(conflicts(data, &parts));
        let publishers = publishers(&parts);
        let witnesses = parts.witnesses.as_ref().map_or_else(Vec::new, |all| all.keys());
        let (sequencer, writer) =
            Sequencer::start(parts, stop).await.context("the log can not be opened")?;
        let published = sequencer.watch_published();
        let searching = tokio::spawn(Arc::clone(&conflicts).follow(published.clone()));
        let reader = LogReader::new(store, catalog, published, settings.proof_cache_bytes());
        let pending = data.pending_file();
        Ok(OpenLog {
            sequencer,
            reader,
            key,
            clock,
            conflicts,
            publishers,
            witnesses,
            searching,
            pending,
            writer,
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
        let health =
            Health::new(self.sequencer.clone(), Arc::clone(&self.clock), settings.max_head_age());
        let feeds = Feeds::new(self.reader.clone(), Arc::clone(&self.conflicts), self.key.name());
        let site = Site::new(
            self.reader.clone(),
            Arc::clone(&self.conflicts),
            self.publishers.clone(),
            &self.key,
            &self.witnesses,
            Arc::clone(&self.clock),
        );
        let state = HttpState { reader: self.reader.clone(), feeds, health, metrics, site };
        let routes = grpc.into_axum_router().merge(http::routes(state, self.key.name()));
        Ok(routes.fallback(http::not_found))
    }

    /// Where publishers state what they expect.
    fn publisher_desk(&self, settings: &Settings) -> anyhow::Result<PublisherDesk> {
        let pending = Pending::open(self.pending.clone())?;
        let rate = RateLimit::new(settings.expectations_per_hour());
        let (sequencer, clock) = (self.sequencer.clone(), Arc::clone(&self.clock));
        Ok(PublisherDesk::new(sequencer, pending, settings.enrolment(), rate, clock))
    }

    /// Waits until the writer has ended and gives up the store.
    pub async fn closed(self) {
        let OpenLog { writer, searching, .. } = self;
        let _ = writer.await;
        searching.abort();
        let _ = searching.await;
    }
}
