//! Entries in words.

use record::{Entry, Expectation, KeyAction, KeyEntry, ProjectName};

use crate::entry::VerifiedEntry;

/// Each once, in the order of the log.
pub(crate) fn in_order<'a>(
    entries: impl IntoIterator<Item = &'a VerifiedEntry>,
) -> Vec<&'a VerifiedEntry> {
    let mut entries: Vec<&VerifiedEntry> = entries.into_iter().collect();
    entries.sort_by_key(|entry| entry.index());
    entries.dedup_by_key(|entry| entry.index());
    entries
}

/// What the log says about one file, oldest first, on one line.
pub(crate) fn of_file<'a>(entries: impl IntoIterator<Item = &'a VerifiedEntry>) -> String {
    let sentences = entries.into_iter().filter_map(|entry| Some(describe(entry.entry()?)));
    sentences.collect::<Vec<_>>().join("; ")
}

/// One entry in words: what happened and when.
pub fn describe(entry: &Entry) -> String {
    let time = entry.time();
    let reason = |reason: Option<&String>| {
        reason.filter(|r| !r.is_empty()).map_or(String::new(), |reason| format!(" ({reason:?})"))
    };
    match entry {
        Entry::Content(content) => {
            let (listed, got) = (content.sha256, content.got);
            format!("downloaded {time} with sha256 {got} although listed with {listed}")
        }
        Entry::Epoch(epoch) => format!("epoch {} at {time}", epoch.epoch),
        Entry::Expected(expected) => {
            let (sha256, key) = (expected.sha256, short(expected.key.as_str()));
            format!("expected with sha256 {sha256} since {time} by {key}")
        }
        Entry::File(file) => {
            let via =
                file.via.as_ref().map_or(String::new(), |via| format!(", imported from {via:?}"));
            let uploaded =
                file.uploaded.as_ref().map_or(String::new(), |t| format!(", uploaded {t}"));
            let yanked = if file.yanked.is_some() { ", yanked" } else { "" };
            let (sha256, reason) = (file.sha256, reason(file.yanked.as_ref()));
            format!("listed {time} with sha256 {sha256}{uploaded}{via}{yanked}{reason}")
        }
        Entry::Key(key) => describe_key(key),
        Entry::Removed(_) => format!("removed from the index, seen {time}"),
        Entry::Status(flip) => {
            let whose = match (&flip.filename, &flip.version) {
                (Some(_), _) => "",
                (None, Some(_)) => "release ",
                (None, None) => "project ",
            };
            format!("{whose}{} since {time}{}", flip.status, reason(flip.reason.as_ref()))
        }
    }
}

/// What happened to a publisher's key, when, and who decided it.
fn describe_key(entry: &KeyEntry) -> String {
    let KeyEntry { action, key, by, received: time, .. } = entry;
    let who = match by.as_str() {
        KeyEntry::OPERATOR => "the log's operator",
        by if by == key.as_str() => "itself",
        by => short(by),
    };
    match action {
        KeyAction::Add => format!("key {key} added {time} by {who}"),
        KeyAction::Complete => {
            format!("declared {time} by {} that every file is expected", short(by))
        }
        KeyAction::Enrol => format!("key {key} enrolled {time} by {who}"),
        KeyAction::Partial => {
            format!("taken back {time} by {} that every file is expected", short(by))
        }
        KeyAction::Revoke => format!("key {key} revoked {time} by {who}"),
        KeyAction::Rotate => format!("key {} replaced {time} by {key}", short(by)),
    }
}

/// A key's name and ID: enough for a person to recognise it.
pub(crate) fn short(vkey: &str) -> &str {
    vkey.rsplit_once('+').map_or(vkey, |(name_and_id, _)| name_and_id)
}

/// The project that a file is of: whose page listed it last; if none did, whose publisher expects a file
/// that is named like one of the project's. `entries` are those of the filename, in order.
pub fn project_of(entries: &[VerifiedEntry]) -> Option<&ProjectName> {
    let entries = || entries.iter().rev().filter_map(VerifiedEntry::entry);
    let listed = entries().find(|entry| !matches!(entry, Entry::Expected(_)));
    listed.or_else(|| entries().find(|entry| is_placed(entry))).and_then(Entry::project)
}

/// Whether an entry may tell what project and release a file is of. Publishers can say anything about
/// files that are not theirs.
pub(crate) fn is_placed(entry: &Entry) -> bool {
    match entry {
        Entry::Expected(expected) => Expectation::from(expected).is_of_its_release(),
        _ => true,
    }
}

/// The file that an entry is about: name, project and version.
pub(crate) fn name_of(entry: &VerifiedEntry) -> String {
    let Some(entry) = entry.entry() else { return "unknown".to_owned() };
    let filename = entry.filename().unwrap_or_default();
    let project = entry.project().map(ToString::to_string).unwrap_or_default();
    let version = version_of(entry).unwrap_or_default();
    format!("{filename} of {project} {version}: {}", describe(entry))
}

/// The release that an entry is about; empty if the log does not know.
pub fn version_of(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Content(content) => Some(&content.version),
        Entry::Epoch(_) | Entry::Key(_) => None,
        Entry::Expected(expected) => Some(&expected.version),
        Entry::File(file) => Some(&file.version),
        Entry::Removed(removed) => Some(&removed.version),
        Entry::Status(flip) => flip.version.as_deref(),
    }
}
