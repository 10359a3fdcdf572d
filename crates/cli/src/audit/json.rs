//! An audit as one JSON object.

use std::io::{self, Write};

use client::judging::FirstSeen;
use serde::Serialize;

use super::report::{Assessed, Report};
use super::sources::Problem;
use crate::output::print_json;
use crate::results::{ResultJson, ResultsJson};

#[derive(Serialize)]
struct AuditJson<'a> {
    #[serde(flatten)]
    results: ResultsJson<AssessedJson<'a>>,
    errors: Vec<ErrorJson<'a>>,
}

#[derive(Serialize)]
struct AssessedJson<'a> {
    #[serde(flatten)]
    result: ResultJson<'a>,
    line: Option<u64>,
    class: &'static str,
    first_seen: Option<FirstSeenJson<'a>>,
    remark: Option<&'a str>,
}

#[derive(Serialize)]
struct FirstSeenJson<'a> {
    index: u64,
    time: String,
    via: Option<&'a str>,
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    path: &'a str,
    line: Option<u64>,
    reason: &'a str,
}

impl<'a> From<&'a Assessed> for AssessedJson<'a> {
    fn from(assessed: &'a Assessed) -> AssessedJson<'a> {
        AssessedJson {
            result: ResultJson::new(&assessed.item.path, &assessed.judged),
            line: assessed.item.line,
            class: assessed.class.name(),
            first_seen: assessed.judged.first_seen.as_ref().map(FirstSeenJson::from),
            remark: assessed.remark.as_deref(),
        }
    }
}

impl<'a> From<&'a FirstSeen> for FirstSeenJson<'a> {
    fn from(first: &'a FirstSeen) -> FirstSeenJson<'a> {
        FirstSeenJson {
            index: first.index.get(),
            time: first.time.to_string(),
            via: first.via.as_deref(),
        }
    }
}

impl<'a> From<&'a Problem> for ErrorJson<'a> {
    fn from(problem: &'a Problem) -> ErrorJson<'a> {
        ErrorJson { path: &problem.path, line: problem.line, reason: &problem.reason }
    }
}

pub(super) fn print(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let results = report.assessed.iter().map(AssessedJson::from).collect();
    let results = ResultsJson::new(results, &report.summary, &report.basis, report.now);
    let errors = report.problems.iter().map(ErrorJson::from).collect();
    print_json(out, &AuditJson { results, errors })
}
