//! `indelible lookup`: what the log holds about a project, a file or a hash.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use client::{Client, LookupKey, Undecided, VerifiedEntry, VerifiedLookup, describe, project_of};
use record::{Digest, ProjectName, split_filename};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::args::LogArgs;
use crate::failure::Failure;
use crate::freshness::{self, CoverageJson, FreshnessArgs};
use crate::output::{CheckpointJson, count, entry_json, print_json, printable};
use crate::publisher::{PublisherJson, Said};

/// Arguments of `lookup`.
#[derive(Debug, Args)]
pub struct LookupArgs {
    /// What VALUE is
    pub kind: KeyKind,
    /// Project name, filename, or SHA-256 in hex
    pub value: String,
    /// How fresh the answer has to be.
    #[command(flatten)]
    pub freshness: FreshnessArgs,
    /// Print one JSON object: {"checkpoint", "coverage", "key", "entries": [{"index", "entry"}],
    /// "publisher": {"project", "keys", "complete", "files", "refused"}}
    #[arg(long)]
    pub json: bool,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// What entries are looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
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
    coverage: Option<CoverageJson>,
    key: KeyJson,
    entries: Vec<EntryJson<'a>>,
    publisher: Option<PublisherJson>,
}

/// A key in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct KeyJson {
    kind: &'static str,
    value: String,
}

impl From<&LookupKey> for KeyJson {
    fn from(key: &LookupKey) -> KeyJson {
        KeyJson { kind: key.kind(), value: key.value() }
    }
}

#[derive(Serialize)]
struct EntryJson<'a> {
    index: u64,
    entry: Option<&'a RawValue>,
}

impl KeyKind {
    /// The key as a person writes it.
    pub(crate) fn key(self, value: &str) -> Result<LookupKey, Failure> {
        match self {
            KeyKind::File => LookupKey::parse("file", value)
                .ok_or_else(|| Failure::undecided("no file has this name")),
            KeyKind::Project => {
                ProjectName::normalise(value).map(LookupKey::Project).map_err(Failure::undecided)
            }
            KeyKind::Sha256 => Digest::parse(&value.to_ascii_lowercase())
                .map(LookupKey::Sha256)
                .map_err(Failure::undecided),
        }
    }
}

pub(crate) async fn run(args: LookupArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let key = args.kind.key(&args.value)?;
    let freshness = args.freshness.under(&args.log)?;
    let mut client = args.log.client()?;
    let found = client.lookup(&key).await?;
    let of_project = look_up_project(&mut client, &found).await?;
    let now = freshness::now()?;
    let answers = [&found].into_iter().chain(&of_project);
    let (epoch, oldest) =
        (freshness::oldest(answers.clone()), freshness::oldest_checkpoint(answers));
    let of_project = of_project.as_ref().unwrap_or(&found);
    let said = match of_project.key() {
        LookupKey::Project(project) => Some(Said::new(of_project, project.clone())),
        LookupKey::File(_) | LookupKey::Sha256(_) => None,
    };
    let said = said.filter(Said::is_anything);
    if args.json {
        let coverage = epoch.as_ref().map(|epoch| CoverageJson::new(epoch, now));
        let publisher = said.map(|said| said.json(file_of(&key)));
        print_json(out, &LookupJson { publisher, ..to_json(&found, coverage) })?;
    } else {
        print_text(out, &found)?;
        if let Some(said) = said {
            said.print_keys(out)?;
            said.print_files(file_of(&key), out)?;
        }
        freshness::print(out, epoch.as_ref(), now)?;
    }
    freshness.check(epoch.as_ref(), oldest, now)?;
    Ok(0)
}

/// The file that is asked for, if it is one.
const fn file_of(key: &LookupKey) -> Option<&str> {
    match key {
        LookupKey::File(filename) => Some(filename.as_str()),
        LookupKey::Project(_) | LookupKey::Sha256(_) => None,
    }
}

/// All entries of the project that a file is of: its publisher may have said something. `None` for other
/// keys, and if that is more than the log answers at once.
async fn look_up_project(
    client: &mut Client,
    found: &VerifiedLookup,
) -> Result<Option<VerifiedLookup>, Failure> {
    let Some(filename) = file_of(found.key()) else { return Ok(None) };
    let logged = project_of(found.entries()).cloned();
    let named = || split_filename(filename, None).map(|(project, _)| project);
    let Some(project) = logged.or_else(named) else { return Ok(None) };
    match client.lookup(&LookupKey::Project(project)).await {
        Ok(found) => Ok(Some(found)),
        Err(client::Error::Undecided(Undecided::TooMany(why))) => {
            let why = printable(&why);
            writeln!(io::stderr(), "note: not read what the publisher has said: {why}")?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn to_json(found: &VerifiedLookup, coverage: Option<CoverageJson>) -> LookupJson<'_> {
    let entry =
        |entry| EntryJson { index: VerifiedEntry::index(entry).get(), entry: entry_json(entry) };
    LookupJson {
        checkpoint: found.checkpoint().into(),
        coverage,
        key: found.key().into(),
        entries: found.entries().iter().map(entry).collect(),
        publisher: None,
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
