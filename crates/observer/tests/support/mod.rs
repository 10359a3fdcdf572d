//! A log in memory, a clock that only moves when told to, and an index on a loopback port.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod index;
mod log;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use observer::{Caution, Clock, Observer, Settings, Source, SweepReport, open_source};
use serde_json::{Value, json};

pub use index::{Canned, FakeIndex};
pub use log::MemoryLog;

/// A clock on which sleeping takes no time but moves it.
pub struct ManualClock {
    millis: AtomicU64,
}

impl ManualClock {
    pub fn new() -> Arc<ManualClock> {
        Arc::new(ManualClock { millis: AtomicU64::new(1_795_223_638_000) })
    }

    pub fn advance(&self, seconds: u64) {
        self.millis.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn unix(&self) -> u64 {
        self.millis.load(Ordering::SeqCst) / 1000
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.millis.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap();
        self.millis.fetch_add(millis, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    fn jitter(&self) -> f64 {
        0.5
    }
}

/// Settings for tests: the usual ones, but a journal only where a test wants one, and no slow
/// shares.
pub fn settings() -> Settings {
    Settings { request_rate: 1e6, revalidate_every: 0, journal: false, ..Settings::default() }
}

/// Two readings are enough, however soon the second comes.
pub fn hasty() -> Caution {
    Caution {
        confirm_after: Duration::ZERO,
        mass_confirm_after: Duration::ZERO,
        ..Caution::default()
    }
}

/// An observer and what surrounds it.
pub struct Bench {
    pub log: Arc<MemoryLog>,
    pub clock: Arc<ManualClock>,
    pub state: tempfile::TempDir,
    pub settings: Settings,
    pub location: String,
}

impl Bench {
    pub fn new(location: impl Into<String>, settings: Settings) -> Bench {
        Bench {
            log: MemoryLog::new(),
            clock: ManualClock::new(),
            state: tempfile::tempdir().unwrap(),
            settings,
            location: location.into(),
        }
    }

    /// An observer as after a restart.
    pub fn observer(&self) -> Observer {
        self.observer_with(self.log.clone())
    }

    pub fn observer_with(&self, log: Arc<dyn observer::Log>) -> Observer {
        let source = self.source();
        let clock: Arc<dyn Clock> = self.clock.clone();
        Observer::open(source, log, self.state.path(), self.settings.clone(), clock).unwrap()
    }

    pub fn source(&self) -> Arc<dyn Source> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        open_source(&self.location, &self.settings, &clock).unwrap()
    }

    /// One sweep after a restart.
    pub async fn sweep(&self) -> SweepReport {
        self.observer().sweep().await.unwrap()
    }

    /// Kinds and filenames of the entries added since the last call, sorted.
    pub fn news(&self) -> Vec<String> {
        self.log.news()
    }
}

/// A hash that differs for every text.
pub fn sha256(text: &str) -> String {
    record::Digest::sha256(text.as_bytes()).to_string()
}

/// A file as a JSON page lists it; its hash follows from its name.
pub fn file(filename: &str) -> Value {
    json!({
        "filename": filename,
        "url": format!("../../packages/{filename}"),
        "hashes": {"sha256": sha256(filename)},
    })
}

/// Writes a file and the folders above it.
pub fn write(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}
