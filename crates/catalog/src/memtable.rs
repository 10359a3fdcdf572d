//! Rows in memory, in the order in which they come.
//!
//! A table of the database keeps its rows in order, and pays for it with every one. Nobody asks for the order of
//! the newest rows: here one is found by its key, and they are sorted once, when they are written as a file.

use std::hash::BuildHasher as _;
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};
use record::MapKey;
use tlog::{LeafIndex, TreeSize};

use crate::catalog::Indexed;

/// Stands for the number of a row that is not there.
const NONE: u32 = u32::MAX;

/// The rows of neighbouring entries.
#[derive(Debug)]
pub(crate) struct Memtable {
    /// Positions of the entries, also of those without rows.
    first: TreeSize,
    next: TreeSize,
    /// By position.
    rows: Vec<Row>,
    /// Number of the newest row of each key.
    newest: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// This entry has this key.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) key: MapKey,
    pub(crate) position: LeafIndex,
    /// Number of the row before with the same key.
    before: u32,
}

impl Memtable {
    /// No rows; the next entry is the one after the first `size`.
    pub(crate) fn after(size: TreeSize) -> Memtable {
        Memtable {
            first: size,
            next: size,
            rows: Vec::new(),
            newest: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// The table that begins where `before` ends, with room for as many rows: a table that grows is moved, and
    /// whoever applies entries would wait for it.
    pub(crate) fn following(before: &Memtable) -> Memtable {
        Memtable {
            rows: Vec::with_capacity(before.rows.len()),
            newest: HashTable::with_capacity(before.newest.len()),
            ..Memtable::after(before.next)
        }
    }

    /// Takes the rows of the entries that are next; `next` is the position after them.
    pub(crate) fn extend(&mut self, entries: &[Indexed], next: TreeSize) {
        for (position, entry) in (self.next.get()..next.get()).zip(entries) {
            let position = LeafIndex::new(position).expect("it is below a size of the log");
            for key in &entry.keys {
                self.push(*key, position);
            }
        }
        self.next = next;
    }

    fn push(&mut self, key: MapKey, position: LeafIndex) {
        let number = u32::try_from(self.rows.len()).ok().filter(|number| *number != NONE);
        let number = number.expect("rows are written long before there are so many");
        let hash = hash_of(&self.hasher, &key);
        let is_same = |other: &u32| self.rows[*other as usize].key == key;
        let before = match self.newest.find_mut(hash, is_same) {
            // An entry may have a key twice.
            Some(newest) if self.rows[*newest as usize].position == position => return,
            Some(newest) => std::mem::replace(newest, number),
            None => {
                let rehash = |other: &u32| hash_of(&self.hasher, &self.rows[*other as usize].key);
                self.newest.insert_unique(hash, number, rehash);
                NONE
            }
        };
        self.rows.push(Row { key, position, before });
    }

    /// Whether it has entries, with or without rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.first == self.next
    }

    /// Position of the first entry that it does not have any more.
    pub(crate) const fn end(&self) -> TreeSize {
        self.next
    }

    /// The rows, by position.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Bytes that the rows take.
    pub(crate) fn size(&self) -> usize {
        self.rows.len() * size_of::<Row>()
    }

    /// Positions of the key's entries within `range`, descending.
    fn descending(&self, key: &MapKey, range: Range<u64>) -> impl Iterator<Item = LeafIndex> {
        let hash = hash_of(&self.hasher, key);
        let newest = self.newest.find(hash, |number| self.rows[*number as usize].key == *key);
        let row = |number: u32| self.rows.get(number as usize);
        let rows = std::iter::successors(newest.and_then(|number| row(*number)), move |later| {
            row(later.before)
        });
        rows.map(|row| row.position)
            .skip_while(move |position| position.get() >= range.end)
            .take_while(move |position| position.get() >= range.start)
    }

    /// Whether one of the first `below` entries has the key.
    pub(crate) fn has(&self, key: &MapKey, below: TreeSize) -> bool {
        self.descending(key, 0..below.get()).next().is_some()
    }

    /// Position of the first of its entries that has the key, if it is below `below`.
    pub(crate) fn first(&self, key: &MapKey, below: TreeSize) -> Option<LeafIndex> {
        self.descending(key, 0..below.get()).last()
    }

    /// Positions of the key's entries within `range`, ascending: the first `limit`.
    pub(crate) fn positions(
        &self,
        key: &MapKey,
        range: Range<u64>,
        limit: usize,
    ) -> Vec<LeafIndex> {
        let mut positions: Vec<LeafIndex> = self.descending(key, range).collect();
        positions.reverse();
        positions.truncate(limit);
        positions
    }
}

/// Keys are hashes already; they are hashed again, in part, so that nobody can choose ones that fall on each other.
fn hash_of(hasher: &DefaultHashBuilder, key: &MapKey) -> u64 {
    hasher.hash_one(key.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(size: u64) -> TreeSize {
        TreeSize::new(size).unwrap()
    }

    fn key(number: u8) -> MapKey {
        MapKey::from([number; MapKey::SIZE])
    }

    fn entry(keys: &[u8]) -> Indexed {
        Indexed { keys: keys.iter().map(|number| key(*number)).collect(), is_epoch: false }
    }

    #[test]
    fn a_row_is_found_by_its_key() {
        let mut table = Memtable::after(size(10));
        assert!(table.is_empty());
        table.extend(&[entry(&[1, 2]), entry(&[]), entry(&[1, 1, 3])], size(13));
        table.extend(&[entry(&[1])], size(14));
        assert_eq!((table.end(), table.rows().len(), table.is_empty()), (size(14), 5, false));
        let found = |number, range, limit| -> Vec<u64> {
            let found = table.positions(&key(number), range, limit);
            found.into_iter().map(LeafIndex::get).collect()
        };
        assert_eq!(found(1, 0..14, 9), [10, 12, 13]);
        assert_eq!(found(1, 0..14, 2), [10, 12]);
        assert_eq!(found(1, 11..13, 9), [12]);
        assert_eq!(found(2, 11..14, 9), Vec::<u64>::new());
        assert_eq!(found(4, 0..14, 9), Vec::<u64>::new());
        assert_eq!(table.first(&key(3), size(14)).map(LeafIndex::get), Some(12));
        assert_eq!(table.first(&key(1), size(14)).map(LeafIndex::get), Some(10));
        assert!(!table.has(&key(3), size(12)) && table.has(&key(3), size(13)));
    }

    #[test]
    fn many_keys_are_told_apart() {
        let entries: Vec<Indexed> =
            (0..5000_u64).map(|at| Indexed { keys: vec![distinct(at)], is_epoch: false }).collect();
        let mut table = Memtable::after(TreeSize::ZERO);
        table.extend(&entries, size(5000));
        for at in 0..5000 {
            assert_eq!(table.first(&distinct(at), size(5000)).map(LeafIndex::get), Some(at));
        }
        assert!(!table.has(&distinct(5000), size(5000)));
    }

    fn distinct(number: u64) -> MapKey {
        let mut bytes = [7; MapKey::SIZE];
        bytes[20..28].copy_from_slice(&number.to_be_bytes());
        MapKey::from(bytes)
    }
}
