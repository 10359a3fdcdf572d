//! Very many entries at once: sorted on disk, written as files that the database takes over.
//!
//! Row after row, the database would sort the rows again and again while it grows. Here they are divided by
//! their first byte into files of their own while the entries come in, and each of those is sorted in
//! memory at the end. The result is the same set of rows, and it counts when the cursor moves.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use std::thread;

use record::MapKey;
use rocksdb::{Cache, Options, WriteBatch};
use tlog::{LeafIndex, TreeSize};

use crate::catalog::{Catalog, Indexed};
use crate::directory::{create_empty, remove};
use crate::error::CatalogError;
use crate::rows::{self, EPOCHS, MARKS, ROW_LEN, ROWS};
use crate::sorted::SortedFiles;

/// Bytes of a position.
const POSITION_LEN: usize = size_of::<u64>();
/// Files into which rows are divided: by the first byte of their keys.
const PARTS: usize = 256;
/// Bytes of a part that are gathered before they are written.
const PART_BUFFER: usize = 64 << 10;
/// Threads among which the sorting is divided.
const THREADS: usize = 2;

/// Entries that are going to be applied together: see [`Catalog::bulk`].
#[derive(Debug)]
pub struct Bulk {
    dir: PathBuf,
    first: TreeSize,
    next: TreeSize,
    parts: Vec<Part>,
    marks: Part,
    epochs: Vec<LeafIndex>,
}

/// Rows in a file, in the order in which they came.
#[derive(Debug)]
struct Part {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
}

impl Catalog {
    /// Begins to gather entries, the first of which has the position of the cursor.
    ///
    /// What is gathered lies in the catalog's directory, some 150 bytes an entry, and counts for nothing
    /// until [`Catalog::apply_bulk`]. One at a time: beginning another forgets it.
    ///
    /// # Errors
    /// [`CatalogError::Spool`] if the directory can not be written.
    pub fn bulk(&self) -> Result<Bulk, CatalogError> {
        let dir = self.bulk_dir();
        create_empty(&dir)?;
        let part = |number: usize| Part::create(dir.join(format!("rows-{number:02x}")));
        let parts = (0..PARTS).map(part).collect::<Result<_, _>>()?;
        let marks = Part::create(dir.join("marks"))?;
        let cursor = self.cursor();
        Ok(Bulk { dir, first: cursor, next: cursor, parts, marks, epochs: Vec::new() })
    }

    /// Applies what was gathered: all or nothing. [`apply`](Catalog::apply) of the same entries gives the
    /// same catalog.
    ///
    /// # Errors
    /// [`CatalogError::NotNext`] if other entries were applied meanwhile, [`CatalogError::Spool`] or
    /// [`CatalogError::Database`] if the disk does not allow it; nothing is changed then.
    pub fn apply_bulk(&self, bulk: Bulk) -> Result<(), CatalogError> {
        let mut writer = self.writer();
        let Bulk { dir, first, next, parts, marks, epochs } = bulk;
        let cursor = self.cursor();
        if first != cursor {
            return Err(CatalogError::NotNext { cursor, first: LeafIndex::new(first.get())? });
        }
        self.store_all(&mut writer)?;
        let cache = Cache::new_lru_cache(0);
        let (of_rows, of_marks) = (self.settings.rows(&cache), self.settings.plain(&cache));
        let (rows, marks) = thread::scope(|scope| {
            let marks = scope.spawn(|| write_marks(marks, &of_marks));
            let rows = sort_parts(parts, &of_rows);
            (rows, marks.join().expect("writing marks does not panic"))
        });
        self.take_over(ROWS, rows?)?;
        self.take_over(MARKS, marks?)?;
        let mut batch = WriteBatch::default();
        for epoch in epochs {
            batch.put_cf(self.family(EPOCHS), epoch.get().to_be_bytes(), []);
        }
        self.store(batch, next)?;
        self.go_on_at(next);
        self.flush()?;
        Ok(remove(&dir)?)
    }

    fn bulk_dir(&self) -> PathBuf {
        self.db().path().join("bulk")
    }

