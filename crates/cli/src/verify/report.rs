//! Verdicts of several files, printed and summed up.

use std::collections::BTreeMap;
use std::io::{self, Write};

use client::judging::{Basis, Judged};
use client::{Class, Verdict};
use record::Timestamp;

use crate::output::{print_json, printable};
use crate::results::{self, ResultJson, ResultsJson};

/// Paths of files, what the log says about them, and what that rests on.
#[derive(Debug)]
pub(super) struct Report {
    judged: Vec<(String, Judged)>,
    summary: BTreeMap<Verdict, usize>,
    pub(super) basis: Basis,
}

impl Report {
    pub(super) fn new(judged: Vec<(String, Judged)>, basis: Basis) -> Report {
        let summary = results::summary(judged.iter().map(|(_, judged)| judged));
        Report { judged, summary, basis }
    }

    pub(super) fn print(&self, json: bool, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
        if json {
            let results = self.judged.iter().map(|(path, judged)| ResultJson::new(path, judged));
            let results = ResultsJson::new(results.collect(), &self.summary, &self.basis, now);
            return print_json(out, &results);
        }
        for (path, Judged { finding, .. }) in &self.judged {
            writeln!(out, "{}: {}", printable(path), finding.verdict)?;
            writeln!(out, "    {}", printable(&finding.detail))?;
        }
        results::print_summary(out, &self.summary, &self.basis, now)
    }

    /// The worst class of the verdicts. With `strict`, not to be known is bad.
    pub(super) fn class(&self, strict: bool) -> Class {
        let classes = self.summary.keys().map(|verdict| match verdict.class() {
            Class::Note if strict => Class::Bad,
            class => class,
        });
        classes.max().unwrap_or(Class::Good)
    }
}
