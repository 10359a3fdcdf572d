//! The table of all goals: what Indelible does beside what limits it and what its peers do, measured
//! in the same run.

mod append;
mod audit;
mod durability;
mod fill;
mod growth;
mod proofs;
mod reads;
mod replicas;
mod siglog;
mod sweep;
mod tessera;
mod trees;
mod working;

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use crate::log::Log;
use crate::table;
use fill::Source;

/// Sizes at which a log is looked at as it grows; up to the one asked for.
const SIZES: [u64; 4] = [100_000, 1_000_000, 10_000_000, 20_000_000];

/// `bench all`
#[derive(Debug, clap::Args)]
pub(crate) struct All {
    /// Files of the log that is read
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    files: u64,
    /// Directory of that log: an existing one is read as it is, a new one is filled and kept
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Listing to fill it with, in the columns of the public export; made if left out
    #[arg(long, value_name = "FILE")]
    listing: Option<PathBuf>,
    /// Names of real projects for listings that are made, as for `generate`
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// Seconds for each measurement
    #[arg(long, value_name = "SECONDS", default_value_t = 4)]
    seconds: u64,
    /// Measure only these
    #[arg(long, value_enum, value_name = "PART")]
    only: Vec<Part>,
}

/// A part of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Durable appends
    Append,
    /// A sweep of an index
    Sweep,
    /// Trees in memory
    Trees,
    /// Proofs, look-ups, tiles
    Reads,
    /// Reading the whole log
    Audit,
    /// Replicas of the log
    Replicas,
    /// Filling logs, and what they cost as they grow
    Growth,
}

/// Measures and prints. A part that fails says why, and the others go on.
///
/// # Errors
/// Standard output is closed, or there is no log to read.
pub(crate) fn run(arguments: &All) -> anyhow::Result<()> {
    let time = Duration::from_secs(arguments.seconds.max(1));
    let wanted = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    table::begin()?;
    if wanted(Part::Append) {
        append::measure(time)?;
    }
    if wanted(Part::Sweep) {
        sweep::measure()?;
    }
    if wanted(Part::Trees) {
        trees::measure()?;
    }
    if ![Part::Reads, Part::Audit, Part::Replicas, Part::Growth].into_iter().any(wanted) {
        return Ok(());
    }
    let log = large(arguments)?;
    if wanted(Part::Reads) {
        reads::measure(&log, time)?;
    }
    if wanted(Part::Audit) {
        audit::measure(&log, time)?;
    }
    if wanted(Part::Replicas) {
        replicas::measure(&log, time)?;
    }
    if wanted(Part::Growth) {
        grow(arguments, &log, time)?;
    }
    Ok(())
}

/// The log that is read.
fn large(arguments: &All) -> anyhow::Result<Log> {
    let filled = arguments.data.as_ref().is_some_and(|path| path.exists());
    let log = arguments.data.as_deref().map_or_else(Log::create, Log::at)?;
    if !filled {
        let row = fill::fill(&log, &arguments.source(), arguments.files);
        table::row_or_why("filling a log", row)?;
    }
    Ok(log)
}

/// Smaller logs, and then the large one.
fn grow(arguments: &All, large: &Log, time: Duration) -> anyhow::Result<()> {
    table::print("")?;
    growth::begin()?;
    let made = Source { listing: None, ..arguments.source() };
    for size in SIZES.into_iter().filter(|size| *size < arguments.files) {
        let log = Log::create()?;
        match fill::fill(&log, &made, size) {
            Ok(_) => growth::measure(&log, time)?,
            Err(error) => table::print(&format!("| not measured: {error:#} |"))?,
        }
    }
    Ok(growth::measure(large, time)?)
}

impl All {
    fn source(&self) -> Source {
        Source { listing: self.listing.clone(), names: self.names.clone() }
    }
}
