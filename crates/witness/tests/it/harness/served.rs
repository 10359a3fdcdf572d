//! A witness served by this process.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use indelible_witness::{DataDir, OpenDir, Witness, run};
use tempfile::TempDir;
use tlog::VerifyingKey;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Answer, exchange, within};

/// What the clock shows at first.
pub(crate) const NOW: u64 = 1_700_000_000;

/// A new witness, and its key.
pub(crate) fn new_dir() -> (TempDir, VerifyingKey) {
    let dir = tempfile::tempdir().unwrap();
    let key = DataDir::new(dir.path().to_owned()).create("witness.example/w1").unwrap();
    (dir, key)
}

/// Opens the witness in `dir`, with a clock that tests set.
pub(crate) fn open(
    dir: &Path,
    keys: &[VerifyingKey],
    clock: &Arc<AtomicU64>,
) -> anyhow::Result<Witness> {
    let clock = Arc::clone(clock);
    let clock = Arc::new(move || clock.load(Ordering::SeqCst));
    Witness::open(open_dir(dir)?, keys.to_vec(), clock)
}

/// Opens the directory, after a while if need be: a process that another test starts has all files
/// of this one, locks too, until it runs its own program.
fn open_dir(dir: &Path) -> anyhow::Result<OpenDir> {
    let dir = DataDir::new(dir.to_owned());
    for _ in 0..50 {
        match dir.open() {
            Err(error) if error.to_string().contains("another process") => {
                thread::sleep(Duration::from_millis(10));
            }
            opened => return opened,
        }
    }
    dir.open()
}

/// A witness on a port of its own.
pub(crate) struct Served {
    pub(crate) address: String,
    pub(crate) clock: Arc<AtomicU64>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn start(dir: &Path, keys: &[VerifyingKey]) -> Served {
        let clock = Arc::new(AtomicU64::new(NOW));
        let witness = Arc::new(open(dir, keys, &clock).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel();
        let stopped = async { stopped.await.unwrap_or_default() };
        let serving = tokio::spawn(run(witness, listener, stopped));
        Served { address, clock, stop, serving }
    }

    pub(crate) async fn post(&self, body: impl Into<String>) -> Answer {
        let body: String = body.into();
        exchange(&self.address, "POST", "/add-checkpoint", body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        exchange(&self.address, "GET", path, "").await.unwrap()
    }

    /// Ends it as a signal would.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        within("the end of the server", self.serving).await.unwrap();
    }
}
