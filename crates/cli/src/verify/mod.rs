//! `indelible verify`: are these the files that everybody else sees?

mod fraud;
mod freeze;
mod offline;
mod report;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use client::{Artifact, Class};

use self::report::Report;
use crate::args::LogArgs;
use crate::failure::Failure;
use crate::freshness::{self, FreshnessArgs};
use crate::hashing;
use crate::local::LocalArgs;

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Wheels, source archives and other files, named as on the package index
    #[arg(value_name = "FILE", required_unless_present_any = ["proof", "fork", "fraud", "freeze", "evidence"])]
    pub files: Vec<PathBuf>,
    /// Check one FILE offline, by a proof that `indelible proof` wrote; without FILE, check the proof alone
    /// and show its entry
    #[arg(long, value_name = "PROOF")]
    pub proof: Option<PathBuf>,
    /// Check offline that a report proves that the log forked; if it does, the exit code is 1
    #[arg(long, value_name = "REPORT", conflicts_with_all = ["files", "proof"])]
    pub fork: Option<PathBuf>,
    /// Check offline that a file proves that the log signed a false epoch; if it does, the exit code is 1
    #[arg(long, value_name = "PROOF", conflicts_with_all = ["files", "proof", "fork"])]
    pub fraud: Option<PathBuf>,
    /// Check offline what `indelible freeze` wrote, and tell what it shows; if it shows anything, the exit
    /// code is 0: when the old head was served is its author's word, and no proof
    #[arg(long, value_name = "ACCUSATION", conflicts_with_all = ["files", "proof", "fork", "fraud"])]
    pub freeze: Option<PathBuf>,
    /// Check offline what `indelible evidence` wrote, and tell what it proves; if it proves anything, the
    /// exit code is 0, be that good news or bad
    #[arg(long, value_name = "EVIDENCE", conflicts_with_all = ["files", "proof", "fork", "fraud", "freeze"])]
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
    /// Whether a mirror is asked.
    #[command(flatten)]
    pub local: LocalArgs,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

pub(crate) async fn run(args: VerifyArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    match (&args.fork, &args.fraud, &args.freeze, &args.proof, &args.evidence) {
        (Some(report), ..) => offline::verify_fork(&args, report, out),
        (_, Some(fraud), ..) => fraud::verify_fraud(&args, fraud, out),
        (_, _, Some(freeze), ..) => freeze::verify_freeze(&args, freeze, out),
        (_, _, _, Some(proof), _) => offline::verify_proof(&args, proof, out),
        (.., Some(evidence)) => offline::verify_evidence(&args, evidence, out),
        (None, None, None, None, None) => verify_files(&args, out).await,
    }
}

async fn verify_files(args: &VerifyArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    // What is asked for in vain is said before anything is read.
    args.freshness.under(&args.log)?;
    let mut files = Vec::new();
    for path in &args.files {
        match hashing::hash_file(path) {
            Ok(file) => files.push(file),
            // The other files are none the worse for it.
            Err(error) => drop(Failure::file(path, error).report(&mut io::stderr())),
        }
    }
    let artifacts: Vec<Artifact> = files.iter().map(hashing::Hashed::artifact).collect();
    let judgement = args.local.judge(&args.log, artifacts, &mut |_| ()).await?;
    let worst = if files.len() < args.files.len() { Class::Undecided } else { Class::Good };
    let paths = files.iter().map(|file| file.path.display().to_string());
    let report = Report::new(paths.zip(judgement.judged).collect(), judgement.basis);
    conclude(&report, worst, args, out)
}

/// Prints the report and tells the exit code; `worst` is the worst that happened before.
fn conclude(
    report: &Report,
    worst: Class,
    args: &VerifyArgs,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let (freshness, now) = (args.freshness.under(&args.log)?, freshness::now()?);
    report.print(args.json, now, out)?;
    let fresh = freshness.class(&report.basis, now);
    Ok(worst.max(fresh).max(report.class(args.strict)).exit_code())
}
