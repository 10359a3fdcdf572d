//! `indelible evidence`: a complete answer about one key, to be checked offline.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use client::{Claim, VerifiedLookup};
use record::Timestamp;
use serde::Serialize;

use crate::args::LogArgs;
use crate::failure::Failure;
use crate::freshness::{self, CoverageJson};
use crate::lookup::{KeyJson, KeyKind};
use crate::output::{CheckpointJson, print_json, printable};

/// Arguments of `evidence`.
#[derive(Debug, Args)]
pub struct EvidenceArgs {
    /// What VALUE is
    pub kind: KeyKind,
    /// Project name, filename, or SHA-256 in hex
    pub value: String,
    /// File to write; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Print one JSON object: {"checkpoint", "coverage", "key", "entries",
    /// "claims": [{"claim", "filename", "detail"}]}
    #[arg(long)]
    pub json: bool,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

#[derive(Serialize)]
struct EvidenceJson {
    checkpoint: CheckpointJson,
    coverage: Option<CoverageJson>,
    key: KeyJson,
    entries: Vec<u64>,
    claims: Vec<ClaimJson>,
}

#[derive(Serialize)]
struct ClaimJson {
    claim: &'static str,
    filename: Option<String>,
    detail: String,
}

impl From<&Claim> for ClaimJson {
    fn from(claim: &Claim) -> ClaimJson {
        ClaimJson {
            claim: claim.name(),
            filename: claim.filename().map(str::to_owned),
            detail: claim.to_string(),
        }
    }
}

pub(crate) async fn run(args: EvidenceArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let key = args.kind.key(&args.value)?;
    let answer = args.log.client()?.lookup(&key).await?;
    let evidence = answer.to_evidence().ok_or_else(|| {
        Failure::undecided("the log did not show that its answer is complete")
            .with_hint("It writes an epoch, which shows it, every few minutes: try again later.")
    })?;
    if args.output.as_os_str() == "-" {
        out.write_all(evidence.to_string().as_bytes())?;
        return Ok(0);
    }
    fs::write(&args.output, evidence.to_string())
        .map_err(|error| Failure::file(&args.output, error))?;
    print(out, &answer, args.json, freshness::now()?)?;
    Ok(0)
}

/// Tells what a complete answer proves.
pub(crate) fn print(
    out: &mut dyn Write,
    answer: &VerifiedLookup,
    json: bool,
    now: Timestamp,
) -> Result<(), Failure> {
    let (claims, key, epoch) = (answer.claims(), answer.key(), freshness::oldest([answer]));
    if json {
        let evidence = EvidenceJson {
            checkpoint: answer.checkpoint().into(),
            coverage: epoch.map(|epoch| CoverageJson::new(&epoch, now)),
            key: key.into(),
            entries: answer.entries().iter().map(|entry| entry.index().get()).collect(),
            claims: claims.iter().map(ClaimJson::from).collect(),
        };
        return Ok(print_json(out, &evidence)?);
    }
    let (origin, size) = (printable(answer.checkpoint().origin()), answer.checkpoint().head().size);
    let about = printable(&format!("{} {}", key.kind(), key.value()));
    writeln!(out, "proved: {about}, by all {size} entries of {origin}")?;
    for claim in claims {
        writeln!(out, "    {}", printable(&claim.to_string()))?;
    }
    Ok(freshness::print(out, epoch.as_ref(), now)?)
}
