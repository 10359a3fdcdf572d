//! The witness itself: the logs it knows, what it remembers of each, and how that moves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::{Mutex, MutexGuard};

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tlog::{
    AddCheckpoint, InvalidAddCheckpoint, InvalidKey, InvalidNote, KeyKind, NoteSignature,
    SignedCheckpoint, TreeHead, VerifyingKey, WitnessRefusal, cosign, cosignature_time,
};
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::data_dir::OpenDir;
use crate::state_file::StateFile;

/// Age in seconds from which a cosignature is renewed when its checkpoint is asked for. Half of the
/// hour that the protocol allows: the rest is for caches and clocks.
const RENEWED_AFTER: u64 = 30 * 60;

/// Name of a log in paths: lower-case hexadecimal SHA-256 of its origin.
pub fn origin_hash(origin: &str) -> String {
    Sha256::digest(origin).iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string does not fail");
        hex
    })
}

/// Why a checkpoint is not cosigned.
#[derive(Debug, Error)]
pub enum Refused {
    /// The request is not one.
    #[error(transparent)]
    Malformed(#[from] InvalidAddCheckpoint),
    /// With one more line the checkpoint would be too long to be read again.
    #[error("the checkpoint has no room for a cosignature: {0}")]
    NoRoom(#[from] InvalidNote),
    /// The witness can not cosign now.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The request is judged not to continue what was cosigned.
    #[error(transparent)]
    Judged(#[from] WitnessRefusal),
}

/// What is wrong with the witness itself. Whoever asks may try again later.
#[derive(Debug, Error)]
pub enum Failure {
    /// The machine does not know the time.
    #[error("the clock of this witness is not set")]
    Clock,
    /// An earlier write failed, and what is on disk is unknown. Only a restart reads it again.
    #[error("an earlier write failed; this log is not cosigned before the witness is restarted")]
    Forgotten,
    /// What would have been cosigned can not be kept.
    #[error("the checkpoint can not be remembered")]
    Write(#[source] io::Error),
}

/// A witness that serves: it cosigns what continues, and remembers it before anybody hears of it.
///
/// Methods block for as long as a small file takes to be written and synced.
pub struct Witness {
    dir: OpenDir,
    clock: Clock,
    /// By [`origin_hash`].
    logs: BTreeMap<String, Log>,
}

struct Log {
    origin: String,
    keys: Vec<VerifyingKey>,
    file: StateFile,
    memory: Mutex<Memory>,
}

/// What is known to be on disk.
enum Memory {
    /// The checkpoint cosigned last, perhaps with a fresher cosignature.
    Known(Option<SignedCheckpoint>),
    /// A write failed: it is the old checkpoint or the new one.
    Unknown,
}

impl Witness {
    /// Starts a witness of the logs whose keys these are; a key's name is its log's origin.
    ///
    /// # Errors
    /// A key that does not sign checkpoints, no key at all, or a state file that is not right.
    pub fn open(
        dir: OpenDir,
        keys: impl IntoIterator<Item = VerifyingKey>,
        clock: Clock,
    ) -> anyhow::Result<Witness> {
        let mut keys_of: BTreeMap<String, Vec<VerifyingKey>> = BTreeMap::new();
        for key in keys {
            if key.kind() != KeyKind::Ed25519 {
                return Err(InvalidKey::WrongKind)
                    .with_context(|| format!("{key} is not of a log"));
            }
            keys_of.entry(key.name().to_owned()).or_default().push(key);
        }
        ensure!(!keys_of.is_empty(), "there is no log to cosign");
        let mut logs = BTreeMap::new();
        for (origin, keys) in keys_of {
            logs.insert(origin_hash(&origin), Log::open(&dir, origin, keys)?);
        }
        Ok(Witness { dir, clock, logs })
    }

    /// The key that cosigns.
    pub fn key(&self) -> &VerifyingKey {
        self.dir.key().verifying_key()
    }

    /// Answers `POST /add-checkpoint`: the cosignature line. The checkpoint is on disk by then.
    ///
    /// # Errors
    /// [`Refused`]; nothing was cosigned then.
    pub fn add_checkpoint(&self, body: &[u8]) -> Result<NoteSignature, Refused> {
        let request = AddCheckpoint::parse(body)?;
        let unknown = || WitnessRefusal::UnknownOrigin(request.origin().to_owned());
        let log = self.logs.get(&origin_hash(request.origin())).ok_or_else(unknown)?;
        let mut memory = log.memory();
        let latest = memory.latest()?;
        let head = latest.map_or(TreeHead::EMPTY, |latest| latest.checkpoint().head());
        let cosignable =
            request.judge(&log.keys, head).inspect_err(|refusal| log.report(latest, refusal))?;
        let cosigned = cosignable.cosign(self.dir.key(), self.now()?)?;
        let (line, size) = (self.own_line(&cosigned).clone(), cosigned.checkpoint().head().size);
        memory.replace(&log.file, cosigned)?;
        info!(origin = log.origin, %size, "cosigned");
        Ok(line)
    }

    /// Answers `GET /<origin hash>/checkpoint`: the checkpoint cosigned last, with the signature of
    /// its log and a cosignature less than an hour old. `None` if there is no such checkpoint.
    ///
    /// # Errors
    /// [`Failure`] if it is unknown, or what time it is.
    pub fn checkpoint(&self, origin_hash: &str) -> Result<Option<SignedCheckpoint>, Failure> {
        let Some(log) = self.logs.get(origin_hash) else { return Ok(None) };
        let now = self.now()?;
        let mut memory = log.memory();
        let Some(latest) = memory.latest()? else { return Ok(None) };
        let cosigned_at = cosignature_time(self.own_line(latest)).unwrap_or_default();
        if now.checked_sub(cosigned_at).is_some_and(|age| age < RENEWED_AFTER) {
            return Ok(Some(latest.clone()));
        }
        let line = cosign(latest.note().text(), self.dir.key(), now);
        let renewed = latest.clone().with_cosignature(line);
        let renewed = renewed.expect("a line in place of one as long always has room");
        // Size and root are what is on disk already.
        *memory = Memory::Known(Some(renewed.clone()));
        Ok(Some(renewed))
    }

    /// One line for people, and whether all is well.
    ///
    /// # Errors
    /// The line says what is wrong.
    pub fn health(&self) -> Result<String, String> {
        for log in self.logs.values() {
            log.memory().latest().map_err(|failure| format!("{}: {failure}", log.origin))?;
        }
        self.now().map_err(|failure| failure.to_string())?;
        Ok(format!("ok: {} logs", self.logs.len()))
    }

    /// A cosignature with time 0 would claim nothing.
    fn now(&self) -> Result<u64, Failure> {
        Some((self.clock)()).filter(|now| *now > 0).ok_or(Failure::Clock)
    }

    fn own_line<'c>(&self, cosigned: &'c SignedCheckpoint) -> &'c NoteSignature {
        let mut lines = cosigned.note().signatures().iter();
        lines.find(|line| line.claims(self.key())).expect("what is remembered was cosigned here")
    }
}

impl Log {
    fn open(dir: &OpenDir, origin: String, keys: Vec<VerifyingKey>) -> anyhow::Result<Log> {
        let file = dir.state_file(&origin);
        let latest = file.read(&keys, dir.key().verifying_key())?;
        if let Some(latest) = &latest {
            info!(origin, size = %latest.checkpoint().head().size, "known log");
        } else {
            warn!(origin, "nothing of this log was ever cosigned: it starts anew");
        }
        Ok(Log { origin, keys, file, memory: Mutex::new(Memory::Known(latest)) })
    }

    /// Held from looking at the checkpoint cosigned last until the next one is on disk.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(|poisoned| {
            let mut memory = poisoned.into_inner();
            *memory = Memory::Unknown;
            memory
        })
    }

    /// Says aloud what a log should never do, and keeps the proof if it is one.
    fn report(&self, latest: Option<&SignedCheckpoint>, refusal: &WitnessRefusal) {
        let origin = &self.origin;
        match (refusal, latest) {
            (WitnessRefusal::OtherRoot(other), Some(latest)) => {
                error!(origin, "the log has forked: it signed two roots for one size");
                if let Err(error) = self.file.keep_fork(latest, other.checkpoint()) {
                    error!(origin, %error, "the proof of the fork could not be kept");
                }
            }
            (WitnessRefusal::Inconsistent(_) | WitnessRefusal::EmptyRoot, _) => {
                warn!(origin, "signed by the log, and refused: {refusal}");
            }
            _ => {}
        }
    }
}

impl Memory {
    fn latest(&self) -> Result<Option<&SignedCheckpoint>, Failure> {
        match self {
            Memory::Known(latest) => Ok(latest.as_ref()),
            Memory::Unknown => Err(Failure::Forgotten),
        }
    }

    /// A write that fails is not tried again: what the disk holds after it is unknown.
    fn replace(&mut self, file: &StateFile, next: SignedCheckpoint) -> Result<(), Failure> {
        *self = Memory::Unknown;
        file.write(&next).map_err(Failure::Write)?;
        *self = Memory::Known(Some(next));
        Ok(())
    }
}
