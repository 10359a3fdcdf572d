//! What falls due by the log's clock, when an entry with a later time is read.

use record::Entry;

use super::super::event::{EventKind, Finding};
use super::super::state::{DAMAGED, Deadline, Fault};
use super::Judge;
use crate::entry::VerifiedEntry;

impl Judge<'_, '_> {
    /// Looks again at everything that is due.
    pub(super) fn take_due(&mut self, found: &mut Vec<Finding>) -> Result<(), Fault> {
        let now = self.position.clock.unix();
        if self.next_due.is_none_or(|due| due > now) {
            return Ok(());
        }
        while let Some((deadline, entry)) = self.tables.take_due(now)? {
            let finding = match (deadline, entry.entry()) {
                (Deadline::Undeclared, Some(Entry::File(file))) => self
                    .is_undeclared(entry.index(), file)?
                    .then(|| Finding::new(EventKind::Undeclared, &entry).because(UNDECLARED)),
                (Deadline::Unlisted, Some(known @ Entry::Expected(_))) => (self.known(known)?)
                    .page
                    .is_none()
                    .then(|| Finding::new(EventKind::ExpectedUnlisted, &entry)),
                _ => return Err(DAMAGED.into()),
            };
            found.extend(finding);
        }
        self.next_due = self.tables.next_due()?;
        Ok(())
    }

    pub(super) fn set_deadline(
        &mut self,
        due: u64,
        deadline: Deadline,
        entry: &VerifiedEntry,
    ) -> Result<(), Fault> {
        self.tables.set_deadline(due, deadline, entry)?;
        self.next_due = Some(self.next_due.map_or(due, |next| next.min(due)));
        Ok(())
    }
}

const UNDECLARED: &str =
    "the publisher declared to expect every file, and expects nothing of this one";
