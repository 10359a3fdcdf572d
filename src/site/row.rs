//! Entries as rows of a history. `assets/history.mjs` makes the same rows from verified entries: what differs
//! is shown as false, so the two change together.

use std::collections::HashMap;

use record::{Digest, Entry, LookupKey};
use serde_json::{Map, Value};
use tlog::leaf_hash;

use super::search;
use crate::reading::KnownEntry;

/// Fields of entries in the order in which they are shown, with what they are called.
const FIELDS: [(&str, &str); 16] = [
    ("observed", "observed, by this log's clock"),
    ("received", "received, by this log's clock"),
    ("uploaded", "uploaded, by the index's word"),
    ("via", "seen by others, imported from"),
    ("project", "project"),
    ("version", "version"),
    ("sha256", "sha256"),
    ("got", "sha256 of what was downloaded"),
    ("status", "status"),
    ("reason", "reason"),
    ("yanked", "yanked, reason"),
    ("action", "action"),
    ("key", "key"),
    ("by", "decided by"),
    ("size", "size in bytes"),
    ("metadata", "sha256 of its metadata"),
];

/// A row of a history.
pub(super) struct Row {
    /// Position of the entry.
    pub(super) position: u64,
    /// Leaf hash of the entry, in hex.
    pub(super) leaf: String,
    /// How it is marked: `conflict`, `warn`, `publisher` or nothing.
    pub(super) mark: &'static str,
    /// What happened.
    pub(super) headline: String,
    /// To what: a filename, a release or a project.
    pub(super) subject: String,
    /// Where there is more about that.
    pub(super) href: String,
    /// What the entry says.
    pub(super) fields: Vec<Field>,
}

/// A field of an entry.
pub(super) struct Field {
    /// Its name in the entry.
    pub(super) name: &'static str,
    /// What it is called here.
    pub(super) label: &'static str,
    /// Its value.
    pub(super) value: String,
    /// Where there is more about it.
    pub(super) href: Option<String>,
}

/// Makes rows of all entries of a history, oldest first: what an entry means depends on those before it.
#[derive(Default)]
pub(super) struct Rows {
    seen: HashMap<String, Vec<Digest>>,
}

impl Rows {
    /// The next row. Of a project's page the project goes without saying.
    pub(super) fn row(&mut self, read: &KnownEntry, of_project: bool) -> Row {
        let (headline, mark) = self.headline(&read.entry);
        let filename = read.entry.filename().map(str::to_owned);
        let json: Map<String, Value> = serde_json::from_slice(&read.bytes).unwrap_or_default();
        let project = read.entry.project().map(ToString::to_string).unwrap_or_default();
        let version = json.get("version").and_then(Value::as_str);
        let (subject, href) = match (filename, version) {
            (Some(name), _) => {
                let href = search::path(&LookupKey::File(name.clone()));
                (name, href)
            }
            (None, Some(version)) => {
                (format!("{project} {version}"), format!("/projects/{project}"))
            }
            (None, None) => (project.clone(), format!("/projects/{project}")),
        };
        let shown = FIELDS.iter().filter(|(name, _)| !(of_project && *name == "project"));
        let fields = shown.filter_map(|(name, label)| field(name, label, json.get(*name)?));
        let leaf = Digest::from(*leaf_hash(&read.bytes).as_bytes()).to_string();
        let subject = printable(&subject);
        let position = read.index.get();
        Row { position, leaf, mark, headline, subject, href, fields: fields.collect() }
    }

    /// What happened, and how it is marked.
    fn headline(&mut self, entry: &Entry) -> (String, &'static str) {
        match entry {
            Entry::Content(_) => {
                ("Downloaded with other bytes than the index lists".to_owned(), "conflict")
            }
            Entry::Epoch(epoch) => (format!("Epoch {}", epoch.epoch), ""),
            Entry::Expected(_) => ("Publisher's word: released as".to_owned(), "publisher"),
            Entry::File(file) => self.listed(&file.filename, file.sha256),
            Entry::Key(key) => (format!("Publisher's key: {}", key.action), "publisher"),
            Entry::Removed(_) => ("Listed no more".to_owned(), "warn"),
            Entry::Status(flip) => (format!("Now {}", flip.status), "warn"),
        }
    }

    fn listed(&mut self, filename: &str, sha256: Digest) -> (String, &'static str) {
        let seen = self.seen.entry(filename.to_owned()).or_default();
        let known = seen.contains(&sha256);
        let (headline, mark) = match (seen.len(), known) {
            (0, _) => ("Listed for the first time", ""),
            (1, true) => ("Listed again, or with other details", ""),
            (_, true) => ("Listed with an earlier hash again", "conflict"),
            (_, false) => ("Listed with another hash", "conflict"),
        };
        if !known {
            seen.push(sha256);
        }
        (headline.to_owned(), mark)
    }
}

fn field(name: &'static str, label: &'static str, value: &Value) -> Option<Field> {
    let text = match value {
        Value::String(text) if text.is_empty() => "(none given)".to_owned(),
        Value::String(text) => printable(text),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let href = match name {
        "sha256" | "got" => Some(format!("/sha256/{text}")),
        "project" => Some(format!("/projects/{text}")),
        _ => None,
    };
    Some(Field { name, label, value: text, href })
}

/// Text of others without characters that would hide or turn around what stands beside them.
pub(super) fn printable(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect()
}
