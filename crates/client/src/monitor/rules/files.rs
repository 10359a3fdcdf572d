//! What the index says of a file, against what it said before.

use record::{FileEntry, RemovedEntry, Timestamp};

use super::super::event::{EventKind, Finding};
use super::super::state::{Fault, Sighting};
use super::{Judge, Known, is_first_sight, is_own};
use crate::entry::VerifiedEntry;

/// The index refuses new files of a release that is older than this, in seconds.
const RELEASE_GROWS_FOR: u64 = 14 * 24 * 3600;

/// 2026-07-08, the day on which it began to, was over.
const REFUSED_SINCE: u64 = 1_783_555_200;

impl Judge<'_, '_> {
    /// The index lists a file.
    pub(super) fn file(
        &mut self,
        entry: &VerifiedEntry,
        file: &FileEntry,
        before: &Known,
        found: &mut Vec<Finding>,
    ) -> Result<(), Fault> {
        let release = match before.page {
            None => self.tables.first_seen(file)?,
            Some(_) => None,
        };
        let agrees = self.check_expected(entry, file, before, found)?;
        let kind = match contradicted(file, before) {
            Some((kind, earlier)) => Some(Finding::new(kind, entry).since(earlier.index)),
            None if !is_first_sight(before) => Some(Finding::new(again(file, before), entry)),
            None if release.is_some_and(|first| is_late(file, first)) => {
                let detail =
                    format!("the log knows its release since {}", release.unwrap_or(file.observed));
                Some(Finding::new(EventKind::LateFile, entry).because(detail))
            }
            None => (!agrees).then(|| Finding::new(EventKind::NewFile, entry)),
        };
        found.extend(kind);
        if is_first_sight(before) && is_own(file) {
            self.check_provenance(entry, file, release.is_none(), found)?;
        }
        self.check_digests(entry, file, before, found)?;
        self.see(entry, file, before)
    }

    /// The index lists a file no more. What a data set says of one that the log sees listed is no news.
    pub(super) fn removed(
        &mut self,
        entry: &VerifiedEntry,
        removed: &RemovedEntry,
        before: &Known,
        found: &mut Vec<Finding>,
    ) -> Result<(), Fault> {
        let via = removed.via.as_ref();
        if before.page.is_some_and(|page| !page.yields_to(via)) {
            found.push(Finding::new(EventKind::NewEntry, entry));
            return Ok(());
        }
        let mut finding = Finding::new(EventKind::Removed, entry);
        if let Some(page) = before.page {
            finding = finding.since(page.index);
            let gone = Sighting { listed: false, imported: via.is_some(), ..page };
            self.tables.see(&removed.filename, &removed.project, gone)?;
        }
        found.push(finding);
        Ok(())
    }

    fn see(
        &mut self,
        entry: &VerifiedEntry,
        file: &FileEntry,
        before: &Known,
    ) -> Result<(), Fault> {
        let FileEntry { filename, sha256, .. } = file;
        let other = before.page.filter(|page| page.sha256 != *sha256);
        if let Some(page) = before.page
            && !page.yields_to(file.via.as_ref())
        {
            return match other {
                Some(_) => self.tables.replace(filename, entry.index(), sha256),
                None => Ok(()),
            };
        }
        if let Some(page) = other {
            self.tables.replace(filename, page.index, &page.sha256)?;
        }
        let same = before.page.filter(|page| page.sha256 == *sha256);
        let sighting = Sighting {
            listed: true,
            imported: !is_own(file),
            index: entry.index(),
            sha256: *sha256,
            blake2b: file.blake2b.or(same.and_then(|page| page.blake2b)),
        };
        self.tables.see(filename, &file.project, sighting)
    }

    /// One SHA-256 has one `blake2b`, and the reverse: of this filename, and if everything is watched of all.
    fn check_digests(
        &mut self,
        entry: &VerifiedEntry,
        file: &FileEntry,
        before: &Known,
        found: &mut Vec<Finding>,
    ) -> Result<(), Fault> {
        let Some(blake2b) = file.blake2b else { return Ok(()) };
        let sightings = || before.page.iter().chain(&before.others);
        let same = |one: &Sighting| (one.sha256 == file.sha256, one.blake2b == Some(blake2b));
        let of_name = sightings()
            .filter(|one| one.blake2b.is_some())
            .find(|one| matches!(same(one), (true, false) | (false, true)));
        let is_known = sightings().any(|one| same(one) == (true, true));
        let mut earlier = of_name.map(|one| one.index);
        if self.question.selection.is_all() && !is_known {
            let elsewhere = self.tables.pair(&file.sha256, &blake2b, entry.index())?;
            earlier = earlier.or(elsewhere);
        }
        let disagree = |earlier| Finding::new(EventKind::DigestsDisagree, entry).since(earlier);
        found.extend(earlier.map(disagree));
        Ok(())
    }
}

/// The sighting that has another hash.
fn contradicted<'a>(file: &FileEntry, before: &'a Known) -> Option<(EventKind, &'a Sighting)> {
    let differs = |sighting: &&Sighting| sighting.sha256 != file.sha256;
    if let Some(page) = &before.page {
        let reappeared = !page.listed && page.yields_to(file.via.as_ref());
        let kind = if reappeared { EventKind::ReappearedChanged } else { EventKind::HashChanged };
        return Some(page).filter(differs).map(|page| (kind, page));
    }
    before.others.iter().find(differs).map(|other| (EventKind::HashChanged, other))
}

/// A file that was seen before, with the same hash.
fn again(file: &FileEntry, before: &Known) -> EventKind {
    let is_back = |page: &Sighting| !page.listed && page.yields_to(file.via.as_ref());
    if before.page.as_ref().is_some_and(is_back) {
        EventKind::ListedAgain
    } else {
        EventKind::NewEntry
    }
}

/// Whether the index should have refused it; `first` is when the log saw its release first.
fn is_late(file: &FileEntry, first: Timestamp) -> bool {
    let observed = file.observed.unix();
    let age = observed.saturating_sub(first.unix());
    is_own(file) && !file.version.is_empty() && observed >= REFUSED_SINCE && age > RELEASE_GROWS_FOR
}
