//! What durability costs on this disk, with nothing around it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rocksdb::{DB, Options, WriteBatch, WriteOptions};

use crate::latency::Latency;
use crate::table::Figure;

/// Bytes that are appended before each sync of the probe.
const APPENDED: [u8; 200] = [b'x'; 200];
/// Bytes of a value, about those of an entry.
const VALUE: [u8; 150] = [b'x'; 150];

/// Durable writes one after the other.
#[derive(Debug)]
pub(crate) struct Durable {
    /// What was written in one of them.
    count: u64,
    seconds: f64,
    latency: Latency,
}

impl Durable {
    /// How many things a second, and how long each write took.
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^53")]
    pub(crate) fn figure(&self) -> Figure {
        Figure::rate(self.count as f64 / self.seconds).and(&self.latency)
    }
}

/// Writes until `time` has passed; `write` says how much.
fn repeat(
    time: Duration,
    mut write: impl FnMut() -> anyhow::Result<u64>,
) -> anyhow::Result<Durable> {
    let (start, mut count, mut latency) = (Instant::now(), 0, Latency::new()?);
    while start.elapsed() < time {
        let begin = Instant::now();
        count += write()?;
        latency.record(begin.elapsed());
    }
    Ok(Durable { count, seconds: start.elapsed().as_secs_f64(), latency })
}

/// Appends to a file in `dir` and syncs it, again and again.
///
/// # Errors
/// The disk fails.
pub(crate) fn fdatasync(dir: &Path, time: Duration) -> anyhow::Result<Durable> {
    let mut file = File::create(dir.join("appended"))?;
    repeat(time, || {
        file.write_all(&APPENDED)?;
        file.sync_data()?;
        Ok(1)
    })
}

/// Writes batches of `size` values to a new RocksDB in `dir`, each of them synced.
///
/// # Errors
/// RocksDB or the disk fails.
pub(crate) fn rocksdb(dir: &Path, size: u64, time: Duration) -> anyhow::Result<Durable> {
    let mut options = Options::default();
    options.create_if_missing(true);
    let database = DB::open(&options, dir.join(format!("batches-{size}")))?;
    let mut synced = WriteOptions::default();
    synced.set_sync(true);
    let mut next = 0_u64;
    repeat(time, || {
        let mut batch = WriteBatch::default();
        for _ in 0..size {
            batch.put(next.to_be_bytes(), VALUE);
            next += 1;
        }
        database.write_opt(batch, &synced)?;
        Ok(size)
    })
}
