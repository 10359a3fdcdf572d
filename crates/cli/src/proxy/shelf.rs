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

#[cfg(test)]
mod tests {
    use reqwest::Url;
    use tokio::time::Instant;

    use super::*;
    use crate::proxy::listing::Origin;
    use crate::proxy::media::Media;
    use crate::proxy::page::Page;

    fn listing(name: &str, weight: usize, age: Duration) -> Arc<Listing> {
        let project = ProjectName::parse(name).unwrap();
        let url = Url::parse("https://index.example/simple/").unwrap();
        let body = format!("{{\"name\":\"{name}\",\"files\":[]}}");
        let mut page = Page::parse(Media::Json, body.as_bytes(), &project, &url).unwrap();
        page.weight = weight;
        let origin = Origin { etag: None, serial: None };
        let read = Instant::now().checked_sub(age).expect("the machine runs for longer");
        Arc::new(Listing::judge(project, Arc::new(page), origin, None, read))
    }

    #[test]
    fn old_pages_and_too_many_are_dropped() {
        let (shelf, fresh) = (Shelf::default(), Duration::ZERO);
        let name = |name| ProjectName::parse(name).unwrap();
        shelf.put(listing("a", MAX_WEIGHT / 2, fresh));
        shelf.put(listing("b", MAX_WEIGHT / 2, fresh));
        assert!(shelf.recent(&name("a")).is_some() && shelf.recent(&name("b")).is_some());
        shelf.put(listing("a", 1, LIFE));
        assert!(shelf.latest(&name("a")).is_some(), "its validator is of use");
        assert!(shelf.recent(&name("a")).is_none(), "no download goes by it");
        shelf.put(listing("c", 2 * MAX_WEIGHT, fresh));
        assert!(shelf.latest(&name("a")).is_none() && shelf.latest(&name("b")).is_none());
        assert!(shelf.recent(&name("c")).is_some());
        for number in 0..=MAX_PAGES {
            shelf.put(listing(&format!("p{number}"), 0, fresh));
        }
        assert_eq!(shelf.pages().len(), MAX_PAGES);
    }
}
