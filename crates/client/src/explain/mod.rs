//! Why a hash did not match: what happened to a file, with the facts and times behind it.
//!
//! Installers say "someone may have tampered with them" when a release merely got another wheel. The
//! log knows which: [`parse()`] reads what an installer said, [`Explainer`] looks up what the log has,
//! and [`explain`] draws the conclusion from verified entries alone.

mod cause;
mod facts;
mod gather;
mod judge;
mod late;
mod parse;
mod question;
pub(crate) mod text;
mod words;

use record::Digest;
use tlog::LeafIndex;

pub use self::cause::Cause;
pub use self::facts::LoggedFile;
pub use self::gather::{Explained, Explainer};
pub use self::parse::{Asked, MAX_EXPECTED, MAX_QUESTIONS, parse};
pub use self::question::Question;
use crate::decide::Coverage;
use crate::entry::VerifiedEntry;
use crate::verdict::Class;
use facts::{Facts, Release};

/// What was looked up for a question, all of it verified.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The entries of the project, the filename and the hashes, in the order of the log.
    pub entries: &'a [VerifiedEntry],
    /// Whether the project has more entries than the log answers at once.
    pub partial: bool,
    /// Hashes that the publisher expects for the filename, if there are expectations.
    pub publisher: Option<&'a [Digest]>,
    /// How far the log's observer has seen the index; `None` if the log does not say.
    pub coverage: Option<Coverage>,
}

/// What happened, and what it is concluded from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What happened, in one word.
    pub cause: Cause,
    /// How good or bad that is.
    pub class: Class,
    /// What happened, in plain words.
    pub text: String,
    /// What else is to be known.
    pub notes: Vec<String>,
    /// The files that it is about, and the other ones of their releases, by first sight.
    pub files: Vec<ShownFile>,
    /// Positions of the entries that the explanation rests on, ascending.
    pub entries: Vec<LeafIndex>,
}

/// A file as the log has it, and what the question has to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownFile {
    /// What the log says.
    pub file: LoggedFile,
    /// Whether its hash is one of the expected ones.
    pub expected: bool,
    /// Whether its hash is that of the bytes that came.
    pub got: bool,
}

/// Explains by what was verified. Nothing but its arguments counts.
pub fn explain(question: &Question, known: &Known<'_>) -> Explanation {
    let facts = Facts::read(known.entries);
    let judgement = judge::judge(question, &facts, known);
    let files = shown(question, &facts);
    let mut entries: Vec<LeafIndex> =
        files.iter().flat_map(|shown| shown.file.entries.iter().copied()).collect();
    let mut notes = Vec::new();
    for release in releases(&files) {
        if let Some(quarantine) = facts.quarantine(&release) {
            notes.push(words::quarantine(&release, &quarantine));
            entries.push(quarantine.index);
        }
    }
    let shown_name = |name: &str| files.iter().any(|shown| shown.file.filename == name);
    for download in facts.downloads.iter().filter(|download| shown_name(&download.filename)) {
        notes.push(words::download(download, question.got));
        entries.push(download.index);
    }
    if known.partial {
        notes.push(words::PARTIAL.to_owned());
    }
    entries.sort_unstable();
    entries.dedup();
    let (cause, class) = (judgement.cause, judgement.class);
    Explanation { cause, class, text: judgement.text, notes, files, entries }
}

/// The files that have to do with the question: by hash, by name, by release.
fn shown(question: &Question, facts: &Facts) -> Vec<ShownFile> {
    let stated = question.project().zip(question.version());
    let stated = stated.map(|(project, version)| Release { project, version });
    let touched = |file: &&LoggedFile| {
        question.hashes().any(|hash| file.sha256 == *hash)
            || question.filename.as_ref() == Some(&file.filename)
    };
    let releases: Vec<Release> =
        facts.files.iter().filter(touched).map(Release::of).chain(stated).collect();
    let concerns = |file: &&LoggedFile| {
        touched(file)
            || (!file.version.is_empty() && releases.iter().any(|release| release.has(file)))
    };
    let show = |file: &LoggedFile| ShownFile {
        file: file.clone(),
        expected: question.expected.contains(&file.sha256),
        got: question.got == Some(file.sha256),
    };
    facts.files.iter().filter(concerns).map(show).collect()
}

/// The releases of files, each once.
fn releases(files: &[ShownFile]) -> Vec<Release> {
    let mut releases: Vec<Release> = Vec::new();
    for shown in files {
        let release = Release::of(&shown.file);
        if !releases.contains(&release) {
            releases.push(release);
        }
    }
    releases
}

#[cfg(test)]
mod tests;
