//! What publishers say, and whether the index lists what they expect.

use record::{
    Digest, Expectation, Expected, ExpectedEntry, FileEntry, KeyEntry, KeyRing, ProjectName,
};
use tlog::LeafIndex;

use super::super::event::{EventKind, Finding, class_of_key};
use super::super::state::{DAMAGED, Deadline, Fault};
use super::{Judge, Known, is_first_sight, is_own};
use crate::entry::VerifiedEntry;

impl Judge<'_, '_> {
    /// The keys of a project change.
    pub(super) fn key(
        &mut self,
        entry: &VerifiedEntry,
        key: &KeyEntry,
        found: &mut Vec<Finding>,
    ) -> Result<(), Fault> {
        let ring = self.ring(&key.project)?;
        let had_keys = !ring.keys().is_empty();
        if let Err(refusal) = ring.apply(entry.index(), key) {
            found.push(unfounded(entry, &refusal));
            return Ok(());
        }
        self.has_keys = true;
        self.tables.add_key(&key.project, entry)?;
        let by = if key.by == KeyEntry::OPERATOR {
            "the operator of the log"
        } else {
            "a key of the project"
        };
        let change =
            Finding::new(EventKind::KeyChanged, entry).because(format!("{} by {by}", key.action));
        found.push(Finding { class: class_of_key(key, had_keys), ..change });
        Ok(())
    }

    /// A publisher expects a file. That alone is no news: it is what the publisher said.
    pub(super) fn expected(
        &mut self,
        entry: &VerifiedEntry,
        expected: &ExpectedEntry,
        before: &Known,
        found: &mut Vec<Finding>,
    ) -> Result<(), Fault> {
        let ExpectedEntry { project, filename, sha256, key, signature, received, .. } = expected;
        let expectation = Expectation::from(expected);
        if let Err(refusal) = self.ring(project)?.check_expectation(&expectation, key, signature) {
            found.push(unfounded(entry, &refusal));
            return Ok(());
        }
        let mut all = self.tables.expectations(project, filename)?;
        let of_key = || all.iter().filter(|earlier| earlier.key == *key);
        if of_key().any(|earlier| earlier.sha256 == *sha256) {
            return Ok(());
        }
        let contradicted = of_key().next().map(|earlier| earlier.index);
        let finding = |earlier| Finding::new(EventKind::SelfContradiction, entry).since(earlier);
        found.extend(contradicted.map(finding));
        self.tables.add_expectation(project, filename, entry)?;

        let listed = self.listed(filename, before)?;
        let differed = self.differing(project, &all, &listed)?.is_some();
        let is_first = all.is_empty();
        all.push(Expected {
            index: entry.index(),
            sha256: *sha256,
            key: key.clone(),
            received: *received,
        });
        if let Some(earlier) = self.differing(project, &all, &listed)?
            && !differed
        {
            found.push(Finding::new(EventKind::Unexpected, entry).since(earlier));
        }
        if before.page.is_none() && is_first {
            let due = received.unix().saturating_add(self.question.grace.unlisted);
            self.set_deadline(due, Deadline::Unlisted, entry)?;
        }
        Ok(())
    }

    /// Compares a file with what is expected of it, and says whether it is expected.
    pub(super) fn check_expected(
        &mut self,
        entry: &VerifiedEntry,
        file: &FileEntry,
        before: &Known,
        found: &mut Vec<Finding>,
    ) -> Result<bool, Fault> {
        let FileEntry { project, filename, sha256, .. } = file;
        if !self.has_keys {
            return Ok(false);
        }
        let all = self.tables.expectations(project, filename)?;
        let ring = self.ring(project)?;
        let believed = ring.believed(&all);
        let Some(first) = believed.first() else {
            let declared = ring.complete_since().is_some_and(|since| since < entry.index());
            if declared && is_own(file) && is_first_sight(before) {
                let due = file.observed.unix().saturating_add(self.question.grace.undeclared);
                self.set_deadline(due, Deadline::Undeclared, entry)?;
            }
            return Ok(false);
        };
        let agrees = believed.iter().any(|expected| expected.sha256 == *sha256);
        let is_new_hash = before.page.is_none_or(|page| page.sha256 != *sha256);
        if !agrees && is_new_hash {
            found.push(Finding::new(EventKind::Unexpected, entry).since(first.index));
        }
        Ok(agrees)
    }

    /// Whether nothing is expected of the file, although it was declared before that everything is.
    pub(super) fn is_undeclared(
        &mut self,
        index: LeafIndex,
        file: &FileEntry,
    ) -> Result<bool, Fault> {
        let all = self.tables.expectations(&file.project, &file.filename)?;
        let declared = self.ring(&file.project)?.complete_since();
        Ok(all.is_empty() && declared.is_some_and(|since| since < index))
    }

    /// The keys of a project as they are now.
    pub(super) fn ring(&mut self, project: &ProjectName) -> Result<&mut KeyRing, Fault> {
        if !self.rings.contains_key(project) {
            let mut ring = KeyRing::new(&self.question.origin);
            for kept in self.tables.keys(project)? {
                let Some(record::Entry::Key(key)) = kept.entry() else {
                    return Err(DAMAGED.into());
                };
                ring.apply(kept.index(), key)?;
            }
            self.rings.insert(project.clone(), ring);
        }
        Ok(self.rings.get_mut(project).expect("it was put there"))
    }

    /// Every hash with which the project's page was seen to list the file, and where.
    fn listed(&self, filename: &str, before: &Known) -> Result<Vec<(LeafIndex, Digest)>, Fault> {
        let Some(page) = before.page else { return Ok(Vec::new()) };
        let mut listed = self.tables.replaced(filename)?;
        listed.push((page.index, page.sha256));
        Ok(listed)
    }

    /// Where a hash was listed that is not expected, if anything is.
    fn differing(
        &mut self,
        project: &ProjectName,
        all: &[Expected],
        listed: &[(LeafIndex, Digest)],
    ) -> Result<Option<LeafIndex>, Fault> {
        let believed = self.ring(project)?.believed(all);
        let other = |(_, sha256): &&(LeafIndex, Digest)| {
            !believed.is_empty() && believed.iter().all(|expected| expected.sha256 != *sha256)
        };
        Ok(listed.iter().find(other).map(|(index, _)| *index))
    }
}

fn unfounded(entry: &VerifiedEntry, refusal: &impl ToString) -> Finding {
    Finding::new(EventKind::UnfoundedStatement, entry).because(refusal.to_string())
}
