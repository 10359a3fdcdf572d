//! The mirror: the whole log on this machine, which answers without telling anybody what is asked.
//!
//! A mirror is a directory with the log's files as the log serves them (C2SP tlog-tiles), so any file
//! server makes it one for others, too. Beside them, in a database, stand what an update knows and the rows
//! of the map ([replayed](crate::replay) from the entries, so that an update also stops at a lie of the log).
//!
//! Files are written when they were verified, and durably before the transaction that counts on them:
//! whatever is interrupted, the mirror goes on answering for its last complete checkpoint, and the next
//! update goes on where the last one was. Files are checked again whenever they are read.

mod files;
mod kept;
mod lookup;

use std::path::{Path, PathBuf};
use std::pin::pin;

use futures::StreamExt as _;
use redb::Database;
use tlog::{LeafIndex, RightEdge, SignedCheckpoint, TreeSize, VerifiedCheckpoint};

use self::files::Files;
use self::kept::Kept;
use crate::database;
use crate::entry::VerifiedEntry;
use crate::error::{Error, Undecided};
use crate::head;
use crate::memory;
use crate::monitor::Progress;
use crate::replay::{Fault, Found, Replay};
use crate::tiles::Tiles;
use crate::trust::Trust;

const DATABASE: &str = "mirror.redb";

/// A copy of a log, which answers look-ups offline.
#[derive(Debug)]
pub struct Mirror {
    trust: Trust,
    dir: PathBuf,
    files: Files,
    database: Database,
    replay: Replay,
    /// Right edge of what was written.
    edge: RightEdge,
    /// The newest checkpoint that was accepted; an update that was interrupted may not have reached it.
    accepted: Option<VerifiedCheckpoint>,
    /// What it answers for.
    complete: Option<Complete>,
}

/// A checkpoint of which everything is there.
#[derive(Clone, Debug)]
struct Complete {
    checkpoint: VerifiedCheckpoint,
    /// The newest epoch of its tree.
    epoch: Option<VerifiedEntry>,
}

impl Mirror {
    /// Opens the mirror in `dir`, which is made if it does not exist.
    ///
    /// # Errors
    /// [`Error::Undecided`] if what is there is damaged or of another log.
    pub fn open(trust: Trust, dir: &Path) -> Result<Mirror, Error> {
        let database = database::open(dir, DATABASE)?;
        let unusable = |fault| Undecided::state(dir, fault);
        let replay = Replay::open(&database, &trust).map_err(unusable)?;
        let kept = Kept::load(&database).map_err(unusable)?;
        let files = Files::new(dir);
        let edge = files.edge(replay.head()).map_err(|fault| damaged(dir, fault))?;
        let accepted = kept.accepted.map(|note| trust.verify_signed_by_log(&note)).transpose()?;
        let mut mirror = Mirror {
            dir: dir.to_owned(),
            complete: None,
            trust,
            files,
            database,
            replay,
            edge,
            accepted,
        };
        if let Some(note) = kept.complete {
            mirror.serve(&note, kept.epoch)?;
        }
        Ok(mirror)
    }

    /// The checkpoint that it answers for; `None` before the first update was completed.
    pub fn checkpoint(&self) -> Option<&VerifiedCheckpoint> {
        self.complete.as_ref().map(|complete| &complete.checkpoint)
    }

    /// Fetches what is new, verifies it and adds it, until the newest checkpoint is complete.
    ///
    /// It blocks while files are written and rows are hashed. Dropped or killed, it goes on from there the
    /// next time.
    ///
    /// # Errors
    /// [`Error`] if something is not verified, or cannot be written. The mirror then answers as before,
    /// except after a [`Disproof::Lie`](crate::Disproof::Lie): that log is not answered for any more.
    pub async fn update(
        &mut self,
        tiles: &Tiles,
        mut progress: impl FnMut(Progress),
    ) -> Result<(), Error> {
        self.replay.check(&self.dir)?;
        let served = self.accept(tiles).await?;
        let size = served.head().size;
        let mut steps = pin!(tiles.entries_from(&served, self.replay.cursor()));
        while self.replay.cursor() < size
            && let Some(entries) = steps.next().await.transpose()?
        {
            progress(Progress { read: self.replay.cursor(), size });
            if let Some(found) = self.step(&served, &entries)? {
                let stopped = self.replay.stop(&self.database, tiles, &served, found).await?;
                stopped.map_err(|fault| Undecided::state(&self.dir, fault))?;
                return self.replay.check(&self.dir);
            }
        }
        progress(Progress { read: size, size });
        self.publish(&served)
    }

