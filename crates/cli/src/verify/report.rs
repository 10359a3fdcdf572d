//! Verdicts of several files, printed and summed up.

use std::collections::BTreeMap;
use std::io::{self, Write};

use client::{Class, Verdict};
use record::{EpochEntry, Timestamp};
use serde::Serialize;
use tlog::VerifiedCheckpoint;

use super::judge::Judged;
use crate::freshness::{self, CoverageJson};
use crate::output::{CheckpointJson, count, print_json, printable};

/// The verdicts so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    results: Vec<ResultJson>,
    summary: BTreeMap<Verdict, usize>,
    newest: Option<VerifiedCheckpoint>,
    /// Of each verdict.
    epochs: Vec<Option<EpochEntry>>,
    undecided: bool,
}

#[derive(Serialize)]
struct ReportJson<'a> {
    checkpoint: Option<CheckpointJson>,
    coverage: Option<CoverageJson>,
    results: &'a [ResultJson],
    summary: BTreeMap<&'static str, usize>,
}

#[derive(Debug, Serialize)]
struct ResultJson {
    path: String,
    project: Option<String>,
    version: Option<String>,
    filename: String,
    sha256: Option<String>,
    verdict: &'static str,
    entries: Vec<u64>,
    detail: String,
}

impl From<&Judged> for ResultJson {
    fn from(judged: &Judged) -> ResultJson {
        let Judged { path, artifact, finding, .. } = judged;
        ResultJson {
            path: path.display().to_string(),
            project: artifact.project.as_ref().map(ToString::to_string),
            version: artifact.version.clone(),
            filename: artifact.filename.clone(),
            sha256: artifact.sha256.as_ref().map(ToString::to_string),
            verdict: finding.verdict.name(),
            entries: finding.entries.iter().map(|index| index.get()).collect(),
            detail: finding.detail.clone(),
        }
    }
}

impl Report {
    /// Takes a verdict in. People see it at once, programs at the end.
    pub(super) fn add(
        &mut self,
        judged: Judged,
        json: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        *self.summary.entry(judged.finding.verdict).or_default() += 1;
        if json {
            self.results.push(ResultJson::from(&judged));
        } else {
            let path = printable(&judged.path.display().to_string());
            writeln!(out, "{path}: {}", judged.finding.verdict)?;
            writeln!(out, "    {}", printable(&judged.finding.detail))?;
        }
        self.newest = Some(judged.checkpoint);
        self.epochs.push(judged.epoch);
        Ok(())
    }

    /// Notes that something could not be decided. Why was told when it happened.
    pub(super) const fn undecided(&mut self) {
        self.undecided = true;
    }

    /// The oldest epoch that the verdicts rest on; `None` if one of them does not rest on any.
    pub(super) fn epoch(&self) -> Option<&EpochEntry> {
        let epochs: Option<Vec<&EpochEntry>> = self.epochs.iter().map(Option::as_ref).collect();
        epochs?.into_iter().min_by_key(|epoch| epoch.epoch)
    }

    pub(super) fn finish(&self, json: bool, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
        if json {
            let summary = self.summary.iter().map(|(verdict, count)| (verdict.name(), *count));
            let checkpoint = self.newest.as_ref().map(CheckpointJson::from);
            let (results, summary) = (self.results.as_slice(), summary.collect());
            let coverage = self.epoch().map(|epoch| CoverageJson::new(epoch, now));
            return print_json(out, &ReportJson { checkpoint, coverage, results, summary });
        }
        let Some(newest) = &self.newest else { return Ok(()) };
        let verdicts: Vec<String> =
            self.summary.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        let (files, size) = (self.summary.values().sum(), newest.head().size);
        let (files, origin) = (count(files, "file", "files"), printable(newest.origin()));
        writeln!(out, "\n{files}: {} (by {origin} at size {size})", verdicts.join(", "))?;
        freshness::print(out, self.epoch(), now)
    }

    /// Bad counts more than undecided. With `strict`, not to be known is bad.
    pub(super) fn exit_code(&self, strict: bool) -> u8 {
        let undecided = self.undecided.then_some(Class::Undecided);
        let classes = self.summary.keys().map(|verdict| match verdict.class() {
            Class::Note if strict => Class::Bad,
            class => class,
        });
        classes.chain(undecided).max().unwrap_or(Class::Good).exit_code()
    }
}
