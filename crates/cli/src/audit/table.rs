//! An audit for people: grouped by verdict, the worst first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use client::{Class, Verdict};

use super::report::{Assessed, Report};
use crate::output::{count, printable};
use crate::results;

/// Most files that are shown of a group that is not bad.
const SHOWN: usize = 10;

/// How a table looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Show every file.
    pub(super) verbose: bool,
    /// Use colours; the words say the same.
    pub(super) colour: bool,
}

pub(super) fn print(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if report.assessed.is_empty() {
        return writeln!(out, "no file is pinned");
    }
    let mut groups: BTreeMap<Rank, Vec<&Assessed>> = BTreeMap::new();
    for assessed in &report.assessed {
        groups.entry(Rank::of(assessed)).or_default().push(assessed);
    }
    for (at, (rank, files)) in groups.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let (verdict, files_count) = (rank.verdict, count(files.len(), "file", "files"));
        writeln!(out, "{}: {verdict}, {files_count}", style.paint(*rank))?;
        writeln!(out, "  {}", verdict.meaning())?;
        let shown = style.shown(*rank, files.len());
        files.iter().take(shown).try_for_each(|assessed| print_file(assessed, out))?;
        if shown > 0 && shown < files.len() {
            writeln!(out, "  and {} more; --verbose shows them", files.len() - shown)?;
        }
    }
    results::print_summary(out, &report.summary, &report.basis, report.now)
}

/// Place of a group: warnings come before what is good, and plain matches last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    class: Reverse<Class>,
    calm: bool,
    plain: bool,
    verdict: Verdict,
}

impl Rank {
    fn of(assessed: &Assessed) -> Rank {
        let verdict = assessed.verdict();
        let (calm, plain) = (!verdict.warns(), verdict == Verdict::Match);
        Rank { class: Reverse(assessed.class), calm, plain, verdict }
    }
}

fn print_file(assessed: &Assessed, out: &mut dyn Write) -> io::Result<()> {
    let (place, name) = (assessed.item.place(), assessed.item.name());
    let named = if place.ends_with(&name) { place } else { format!("{place}: {name}") };
    writeln!(out, "  {}", printable(&named))?;
    if let Some(remark) = &assessed.remark {
        writeln!(out, "      {}", printable(remark))?;
    }
    writeln!(out, "      {}", printable(&assessed.judged.finding.detail))?;
    let artifact = &assessed.judged.artifact;
    if let (Class::Bad, Some(sha256)) = (assessed.class, artifact.sha256) {
        let filename = artifact.filename.as_ref().map(|name| format!(" --filename {name}"));
        let filename = printable(&filename.unwrap_or_default());
        writeln!(out, "      more: indelible explain --expected {sha256}{filename}")?;
    }
    Ok(())
}

impl Style {
    /// How many files of a group are shown.
    fn shown(self, rank: Rank, files: usize) -> usize {
        match (rank.class.0, rank.plain) {
            _ if self.verbose => files,
            (Class::Bad, _) => files,
            (Class::Good, true) => 0,
            _ => files.min(SHOWN),
        }
    }

    fn paint(self, rank: Rank) -> String {
        let (word, code) = match (rank.class.0, rank.calm) {
            (Class::Bad, _) => ("BAD", "1;31"),
            (Class::Good, true) => ("GOOD", "32"),
            (Class::Good, false) => ("WARN", "33"),
            (Class::Note, _) => ("NOTE", "36"),
            (Class::Undecided, _) => ("UNDECIDED", "1;33"),
        };
        if self.colour { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
    }
}
