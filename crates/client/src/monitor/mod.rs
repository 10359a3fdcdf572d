//! The monitor: reads every entry of a log once, in order, and reports what changed.

mod event;
mod state;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use record::ProjectName;
use tlog::{FULL_WIDTH, LeafIndex, SignedCheckpoint, TreeSize, VerifiedCheckpoint};

pub use self::event::{Event, EventKind};
use self::state::{State, Step};
use crate::entry::VerifiedEntry;
use crate::error::{Error, Undecided};
use crate::head;
use crate::memory;
use crate::replay::{Found, Replay, Replayed};
use crate::tiles::Tiles;
use crate::trust::{LogUrl, Trust};

/// Bundles read, handled and committed in one step. All of their entries are in memory at once.
const STEP_BUNDLES: u64 = 16;

/// Follows a log by its static files, from the first entry on.
///
/// What is known of each file, the position reached and the newest verified head are kept in one
/// database and change in one transaction, which is made when every event before it was handled. So a
/// monitor that is killed at any moment skips nothing; the events of one step may come again. A
/// [replay](Monitor::with_replay) has a position of its own, and changes in the same transactions.
#[derive(Debug)]
pub struct Monitor {
    trust: Trust,
    tiles: Tiles,
    dir: PathBuf,
    state: State,
    watched: BTreeSet<ProjectName>,
    checkpoint: Option<VerifiedCheckpoint>,
    cursor: TreeSize,
    replay: Option<Replay>,
}

/// How far a monitor has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries read and handled.
    pub read: TreeSize,
    /// Entries of the newest verified head.
    pub size: TreeSize,
}

impl Progress {
    /// Whether every entry of the newest verified head was handled.
    pub const fn is_complete(&self) -> bool {
        self.read.get() >= self.size.get()
    }
}

impl Monitor {
    /// Opens the state in `dir`, which is made if it does not exist, and goes on where it ends.
    ///
    /// With `projects`, only events about these are reported, and every entry of them; without, what
    /// speaks for tampering or loss anywhere: see [`EventKind`].
    ///
    /// # Errors
    /// [`Error::Undecided`] if the state cannot be used, or is of another log.
    pub fn open(
        trust: Trust,
        url: LogUrl,
        dir: &Path,
        projects: impl IntoIterator<Item = ProjectName>,
    ) -> Result<Monitor, Error> {
        let state = State::open(dir)?;
        let (cursor, note) = state.position()?;
        let checkpoint = match note {
            Some(note) => {
                let signed = SignedCheckpoint::parse(&note).map_err(|e| state.unusable(e))?;
                Some(trust.verify_signed_by_log(&signed)?)
            }
            None => None,
        };
        let (tiles, dir, watched) =
            (Tiles::new(url)?, dir.to_owned(), projects.into_iter().collect());
        Ok(Monitor { trust, tiles, dir, state, watched, checkpoint, cursor, replay: None })
    }

    /// Computes again what the log concludes from its entries, too: see [`Lie`](crate::Lie).
    ///
    /// It begins with the first entry, whatever was read before, and goes on where it was from then on;
    /// no entry is read twice because of it.
    ///
    /// # Errors
    /// [`Error::Undecided`] if what is kept of it cannot be used.
    pub fn with_replay(mut self) -> Result<Monitor, Error> {
        let replay = Replay::open(self.state.database(), &self.trust);
        self.replay = Some(replay.map_err(|fault| self.state.unusable(fault))?);
        Ok(self)
    }

    /// What the replay has found to be true; `None` without one.
    pub fn replayed(&self) -> Option<Replayed> {
        self.replay.as_ref().map(Replay::replayed)
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        let head = self.checkpoint.as_ref().map(VerifiedCheckpoint::head);
        let replayed = self.replay.as_ref().map_or(self.cursor, Replay::cursor);
        let read = self.cursor.min(replayed);
        Progress { read, size: head.map_or(TreeSize::ZERO, |head| head.size) }
    }

    /// The newest verified checkpoint.
    pub const fn checkpoint(&self) -> Option<&VerifiedCheckpoint> {
        self.checkpoint.as_ref()
    }

