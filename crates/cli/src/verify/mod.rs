//! `indelible verify`: are these the files that everybody else sees?

mod judge;
mod offline;
mod report;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

pub use self::judge::{Judged, Verifier};
use self::report::Report;
use crate::args::LogArgs;
use crate::failure::Failure;
use crate::freshness::{self, FreshnessArgs};

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Wheels, source archives and other files, named as on the package index
    #[arg(value_name = "FILE", required_unless_present_any = ["fork", "evidence"])]
    pub files: Vec<PathBuf>,
    /// Check one FILE offline, by a proof that `indelible proof` wrote
    #[arg(long, value_name = "PROOF")]
    pub proof: Option<PathBuf>,
    /// Check offline that a report proves that the log forked; if it does, the exit code is 1
    #[arg(long, value_name = "REPORT", conflicts_with_all = ["files", "proof"])]
    pub fork: Option<PathBuf>,
    /// Check offline what `indelible evidence` wrote, and tell what it proves; if it proves anything, the
    /// exit code is 0, be that good news or bad
    #[arg(long, value_name = "EVIDENCE", conflicts_with_all = ["files", "proof", "fork"])]
    pub evidence: Option<PathBuf>,
    /// How fresh the answers have to be.
    #[command(flatten)]
    pub freshness: FreshnessArgs,
    /// Exit with 1 also for files that the log merely does not know
    #[arg(long)]
    pub strict: bool,
    /// Print one JSON object: {"checkpoint", "coverage", "results": [{"path", "project", "version", "filename",
    /// "sha256", "verdict", "entries", "detail"}], "summary"}
    #[arg(long)]
    pub json: bool,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

pub(crate) async fn run(args: VerifyArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    match (&args.fork, &args.proof, &args.evidence) {
        (Some(report), _, _) => offline::verify_fork(&args, report, out),
        (_, Some(proof), _) => offline::verify_file(&args, proof, out),
        (_, _, Some(evidence)) => offline::verify_evidence(&args, evidence, out),
        (None, None, None) => verify_files(&args, out).await,
    }
}

async fn verify_files(args: &VerifyArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let mut client = args.log.client()?;
    let mut verifier = Verifier::new(&mut client);
    let mut report = Report::default();
    for path in &args.files {
        match judge::hash_file(path) {
            Ok(file) => {
                let judged = verifier.judge(file).await?;
                report.add(judged, args.json, out)?;
            }
            // The other files are none the worse for it.
            Err(error) => {
                Failure::file(path, error).report(&mut io::stderr());
                report.undecided();
            }
        }
    }
    conclude(report, args, out)
}

/// Sums the report up and tells the exit code.
fn conclude(mut report: Report, args: &VerifyArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let now = freshness::now()?;
    report.finish(args.json, now, out)?;
    if let Err(failure) = args.freshness.check(report.epoch(), now) {
        failure.report(&mut io::stderr());
        report.undecided();
    }
    Ok(report.exit_code(args.strict))
}
