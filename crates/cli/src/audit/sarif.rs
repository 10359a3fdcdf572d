//! An audit in SARIF 2.1.0: a rule for each verdict, a result for each file that is worth a word.

use std::io::{self, Write};

use client::{Class, Verdict};
use serde::Serialize;

use super::report::{Assessed, Report};
use super::sources::Problem;
use crate::output::{CheckpointJson, print_json};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
struct Sarif<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
struct Run<'a> {
    tool: Tool,
    invocations: [Invocation<'a>; 1],
    results: Vec<Outcome<'a>>,
    properties: RunProperties,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Text<'static>,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'a> {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification<'a>>,
}

#[derive(Serialize)]
struct Notification<'a> {
    level: &'static str,
    message: Text<'a>,
    locations: [Location; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    properties: OutcomeProperties<'a>,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u64,
}

#[derive(Serialize)]
struct RunProperties {
    checkpoint: Option<CheckpointJson>,
}

#[derive(Serialize)]
struct OutcomeProperties<'a> {
    project: Option<&'a str>,
    version: Option<&'a str>,
    filename: Option<&'a str>,
    sha256: Option<String>,
    entries: Vec<u64>,
}

/// Plain matches are left out unless `verbose`.
pub(super) fn print(report: &Report, verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    let told = |assessed: &&Assessed| {
        verbose || assessed.class != Class::Good || assessed.verdict() != Verdict::Match
    };
    let results = report.assessed.iter().filter(told).map(Outcome::from).collect();
    let notifications = report.problems.iter().map(Notification::from).collect();
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "indelible",
                semantic_version: env!("CARGO_PKG_VERSION"),
                rules: Verdict::ALL.into_iter().map(Rule::from).collect(),
            },
        },
        invocations: [Invocation {
            execution_successful: report.problems.is_empty(),
            tool_execution_notifications: notifications,
        }],
        results,
        properties: RunProperties { checkpoint: report.basis.checkpoint().map(Into::into) },
    };
    print_json(out, &Sarif { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

const fn level(class: Class, verdict: Verdict) -> &'static str {
    match (class, verdict) {
        (Class::Bad, _) => "error",
        (Class::Good, Verdict::Match) => "none",
        (Class::Good, verdict) if verdict.warns() => "warning",
        (Class::Good | Class::Note, _) => "note",
        (Class::Undecided, _) => "warning",
    }
}

impl From<Verdict> for Rule {
    fn from(verdict: Verdict) -> Rule {
        Rule {
            id: verdict.name(),
            short_description: Text { text: verdict.meaning() },
            default_configuration: Configuration { level: level(verdict.class(), verdict) },
        }
    }
}

impl<'a> From<&'a Assessed> for Outcome<'a> {
    fn from(assessed: &'a Assessed) -> Outcome<'a> {
        let (item, verdict) = (&assessed.item, assessed.verdict());
        let artifact = &assessed.judged.artifact;
        let entries = &assessed.judged.finding.entries;
        Outcome {
            rule_id: verdict.name(),
            rule_index: Verdict::ALL.iter().position(|rule| *rule == verdict).unwrap_or_default(),
            level: level(assessed.class, verdict),
            message: Message { text: format!("{}: {}", item.name(), assessed.text()) },
            locations: [Location::new(&item.path, item.line)],
            properties: OutcomeProperties {
                project: artifact.project.as_ref().map(record::ProjectName::as_str),
                version: artifact.version.as_deref(),
                filename: artifact.filename.as_deref(),
                sha256: artifact.sha256.as_ref().map(ToString::to_string),
                entries: entries.iter().map(|index| index.get()).collect(),
            },
        }
    }
}

impl<'a> From<&'a Problem> for Notification<'a> {
    fn from(problem: &'a Problem) -> Notification<'a> {
        Notification {
            level: "error",
            message: Text { text: &problem.reason },
            locations: [Location::new(&problem.path, problem.line)],
        }
    }
}

impl Location {
    fn new(path: &str, line: Option<u64>) -> Location {
        let region = line.map(|start_line| Region { start_line });
        let artifact_location = ArtifactLocation { uri: uri(path) };
        Location { physical_location: PhysicalLocation { artifact_location, region } }
    }
}

/// A path as a reference to a URI.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/.-_~+".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.extend(['%', hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
    }
    uri
}

fn hex_digit(value: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(value & 15)])
}
