//! The files of a mirror: those of the log, under the paths that it has them under.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use record::Digest;
use tlog::{
    Bundle, FULL_WIDTH, LeafIndex, Plan, RightEdge, SignedCheckpoint, TileKind, TilePath, TreeHead,
    TreeSize, Verified, leaf_hash,
};

use super::Fault;
use crate::entry::VerifiedEntry;

const CHECKPOINT: &str = "checkpoint";

/// The directory.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
}

impl Files {
    pub(super) fn new(dir: &Path) -> Files {
        Files { dir: dir.to_owned() }
    }

    /// The right edge of the tree of `head`.
    pub(super) fn edge(&self, head: TreeHead) -> Result<RightEdge, Fault> {
        let planned = RightEdge::plan(head.size);
        Ok(RightEdge::open(head, self.load(&planned)?)?)
    }

    /// The entries at these positions of the tree of `head`, checked against it.
    pub(super) fn entries(
        &self,
        head: TreeHead,
        positions: &[LeafIndex],
    ) -> Result<Vec<VerifiedEntry>, Fault> {
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        let plans = positions.iter().map(|position| head.plan_inclusion(*position));
        let plan = plans.collect::<Result<Plan, _>>()?;
        let tree = Verified::new(head, self.load(plan.tiles())?)?;
        let mut entries = Vec::with_capacity(positions.len());
        for positions in positions.chunk_by(|one, next| bundle_of(*one) == bundle_of(*next)) {
            self.entries_of_bundle(&tree, positions, &mut entries)?;
        }
        Ok(entries)
    }

    fn entries_of_bundle(
        &self,
        tree: &Verified,
        positions: &[LeafIndex],
        entries: &mut Vec<VerifiedEntry>,
    ) -> Result<(), Fault> {
        let Some(number) = positions.first().map(|position| bundle_of(*position)) else {
            return Ok(());
        };
        let path = TilePath::at_size(TileKind::Entries, number, tree.head().size);
        let path = path.ok_or("a position is beyond the tree")?;
        let bytes = self.read(&path)?;
        let bundle: Vec<&[u8]> = Bundle::parse(&bytes, path.width())?.entries().collect();
        for position in positions {
            let place = usize::try_from(position.get() % u64::from(FULL_WIDTH))?;
            let entry =
                bundle.get(place).filter(|entry| tree.leaf(*position) == Ok(leaf_hash(entry)));
            let entry = entry.ok_or_else(|| format!("{path} is not the one of the tree"))?;
            entries.push(VerifiedEntry::new(*position, Bytes::copy_from_slice(entry)));
        }
        Ok(())
    }

    fn load(&self, paths: &[TilePath]) -> Result<Vec<(TilePath, Vec<u8>)>, Fault> {
        paths.iter().map(|path| Ok((*path, self.read(path)?))).collect()
    }

    fn read(&self, path: &TilePath) -> Result<Vec<u8>, Fault> {
        fs::read(self.dir.join(path.to_string())).map_err(|error| format!("{path}: {error}").into())
    }

    /// Writes tiles and bundles so that they are on disk when it returns.
    pub(super) fn write(&self, objects: &[(TilePath, Vec<u8>)]) -> io::Result<()> {
        let mut dirs = BTreeSet::new();
        for (path, bytes) in objects {
            let path = self.dir.join(path.to_string());
            self.replace(&path, bytes)?;
            dirs.extend(
                path.ancestors().skip(1).take_while(|dir| *dir != self.dir).map(PathBuf::from),
            );
        }
        dirs.insert(self.dir.clone());
        dirs.iter().try_for_each(|dir| File::open(dir)?.sync_all())
    }

    /// Publishes a checkpoint: all files of its tree are there.
    pub(super) fn write_checkpoint(&self, checkpoint: &SignedCheckpoint) -> io::Result<()> {
        let (path, bytes) = (self.dir.join(CHECKPOINT), checkpoint.to_bytes());
        if fs::read(&path).ok().as_ref() == Some(&bytes) {
            return Ok(());
        }
        self.replace(&path, &bytes)?;
        File::open(&self.dir)?.sync_all()
    }

    /// After a crash a file holds the old bytes or the new ones.
    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(path.parent().unwrap_or(&self.dir))?;
        // Writing begins anew where it was interrupted, so the file is not left for long.
        let digest = Digest::sha256(path.as_os_str().as_encoded_bytes()).to_string();
        let new = self.dir.join(format!(".new-{}", &digest[..16]));
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&new, path)
    }

    /// Deletes the partial files of the right edge of size `old` that none of the sizes `kept` has.
    pub(super) fn remove_edge(&self, old: TreeSize, kept: [TreeSize; 2]) -> io::Result<()> {
        let kept: BTreeSet<TilePath> = kept.into_iter().flat_map(RightEdge::plan).collect();
        for path in RightEdge::plan(old) {
            if path.is_full() || kept.contains(&path) {
                continue;
            }
            let path = self.dir.join(path.to_string());
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            // The directory of its widths, if that was the last.
            let _ = path.parent().map(fs::remove_dir);
        }
        Ok(())
    }
}

fn bundle_of(position: LeafIndex) -> u64 {
    position.get() / u64::from(FULL_WIDTH)
}
