//! The files that were ever logged with one of the chosen hashes.

use record::{Entry, ProjectName};

use super::super::state::Fault;
use super::Judge;

/// What is tracked of a chosen hash: its files, their releases and their projects.
pub(in crate::monitor) enum Tracked<'a> {
    File(&'a str),
    Release(&'a ProjectName, &'a str),
    Project(&'a ProjectName),
}

impl Tracked<'_> {
    /// A letter, and the names, each behind U+0000, which no name has.
    fn key(&self) -> String {
        match self {
            Tracked::File(filename) => format!("f\0{filename}"),
            Tracked::Release(project, version) => format!("r\0{project}\0{version}"),
            Tracked::Project(project) => format!("p\0{project}"),
        }
    }
}

impl Judge<'_, '_> {
    /// Begins to track the file of an entry if its hash is chosen.
    pub(super) fn track(&mut self, entry: &Entry) -> Result<(), Fault> {
        let Entry::File(file) = entry else { return Ok(()) };
        if !self.question.selection.has_hash(&file.sha256) {
            return Ok(());
        }
        for subject in [
            Tracked::File(&file.filename),
            Tracked::Release(&file.project, &file.version),
            Tracked::Project(&file.project),
        ] {
            self.tables.track(&subject.key())?;
        }
        Ok(())
    }

    /// Whether the entry is about a tracked file, or about the release or the project of one.
    pub(super) fn is_tracked(&self, entry: &Entry) -> Result<bool, Fault> {
        let release = match entry {
            Entry::Status(flip) => flip.version.as_deref(),
            _ => None,
        };
        let subject = match (entry.filename(), entry.project(), release) {
            (Some(filename), _, _) => Tracked::File(filename),
            (None, Some(project), Some(version)) => Tracked::Release(project, version),
            (None, Some(project), None) => Tracked::Project(project),
            (None, None, _) => return Ok(false),
        };
        self.tables.is_tracked(&subject.key())
    }
}
