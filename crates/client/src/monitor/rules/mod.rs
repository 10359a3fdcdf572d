//! The rules by which an entry becomes an event: one file for each subject.
//!
//! All of them read what is known from the tables and the entry, and change the tables. The time is that of
//! the entries: which events a log has is a function of the log and of what was asked for.

mod deadlines;
mod files;
mod provenance;
mod publishers;
mod tracked;

use std::collections::HashMap;

use record::{Entry, FileEntry, KeyRing, ProjectName, Timestamp};

use super::event::{EventKind, Finding};
use super::selection::Selection;
use super::state::{Fault, Position, Sighting, Tables};
use crate::entry::VerifiedEntry;
use crate::verdict::Class;

/// How long the index and the publisher may be apart, in seconds by the log's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// After a file was listed, until its expectation has to be there.
    pub undeclared: u64,
    /// After a file was expected, until it has to be listed.
    pub unlisted: u64,
}

impl Default for Grace {
    fn default() -> Grace {
        Grace { undeclared: 3600, unlisted: 24 * 3600 }
    }
}

/// What is asked of the log.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) origin: String,
    pub(super) selection: Selection,
    pub(super) grace: Grace,
}

/// Judges the entries of one step.
pub(super) struct Judge<'a, 't> {
    question: &'a Question,
    tables: &'a mut Tables<'t>,
    position: Position,
    /// Key rings of projects that have keys.
    rings: HashMap<ProjectName, KeyRing>,
    has_keys: bool,
    next_due: Option<u64>,
}

/// What was known of the file of an entry.
#[derive(Clone, Debug, Default)]
struct Known {
    /// What this page said last.
    page: Option<Sighting>,
    /// What other pages said last.
    others: Vec<Sighting>,
}

impl Known {
    fn newest(&self) -> Option<&Sighting> {
        self.page.as_ref().or(self.others.first())
    }
}

impl<'a, 't> Judge<'a, 't> {
    pub(super) fn new(
        question: &'a Question,
        tables: &'a mut Tables<'t>,
        position: Position,
    ) -> Result<Judge<'a, 't>, Fault> {
        let (has_keys, next_due) = (tables.has_keys()?, tables.next_due()?);
        let rings = HashMap::new();
        Ok(Judge { question, tables, position, rings, has_keys, next_due })
    }

    /// The log's clock after what was taken in.
    pub(super) const fn clock(&self) -> Timestamp {
        self.position.clock
    }

    /// Takes in the next entry, and says what is to be reported, in the order in which it is found.
    pub(super) fn take_in(&mut self, entry: &VerifiedEntry) -> Result<Vec<Finding>, Fault> {
        let mut found = Vec::new();
        match entry.entry() {
            Some(known) => {
                if !self.position.learned.contains(entry.index()) {
                    found = self.learn(entry, known)?;
                }
                if !self.position.tracked.contains(entry.index()) {
                    self.track(known)?;
                }
            }
            None if entry.fault().is_some() => {
                found.push(Finding::new(EventKind::MalformedEntry, entry));
            }
            None => {}
        }
        let mut reported = Vec::new();
        for finding in found {
            if self.is_reported(&finding)? {
                reported.push(finding);
            }
        }
        Ok(reported)
    }

    fn learn(&mut self, entry: &VerifiedEntry, known: &Entry) -> Result<Vec<Finding>, Fault> {
        let mut found = Vec::new();
        self.position.clock = self.position.clock.max(known.time());
        self.take_due(&mut found)?;
        let before = self.known(known)?;
        let first = found.len();
        match known {
            Entry::Content(_) => found.push(Finding::new(EventKind::ContentMismatch, entry)),
            Entry::Epoch(_) => {}
            Entry::Expected(expected) => self.expected(entry, expected, &before, &mut found)?,
            Entry::File(file) => self.file(entry, file, &before, &mut found)?,
            Entry::Key(key) => self.key(entry, key, &mut found)?,
            Entry::Removed(removed) => self.removed(entry, removed, &before, &mut found)?,
            Entry::Status(_) => found.push(Finding::new(EventKind::StatusChanged, entry)),
        }
        let before = before.newest().map(|sighting| sighting.sha256);
        found[first..].iter_mut().for_each(|finding| finding.before = before);
        Ok(found)
    }

    fn known(&self, entry: &Entry) -> Result<Known, Fault> {
        let Some((filename, project)) = entry.filename().zip(entry.project()) else {
            return Ok(Known::default());
        };
        let (page, others) = self.tables.sightings(filename, project)?;
        Ok(Known { page, others })
    }

    fn is_reported(&self, finding: &Finding) -> Result<bool, Fault> {
        let (kind, selection) = (finding.kind, &self.question.selection);
        let Some(entry) = finding.entry.entry() else { return Ok(true) };
        if selection.is_all() {
            return Ok(finding.class == Class::Bad || kind.is_of_interest_anywhere());
        }
        let of_project = entry.project().is_some_and(|project| selection.has_project(project));
        Ok(of_project || (kind.happens_to_files() && self.is_tracked(entry)?))
    }
}

/// Whether this is the first that is seen of a file.
fn is_first_sight(known: &Known) -> bool {
    known.page.is_none() && known.others.is_empty()
}

/// Whether the log saw it on the index itself.
const fn is_own(file: &FileEntry) -> bool {
    file.via.is_none()
}
