//! `indelible hashes`: pins that installers take, of nothing but what is proven.

mod pylock;
mod requirements;
mod wanted;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use client::judging::{Basis, Release, ReleaseFile};
use client::{Class, Verdict};

use crate::args::LogArgs;
use crate::failure::Failure;
use crate::freshness::{self, FreshnessArgs};
use crate::local::LocalArgs;
use crate::output::printable;

/// Arguments of `hashes`.
#[derive(Debug, Args)]
pub struct HashesArgs {
    /// Releases, as PROJECT==VERSION; or lock files and requirements, of which the releases are taken
    #[arg(value_name = "RELEASE|FILE", required_unless_present = "requirements")]
    pub wanted: Vec<String>,
    /// Requirements or a lock file, of which the releases are taken
    #[arg(short = 'r', long = "requirement", value_name = "FILE")]
    pub requirements: Vec<PathBuf>,
    /// Write a pylock.toml (PEP 751) instead of requirements with --hash
    #[arg(long)]
    pub pylock: bool,
    /// Where the index's files are served; they have URLs in a pylock.toml then, as far as the log knows
    /// them, and are expected beside it otherwise
    #[arg(long, value_name = "URL", requires = "pylock")]
    pub files_url: Option<String>,
    /// How fresh the answers have to be.
    #[command(flatten)]
    pub freshness: FreshnessArgs,
    /// Whether a mirror is asked.
    #[command(flatten)]
    pub local: LocalArgs,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// A release and its files, all of them proven and without a contradiction.
struct Proven {
    release: Release,
    files: Vec<ReleaseFile>,
}

pub(crate) async fn run(args: HashesArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let freshness = args.freshness.under(&args.log)?;
    let releases = wanted::releases(&args.wanted, &args.requirements)?;
    let (files, basis) = args.local.judge_releases(&args.log, &releases).await?;
    freshness.check(basis.epoch(), basis.oldest_checkpoint(), freshness::now()?)?;
    let mut proven = Vec::new();
    let mut worst = Class::Good;
    for (release, files) in releases.into_iter().zip(files) {
        let class = check(&release, &files)?;
        worst = worst.max(class);
        proven.push(Proven { release, files });
    }
    // Pins of a part would pass for pins of all.
    if worst == Class::Good {
        let source = source(&basis);
        if args.pylock {
            pylock::print(&proven, args.files_url.as_deref(), &source, out)?;
        } else {
            requirements::print(&proven, &source, out)?;
        }
    }
    Ok(worst.exit_code())
}

/// What the pins rest on, in a sentence.
fn source(basis: &Basis) -> String {
    let Some(checkpoint) = basis.checkpoint() else { return String::new() };
    let (origin, size) = (printable(checkpoint.origin()), checkpoint.head().size);
    let complete = basis.epoch().map_or_else(
        || "that this is all is the log's word alone".to_owned(),
        |epoch| format!("complete as of epoch {} of {}", epoch.epoch, epoch.time),
    );
    format!("Proven by {origin} at size {size}, {complete}.")
}

/// Tells what speaks against a release, and how bad that is.
fn check(release: &Release, files: &[ReleaseFile]) -> io::Result<Class> {
    let mut err = io::stderr();
    let Release { project, version } = release;
    if files.is_empty() {
        writeln!(
            err,
            "error: {project} {}: the log has no file that it lists",
            printable(version)
        )?;
        return Ok(Class::Undecided);
    }
    let mut worst = Class::Good;
    for ReleaseFile { entry, judged } in files {
        let verdict = judged.finding.verdict;
        let class = match verdict {
            Verdict::Match | Verdict::MatchYanked => Class::Good,
            _ if verdict.class() == Class::Bad => Class::Bad,
            _ => Class::Undecided,
        };
        worst = worst.max(class);
        if verdict != Verdict::Match {
            let word = if class == Class::Good { "warning" } else { "error" };
            let (name, detail) = (printable(&entry.filename), printable(&judged.finding.detail));
            writeln!(err, "{word}: {name}: {verdict}: {detail}")?;
        }
    }
    Ok(worst)
}
