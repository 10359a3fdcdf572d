//! From rows back to objects.

use std::iter::Peekable;

use tlog::{TileKind, TilePath};

use super::layout::parse_row;
use crate::error::StoreError;

type Key = Box<[u8]>;

/// The objects that rows in the order of their keys make up, each at its widest.
pub(super) struct Listing<I: Iterator> {
    family: &'static str,
    rows: Peekable<I>,
}

impl<I: Iterator<Item = Result<(Key, Box<[u8]>), StoreError>>> Listing<I> {
    /// Reads rows of one column family.
    pub(super) fn new(family: &'static str, rows: I) -> Listing<I> {
        Listing { family, rows: rows.peekable() }
    }

    fn object(&mut self, key: &Key, value: &[u8]) -> Result<TilePath, StoreError> {
        let (kind, index, mut places) = parse_row(self.family, key, value)?;
        if places.start != 0 {
            return Err(hole(kind, index, 0));
        }
        while let Some((key, value)) = self.more(kind, index) {
            let (_, _, next) = parse_row(self.family, &key, &value)?;
            if next.start != places.end {
                return Err(hole(kind, index, places.end));
            }
            places.end = next.end;
        }
        TilePath::new(kind, index, places.end)
            .map_err(|error| StoreError::Corrupt(error.to_string()))
    }

    /// The next row, if it is one of the same object.
    fn more(&mut self, kind: TileKind, index: u64) -> Option<(Key, Box<[u8]>)> {
        let is_of_it = |row: &I::Item| {
            let Ok((key, value)) = row else { return false };
            let parsed = parse_row(self.family, key, value);
            parsed.is_ok_and(|(other, at, _)| (other, at) == (kind, index))
        };
        self.rows.next_if(is_of_it)?.ok()
    }
}

impl<I: Iterator<Item = Result<(Key, Box<[u8]>), StoreError>>> Iterator for Listing<I> {
    type Item = Result<TilePath, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        Some(row.and_then(|(key, value)| self.object(&key, &value)))
    }
}

fn hole(kind: TileKind, index: u64, place: u16) -> StoreError {
    StoreError::Corrupt(format!("{kind:?} {index} lacks what is at place {place}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::script;
    use crate::rocks::layout::{BUNDLES, object_rows};

    type Rows = Vec<(Key, Box<[u8]>)>;

    fn rows(text: &str) -> Rows {
        let path = text.parse().unwrap();
        let bytes = script::object(&path);
        let rows = object_rows(&path, &bytes);
        rows.map(|row| (row.key.into(), row.value.into())).collect()
    }

    fn list(rows: Rows) -> Vec<String> {
        let listing = Listing::new(BUNDLES, rows.into_iter().map(Ok));
        listing.map(|object| object.map_or("damaged".to_owned(), |path| path.to_string())).collect()
    }

    #[test]
    fn bundles_are_put_together() {
        let texts = ["tile/entries/000", "tile/entries/001.p/16", "tile/entries/002.p/17"];
        assert_eq!(list(texts.iter().flat_map(|text| rows(text)).collect()), texts);
    }

    #[test]
    fn a_bundle_without_a_row_is_damage() {
        for missing in 0..16 {
            let mut rows = rows("tile/entries/000");
            rows.remove(missing);
            let listed = list(rows);
            let narrower = missing == 15;
            assert_eq!(listed[0] == "tile/entries/000.p/240", narrower, "{missing}: {listed:?}");
            assert!(narrower || listed.iter().any(|object| object == "damaged"), "{listed:?}");
        }
    }

    #[test]
    fn a_row_within_a_bundle_that_is_not_full_is_damage() {
        let mut rows = rows("tile/entries/000.p/40");
        let (_, short) = rows[2].clone();
        rows[1].1 = short;
        assert!(list(rows).iter().any(|object| object == "damaged"));
    }
}
