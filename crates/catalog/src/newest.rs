//! What was applied and is not in the database yet.

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use record::MapKey;
use tlog::{LeafIndex, TreeSize};

use crate::catalog::Indexed;
use crate::memtable::Memtable;

/// The entries of a catalog as they are divided: the first `stored` are in the database, those after them
/// in the table that is being written, if there is one, and the last in the one that grows.
///
/// A clone sees the same entries, and those that come into the growing table, whatever is written meanwhile; the
/// database has what it had when the clone was made. So who clones it before they read the database misses no row.
#[derive(Clone, Debug)]
pub(crate) struct Newest {
    /// Rows of later entries may be in the database, too.
    pub(crate) stored: TreeSize,
    frozen: Option<Table>,
    growing: Table,
}

type Table = Arc<RwLock<Memtable>>;

impl Newest {
    /// All of the first `size` entries are in the database, and there are no others.
    pub(crate) fn none_after(size: TreeSize) -> Newest {
        Newest { stored: size, frozen: None, growing: table(Memtable::after(size)) }
    }

    /// Takes the entries that are next; `next` is the position after them.
    pub(crate) fn extend(&self, entries: &[Indexed], next: TreeSize) {
        self.growing.write().unwrap_or_else(PoisonError::into_inner).extend(entries, next);
    }

    /// The table that grows.
    pub(crate) fn growing(&self) -> RwLockReadGuard<'_, Memtable> {
        read(&self.growing)
    }

    /// The table that is being written.
    pub(crate) fn frozen(&self) -> Option<Table> {
        self.frozen.clone()
    }

    /// The table that grows is going to be written, and the next one begins. There must be none that is being
    /// written.
    pub(crate) fn freeze(&mut self) {
        debug_assert!(self.frozen.is_none(), "two tables are being written");
        let next = table(Memtable::following(&self.growing()));
        self.frozen = Some(std::mem::replace(&mut self.growing, next));
    }

    /// The table that was being written is in the database.
    pub(crate) fn drop_frozen(&mut self) {
        if let Some(written) = self.frozen.take() {
            self.stored = read(&written).end();
        }
    }

    /// Whether some entry below `below` that is not in the database has the key.
    pub(crate) fn has(&self, key: &MapKey, below: TreeSize) -> bool {
        self.tables().any(|table| read(table).has(key, below))
    }

    /// Position of the first such entry.
    pub(crate) fn first(&self, key: &MapKey, below: TreeSize) -> Option<LeafIndex> {
        self.tables().find_map(|table| read(table).first(key, below))
    }

    /// Positions of such entries within `range`, ascending: the first `limit`.
    pub(crate) fn positions(
        &self,
        key: &MapKey,
        range: Range<u64>,
        limit: usize,
    ) -> Vec<LeafIndex> {
        let mut found = Vec::new();
        for table in self.tables() {
            found.extend(read(table).positions(key, range.clone(), limit - found.len()));
        }
        found
    }

    /// Oldest first.
    fn tables(&self) -> impl Iterator<Item = &Table> {
        self.frozen.iter().chain([&self.growing])
    }
}

fn table(rows: Memtable) -> Table {
    Arc::new(RwLock::new(rows))
}

/// A table as it is now. A panic of whoever wrote it left complete entries.
pub(crate) fn read(table: &Table) -> RwLockReadGuard<'_, Memtable> {
    table.read().unwrap_or_else(PoisonError::into_inner)
}
