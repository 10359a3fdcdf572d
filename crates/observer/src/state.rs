//! What an observer remembers between runs: how far it has read, and what is in doubt.
//!
//! Nothing here is needed for correct entries. Without it every page is read again, and the log
//! adds nothing for what it holds already; only readings that were to confirm a disappearance start
//! anew.

mod files;

use std::collections::{BTreeMap, BTreeSet};

use record::ProjectName;
use serde::{Deserialize, Serialize};

use crate::doubt::Doubt;
use crate::journal::JournalRow;
use crate::page::Serial;

pub use files::StateError;
pub(crate) use files::{StateFiles, format_progress, format_projects};

/// Up to what the index has been seen: what makes absence from the log meaningful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The index's serial up to which everything was seen and submitted, where the index tells
    /// serials.
    pub serial: Option<Serial>,
    /// Start of the last complete sweep, in unix seconds.
    pub swept: u64,
}

/// How far an observer has come with one index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// The index, as the source names it.
    pub(crate) source: String,
    /// The fast cursor: everything up to this serial of the journal was submitted, but for what is
    /// in doubt.
    pub(crate) journal: Option<Serial>,
    /// Serial of the newest project list seen; an older one is stale.
    pub(crate) list: Option<Serial>,
    pub(crate) coverage: Option<Coverage>,
    /// Sweeps begun.
    pub(crate) sweeps: u64,
    /// Sweeps in a row that found a mass of projects vanished from the list.
    pub(crate) vanishings: u32,
    pub(crate) doubts: BTreeMap<ProjectKey, Doubt>,
}

/// A normalised project name, as compact as it can be.
pub(crate) type ProjectKey = Box<str>;

/// What is known of a project whose page was read: the portable cursor, one per project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Serial of the page that was submitted last.
    pub(crate) serial: Option<Serial>,
    /// The source's validator of that page.
    pub(crate) validator: Option<Box<str>>,
}

/// Everything remembered.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) progress: Progress,
    /// Every project that was read and not seen deleted. About 120 bytes each.
    pub(crate) known: BTreeMap<ProjectKey, Known>,
}

impl State {
    /// Forgets all but the names, whose disappearance still has to be noticed: pages are read anew.
    pub(crate) fn start_over(&mut self, source: &str) {
        self.progress = Progress { source: source.to_owned(), ..Progress::default() };
        for known in self.known.values_mut() {
            *known = Known::default();
        }
    }

    /// Takes in rows of the journal. Returns the projects they are about.
    pub(crate) fn note(&mut self, rows: Vec<JournalRow>) -> Vec<ProjectName> {
        let mut touched = BTreeSet::new();
        for row in rows {
            let Some(project) = row.project else { continue };
            let doubt = self.progress.doubts.entry(project.as_str().into()).or_default();
            doubt.note(row.serial, row.statement);
            touched.insert(project);
        }
        touched.into_iter().collect()
    }

    /// Remembers what a reading left in doubt that began with the doubt `before`.
    pub(crate) fn keep_doubt(&mut self, name: &ProjectName, before: &Doubt, mut doubt: Doubt) {
        if let Some(current) = self.progress.doubts.get(name.as_str()).filter(|now| *now != before)
        {
            doubt.take_in(current);
        }
        if doubt.is_settled() {
            self.progress.doubts.remove(name.as_str());
        } else {
            self.progress.doubts.insert(name.as_str().into(), doubt);
        }
    }

    /// Remembers a page as read and submitted.
    pub(crate) fn keep_page(
        &mut self,
        name: &ProjectName,
        serial: Option<Serial>,
        validator: Option<&str>,
    ) {
        let validator = validator.filter(|text| !text.chars().any(char::is_control));
        let known = Known { serial, validator: validator.map(Into::into) };
        self.known.insert(name.as_str().into(), known);
    }
}
