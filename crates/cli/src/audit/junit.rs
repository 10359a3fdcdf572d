//! An audit in the XML of test runners (junit): a suite for each source, a case for each file.

use std::collections::BTreeMap;
use std::io::{self, Write};

use client::Class;

use super::report::{Assessed, Report};
use super::sources::Problem;
use crate::output::printable;

/// What one source has.
#[derive(Default)]
struct Suite<'a> {
    files: Vec<&'a Assessed>,
    problems: Vec<&'a Problem>,
}

/// Bad verdicts are failures, undecided ones errors, notes are skipped.
pub(super) fn print(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: BTreeMap<&str, Suite<'_>> = BTreeMap::new();
    for assessed in &report.assessed {
        suites.entry(&assessed.item.path).or_default().files.push(assessed);
    }
    for problem in &report.problems {
        suites.entry(&problem.path).or_default().problems.push(problem);
    }
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    let total = Suite {
        files: report.assessed.iter().collect(),
        problems: report.problems.iter().collect(),
    };
    writeln!(out, r#"<testsuites name="indelible audit"{}>"#, total.counts())?;
    for (path, suite) in &suites {
        writeln!(out, r#"  <testsuite name="{}"{}>"#, escape(path), suite.counts())?;
        suite.files.iter().try_for_each(|assessed| print_file(assessed, out))?;
        suite.problems.iter().try_for_each(|problem| print_problem(problem, out))?;
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")?;
    out.flush()
}

impl Suite<'_> {
    fn counts(&self) -> String {
        let of = |class| self.files.iter().filter(|assessed| assessed.class == class).count();
        let problems = self.problems.len();
        let (tests, failures) = (self.files.len() + problems, of(Class::Bad));
        let (errors, skipped) = (of(Class::Undecided) + problems, of(Class::Note));
        format!(r#" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}""#)
    }
}

fn print_file(assessed: &Assessed, out: &mut dyn Write) -> io::Result<()> {
    let item = &assessed.item;
    let (verdict, text) = (assessed.verdict(), escape(&assessed.text()));
    let line = item.line.map_or(String::new(), |line| format!(r#" line="{line}""#));
    let (name, path) = (escape(&item.name()), escape(&item.path));
    write!(out, r#"    <testcase classname="{path}" name="{name}" file="{path}"{line}>"#)?;
    match assessed.class {
        Class::Bad => write!(out, r#"<failure type="{verdict}" message="{text}"/>"#)?,
        Class::Good => write!(out, "<system-out>{verdict}: {text}</system-out>")?,
        Class::Note => write!(out, r#"<skipped message="{verdict}: {text}"/>"#)?,
        Class::Undecided => write!(out, r#"<error type="{verdict}" message="{text}"/>"#)?,
    }
    writeln!(out, "</testcase>")
}

fn print_problem(problem: &Problem, out: &mut dyn Write) -> io::Result<()> {
    let (path, reason) = (escape(&problem.path), escape(&problem.reason));
    let line = problem.line.map_or(String::new(), |line| format!(r#" line="{line}""#));
    write!(out, r#"    <testcase classname="{path}" name="readable" file="{path}"{line}>"#)?;
    writeln!(out, r#"<error type="unreadable" message="{reason}"/></testcase>"#)
}

/// Text as it may stand in XML, in an attribute too. Characters that XML forbids are written out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.extend(c.escape_unicode()),
            _ => escaped.push(c),
        }
    }
    escaped
}
