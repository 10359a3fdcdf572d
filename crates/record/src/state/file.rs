//! State of one filename.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::Observation;
use super::sighting::Sighting;
use crate::digest::Digest;
use crate::entry::{ContentEntry, Entry, FileEntry, RemovedEntry, Status, bound_reason, holdable};
use crate::fact::{ContentFact, Fact, ListedFile, StatusFact};
use crate::project::ProjectName;
use crate::timestamp::Timestamp;

/// What the log holds about one filename. The default is that of a name never seen.
///
/// **Two pages.** A filename is unique across the index, so one page lists it. Should two do so all the
/// same, each page is compared with what was logged from that page: both are recorded once, and do not
/// take turns in the log for ever. The state as a whole is that of the page that was logged last among
/// those that list the file.
///
/// **Imports.** What a data set says (`via`) never overrules what this log saw itself: it adds the hashes
/// that were not logged yet, and becomes the state only where there is none of its own. Importing the same
/// data twice adds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileState {
    /// In the order in which they were logged last.
    pages: Vec<Sighting>,
    /// Listed hash and hash of the bytes that came.
    mismatches: BTreeSet<(Digest, Digest)>,
}

impl FileState {
    /// The state as a whole; `None` if the file was never listed.
    pub fn current(&self) -> Option<&Sighting> {
        self.pages.iter().rfind(|page| page.listed).or(self.pages.last())
    }

    /// What was logged from each page that ever listed the file; one, but for a broken index.
    pub fn pages(&self) -> &[Sighting] {
        &self.pages
    }

    /// Whether some page lists it.
    pub fn is_listed(&self) -> bool {
        self.pages.iter().any(|page| page.listed)
    }

    /// Hash that is listed, or was listed last.
    pub fn sha256(&self) -> Option<&Digest> {
        self.current().map(Sighting::sha256)
    }

    /// Takes in the next entry about this filename. Entries without a filename change nothing.
    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Content(content) => {
                self.mismatches.insert((content.sha256, content.got));
            }
            Entry::File(file) => self.apply_file(file),
            Entry::Removed(removed) => {
                let page = self.page_mut(&removed.project);
                if let Some(page) = page.filter(|page| page.yields_to(removed.via.as_deref())) {
                    page.listed = false;
                    page.imported = removed.via.is_some();
                }
            }
            Entry::Status(flip) if flip.filename.is_some() => {
                let page = self.page_mut(&flip.project);
                if let Some(page) = page.filter(|page| page.yields_to(flip.via.as_deref())) {
                    page.yanked = yanked(flip.status, flip.reason.as_deref());
                }
            }
            Entry::Epoch(_) | Entry::Expected(_) | Entry::Key(_) | Entry::Status(_) => {}
        }
    }

    fn apply_file(&mut self, file: &FileEntry) {
        let via = file.via.as_deref();
        let mut page = match self.pages.iter().position(|page| page.project == file.project) {
            Some(place) if self.pages[place].yields_to(via) => self.pages.remove(place),
            Some(place) => {
                self.pages[place].remember(file.sha256);
                return;
            }
            None => Sighting::first(file),
        };
        page.remember(file.sha256);
        page.version.clone_from(&file.version);
        page.sha256 = file.sha256;
        page.metadata = file.metadata.or(page.metadata);
        page.yanked.clone_from(&file.yanked);
        page.listed = true;
        page.imported = via.is_some();
        self.pages.push(page);
    }

    /// The entries that a fact about this file adds: none if it is the current state, one otherwise.
    ///
    /// Text that no entry can hold is left out where an entry can do without (`uploaded`, `size`, an
    /// unusable version), and a reason is cut as [`bound_reason`] does. A filename that no entry can hold
    /// is refused later, by [`Entry::to_bytes`].
    pub fn admit(&self, fact: &Fact, observed: Timestamp, via: Option<&str>) -> Vec<Entry> {
        let seen = Observation { observed, via };
        let entry = match fact {
            Fact::Content(fact) => self.admit_content(fact, observed),
            Fact::Listed(fact) => self.admit_listed(fact, seen),
            Fact::Status(fact) => self.admit_yank(fact, seen),
            Fact::Unlisted { project, filename } => self.admit_removal(project, filename, seen),
        };
        entry.into_iter().collect()
    }

    fn admit_content(&self, fact: &ContentFact, observed: Timestamp) -> Option<Entry> {
        let repeated = self.mismatches.contains(&(fact.sha256, fact.got));
        (!repeated && fact.got != fact.sha256).then(|| {
            Entry::Content(ContentEntry {
                project: fact.project.clone(),
                version: holdable::version(fact.version.clone()),
                filename: fact.filename.clone(),
                sha256: fact.sha256,
                got: fact.got,
                observed,
            })
        })
    }

    fn admit_listed(&self, fact: &ListedFile, seen: Observation<'_>) -> Option<Entry> {
        let yanked = fact.yanked.as_deref().map(bound_reason);
        match self.page(&fact.project) {
            Some(page) if !page.is_changed_by(fact, seen.via) => {
                // An import that states no yank may not know of yanks at all.
                seen.via.is_none().then(|| page.flip(&fact.filename, yanked, seen)).flatten()
            }
            _ => Some(Entry::File(FileEntry::first_sight(fact.clone(), seen.observed, seen.via))),
        }
    }

    fn admit_yank(&self, fact: &StatusFact, seen: Observation<'_>) -> Option<Entry> {
        let filename = fact.filename.as_deref().filter(|_| fact.status.is_of_file())?;
        let page = self.listing_page(&fact.project, seen)?;
        let yanked = yanked(fact.status, fact.reason.as_deref().map(bound_reason));
        page.flip(filename, yanked.as_deref(), seen)
    }

    fn admit_removal(
        &self,
        project: &ProjectName,
        filename: &str,
        seen: Observation<'_>,
    ) -> Option<Entry> {
        let page = self.listing_page(project, seen)?;
        Some(Entry::Removed(RemovedEntry {
            project: project.clone(),
            version: page.version.clone(),
            filename: filename.to_string(),
            sha256: page.sha256,
            via: seen.via(),
            observed: seen.observed,
        }))
    }

    /// The project's page if it lists the file and `seen` may change that.
    fn listing_page(&self, project: &ProjectName, seen: Observation<'_>) -> Option<&Sighting> {
        self.page(project).filter(|page| page.listed && page.yields_to(seen.via))
    }

    fn page(&self, project: &ProjectName) -> Option<&Sighting> {
        self.pages.iter().find(|page| page.project == *project)
    }

    fn page_mut(&mut self, project: &ProjectName) -> Option<&mut Sighting> {
        self.pages.iter_mut().find(|page| page.project == *project)
    }
}

/// A file's status in the form of a listing: the reason, empty if none, or `None` if not yanked.
fn yanked(status: Status, reason: Option<&str>) -> Option<String> {
    (status == Status::Yanked).then(|| reason.unwrap_or_default().to_string())
}
