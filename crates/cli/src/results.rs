//! Verdicts as `verify` and `audit` print them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use client::Verdict;
use client::judging::{Basis, Judged};
use record::Timestamp;
use serde::Serialize;

use crate::freshness::{self, CoverageJson};
use crate::output::{CheckpointJson, count, printable};

/// A verdict in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct ResultJson<'a> {
    path: &'a str,
    project: Option<&'a str>,
    version: Option<&'a str>,
    filename: Option<&'a str>,
    sha256: Option<String>,
    verdict: &'static str,
    entries: Vec<u64>,
    detail: &'a str,
}

impl<'a> ResultJson<'a> {
    /// The verdict on what `path` is, or pins.
    pub(crate) fn new(path: &'a str, judged: &'a Judged) -> ResultJson<'a> {
        let Judged { artifact, finding, .. } = judged;
        ResultJson {
            path,
            project: artifact.project.as_ref().map(record::ProjectName::as_str),
            version: artifact.version.as_deref(),
            filename: artifact.filename.as_deref(),
            sha256: artifact.sha256.as_ref().map(ToString::to_string),
            verdict: finding.verdict.name(),
            entries: finding.entries.iter().map(|index| index.get()).collect(),
            detail: &finding.detail,
        }
    }
}

/// All verdicts of a run in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct ResultsJson<R> {
    checkpoint: Option<CheckpointJson>,
    coverage: Option<CoverageJson>,
    results: Vec<R>,
    summary: BTreeMap<&'static str, usize>,
}

impl<R> ResultsJson<R> {
    pub(crate) fn new(
        results: Vec<R>,
        summary: &BTreeMap<Verdict, usize>,
        basis: &Basis,
        now: Timestamp,
    ) -> ResultsJson<R> {
        ResultsJson {
            checkpoint: basis.checkpoint().map(CheckpointJson::from),
            coverage: basis.epoch().map(|epoch| CoverageJson::new(epoch, now)),
            results,
            summary: summary.iter().map(|(verdict, count)| (verdict.name(), *count)).collect(),
        }
    }
}

/// How many there are of each verdict.
pub(crate) fn summary<'a>(
    judged: impl IntoIterator<Item = &'a Judged>,
) -> BTreeMap<Verdict, usize> {
    let mut summary = BTreeMap::new();
    for judged in judged {
        *summary.entry(judged.finding.verdict).or_default() += 1;
    }
    summary
}

/// Tells a person how many there are of each verdict, and what they rest on; nothing if there are none.
pub(crate) fn print_summary(
    out: &mut dyn Write,
    summary: &BTreeMap<Verdict, usize>,
    basis: &Basis,
    now: Timestamp,
) -> io::Result<()> {
    let files: usize = summary.values().sum();
    if files == 0 {
        return Ok(());
    }
    let verdicts: Vec<String> =
        summary.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let (files, verdicts) = (count(files, "file", "files"), verdicts.join(", "));
    let Some(checkpoint) = basis.checkpoint() else {
        return writeln!(out, "\n{files}: {verdicts}");
    };
    let (origin, size) = (printable(checkpoint.origin()), checkpoint.head().size);
    writeln!(out, "\n{files}: {verdicts} (by {origin} at size {size})")?;
    freshness::print(out, basis.epoch(), now)
}
