//! Positions of keys that may have very many entries.

use record::MapKey;
use tlog::{LeafIndex, TreeSize};

use crate::catalog::Catalog;
use crate::error::CatalogError;

/// Positions in one page.
const PAGE: usize = 4096;

/// All positions of a key's entries, in order, a page of a few thousand at a time; see [`Catalog::pages`].
#[derive(Debug)]
pub struct Pages<'a> {
    catalog: &'a Catalog,
    key: MapKey,
    below: TreeSize,
    after: Option<LeafIndex>,
    is_over: bool,
}

impl Catalog {
    /// Positions below `below` of the entries with this key, those after `after`, ascending, by pages. It
    /// ends after the first page that can not be read, with [`CatalogError`] as of
    /// [`positions`](Catalog::positions).
    pub const fn pages(&self, key: MapKey, below: TreeSize, after: Option<LeafIndex>) -> Pages<'_> {
        Pages { catalog: self, key, below, after, is_over: false }
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Vec<LeafIndex>, CatalogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let page = self.catalog.positions(&self.key, self.below, self.after, PAGE);
        self.after = page.as_ref().ok().and_then(|page| page.last().copied());
        self.is_over = page.as_ref().map_or(true, |page| page.len() < PAGE);
        Some(page)
    }
}
