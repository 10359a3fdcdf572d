//! Whether the files of a release come with provenance, as those of the release before.

use record::FileEntry;

use super::super::event::{EventKind, Finding};
use super::super::state::{Fault, Provenance};
use super::Judge;
use crate::entry::VerifiedEntry;

const WITH: u8 = 1;
const WITHOUT: u8 = 2;

impl Judge<'_, '_> {
    /// Compares a new file of a watched project with the release before; once a release. What is known of a
    /// project begins when it is watched: nothing is said of the first release.
    pub(super) fn check_provenance(
        &mut self,
        entry: &VerifiedEntry,
        file: &FileEntry,
        is_first_of_release: bool,
        found: &mut Vec<Finding>,
    ) -> Result<(), Fault> {
        let FileEntry { project, version, .. } = file;
        if !self.question.selection.has_project(project) || version.is_empty() {
            return Ok(());
        }
        let has = if file.provenance { WITH } else { WITHOUT };
        let mut known = match self.tables.provenance(project)? {
            Some(known) if known.version == *version => {
                Provenance { newest: known.newest | has, ..known }
            }
            Some(known) if is_first_of_release => {
                Provenance { version: version.clone(), newest: has, before: known.newest }
            }
            // A file more of a release that is not the newest.
            Some(_) => return Ok(()),
            None => Provenance { version: version.clone(), newest: has, before: 0 },
        };
        let finding = match (known.before, has) {
            (WITH, WITHOUT) => Some(
                Finding::new(EventKind::ProvenanceLost, entry)
                    .because("every file of the release before had provenance"),
            ),
            (WITHOUT, WITH) => Some(
                Finding::new(EventKind::ProvenanceGained, entry)
                    .because("no file of the release before had provenance"),
            ),
            _ => None,
        };
        if finding.is_some() {
            known.before = 0;
        }
        found.extend(finding);
        self.tables.set_provenance(project, &known)
    }
}
