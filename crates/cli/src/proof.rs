//! `indelible proof`: a file's entry with its proof, to be checked offline.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use client::{LookupKey, VerifiedEntry, VerifiedInclusion, VerifiedLookup};
use record::Entry;
use serde::Serialize;
use tlog::LeafIndex;

use crate::args::LogArgs;
use crate::failure::Failure;
use crate::output::{CheckpointJson, print_json};

/// Arguments of `proof`.
#[derive(Debug, Args)]
pub struct ProofArgs {
    /// Name of a file on the package index
    pub filename: String,
    /// File to write, in the format tlog-proof; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Position of the entry [default: the newest one that lists the file]
    #[arg(long, value_name = "INDEX")]
    pub index: Option<u64>,
    /// Print one JSON object: {"checkpoint", "index", "filename", "output"}
    #[arg(long)]
    pub json: bool,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

#[derive(Serialize)]
struct ProofJson<'a> {
    checkpoint: CheckpointJson,
    index: u64,
    filename: &'a str,
    output: String,
}

pub(crate) async fn run(args: ProofArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let key = LookupKey::File(args.filename.clone());
    let found = args.log.client()?.lookup(&key).await?;
    let inclusion = choose(&found, args.index).ok_or_else(|| {
        Failure::undecided(format!("the log has no such entry of {}", args.filename))
    })?;
    let text = inclusion.to_proof_file().to_string();
    if args.output.as_os_str() == "-" {
        out.write_all(text.as_bytes())?;
        return Ok(0);
    }
    fs::write(&args.output, text).map_err(|error| Failure::file(&args.output, error))?;
    let (index, output) = (inclusion.entry().index().get(), args.output.display().to_string());
    if args.json {
        let checkpoint = inclusion.checkpoint().into();
        print_json(out, &ProofJson { checkpoint, index, filename: &args.filename, output })?;
    } else {
        writeln!(out, "proof of entry {index} written to {output}")?;
    }
    Ok(0)
}

fn choose(found: &VerifiedLookup, index: Option<u64>) -> Option<VerifiedInclusion> {
    let wanted = |entry: &VerifiedEntry| match index {
        Some(index) => LeafIndex::new(index) == Ok(entry.index()),
        None => matches!(entry.entry(), Some(Entry::File(_))),
    };
    found.inclusion(found.entries().iter().rposition(wanted)?)
}
