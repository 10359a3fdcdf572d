//! The monitor: reads every entry of a log once, in order, and reports what changed.

mod event;
mod evidence;
mod outbox;
mod progress;
mod rules;
mod selection;
mod state;

use std::io;
use std::path::{Path, PathBuf};

use tlog::{LeafIndex, SignedCheckpoint, TreeSize, VerifiedCheckpoint};

pub use self::event::{Event, EventKind};
use self::evidence::Written;
pub use self::outbox::{Delivery, Message, Outbox, Sink};
pub use self::progress::Progress;
pub use self::rules::Grace;
use self::rules::{Judge, Question};
pub use self::selection::Selection;
use self::state::{Position, State, Step};
use crate::entry::VerifiedEntry;
use crate::error::{Error, Undecided};
use crate::head;
use crate::memory;
use crate::replay::{Found, Replay, Replayed};
use crate::tiles::{Tiles, end_of_step};
use crate::trust::{LogUrl, Trust};
use crate::verdict::Class;

/// Follows a log by its static files, from the first entry on.
///
/// What is known of files and publishers, the position reached, the newest verified head and the
/// [`Outbox`] are kept in one database and change in one transaction, which is made when every event before
/// it was handled. So a monitor that is killed at any moment skips nothing; the events of one step may be
/// handled again, what is in the outbox is there once. A [replay](Monitor::with_replay) has a position of
/// its own, and changes in the same transactions.
///
/// **Time** is the log's: that of the entries. So which events there are is a function of the log and of
/// what is asked of it, whenever it is read.
///
/// **A state of an older layout** knows less than the rules need. Its entries are read once more, from the
/// first on, and nothing of them is reported a second time. The same happens when a hash is chosen that was
/// not before. What is watched only where it is asked for begins to be known then: the provenance of a
/// project's releases with `projects`, the digests of files under different names with [`Selection::All`].
#[derive(Debug)]
pub struct Monitor {
    trust: Trust,
    tiles: Tiles,
    dir: PathBuf,
    state: State,
    outbox: Outbox,
    question: Question,
    checkpoint: Option<VerifiedCheckpoint>,
    position: Position,
    replay: Option<Replay>,
}

/// What became of a step.
enum Outcome {
    /// It was committed.
    Done,
    /// The proofs of these events have to be written first; nothing has changed.
    Unproven(Vec<Event>),
    /// The replay found a lie; nothing has changed.
    Lie(Found),
}

impl Monitor {
    /// Opens the state in `dir`, which is made if it does not exist, and goes on where it ends.
    ///
    /// What is reported depends on the selection: see [`EventKind`].
    ///
    /// # Errors
    /// [`Error::Undecided`] if the state cannot be used, or is of another log.
    pub fn open(
        trust: Trust,
        url: LogUrl,
        dir: &Path,
        selection: Selection,
    ) -> Result<Monitor, Error> {
        let state = State::open(dir)?;
        state.track(selection.hashes())?;
        let (position, note) = state.position()?;
        let checkpoint = match note {
            Some(note) => {
                let signed = SignedCheckpoint::parse(&note).map_err(|e| state.unusable(e))?;
                Some(trust.verify_signed_by_log(&signed)?)
            }
            None => None,
        };
        let (tiles, dir, origin) = (Tiles::new(url)?, dir.to_owned(), trust.origin().to_owned());
        let outbox = Outbox::open(state.database(), state.path().to_owned(), &origin)?;
        let question = Question { origin, selection, grace: Grace::default() };
        let replay = None;
        Ok(Monitor { trust, tiles, dir, state, outbox, question, checkpoint, position, replay })
    }

    /// Grants other times than the usual. What has begun to run keeps its time.
    #[must_use]
    pub fn with_grace(mut self, grace: Grace) -> Monitor {
        self.question.grace = grace;
        self
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
        let Position { cursor, learned, tracked, .. } = self.position;
        let mut read = cursor.min(learned);
        if self.is_tracking() {
            read = read.min(tracked);
        }
        read = self.replay.as_ref().map_or(read, |replay| read.min(replay.cursor()));
        Progress { read, size: head.map_or(TreeSize::ZERO, |head| head.size) }
    }

    /// Where what has to be delivered waits: everything bad, and every event of what was chosen.
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    fn is_tracking(&self) -> bool {
        self.question.selection.hashes().next().is_some()
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
        self.state.begin()?.commit(&self.position, &served)?;
        self.checkpoint = Some(served);
        Ok(self.progress())
    }

