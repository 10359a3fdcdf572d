//! How far an import is: a bar on a terminal, a line now and then elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use tracing::info;

use super::Summary;

/// What a tree of pages counts for among files, in bytes.
pub(super) const TREE_BYTES: u64 = 1 << 20;
/// Time from one line to the next where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Shows rate and time left.
pub(super) struct Progress {
    total: u64,
    read: Arc<AtomicU64>,
    begun: Instant,
    bar: ProgressBar,
    last_line: std::cell::Cell<Instant>,
}

impl Progress {
    /// For all of these files.
    pub(super) fn new(files: &[PathBuf]) -> anyhow::Result<Progress> {
        let total = files.iter().map(|file| weight(file)).sum::<anyhow::Result<u64>>()?;
        let template = "{bar:30} {percent} %, {msg}, {eta} left";
        let style = ProgressStyle::with_template(template).expect("the template is a valid one");
        let (read, begun) = (Arc::new(AtomicU64::new(0)), Instant::now());
        let bar = ProgressBar::new(total).with_style(style);
        Ok(Progress { total, read, begun, bar, last_line: begun.into() })
    }

    /// Where who reads the files counts their bytes.
    pub(super) fn read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }

    pub(super) fn show(&self, so_far: &Summary) {
        let read = self.read.load(Ordering::Relaxed).min(self.total);
        let elapsed = self.begun.elapsed();
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
        let rate = so_far.facts as f64 / elapsed.as_secs_f64().max(0.001);
        self.bar.set_position(read);
        self.bar.set_message(format!("{} facts, {rate:.0}/s", so_far.facts));
        if self.bar.is_hidden() && self.last_line.get().elapsed() >= LINE_INTERVAL {
            self.last_line.set(Instant::now());
            let left = elapsed.as_secs() * self.total.saturating_sub(read) / read.max(1);
            let percent = 100 * read / self.total.max(1);
            info!(
                facts = so_far.facts,
                refused = so_far.refused,
                "{percent} % read, {rate:.0} facts/s, {left} s left"
            );
        }
    }

    pub(super) fn show_finishing(&self) {
        self.bar.finish_and_clear();
        info!("all is read; cataloguing, confirming and signing it");
    }

    pub(super) fn done(&self) {
        info!("done after {:.1} s", self.begun.elapsed().as_secs_f64());
    }
}

fn weight(file: &Path) -> anyhow::Result<u64> {
    let metadata =
        file.metadata().with_context(|| format!("{} can not be read", file.display()))?;
    Ok(if metadata.is_dir() { TREE_BYTES } else { metadata.len() })
}
