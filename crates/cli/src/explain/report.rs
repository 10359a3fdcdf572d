//! Explanations, printed.

use std::io::{self, Write};

use client::Class;
use client::explain::{Explained, Explanation, LoggedFile, Question, ShownFile};
use serde::Serialize;
use tlog::VerifiedCheckpoint;

use crate::output::{CheckpointJson, count, print_json, printable};

/// Files that have nothing to do with the hashes, but are of the release: more are only counted.
const MAX_OTHERS: usize = 5;

/// The explanations so far.
#[derive(Debug)]
pub(super) struct Report {
    explanations: Vec<ExplanationJson>,
    worst: Class,
    newest: Option<VerifiedCheckpoint>,
    truncated: bool,
}

#[derive(Serialize)]
struct ReportJson<'a> {
    checkpoint: Option<CheckpointJson>,
    explanations: &'a [ExplanationJson],
    truncated: bool,
}

#[derive(Debug, Serialize)]
struct ExplanationJson {
    project: Option<String>,
    version: Option<String>,
    filename: Option<String>,
    expected: Vec<String>,
    got: Option<String>,
    cause: &'static str,
    class: &'static str,
    text: String,
    notes: Vec<String>,
    hint: &'static str,
    files: Vec<FileJson>,
    entries: Vec<u64>,
}

#[derive(Debug, Serialize)]
struct FileJson {
    project: String,
    version: String,
    filename: String,
    sha256: String,
    expected: bool,
    got: bool,
    first_seen: String,
    via: Option<String>,
    uploaded: Option<String>,
    removed: Option<String>,
    yanked: Option<String>,
    entries: Vec<u64>,
}

impl ExplanationJson {
    fn new(question: &Question, explanation: Explanation) -> ExplanationJson {
        ExplanationJson {
            project: question.project().as_ref().map(ToString::to_string),
            version: question.version(),
            filename: question.filename.clone(),
            expected: question.expected.iter().map(ToString::to_string).collect(),
            got: question.got.as_ref().map(ToString::to_string),
            cause: explanation.cause.name(),
            class: explanation.class.name(),
            text: explanation.text,
            notes: explanation.notes,
            hint: explanation.cause.hint(),
            files: explanation.files.iter().map(FileJson::from).collect(),
            entries: explanation.entries.iter().map(|index| index.get()).collect(),
        }
    }
}

impl From<&ShownFile> for FileJson {
    fn from(shown: &ShownFile) -> FileJson {
        let file = &shown.file;
        FileJson {
            project: file.project.to_string(),
            version: file.version.clone(),
            filename: file.filename.clone(),
            sha256: file.sha256.to_string(),
            expected: shown.expected,
            got: shown.got,
            first_seen: file.first_seen.to_string(),
            via: file.via.clone(),
            uploaded: file.uploaded.clone(),
            removed: file.removed.as_ref().map(ToString::to_string),
            yanked: file.yanked.clone(),
            entries: file.entries.iter().map(|index| index.get()).collect(),
        }
    }
}

impl Report {
    /// None so far. `truncated`: not everything that was asked will be explained.
    pub(super) const fn new(truncated: bool) -> Report {
        Report { explanations: Vec::new(), worst: Class::Good, newest: None, truncated }
    }

    /// Takes an explanation in. People see it at once, programs at the end.
    pub(super) fn add(
        &mut self,
        question: &Question,
        explained: Explained,
        json: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let Explained { explanation, checkpoint } = explained;
        self.worst = self.worst.max(explanation.class);
        self.newest = Some(checkpoint);
        if json {
            self.explanations.push(ExplanationJson::new(question, explanation));
            return Ok(());
        }
        print_text(question, &explanation, out)
    }

    pub(super) fn finish(&self, json: bool, out: &mut dyn Write) -> io::Result<()> {
        if json {
            let checkpoint = self.newest.as_ref().map(CheckpointJson::from);
            let (explanations, truncated) = (self.explanations.as_slice(), self.truncated);
            return print_json(out, &ReportJson { checkpoint, explanations, truncated });
        }
        if self.truncated {
            writeln!(
                out,
                "The text asks for more than is explained at once; the rest was left out.\n"
            )?;
        }
        let Some(newest) = &self.newest else { return Ok(()) };
        writeln!(out, "by {} at size {}", printable(newest.origin()), newest.head().size)
    }

    /// The worst class counts; what was left out is undecided.
    pub(super) fn exit_code(&self) -> u8 {
        let left_out = if self.truncated { Class::Undecided } else { Class::Good };
        self.worst.max(left_out).exit_code()
    }
}

fn print_text(
    question: &Question,
    explanation: &Explanation,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "{}: {}", printable(&subject(question)), explanation.cause)?;
    writeln!(out, "    {}", printable(&explanation.text))?;
    for note in &explanation.notes {
        writeln!(out, "    {}", printable(note))?;
    }
    for hash in question.expected.iter().chain(&question.got) {
        if !explanation.files.iter().any(|shown| shown.file.sha256 == *hash) {
            let role = if question.got == Some(*hash) { "got" } else { "expected" };
            writeln!(out, "    {role:<8} {hash} was never listed")?;
        }
    }
    let (touched, others): (Vec<&ShownFile>, Vec<&ShownFile>) =
        explanation.files.iter().partition(|shown| shown.expected || shown.got);
    for shown in touched.iter().chain(others.iter().take(MAX_OTHERS)) {
        print_file(shown, out)?;
    }
    if let Some(more) = others.len().checked_sub(MAX_OTHERS).filter(|more| *more > 0) {
        writeln!(out, "    and {} of the release", count(more, "other file", "other files"))?;
    }
    writeln!(out, "\nhint: {}\n", explanation.cause.hint())
}

/// What the question is about, as far as that is known.
fn subject(question: &Question) -> String {
    let release = question.project().map(|project| match question.version() {
        Some(version) => format!("{project} {version}"),
        None => project.to_string(),
    });
    let hash = || question.hashes().next().map(ToString::to_string).unwrap_or_default();
    question.filename.clone().or(release).unwrap_or_else(hash)
}

fn print_file(shown: &ShownFile, out: &mut dyn Write) -> io::Result<()> {
    let role = match (shown.expected, shown.got) {
        (true, _) => "expected",
        (false, true) => "got",
        (false, false) => "other",
    };
    let LoggedFile { filename, sha256, .. } = &shown.file;
    writeln!(out, "    {role:<8} {sha256} {}", printable(filename))?;
    writeln!(out, "             {}", printable(&times(&shown.file)))
}

/// The log's own times and the index's claim, told apart; then where it is written.
fn times(file: &LoggedFile) -> String {
    let mut parts = vec![match &file.via {
        Some(via) => format!("imported from {via:?} {}", file.first_seen),
        None => format!("first seen by the log {}", file.first_seen),
    }];
    parts.push(match &file.uploaded {
        Some(claim) => format!("upload claimed by the index {claim}"),
        None => "the index claims no upload time".to_owned(),
    });
    parts.extend(file.removed.map(|time| format!("removed, seen {time}")));
    parts.extend(file.yanked.as_ref().map(|reason| match reason.as_str() {
        "" => "yanked".to_owned(),
        reason => format!("yanked ({reason:?})"),
    }));
    let entries: Vec<String> = file.entries.iter().map(|index| index.get().to_string()).collect();
    let word = if entries.len() == 1 { "entry" } else { "entries" };
    parts.push(format!("{word} {}", entries.join(", ")));
    parts.join("; ")
}
