//! Large commits: what no earlier tree had goes into sorted files that RocksDB takes over as they are.
//!
//! That is several times cheaper than the log of writes and the memory tables. The files are synced and
//! taken over before the head moves; the head alone commits them. Those taken over by a commit that was
//! cut short lie beyond the head, where nothing refers to them, and opening the store removes them.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rocksdb::{DB, Error, IngestExternalFileOptions, Options, SstFileWriter};
use tlog::{FULL_WIDTH, TileKind, TilePath, TreeHead};

use super::layout::{BUNDLES, TILES, object_rows};

/// Bytes of new objects from which on a commit writes sorted files.
const LARGE: usize = 8 << 20;

/// Takes out of a large batch what [`SortedFiles`] can hold: full bundles and level-0 tiles of which
/// `prev` had no part. From a small one it takes nothing.
pub(super) fn take_new(
    prev: &TreeHead,
    objects: &mut Vec<(TilePath, Bytes)>,
) -> Vec<(TilePath, Bytes)> {
    let first = first_absent(prev);
    let is_new = |path: &TilePath| {
        let is_leaf_level = matches!(path.kind(), TileKind::Entries | TileKind::Hashes(0));
        is_leaf_level && path.is_full() && path.index() >= first
    };
    let new = objects.iter().filter(|(path, _)| is_new(path));
    if new.map(|(_, bytes)| bytes.len()).sum::<usize>() < LARGE {
        return Vec::new();
    }
    let (new, rest) = std::mem::take(objects).into_iter().partition(|(path, _)| is_new(path));
    *objects = rest;
    new
}

/// Index of the first bundle, and of the first level-0 tile, of which a tree has no part.
pub(super) fn first_absent(head: &TreeHead) -> u64 {
    head.size.get().div_ceil(u64::from(FULL_WIDTH))
}

/// Where files are written before RocksDB takes them over.
pub(super) struct SortedFiles {
    dir: PathBuf,
}

impl SortedFiles {
    /// Uses a directory of its own, on the file system of the database. What is in it is removed.
    pub(super) fn open(dir: PathBuf) -> std::io::Result<SortedFiles> {
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir(&dir)?;
        Ok(SortedFiles { dir })
    }

    /// Writes objects and has the database take them over, durable and readable.
    pub(super) fn ingest(
        &self,
        db: &DB,
        options: [(&'static str, &Options); 2],
        mut objects: Vec<(TilePath, Bytes)>,
    ) -> Result<(), Error> {
        objects.sort_unstable_by_key(|(path, _)| *path);
        for (family, options) in options {
            let file = self.dir.join(family);
            if write(&file, family, options, &objects)? {
                let cf = db.cf_handle(family).expect("the database was opened with it");
                let mut taking = IngestExternalFileOptions::default();
                taking.set_move_files(true);
                db.ingest_external_file_cf_opts(cf, &taking, vec![file])?;
            }
        }
        Ok(())
    }
}

/// Writes the objects of one family; whether there were any.
fn write(
    file: &Path,
    family: &'static str,
    options: &Options,
    objects: &[(TilePath, Bytes)],
) -> Result<bool, Error> {
    debug_assert!([BUNDLES, TILES].contains(&family));
    let mut writer = SstFileWriter::create(options);
    writer.open(file)?;
    let mut is_empty = true;
    for (path, bytes) in objects {
        for row in object_rows(path, bytes).filter(|row| row.family == family) {
            writer.put(row.key, row.value)?;
            is_empty = false;
        }
    }
    if !is_empty {
        writer.finish()?;
    }
    Ok(!is_empty)
}