    /// Fetches the published checkpoint and accepts it if it continues the remembered one.
    ///
    /// # Errors
    /// [`Error`] if it is not verified; the remembered one stays. The evidence of a fork is put into the
    /// state directory. A [`Disproof::Lie`](crate::Disproof::Lie) that a replay has found comes
    /// again.
    pub async fn refresh(&mut self) -> Result<Progress, Error> {
        self.check_lie()?;
        let note = self.tiles.checkpoint().await?;
        let signed = SignedCheckpoint::parse(&note).map_err(Error::malformed)?;
        let served = self.trust.verify(&signed)?;
        if let Some(remembered) = &self.checkpoint {
            let floor = remembered.head().size;
            let accepted = head::advance(remembered, &served, floor, &self.tiles).await;
            accepted.map_err(|error| memory::keep_evidence(&self.dir, error))?;
        }
        self.state.begin()?.commit(self.cursor, &served)?;
        self.checkpoint = Some(served);
        Ok(self.progress())
    }

    /// Reads the next few thousand entries and has every event handled before it moves on.
    ///
    /// # Errors
    /// [`Error`] if the entries are not verified, an event could not be handled or the state not written.
    /// Nothing has moved then, and all events of these entries come again. After a
    /// [`Disproof::Lie`](crate::Disproof::Lie) it never moves on; the evidence is put into the state directory.
    pub async fn read(
        &mut self,
        handle: impl FnMut(&Event) -> io::Result<()>,
    ) -> Result<Progress, Error> {
        self.check_lie()?;
        let Some(checkpoint) = self.checkpoint.clone() else { return Ok(self.progress()) };
        let cursor = self.progress().read;
        let to = end_of_step(cursor, checkpoint.head().size);
        let from = LeafIndex::new(cursor.get()).map_err(Error::malformed)?;
        let entries = self.tiles.entries(&checkpoint, from, to).await?;
        if let Some(found) = self.step(&checkpoint, entries, to, handle)? {
            self.stop(&checkpoint, found).await?;
        }
        Ok(self.progress())
    }

    /// Takes in entries up to `to` in one transaction, or finds that they contain a lie.
    fn step(
        &mut self,
        checkpoint: &VerifiedCheckpoint,
        entries: Vec<VerifiedEntry>,
        to: TreeSize,
        mut handle: impl FnMut(&Event) -> io::Result<()>,
    ) -> Result<Option<Found>, Error> {
        let unusable = |fault| self.state.unusable(fault);
        let mut step = self.state.begin()?;
        let mut batch = self.replay.as_ref().map(Replay::begin);
        for entry in entries {
            if let Some(batch) = &mut batch {
                batch.take_in(&entry).map_err(unusable)?;
            }
            if self.cursor.contains(entry.index()) {
                continue;
            }
            if let Some(event) = self.take_in(&mut step, entry)? {
                handle(&event).map_err(Undecided::Report)?;
            }
        }
        let written = batch.map(|batch| batch.write(step.transaction(), checkpoint.head()));
        let taken = match written.transpose().map_err(unusable)?.transpose() {
            Ok(taken) => taken,
            Err(found) => return Ok(Some(found)),
        };
        let cursor = self.cursor.max(to);
        step.commit(cursor, checkpoint)?;
        self.cursor = cursor;
        if let Some((replay, taken)) = self.replay.as_mut().zip(taken) {
            replay.take_over(taken);
        }
        Ok(None)
    }

    /// Ends the replay with a lie, and says so.
    async fn stop(&mut self, checkpoint: &VerifiedCheckpoint, found: Found) -> Result<(), Error> {
        if let Some(replay) = &mut self.replay {
            let database = self.state.database();
            let stopped = replay.stop(database, &self.tiles, checkpoint, found).await?;
            stopped.map_err(|fault| self.state.unusable(fault))?;
        }
        self.check_lie()
    }

    /// Says the lie that ended the replay.
    fn check_lie(&self) -> Result<(), Error> {
        self.replay.as_ref().map_or(Ok(()), |replay| replay.check(&self.dir))
    }

    /// Updates what is known of the entry's file, and says whether that is an event.
    fn take_in(&self, step: &mut Step, entry: VerifiedEntry) -> Result<Option<Event>, Error> {
        let before = match entry.entry().and_then(record::Entry::filename) {
            Some(filename) => step.sighting(filename)?,
            None => None,
        };
        if let Some(known) = entry.entry()
            && let Some(after) = event::sighting_after(before, known)
        {
            step.note(known.filename().unwrap_or_default(), after)?;
        }
        Ok(Event::of(entry, before, &self.watched))
    }
}

/// Whole bundles, as far as the tree goes.
pub(crate) fn end_of_step(cursor: TreeSize, size: TreeSize) -> TreeSize {
    let width = u64::from(FULL_WIDTH);
    let end = (cursor.get() / width + STEP_BUNDLES) * width;
    TreeSize::new(end).map_or(size, |end| end.min(size))
}
