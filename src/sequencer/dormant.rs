//! A sequencer that does not write: not yet, because another process does, or never.

use std::sync::Arc;

use bytes::Bytes;
use catalog::Catalog;
use observer::Coverage;
use store::Store;
use tlog::TreeHead;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::open::{self, Channels, OpenError};
use super::proposal::Submission;
use super::writer::Writer;
use super::{Parts, Sequencer, WriterState};
use crate::clock::Clock;
use crate::entries::EntryReader;
use crate::published::Published;
use crate::publishers::Publishers;
use crate::witnesses::Witnesses;

/// What is read while nothing is written, and by whom.
#[derive(Clone)]
pub struct Reading {
    /// Name of the log.
    pub origin: String,
    /// The log's bytes.
    pub store: Arc<dyn Store>,
    /// The derived view.
    pub catalog: Arc<Catalog>,
    /// The log's clock.
    pub clock: Clock,
    /// Submissions that wait at most, once something is written.
    pub pool: usize,
    /// Who cosigns heads, if the log has a policy and may come to write.
    pub witnesses: Option<Arc<Witnesses>>,
}

impl Reading {
    /// What is read of the log that `parts` can write.
    pub fn of(parts: &Parts) -> Reading {
        Reading {
            origin: parts.key.verifying_key().name().to_owned(),
            store: Arc::clone(&parts.store),
            catalog: Arc::clone(&parts.catalog),
            clock: Arc::clone(&parts.clock),
            pool: parts.limits.pool,
            witnesses: parts.witnesses.clone(),
        }
    }
}

/// The other end of a [`Sequencer`], while it follows what another process writes.
pub struct Dormant {
    submissions: mpsc::Receiver<Submission>,
    coverage: watch::Receiver<Option<Coverage>>,
    state: watch::Sender<WriterState>,
    published: watch::Sender<Arc<Published>>,
    publishers: Publishers,
}

impl Sequencer {
    /// A sequencer that refuses all submissions with `why`. It has published nothing until something is
    /// [shown](Dormant::show).
    pub fn dormant(reading: Reading, why: String) -> (Sequencer, Dormant) {
        let Reading { origin, store, catalog, clock, pool, witnesses } = reading;
        let (pool, submissions) = mpsc::channel(pool);
        let (coverage, covered) = watch::channel(None);
        let (state, state_seen) = watch::channel(WriterState::Following(why));
        let nothing = Published { head: TreeHead::EMPTY, note: Bytes::new(), confirmed: clock() };
        let (published, published_seen) = watch::channel(Arc::new(nothing));
        let entries = EntryReader::new(store);
        let publishers = Publishers::new(&origin, Arc::clone(&catalog), entries.clone());
        let sequencer = Sequencer {
            pool,
            state: state_seen,
            published: published_seen,
            coverage,
            catalog,
            entries,
            publishers: publishers.clone(),
            quorum: witnesses.map(|witnesses| witnesses.watch_quorum()),
        };
        let dormant = Dormant { submissions, coverage: covered, state, published, publishers };
        (sequencer, dormant)
    }
}

impl Dormant {
    /// Shows readers what another process published.
    pub fn show(&self, published: Published) {
        self.published.send_replace(Arc::new(published));
    }

    /// What is shown.
    pub fn shown(&self) -> Arc<Published> {
        Arc::clone(&self.published.borrow())
    }

    /// Says that nothing is followed any more, and why. Reads go on.
    pub fn halt(&self, why: String) {
        self.state.send_replace(WriterState::Halted(why));
    }

    /// Says that nothing will ever be written, and why.
    pub fn freeze(&self, why: String) {
        self.state.send_replace(WriterState::Frozen(why));
    }

    /// Opens the log, finishes what a crash left unfinished, and starts to write, with what the sequencer was
    /// made with. It stops, after what is in the pool, when `stop` is cancelled; the handle tells when that is
    /// done.
    ///
    /// # Errors
    /// [`OpenError`] if serving this log could fork it or the store is damaged.
    pub async fn wake(
        self,
        parts: Parts,
        stop: CancellationToken,
    ) -> Result<JoinHandle<()>, OpenError> {
        let (writer, submissions) = self.open(parts, stop.clone()).await?;
        Ok(tokio::spawn(writer.run(submissions, stop)))
    }

    /// The writer, and what is submitted to it.
    pub(super) async fn open(
        self,
        parts: Parts,
        stop: CancellationToken,
    ) -> Result<(Writer, mpsc::Receiver<Submission>), OpenError> {
        let Dormant { submissions, coverage, state, published, publishers } = self;
        let channels = Channels { coverage, state, published };
        Ok((open::open(parts, publishers, channels, stop).await?, submissions))
    }
}