    /// The served checkpoint, if it continues the one accepted before; remembered.
    async fn accept(&mut self, tiles: &Tiles) -> Result<VerifiedCheckpoint, Error> {
        let note = tiles.checkpoint().await?;
        let signed = SignedCheckpoint::parse(&note).map_err(Error::malformed)?;
        let served = self.trust.verify(&signed)?;
        if let Some(accepted) = &self.accepted {
            let floor = accepted.head().size;
            let advanced = head::advance(accepted, &served, floor, tiles).await;
            advanced.map_err(|error| memory::keep_evidence(&self.dir, error))?;
        }
        let stored = kept::store_accepted(&self.database, &signed);
        stored.map_err(|fault| Undecided::state(&self.dir, fault))?;
        self.accepted = Some(served.clone());
        Ok(served)
    }

    /// Adds entries, files first; or finds a lie among them, and adds nothing.
    fn step(
        &mut self,
        served: &VerifiedCheckpoint,
        entries: &[VerifiedEntry],
    ) -> Result<Option<Found>, Error> {
        let unusable = |fault: Fault| Undecided::state(&self.dir, fault);
        let bytes: Vec<&[u8]> = entries.iter().map(VerifiedEntry::bytes).collect();
        let integrated = self.edge.append(&bytes).map_err(Error::malformed)?;
        self.files.write(&integrated.objects).map_err(|error| unusable(error.into()))?;
        let transaction = self.database.begin_write().map_err(|error| unusable(error.into()))?;
        let mut batch = self.replay.begin();
        entries.iter().try_for_each(|entry| batch.take_in(entry)).map_err(unusable)?;
        let taken = match batch.write(&transaction, served.head()).map_err(unusable)? {
            Ok(taken) => taken,
            Err(found) => return Ok(Some(found)),
        };
        transaction.commit().map_err(|error| unusable(error.into()))?;
        let old = self.edge.size();
        self.replay.take_over(taken);
        self.edge = integrated.edge;
        let removed = self.files.remove_edge(old, [self.edge.size(), self.complete_size()]);
        removed.map_err(|error| Undecided::state(&self.dir, error))?;
        Ok(None)
    }

    fn complete_size(&self) -> TreeSize {
        self.checkpoint().map_or(TreeSize::ZERO, |checkpoint| checkpoint.head().size)
    }

    /// Answers for `served` from now on, of which everything was added.
    fn publish(&mut self, served: &VerifiedCheckpoint) -> Result<(), Error> {
        let (note, old) = (served.signed(), self.complete_size());
        let epoch = self.replay.replayed().newest.map(|newest| newest.index);
        let stored = kept::store_complete(&self.database, note, epoch);
        stored.map_err(|fault| Undecided::state(&self.dir, fault))?;
        self.serve(note, epoch)?;
        let size = self.edge.size();
        let removed = self.files.remove_edge(old, [size, size]);
        removed.map_err(|error| Undecided::state(&self.dir, error).into())
    }

    /// Answers for a checkpoint of which everything is there.
    fn serve(&mut self, note: &SignedCheckpoint, epoch: Option<LeafIndex>) -> Result<(), Error> {
        let checkpoint = self.trust.verify(note)?;
        let epoch = self.files.entries(checkpoint.head(), epoch.as_slice());
        let epoch = epoch.map_err(|fault| damaged(&self.dir, fault))?.pop();
        let written = self.files.write_checkpoint(note);
        written.map_err(|error| Undecided::state(&self.dir, error))?;
        self.complete = Some(Complete { checkpoint, epoch });
        Ok(())
    }
}

/// A file is not what was written. It says nothing about the log.
#[derive(Debug, thiserror::Error)]
#[error("the mirror is damaged: delete its directory, and update it again")]
struct Damaged(#[source] Fault);

fn damaged(dir: &Path, fault: Fault) -> Undecided {
    Undecided::state(dir, Damaged(fault))
}
