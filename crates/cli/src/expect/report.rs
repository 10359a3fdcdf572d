//! What became of the expectations.

use std::collections::BTreeMap;
use std::io::Write;

use client::VerifiedInclusion;
use client::publish::Publisher;
use record::{ProjectName, Reconciled};
use serde::Serialize;

use super::files::Released;
use crate::failure::Failure;
use crate::output::{CheckpointJson, count, print_json, printable};
use crate::publisher::{describe, name_of};

#[derive(Serialize)]
struct ExpectJson<'a> {
    checkpoint: Option<CheckpointJson>,
    results: Vec<ResultJson<'a>>,
}

#[derive(Serialize)]
struct ResultJson<'a> {
    path: String,
    project: &'a str,
    version: &'a str,
    filename: &'a str,
    sha256: String,
    index: u64,
    state: &'static str,
    listed: Vec<ListedJson>,
}

#[derive(Serialize)]
struct ListedJson {
    index: u64,
    sha256: String,
}

/// An expectation that is proved to be logged.
struct Logged<'a> {
    file: &'a Released,
    inclusion: &'a VerifiedInclusion,
    publisher: Option<&'a Publisher>,
}

/// Prints one line for each file, and what the index lists instead; tells the exit code.
pub(super) fn print(
    released: &[Released],
    logged: &[VerifiedInclusion],
    publishers: &BTreeMap<ProjectName, Publisher>,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let logged: Vec<Logged<'_>> = released
        .iter()
        .zip(logged)
        .map(|(file, inclusion)| {
            let publisher = publishers.get(&file.expectation.project);
            Logged { file, inclusion, publisher }
        })
        .collect();
    let differs = |logged: &Logged<'_>| matches!(logged.state(), Some(Reconciled::Differs { .. }));
    let code = u8::from(logged.iter().any(differs));
    if json {
        let checkpoint = logged.last().map(|logged| logged.inclusion.checkpoint().into());
        let results = logged.iter().map(Logged::json).collect();
        print_json(out, &ExpectJson { checkpoint, results })?;
        return Ok(code);
    }
    for logged in &logged {
        logged.print(out)?;
    }
    if let Some(last) = logged.last() {
        let (files, checkpoint) = (logged.len(), last.inclusion.checkpoint());
        let (origin, size) = (printable(checkpoint.origin()), checkpoint.head().size);
        let files = count(files, "file", "files");
        writeln!(out, "{files} expected, proved by {origin} at size {size}")?;
    }
    Ok(code)
}

impl Logged<'_> {
    fn state(&self) -> Option<Reconciled> {
        self.publisher?.state.reconcile(&self.file.expectation.filename)
    }

    fn json(&self) -> ResultJson<'_> {
        let expectation = &self.file.expectation;
        let file = self.publisher.and_then(|said| said.state.file(&expectation.filename));
        let listings = file.map(record::PublishedFile::listings).unwrap_or_default();
        let listed = listings.iter().map(|listing| ListedJson {
            index: listing.index.get(),
            sha256: listing.sha256.to_string(),
        });
        ResultJson {
            path: self.file.path.display().to_string(),
            project: expectation.project.as_str(),
            version: &expectation.version,
            filename: &expectation.filename,
            sha256: expectation.sha256.to_string(),
            index: self.inclusion.entry().index().get(),
            state: self.state().as_ref().map_or("unlisted", name_of),
            listed: listed.collect(),
        }
    }

    fn print(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let expectation = &self.file.expectation;
        let (name, sha256) = (printable(&expectation.filename), expectation.sha256);
        let index = self.inclusion.entry().index();
        writeln!(out, "expected {name} {sha256} at entry {index}")?;
        if let Some(state @ Reconciled::Differs { .. }) = self.state() {
            writeln!(out, "unexpected {name}: {}", printable(&describe(&state)))?;
        }
        Ok(())
    }
}
