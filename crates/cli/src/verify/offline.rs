//! What needs no log to be reached: proofs of one entry, complete answers, and reports of a fork.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;

use client::judging::{Basis, Judged};
use client::{Class, ForkReport, Known, VerifiedInclusion, VerifiedLookup, decide};
use record::{Evidence, MapKey};
use serde::Serialize;
use serde_json::value::RawValue;
use tlog::ProofFile;

use super::VerifyArgs;
use super::report::Report;
use crate::failure::Failure;
use crate::output::{CheckpointJson, HeadJson, entry_json, print_json, printable};
use crate::{evidence, freshness, hashing};

/// Larger than any proof of an entry and any report: two notes, two entries, some hashes and positions.
pub(super) const MAX_LEN: u64 = 4 << 20;
/// Larger than any usual answer with its tail.
const MAX_EVIDENCE_LEN: u64 = 128 << 20;

#[derive(Serialize)]
struct ForkJson<'a> {
    fork: ForkBody<'a>,
}

#[derive(Serialize)]
struct ForkBody<'a> {
    origin: &'a str,
    older: HeadJson,
    newer: HeadJson,
    root: String,
}

#[derive(Serialize)]
struct EntryJson<'a> {
    checkpoint: CheckpointJson,
    index: u64,
    entry: Option<&'a RawValue>,
}

/// Checks the proof of an entry, and one file by it if one is given.
pub(super) fn verify_proof(
    args: &VerifyArgs,
    proof: &Path,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let bytes = read(proof, MAX_LEN).map_err(|error| Failure::file(proof, error))?;
    let parsed = ProofFile::parse(&bytes).map_err(|error| Failure::file(proof, error))?;
    let inclusion = VerifiedInclusion::from_proof_file(parsed, &args.log.trust()?)?;
    match args.files.as_slice() {
        [] => show_entry(&inclusion, args.json, out),
        [path] => verify_file(args, path, &inclusion, out),
        _ => Err(Failure::undecided("a proof is of one file")
            .with_hint("Give one FILE with --proof, or none to see what it proves.")),
    }
}

/// Shows the entry that a proof is of.
fn show_entry(
    inclusion: &VerifiedInclusion,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let (checkpoint, entry) = (inclusion.checkpoint(), inclusion.entry());
    let index = entry.index().get();
    if json {
        let (checkpoint, entry) = (checkpoint.into(), entry_json(entry));
        print_json(out, &EntryJson { checkpoint, index, entry })?;
    } else {
        let (origin, size) = (printable(checkpoint.origin()), checkpoint.head().size);
        writeln!(out, "proved: entry {index} of {origin}, in its tree of {size}")?;
        writeln!(out, "    {}", printable(&String::from_utf8_lossy(entry.bytes())))?;
    }
    Ok(Class::Good.exit_code())
}

/// Checks one file by the proof of its entry.
fn verify_file(
    args: &VerifyArgs,
    path: &Path,
    inclusion: &VerifiedInclusion,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let file = hashing::hash_file(path).map_err(|error| Failure::file(path, error))?;
    let entry = std::slice::from_ref(inclusion.entry());
    let known = inclusion.entry().entry();
    let same_name = known.is_some_and(|entry| entry.filename() == Some(&file.filename));
    let same_bytes =
        known.is_some_and(|known| known.map_keys().contains(&MapKey::sha256(&file.sha256)));
    if !same_name && !same_bytes {
        let of = known.and_then(record::Entry::filename).unwrap_or("no file");
        let error = format!("the proof is of {of}, not of {}", file.filename);
        return Err(Failure::undecided(error));
    }
    let none = &[];
    let known = Known {
        filename: if same_name { entry } else { none },
        sha256: if same_bytes { entry } else { none },
        ..Known::default()
    };
    let artifact = file.artifact().with_release_of(known.filename);
    let finding = decide(&artifact, &known);
    let basis = Basis::of_checkpoint(inclusion.checkpoint().clone());
    let judged = Judged { artifact, finding, first_seen: None };
    let report = Report::new(vec![(file.path.display().to_string(), judged)], basis);
    super::conclude(&report, Class::Good, args, out)
}

/// Checks a complete answer and tells what it proves.
pub(super) fn verify_evidence(
    args: &VerifyArgs,
    path: &Path,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let bytes = read(path, MAX_EVIDENCE_LEN).map_err(|error| Failure::file(path, error))?;
    let parsed = Evidence::parse(&bytes).map_err(|error| Failure::file(path, error))?;
    let answer = VerifiedLookup::from_evidence(parsed, &args.log.trust()?)?;
    let (freshness, now) = (args.freshness.under(&args.log)?, freshness::now()?);
    evidence::print(out, &answer, args.json, now)?;
    freshness.check(freshness::oldest([&answer]).as_ref(), Some(answer.checkpoint()), now)?;
    Ok(0)
}

/// Checks that a report proves a fork. That it does is bad news: the exit code says so.
pub(super) fn verify_fork(
    args: &VerifyArgs,
    path: &Path,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let bytes = read(path, MAX_LEN).map_err(|error| Failure::file(path, error))?;
    let report = ForkReport::parse(&bytes).map_err(|error| Failure::file(path, error))?;
    report.verify(&args.log.trust()?).map_err(|error| {
        Failure::file(path, error).with_hint("The report proves nothing, for or against the log.")
    })?;
    let (older, newer) = (report.older().checkpoint(), report.newer().checkpoint());
    if args.json {
        let fork = ForkBody {
            origin: newer.origin(),
            older: older.head().into(),
            newer: newer.head().into(),
            root: report.root().to_string(),
        };
        print_json(out, &ForkJson { fork })?;
    } else {
        writeln!(out, "proved: {} forked", printable(newer.origin()))?;
        for head in [older.head(), newer.head()] {
            writeln!(out, "    it signed size {} with root {}", head.size, head.root)?;
        }
        let (size, root) = (older.head().size, report.root());
        writeln!(out, "    but the root at size {size} of the latter tree is {root}")?;
    }
    Ok(Class::Bad.exit_code())
}

/// Reads a file that can not be longer than `limit` bytes.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "too long to be what it should be",
        ));
    }
    Ok(bytes)
}
