//! Pages that were judged a short while ago: a download follows its page.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use record::ProjectName;

use super::listing::Listing;

/// How long a download goes by a page.
const LIFE: Duration = Duration::from_secs(600);
/// Most bytes of the index's documents that are kept; what is made of them takes some times that.
const MAX_WEIGHT: usize = 32 << 20;
/// Most pages.
const MAX_PAGES: usize = 1024;

/// The pages asked for last, the newest in front. The newest is kept whatever its length.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<VecDeque<Arc<Listing>>>);

impl Shelf {
    /// The page of a project, of any age.
    pub(super) fn latest(&self, project: &ProjectName) -> Option<Arc<Listing>> {
        self.pages().iter().find(|page| page.project == *project).cloned()
    }

    /// The page of a project, if it is young enough to download by it.
    pub(super) fn recent(&self, project: &ProjectName) -> Option<Arc<Listing>> {
        self.latest(project).filter(|page| page.read.elapsed() < LIFE)
    }

    /// Keeps a page, and drops what is too much.
    pub(super) fn put(&self, page: Arc<Listing>) {
        let mut pages = self.pages();
        pages.retain(|other| other.project != page.project);
        pages.push_front(page);
        pages.truncate(MAX_PAGES);
        let mut weight: usize = pages.iter().map(|page| page.page.weight).sum();
        while weight > MAX_WEIGHT && pages.len() > 1 {
            weight -= pages.pop_back().map_or(0, |page| page.page.weight);
        }
    }

    fn pages(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Listing>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
