//! Rows in files that the database takes over as they are.

use std::path::PathBuf;

use rocksdb::{IngestExternalFileOptions, Options, SstFileWriter};

use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::rows::ROW_LEN;

/// Bytes of a file from which on the next one is begun.
const FILE_BYTES: u64 = 128 << 20;

impl Catalog {
    /// Makes files part of the database: their rows are there when this returns, and stay.
    pub(crate) fn take_over(&self, family: &str, files: Vec<PathBuf>) -> Result<(), CatalogError> {
        if files.is_empty() {
            return Ok(());
        }
        let mut options = IngestExternalFileOptions::default();
        options.set_move_files(true);
        Ok(self.db().ingest_external_file_cf_opts(self.family(family), &options, files)?)
    }
}

/// Writes rows that come in the order of their keys as files of a bounded size.
pub(crate) struct SortedFiles<'a> {
    path: PathBuf,
    options: &'a Options,
    open: Option<SstFileWriter<'a>>,
    files: Vec<PathBuf>,
}

impl<'a> SortedFiles<'a> {
    /// Files that are named like `path`.
    pub(crate) fn new(path: PathBuf, options: &'a Options) -> SortedFiles<'a> {
        SortedFiles { path, options, open: None, files: Vec::new() }
    }

    /// Sorts rows, which all come after those that were put, and puts each of them once.
    pub(crate) fn put_rows(&mut self, rows: &mut [[u8; ROW_LEN]]) -> Result<(), CatalogError> {
        rows.sort_unstable_by(|a, b| leading(a).cmp(&leading(b)).then_with(|| a.cmp(b)));
        let mut last: Option<&[u8; ROW_LEN]> = None;
        for row in &*rows {
            if last != Some(row) {
                self.put(row, &[])?;
            }
            last = Some(row);
        }
        Ok(())
    }

    /// Puts what comes after all that was put.
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), CatalogError> {
        if self.open.as_ref().is_some_and(|file| file.file_size() >= FILE_BYTES) {
            self.close()?;
        }
        let file = match &mut self.open {
            Some(file) => file,
            none => {
                let path = self.path.with_extension(format!("{}.sst", self.files.len()));
                let file = SstFileWriter::create(self.options);
                file.open(&path)?;
                self.files.push(path);
                none.insert(file)
            }
        };
        Ok(file.put(key, value)?)
    }

    fn close(&mut self) -> Result<(), CatalogError> {
        if let Some(mut file) = self.open.take() {
            file.finish()?;
        }
        Ok(())
    }

    /// The files, complete and synced.
    pub(crate) fn finish(mut self) -> Result<Vec<PathBuf>, CatalogError> {
        self.close()?;
        Ok(self.files)
    }
}

/// The bytes in which rows differ first.
fn leading(row: &[u8; ROW_LEN]) -> u64 {
    row.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