    /// Removes what was gathered and never applied.
    pub(crate) fn forget_bulk(&self) -> io::Result<()> {
        remove(&self.bulk_dir())
    }
}

impl Bulk {
    /// Position of the next entry.
    pub const fn next(&self) -> TreeSize {
        self.next
    }

    /// Adds the next entry.
    ///
    /// # Errors
    /// [`CatalogError::Entry`] for bytes that are no entry, [`CatalogError::Spool`] if the disk is full.
    pub fn push(&mut self, entry: &[u8]) -> Result<(), CatalogError> {
        let position = LeafIndex::new(self.next.get())?;
        let Indexed { keys, is_epoch } = Indexed::parse(position, entry)?;
        self.epochs.extend(is_epoch.then_some(position));
        self.push_keys(&keys)
    }

    /// Adds the next entry, which is no `epoch`, by its map keys: those of [`record::Entry::map_keys`].
    ///
    /// # Errors
    /// [`CatalogError::Spool`] if the disk is full.
    pub fn push_keys(&mut self, keys: &[MapKey]) -> Result<(), CatalogError> {
        let position = self.next.get();
        self.next = TreeSize::new(position + 1)?;
        for key in keys {
            self.parts[usize::from(key.as_bytes()[0])].push(&rows::row(key, position))?;
        }
        if let Ok(count) = u8::try_from(keys.len())
            && count > 0
        {
            self.marks.push(&position.to_be_bytes())?;
            self.marks.push(&[count])?;
            for key in keys {
                self.marks.push(rows::mark(key))?;
            }
        }
        Ok(())
    }
}

impl Part {
    fn create(path: PathBuf) -> io::Result<Part> {
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        Ok(Part { path, file, buffer: Vec::with_capacity(PART_BUFFER) })
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.buffer.len() + bytes.len() > PART_BUFFER {
            self.file.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The file with all that was pushed, to be read from its beginning. Its name is gone.
    fn rewind(mut self) -> io::Result<File> {
        self.file.write_all(&self.buffer)?;
        self.file.rewind()?;
        fs::remove_file(&self.path)?;
        Ok(self.file)
    }
}

/// Sorts the parts and writes them as files, which follow each other in the order of their keys.
fn sort_parts(mut parts: Vec<Part>, options: &Options) -> Result<Vec<PathBuf>, CatalogError> {
    let share = PARTS.div_ceil(THREADS);
    let mut shares = Vec::new();
    while !parts.is_empty() {
        shares.push(parts.drain(..share.min(parts.len())).collect::<Vec<Part>>());
    }
    thread::scope(|scope| {
        let sorting: Vec<_> =
            shares.into_iter().map(|share| scope.spawn(|| sort_share(share, options))).collect();
        let sorted = sorting.into_iter().map(|share| share.join().expect("sorting does not panic"));
        Ok(sorted.collect::<Result<Vec<_>, CatalogError>>()?.concat())
    })
}

fn sort_share(parts: Vec<Part>, options: &Options) -> Result<Vec<PathBuf>, CatalogError> {
    let Some(first) = parts.first() else { return Ok(Vec::new()) };
    let mut files = SortedFiles::new(first.path.with_extension("sst"), options);
    for part in parts {
        let mut bytes = Vec::new();
        part.rewind()?.read_to_end(&mut bytes)?;
        let (rows, _) = bytes.as_chunks_mut::<ROW_LEN>();
        files.put_rows(rows)?;
    }
    files.finish()
}

fn write_marks(marks: Part, options: &Options) -> Result<Vec<PathBuf>, CatalogError> {
    let mut files = SortedFiles::new(marks.path.with_extension("sst"), options);
    let mut marks = BufReader::new(marks.rewind()?);
    let (mut head, mut mark) = ([0; POSITION_LEN + 1], Vec::new());
    while !marks.fill_buf()?.is_empty() {
        marks.read_exact(&mut head)?;
        let [position @ .., count] = head;
        mark.resize(usize::from(count) * rows::MARK_LEN, 0);
        marks.read_exact(&mut mark)?;
        files.put(&position, &mark)?;
    }
    files.finish()
}