    /// Reads the next few thousand entries and has every event handled before it moves on.
    ///
    /// Proofs of the entries of what is bad, and of what is delivered, are in `evidence/` in the state
    /// directory before their event is handled.
    ///
    /// # Errors
    /// [`Error`] if the entries are not verified, an event could not be handled or the state not written.
    /// Nothing has moved then, and all events of these entries come again. After a
    /// [`Disproof::Lie`](crate::Disproof::Lie) it never moves on; the evidence is put into the state directory.
    pub async fn read(
        &mut self,
        mut handle: impl FnMut(&Event) -> io::Result<()>,
    ) -> Result<Progress, Error> {
        self.check_lie()?;
        let Some(checkpoint) = self.checkpoint.clone() else { return Ok(self.progress()) };
        let cursor = self.progress().read;
        let to = end_of_step(cursor, checkpoint.head().size);
        let from = LeafIndex::new(cursor.get()).map_err(Error::malformed)?;
        let entries = self.tiles.entries(&checkpoint, from, to).await?;
        let mut written = Written::new();
        loop {
            match self.step(&checkpoint, &entries, to, &written, &mut handle)? {
                Outcome::Done => return Ok(self.progress()),
                Outcome::Lie(found) => self.stop(&checkpoint, found).await?,
                Outcome::Unproven(events) => {
                    for event in events {
                        let paths =
                            evidence::write(&self.dir, &self.tiles, &checkpoint, &event).await?;
                        written.insert(event.id().to_owned(), paths);
                    }
                }
            }
        }
    }

    /// Takes in entries up to `to` in one transaction, unless something has to be done first.
    fn step(
        &mut self,
        checkpoint: &VerifiedCheckpoint,
        entries: &[VerifiedEntry],
        to: TreeSize,
        written: &Written,
        mut handle: impl FnMut(&Event) -> io::Result<()>,
    ) -> Result<Outcome, Error> {
        let step = self.state.begin()?;
        let (mut events, clock) = self.judge(&step, entries)?;
        let sinks = self.outbox.has_sinks()?;
        let proves = |event: &Event| event.class() == Class::Bad || (sinks && self.delivers(event));
        let unproven = |event: &&Event| proves(event) && !written.contains_key(event.id());
        let unproven: Vec<Event> = events.iter().filter(unproven).cloned().collect();
        if !unproven.is_empty() {
            return Ok(Outcome::Unproven(unproven));
        }
        for event in &mut events {
            event.set_evidence(written.get(event.id()).cloned().unwrap_or_default());
            handle(event).map_err(Undecided::Report)?;
        }
        let unusable = |fault| self.state.unusable(fault);
        let delivered: Vec<&Event> = events.iter().filter(|event| self.delivers(event)).collect();
        outbox::put_events(step.transaction(), &delivered).map_err(unusable)?;

        let mut batch = self.replay.as_ref().map(Replay::begin);
        if let Some(batch) = &mut batch {
            entries.iter().try_for_each(|entry| batch.take_in(entry)).map_err(unusable)?;
        }
        let written = batch.map(|batch| batch.write(step.transaction(), checkpoint.head()));
        let taken = match written.transpose().map_err(unusable)?.transpose() {
            Ok(taken) => taken,
            Err(found) => return Ok(Outcome::Lie(found)),
        };
        let position = self.position_at(to, clock);
        step.commit(&position, checkpoint)?;
        self.position = position;
        if let Some((replay, taken)) = self.replay.as_mut().zip(taken) {
            replay.take_over(taken);
        }
        Ok(Outcome::Done)
    }

    /// The events of entries, and the log's clock after them.
    fn judge(
        &self,
        step: &Step<'_>,
        entries: &[VerifiedEntry],
    ) -> Result<(Vec<Event>, record::Timestamp), Undecided> {
        let judge = || {
            let mut tables = step.tables()?;
            let mut judge = Judge::new(&self.question, &mut tables, self.position)?;
            let mut events = Vec::new();
            for entry in entries {
                let found = judge.take_in(entry)?;
                if !self.position.cursor.contains(entry.index()) {
                    let origin = &self.question.origin;
                    events.extend(found.into_iter().map(|finding| finding.into_event(origin)));
                }
            }
            Ok((events, judge.clock()))
        };
        judge().map_err(|fault: state::Fault| self.state.unusable(fault))
    }

    /// Whether sinks get it.
    fn delivers(&self, event: &Event) -> bool {
        event.class() == Class::Bad || !self.question.selection.is_all()
    }

    fn position_at(&self, to: TreeSize, clock: record::Timestamp) -> Position {
        let Position { cursor, learned, tracked, .. } = self.position;
        let tracked = if self.is_tracking() { tracked.max(to) } else { tracked };
        Position { cursor: cursor.max(to), learned: learned.max(to), tracked, clock }
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
}
