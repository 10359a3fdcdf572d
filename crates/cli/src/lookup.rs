//! `indelible lookup`: what the log holds about a project, a file or a hash.

use std::io::Write;

use clap::{Args, ValueEnum};
use client::{LookupKey, VerifiedEntry, VerifiedLookup, describe};
use record::{Digest, ProjectName};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::args::LogArgs;
use crate::failure::Failure;
use crate::output::{CheckpointJson, count, entry_json, print_json, printable};

/// Arguments of `lookup`.
#[derive(Debug, Args)]
pub struct LookupArgs {
    /// What VALUE is
    pub kind: KeyKind,
    /// Project name, filename, or SHA-256 in hex
    pub value: String,
    /// Print one JSON object: {"checkpoint", "key", "entries": [{"index", "entry"}]}
    #[arg(long)]
    pub json: bool,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// What entries are looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// Every entry of a project
    Project,
    /// Every entry of a file
    File,
    /// Every entry that names a hash
    Sha256,
}

#[derive(Serialize)]
struct LookupJson<'a> {
    checkpoint: CheckpointJson,
    key: KeyJson,
    entries: Vec<EntryJson<'a>>,
}

#[derive(Serialize)]
struct KeyJson {
    kind: KeyKind,
    value: String,
}

#[derive(Serialize)]
struct EntryJson<'a> {
    index: u64,
    entry: Option<&'a RawValue>,
}

impl LookupArgs {
    fn key(&self) -> Result<LookupKey, Failure> {
        match self.kind {
            KeyKind::File => Ok(LookupKey::File(self.value.clone())),
            KeyKind::Project => ProjectName::normalise(&self.value)
                .map(LookupKey::Project)
                .map_err(Failure::undecided),
            KeyKind::Sha256 => Digest::parse(&self.value.to_ascii_lowercase())
                .map(LookupKey::Sha256)
                .map_err(Failure::undecided),
        }
    }
}

pub(crate) async fn run(args: LookupArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let key = args.key()?;
    let found = args.log.client()?.lookup(&key).await?;
    if args.json {
        let value = match &key {
            LookupKey::File(filename) => filename.clone(),
            LookupKey::Project(project) => project.to_string(),
            LookupKey::Sha256(digest) => digest.to_string(),
        };
        print_json(out, &to_json(KeyJson { kind: args.kind, value }, &found))?;
    } else {
        print_text(out, &found)?;
    }
    Ok(0)
}

fn to_json(key: KeyJson, found: &VerifiedLookup) -> LookupJson<'_> {
    let entry =
        |entry| EntryJson { index: VerifiedEntry::index(entry).get(), entry: entry_json(entry) };
    LookupJson {
        checkpoint: found.checkpoint().into(),
        key,
        entries: found.entries().iter().map(entry).collect(),
    }
}

fn print_text(out: &mut dyn Write, found: &VerifiedLookup) -> Result<(), Failure> {
    for entry in found.entries() {
        let Some(known) = entry.entry() else { continue };
        let subject = known.filename().or(known.project().map(AsRef::as_ref)).unwrap_or_default();
        let line = format!("{:>8}  {subject}: {}", entry.index().get(), describe(known));
        writeln!(out, "{}", printable(&line))?;
    }
    let (entries, checkpoint) = (found.entries().len(), found.checkpoint());
    let (origin, size) = (printable(checkpoint.origin()), checkpoint.head().size);
    writeln!(out, "{} in the {size} of {origin}", count(entries, "entry", "entries"))?;
    Ok(())
}
