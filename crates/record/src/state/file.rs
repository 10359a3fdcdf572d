//! State of one filename.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::digest::Digest;
use crate::entry::{
    ContentEntry, Entry, FileEntry, RemovedEntry, Status, StatusEntry, bound_reason, holdable,
};
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

/// What was logged about a file from one project's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    project: ProjectName,
    version: String,
    sha256: Digest,
    hashes: Vec<Digest>,
    metadata: Option<Digest>,
    yanked: Option<String>,
    listed: bool,
    imported: bool,
}

impl Sighting {
    /// Whose page.
    pub const fn project(&self) -> &ProjectName {
        &self.project
    }

    /// Version, empty if unknown.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Hash that the page lists, or listed last.
    pub const fn sha256(&self) -> &Digest {
        &self.sha256
    }

    /// Every hash that was ever logged from this page, in the order of their first sight.
    pub fn hashes(&self) -> &[Digest] {
        &self.hashes
    }

    /// SHA-256 of the core metadata, as stated last.
    pub const fn metadata(&self) -> Option<&Digest> {
        self.metadata.as_ref()
    }

    /// Reason for yanking, empty if none was given; `None` if not yanked.
    pub fn yanked(&self) -> Option<&str> {
        self.yanked.as_deref()
    }

    /// Whether the page lists the file.
    pub const fn is_listed(&self) -> bool {
        self.listed
    }

    /// Whether all that is known comes from imported data.
    pub const fn is_imported(&self) -> bool {
        self.imported
    }

