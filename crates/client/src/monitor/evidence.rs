//! Proofs of the entries that events are about, kept as files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tlog::{LeafIndex, VerifiedCheckpoint};

use super::event::Event;
use crate::error::{Error, Undecided};
use crate::memory;
use crate::tiles::Tiles;

/// Where they are, in the state directory.
const FOLDER: &str = "evidence";

/// The files of a step's events, by their ids: written and on disk.
pub(super) type Written = BTreeMap<String, Vec<PathBuf>>;

/// Proves the entries of an event from verified tiles, and writes `<event id>-<position>.tlog-proof` for each.
pub(super) async fn write(
    dir: &Path,
    tiles: &Tiles,
    checkpoint: &VerifiedCheckpoint,
    event: &Event,
) -> Result<Vec<PathBuf>, Error> {
    let folder = dir.join(FOLDER);
    create(dir, &folder).map_err(|error| Undecided::state(&folder, error))?;
    let mut paths = Vec::new();
    for index in event.places() {
        let proof = tiles.proof_file(checkpoint, index).await?;
        let path = path(&folder, event, index);
        memory::write_durably(&folder, &path, proof.to_string().as_bytes())
            .map_err(|error| Undecided::state(&path, error))?;
        paths.push(path);
    }
    Ok(paths)
}

/// Makes the folder, durably.
fn create(dir: &Path, folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir(folder)?;
    File::open(dir)?.sync_all()
}

fn path(folder: &Path, event: &Event, index: LeafIndex) -> PathBuf {
    folder.join(format!("{}-{index}.tlog-proof", event.id()))
}
