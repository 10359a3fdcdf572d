//! The index's journal of changes: freshness in seconds, and the only source that tells a deletion
//! from a quarantine. What is logged comes from the pages all the same; the journal says which to
//! read.

mod xmlrpc;

use record::ProjectName;
use serde::{Deserialize, Serialize};

use crate::page::{DocumentError, Serial, is_loggable_version};
use crate::source::SourceError;
use xmlrpc::Value;

pub(crate) use xmlrpc::call;

/// Most rows in one answer of the journal.
const ROWS: usize = 50_000;

/// One row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Number of the change.
    pub serial: Serial,
    /// Which project; `None` if the row's name is none.
    pub project: Option<ProjectName>,
    /// What the row states about files leaving the index, if it does.
    pub statement: Option<Statement>,
}

/// What the journal states about something that leaves the index, or that was held back and
/// returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "kebab-case")]
pub enum Statement {
    /// A file was deleted.
    FileRemoved {
        /// Which.
        filename: String,
    },
    /// The project was deleted.
    ProjectRemoved,
    /// A release's quarantine ended.
    ReleaseCleared {
        /// Which.
        version: String,
    },
    /// A release was put under quarantine: its files are held back.
    ReleaseQuarantined {
        /// Which.
        version: String,
    },
    /// A release was deleted.
    ReleaseRemoved {
        /// Which.
        version: String,
    },
}

impl Statement {
    fn parse(action: &str, version: Option<&str>) -> Option<Statement> {
        if let Some(filename) = action.strip_prefix("remove file ") {
            return Some(Statement::FileRemoved { filename: unescaped(filename) });
        }
        let version = version.filter(|version| is_loggable_version(version)).map(str::to_owned);
        match action {
            "remove project" => Some(Statement::ProjectRemoved),
            "remove release" => Some(Statement::ReleaseRemoved { version: version? }),
            "release quarantined" => Some(Statement::ReleaseQuarantined { version: version? }),
            "release quarantine cleared" => Some(Statement::ReleaseCleared { version: version? }),
            _ => None,
        }
    }
}

impl Statement {
    /// The release that it is about, if it is about one.
    pub(crate) fn release(&self) -> Option<&str> {
        match self {
            Statement::ReleaseCleared { version }
            | Statement::ReleaseQuarantined { version }
            | Statement::ReleaseRemoved { version } => Some(version),
            Statement::FileRemoved { .. } | Statement::ProjectRemoved => None,
        }
    }
}

/// Reads the answer to `changelog_last_serial`.
pub(crate) fn parse_serial(body: &[u8]) -> Result<Serial, SourceError> {
    xmlrpc::parse(body)?.serial().ok_or_else(|| malformed("the answer is no serial"))
}

/// Reads the answer to `changelog_since_serial`: rows `[name, version, time, action, serial]`.
pub(crate) fn parse_rows(body: &[u8]) -> Result<Vec<JournalRow>, SourceError> {
    let Value::Array(rows) = xmlrpc::parse(body)? else {
        return Err(malformed("the answer is no array"));
    };
    if rows.len() > ROWS {
        return Err(malformed("more rows than the journal gives at once"));
    }
    let rows = rows.into_iter().map(parse_row).collect::<Option<Vec<_>>>();
    let rows =
        rows.ok_or_else(|| malformed("a row is not [name, version, time, action, serial]"))?;
    if rows.is_sorted_by_key(|row| row.serial) {
        Ok(rows)
    } else {
        Err(malformed("the rows are not in the order of their serials"))
    }
}

fn parse_row(row: Value) -> Option<JournalRow> {
    let Value::Array(fields) = row else { return None };
    let [name, version, _time, action, serial] = fields.as_slice() else { return None };
    let version = match version {
        Value::Nil => None,
        version => Some(version.text()?),
    };
    Some(JournalRow {
        serial: serial.serial()?,
        project: ProjectName::normalise(name.text()?).ok(),
        statement: Statement::parse(action.text()?, version),
    })
}

fn malformed(why: &str) -> SourceError {
    SourceError::Document(DocumentError::Malformed(why.to_owned()))
}

/// Actions are ASCII, with `&#NNN;` for every other character.
fn unescaped(action: &str) -> String {
    let mut text = String::with_capacity(action.len());
    let mut rest = action;
    while let Some((before, reference)) = rest.split_once("&#") {
        let decoded = reference.split_once(';').and_then(|(number, after)| {
            let c = number.parse().ok().and_then(char::from_u32)?;
            Some((c, after))
        });
        text.push_str(before);
        if let Some((c, after)) = decoded {
            text.push(c);
            rest = after;
        } else {
            text.push_str("&#");
            rest = reference;
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_actions_state_something() {
        let file = |filename: &str| Some(Statement::FileRemoved { filename: filename.to_owned() });
        let version = || "1.0".to_owned();
        let cases = [
            ("remove file a-1.0.zip", file("a-1.0.zip")),
            ("remove file caf&#233;-1.0.zip", file("caf\u{e9}-1.0.zip")),
            ("remove file a&#x;&#1114112;&#", file("a&#x;&#1114112;&#")),
            ("remove project", Some(Statement::ProjectRemoved)),
            ("remove release", Some(Statement::ReleaseRemoved { version: version() })),
            ("release quarantined", Some(Statement::ReleaseQuarantined { version: version() })),
            ("release quarantine cleared", Some(Statement::ReleaseCleared { version: version() })),
            ("add source file remove file a.zip", None),
            ("remove Owner somebody", None),
            ("", None),
        ];
        for (action, statement) in cases {
            assert_eq!(Statement::parse(action, Some("1.0")), statement, "{action}");
        }
        assert_eq!(Statement::parse("remove release", None), None);
    }
}