    /// Whether an entry with this `via` replaces what is known.
    const fn yields_to(&self, via: Option<&String>) -> bool {
        via.is_none() || self.imported
    }
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
                if let Some(page) = page.filter(|page| page.yields_to(removed.via.as_ref())) {
                    page.listed = false;
                    page.imported = removed.via.is_some();
                }
            }
            Entry::Status(flip) if flip.filename.is_some() => {
                let page = self.page_mut(&flip.project);
                if let Some(page) = page.filter(|page| page.yields_to(flip.via.as_ref())) {
                    page.yanked = yanked(flip.status, flip.reason.as_deref());
                }
            }
            Entry::Epoch(_) | Entry::Expected(_) | Entry::Key(_) | Entry::Status(_) => {}
        }
    }

    fn apply_file(&mut self, file: &FileEntry) {
        let place = self.pages.iter().position(|page| page.project == file.project);
        let mut hashes = Vec::new();
        let mut metadata = file.metadata;
        if let Some(place) = place {
            let known = &mut self.pages[place];
            if !known.hashes.contains(&file.sha256) {
                known.hashes.push(file.sha256);
            }
            if !known.yields_to(file.via.as_ref()) {
                return;
            }
            let known = self.pages.remove(place);
            hashes = known.hashes;
            metadata = metadata.or(known.metadata);
        } else {
            hashes.push(file.sha256);
        }
        self.pages.push(Sighting {
            project: file.project.clone(),
            version: file.version.clone(),
            sha256: file.sha256,
            hashes,
            metadata,
            yanked: file.yanked.clone(),
            listed: true,
            imported: file.via.is_some(),
        });
    }

    /// The entries that a fact about this file adds: none if it is the current state, one otherwise.
    ///
    /// Text that no entry can hold is left out where an entry can do without (`uploaded`, `size`, an
    /// unusable version), and a reason is cut as [`bound_reason`] does. A filename that no entry can hold
    /// is refused later, by [`Entry::to_bytes`].
    pub fn admit(&self, fact: &Fact, observed: Timestamp, via: Option<&str>) -> Vec<Entry> {
        let entry = match fact {
            Fact::Content(fact) => self.admit_content(fact, observed),
            Fact::Listed(fact) => self.admit_listed(fact, observed, via),
            Fact::Status(fact) => self.admit_yank(fact, observed, via),
            Fact::Unlisted { project, filename } => {
                self.admit_removal(project, filename, observed, via)
            }
        };
        entry.into_iter().collect()
    }

    fn admit_content(&self, fact: &ContentFact, observed: Timestamp) -> Option<Entry> {
        let repeated = self.mismatches.contains(&(fact.sha256, fact.got));
        (!repeated && fact.got != fact.sha256).then(|| {
            Entry::Content(ContentEntry {
                project: fact.project.clone(),
                version: holdable::version(&fact.version),
                filename: fact.filename.clone(),
                sha256: fact.sha256,
                got: fact.got,
                observed,
            })
        })
    }

    fn admit_listed(
        &self,
        fact: &ListedFile,
        observed: Timestamp,
        via: Option<&str>,
    ) -> Option<Entry> {
        let yanked = fact.yanked.as_deref().map(bound_reason);
        let known = self.page(&fact.project);
        if known.is_none_or(|page| is_news(page, fact, via)) {
            return Some(Entry::File(FileEntry {
                project: fact.project.clone(),
                version: holdable::version(&fact.version),
                filename: fact.filename.clone(),
                sha256: fact.sha256,
                size: holdable::size(fact.size),
                blake2b: fact.blake2b,
                metadata: fact.metadata,
                uploaded: holdable::uploaded(fact.uploaded.as_deref()),
                yanked: yanked.map(String::from),
                provenance: fact.provenance,
                via: via.map(String::from),
                observed,
            }));
        }
        // An import that states no yank may not know of yanks at all.
        if via.is_some() {
            return None;
        }
        flip(known?, &fact.filename, yanked, observed, via)
    }

    fn admit_yank(
        &self,
        fact: &StatusFact,
        observed: Timestamp,
        via: Option<&str>,
    ) -> Option<Entry> {
        let filename = fact.filename.as_deref().filter(|_| fact.status.is_of_file())?;
        let page = self.page(&fact.project).filter(|page| page.listed)?;
        if via.is_some() && !page.imported {
            return None;
        }
        let yanked = yanked(fact.status, fact.reason.as_deref().map(bound_reason));
        flip(page, filename, yanked.as_deref(), observed, via)
    }

    fn admit_removal(
        &self,
        project: &ProjectName,
        filename: &str,
        observed: Timestamp,
        via: Option<&str>,
    ) -> Option<Entry> {
        let page = self.page(project).filter(|page| page.listed)?;
        if via.is_some() && !page.imported {
            return None;
        }
        Some(Entry::Removed(RemovedEntry {
            project: project.clone(),
            version: page.version.clone(),
            filename: filename.to_string(),
            sha256: page.sha256,
            via: via.map(String::from),
            observed,
        }))
    }

    fn page(&self, project: &ProjectName) -> Option<&Sighting> {
        self.pages.iter().find(|page| page.project == *project)
    }

    fn page_mut(&mut self, project: &ProjectName) -> Option<&mut Sighting> {
        self.pages.iter_mut().find(|page| page.project == *project)
    }
}

/// Whether a listing makes a `file` entry, given what is known of that page.
fn is_news(page: &Sighting, fact: &ListedFile, via: Option<&str>) -> bool {
    if via.is_some() {
        return !page.hashes.contains(&fact.sha256);
    }
    let other_metadata = fact.metadata.is_some() && fact.metadata != page.metadata;
    !page.listed || page.sha256 != fact.sha256 || other_metadata
}

/// The `status` entry for a file that is yanked with this reason, or is not, unless it is known.
fn flip(
    page: &Sighting,
    filename: &str,
    yanked: Option<&str>,
    observed: Timestamp,
    via: Option<&str>,
) -> Option<Entry> {
    if page.yanked.as_deref() == yanked {
        return None;
    }
    Some(Entry::Status(StatusEntry {
        project: page.project.clone(),
        version: Some(page.version.clone()),
        filename: Some(filename.to_string()),
        status: if yanked.is_some() { Status::Yanked } else { Status::Unyanked },
        reason: yanked.filter(|reason| !reason.is_empty()).map(String::from),
        via: via.map(String::from),
        observed,
    }))
}

/// A file's status in the form of a listing: the reason, empty if none, or `None` if not yanked.
fn yanked(status: Status, reason: Option<&str>) -> Option<String> {
    (status == Status::Yanked).then(|| reason.unwrap_or_default().to_string())
}
