//! From memory into the database: few rows one by one, many as sorted files, which are written while others come
//! in.

use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rocksdb::{Cache, FlushOptions, WriteBatch};

use crate::catalog::Catalog;
use crate::directory::{create_empty, remove};
use crate::error::CatalogError;
use crate::memtable::{Memtable, Row};
use crate::newest::{Newest, read};
use crate::rows::{self, FAMILIES, MARKS, ROW_LEN, ROWS};
use crate::settings::Settings;
use crate::sorted::SortedFiles;

/// Rows for which no files are written.
const FEW: usize = 10_000;

/// Of the one who applies entries.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    /// What becomes of the frozen table; `None` if it was tried and failed.
    spill: Option<JoinHandle<Result<Files, CatalogError>>>,
}

/// The rows of a table and its marks.
#[derive(Debug)]
struct Files {
    rows: Vec<PathBuf>,
    marks: Vec<PathBuf>,
}

impl Writer {
    /// Waits for what is being written, which does not matter any more.
    pub(crate) fn cancel(&mut self) {
        if let Some(spill) = self.spill.take() {
            let _never_taken_over = spill.join();
        }
    }
}

impl Catalog {
    /// Becomes the one who applies entries. A panic of the last one left the cursor where it was.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that there is room for rows in memory.
    pub(crate) fn make_room(&self, writer: &mut Writer) -> Result<(), CatalogError> {
        let is_full = self.newest().growing().size() >= self.settings.write_buffer;
        let is_written = writer.spill.as_ref().is_none_or(JoinHandle::is_finished);
        if is_full || is_written {
            self.finish_spill(writer)?;
        }
        if is_full {
            self.begin_spill(writer)?;
        }
        Ok(())
    }

    /// Moves all that was applied into the database.
    pub(crate) fn store_all(&self, writer: &mut Writer) -> Result<(), CatalogError> {
        self.finish_spill(writer)?;
        let newest = self.newest();
        let growing = newest.growing();
        if growing.is_empty() {
            return Ok(());
        }
        if growing.rows().len() > FEW {
            drop(growing);
            self.begin_spill(writer)?;
            return self.finish_spill(writer);
        }
        let mut batch = WriteBatch::default();
        for rows in by_entry(&growing) {
            batch.put_cf(self.family(MARKS), place(rows), mark(rows));
            for row in rows {
                batch.put_cf(self.family(ROWS), rows::row(&row.key, row.position.get()), []);
            }
        }
        self.store(batch, growing.end())?;
        self.replace_newest(|newest| *newest = Newest::none_after(growing.end()));
        Ok(())
    }

    /// Freezes the table that grows, and begins to write it.
    fn begin_spill(&self, writer: &mut Writer) -> Result<(), CatalogError> {
        self.replace_newest(Newest::freeze);
        writer.spill = Some(self.spill()?);
        Ok(())
    }

    /// Waits for the frozen table, if there is one, and has the database take it over. It is frozen still if
    /// that fails, and the next call tries again.
    fn finish_spill(&self, writer: &mut Writer) -> Result<(), CatalogError> {
        let Some(table) = self.newest().frozen() else { return Ok(()) };
        let spill = writer.spill.take().map_or_else(|| self.spill(), Ok)?;
        let Files { rows, marks } = spill.join().expect("writing rows does not panic")?;
        self.take_over(ROWS, rows)?;
        self.take_over(MARKS, marks)?;
        self.store(WriteBatch::default(), read(&table).end())?;
        self.replace_newest(Newest::drop_frozen);
        // The rows are on disk. Without this, after a kill all of them would be applied again.
        self.flush()
    }

    /// Moves the database's own memory to disk, as one.
    pub(crate) fn flush(&self) -> Result<(), CatalogError> {
        let families = FAMILIES.map(|name| self.family(name));
        Ok(self.db().flush_cfs_opt(&families, &FlushOptions::default())?)
    }

    /// Writes the frozen table, in a thread of its own.
    fn spill(&self) -> Result<JoinHandle<Result<Files, CatalogError>>, CatalogError> {
        let table = self.newest().frozen().expect("a table is frozen before it is written");
        let (dir, settings) = (self.spill_dir(), self.settings.clone());
        let write = move || Files::write(&read(&table), &dir, &settings);
        Ok(thread::Builder::new().name("catalog-spill".to_owned()).spawn(write)?)
    }

    fn spill_dir(&self) -> PathBuf {
        self.db().path().join("spill")
    }

    /// Removes files that were written and never taken over.
    pub(crate) fn forget_spill(&self) -> Result<(), CatalogError> {
        Ok(remove(&self.spill_dir())?)
    }
}

impl Drop for Catalog {
    /// What does not reach the disk is derived once more.
    fn drop(&mut self) {
        let _derived_again = self.store_all(&mut self.writer());
    }
}

impl Files {
    fn write(table: &Memtable, dir: &Path, settings: &Settings) -> Result<Files, CatalogError> {
        create_empty(dir)?;
        let options = settings.rows(&Cache::new_lru_cache(0));
        let mut files = SortedFiles::new(dir.join("rows"), &options);
        let row = |row: &Row| rows::row(&row.key, row.position.get());
        let mut rows: Vec<[u8; ROW_LEN]> = table.rows().iter().map(row).collect();
        files.put_rows(&mut rows)?;
        let rows = files.finish()?;
        let options = settings.plain(&Cache::new_lru_cache(0));
        let mut files = SortedFiles::new(dir.join("marks"), &options);
        for rows in by_entry(table) {
            files.put(&place(rows), &mark(rows))?;
        }
        Ok(Files { rows, marks: files.finish()? })
    }
}

/// The rows of each entry that has any.
fn by_entry(table: &Memtable) -> impl Iterator<Item = &[Row]> {
    table.rows().chunk_by(|row, next| row.position == next.position)
}

/// Position of the entry with these rows, as it stands in the database.
fn place(rows: &[Row]) -> [u8; size_of::<u64>()] {
    rows[0].position.get().to_be_bytes()
}

fn mark(rows: &[Row]) -> Vec<u8> {
    rows.iter().flat_map(|row| rows::mark(&row.key)).copied().collect()
}

#[cfg(test)]
mod tests {
    use rocksdb::properties::NUM_ENTRIES_ACTIVE_MEM_TABLE;
    use tlog::{LeafIndex, TreeSize};

    use super::*;
    use crate::catalog::Indexed;
    use crate::rows::META;

    #[test]
    fn what_is_written_is_not_applied_again_after_a_kill() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings { block_cache: 64 << 10, write_buffer: 64 << 10 };
        let catalog = Catalog::open_with(dir.path(), "log.example/indelible", &settings).unwrap();
        let in_memory = || {
            let meta = catalog.family(META);
            let count = catalog.db().property_int_value_cf(meta, NUM_ENTRIES_ACTIVE_MEM_TABLE);
            count.unwrap().unwrap()
        };
        assert!(in_memory() > 0, "the first words about the whole");
        let key = |at: u64| record::MapKey::file(&format!("a-{at}.tar.gz"));
        let entries: Vec<Indexed> =
            (0..9000).map(|at| Indexed { keys: vec![key(at)], is_epoch: false }).collect();
        catalog.apply_indexed(LeafIndex::new(0).unwrap(), &entries).unwrap();
        catalog.apply_indexed(LeafIndex::new(9000).unwrap(), &entries[..1]).unwrap();
        catalog.finish_spill(&mut catalog.writer()).unwrap();
        assert_eq!(catalog.newest().stored, TreeSize::new(9000).unwrap());
        assert_eq!(in_memory(), 0, "the cursor is on disk");
    }
}
