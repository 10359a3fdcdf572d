//! The head remembered outside the store: the file that a restored backup of the store can not
//! bring back with it.
//!
//! The file has two slots, and a checkpoint replaces the older one in place: one write and one sync, where a
//! new file under the same name takes three. A power cut may tear the slot that is being written, whose head
//! nobody has seen; the other one is whole.

mod slots;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use thiserror::Error;
use tlog::SignedCheckpoint;
use tracing::warn;

use self::slots::{Slot, Slots};
use crate::durable;

/// A file that holds the newest checkpoint ever signed. Written, and made durable, after each
/// signature and before anybody sees it.
///
/// It is trusted, like the signing key: whoever rolls it back together with the store forks the
/// log. Best kept on another medium than the store.
#[derive(Debug)]
pub struct HeadRegister {
    path: PathBuf,
}

/// What a register holds.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// The newest checkpoint signed.
    pub newest: SignedCheckpoint,
    /// Whether a part of the file beside it is cut short or damaged. A power cut may leave it so; the next write
    /// puts it right.
    pub is_torn: bool,
}

/// The register can not be read or written.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// The file is there and does not hold a signed checkpoint.
    #[error(
        "{path} does not hold a signed checkpoint: it tells which head was signed last, so find out \
         what happened to it before serving this log"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: tlog::InvalidCheckpoint,
    },
    /// The file system refused.
    #[error("{path} can not be read or written")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}

impl HeadRegister {
    /// The register in the file `path`, which need not exist yet.
    pub fn new(path: PathBuf) -> HeadRegister {
        HeadRegister { path }
    }

    /// The newest checkpoint signed; `None` if none ever was.
    ///
    /// # Errors
    /// As [`remembered`](Self::remembered).
    pub fn read(&self) -> Result<Option<SignedCheckpoint>, RegisterError> {
        Ok(self.remembered()?.map(|remembered| remembered.newest))
    }

    /// What the file holds; `None` if nothing was ever signed. A file that is a note and nothing else, as
    /// earlier versions wrote it, is understood too.
    ///
    /// # Errors
    /// [`RegisterError`] if the file is there and can not be read or holds no checkpoint.
    pub fn remembered(&self) -> Result<Option<Remembered>, RegisterError> {
        let Some(bytes) = self.bytes()? else { return Ok(None) };
        let Some(slots) = Slots::parse(&bytes) else {
            let newest = SignedCheckpoint::parse(&bytes)
                .map_err(|source| RegisterError::Damaged { path: self.path.clone(), source })?;
            return Ok(Some(Remembered { newest, is_torn: false }));
        };
        let is_torn = slots.is_torn();
        if is_torn {
            warn!(file = %self.path.display(), "one of the two remembered heads is cut short or damaged");
        }
        Ok(Some(Remembered { newest: slots.newest(), is_torn }))
    }

    /// Remembers `checkpoint`; when this returns, a power cut does not take it back.
    ///
    /// # Errors
    /// [`RegisterError::Io`] if it could not be written: it or the one before is remembered.
    pub fn write(&self, checkpoint: &SignedCheckpoint) -> Result<(), RegisterError> {
        let note = checkpoint.to_bytes();
        let slots = self.bytes()?.as_deref().and_then(Slots::parse);
        let written = match (Slot::of(&note), slots.filter(|slots| !slots.is_torn())) {
            (Some(slot), Some(slots)) => self.overwrite(&slot, slots.next()),
            (Some(slot), None) => durable::replace(&self.path, &slot.alone()),
            (None, _) => durable::replace(&self.path, &note),
        };
        written.map_err(|source| self.io(source))
    }

    fn overwrite(&self, slot: &Slot, offset: u64) -> io::Result<()> {
        let file = File::options().write(true).open(&self.path)?;
        file.write_all_at(slot.as_bytes(), offset)?;
        file.sync_data()
    }

    fn bytes(&self) -> Result<Option<Vec<u8>>, RegisterError> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.io(source)),
        }
    }

    fn io(&self, source: io::Error) -> RegisterError {
        RegisterError::Io { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use tlog::{Checkpoint, Hash, SigningKey, TreeHead, TreeSize};

    use super::slots::SLOT_LEN;
    use super::*;

    fn signed(size: u64) -> SignedCheckpoint {
        let key = SigningKey::from_seed("log.example", &[7; 32]).unwrap();
        let size = TreeSize::new(size).unwrap();
        let head = TreeHead { size, root: Hash::new([9; 32]) };
        SignedCheckpoint::sign(&Checkpoint::new("log.example", head).unwrap(), &key)
    }

    fn register(dir: &tempfile::TempDir) -> HeadRegister {
        HeadRegister::new(dir.path().join("head"))
    }

    fn is_torn(register: &HeadRegister) -> bool {
        register.remembered().unwrap().unwrap().is_torn
    }

    #[test]
    fn the_newest_is_remembered_and_the_one_before_survives_it() {
        let dir = tempfile::tempdir().unwrap();
        let register = register(&dir);
        assert!(register.read().unwrap().is_none());
        for newest in 1..6 {
            let before = fs::read(&register.path).ok();
            register.write(&signed(newest)).unwrap();
            assert_eq!(register.read().unwrap().unwrap(), signed(newest));
            let after = fs::read(&register.path).unwrap();
            assert_eq!(after.len(), 2 * SLOT_LEN);
            let Some(before) = before else { continue };
            // Whatever part of the new slot reaches the disk, the head is the one before or the new one.
            let changed: Vec<usize> =
                (0..after.len()).filter(|&at| after[at] != before[at]).collect();
            let slot = changed[0] / SLOT_LEN * SLOT_LEN;
            assert!(changed.iter().all(|at| (slot..slot + SLOT_LEN).contains(at)));
            for cut in [0, 1, 64, 65, 66, 200, SLOT_LEN - 1] {
                let mut torn = before.clone();
                torn[slot..slot + cut].copy_from_slice(&after[slot..slot + cut]);
                fs::write(&register.path, &torn).unwrap();
                let head = register.read().unwrap().unwrap();
                let size = head.checkpoint().head().size.get();
                assert!(size == newest || size == newest - 1, "{cut}: {size}");
                assert!(is_torn(&register) || torn == before || torn == after, "{cut}");
                register.write(&signed(newest)).unwrap();
                assert_eq!(register.read().unwrap().unwrap(), signed(newest));
                assert!(!is_torn(&register));
            }
        }
    }

    #[test]
    fn a_note_alone_is_understood() {
        let dir = tempfile::tempdir().unwrap();
        let register = register(&dir);
        fs::write(&register.path, signed(4).to_bytes()).unwrap();
        assert_eq!(register.read().unwrap().unwrap(), signed(4));
        register.write(&signed(5)).unwrap();
        assert_eq!(register.read().unwrap().unwrap(), signed(5));
        assert_eq!(fs::read(&register.path).unwrap().len(), 2 * SLOT_LEN);
    }

    #[test]
    fn a_note_that_no_slot_can_hold_is_written_alone() {
        let dir = tempfile::tempdir().unwrap();
        let register = register(&dir);
        let key = |number: u8| {
            SigningKey::from_seed(&format!("witness-{number}.example"), &[number; 32]).unwrap()
        };
        let lines: Vec<_> = (0..60).map(|number| key(number).sign("any\n")).collect();
        let long = signed(5).with_cosignatures(&lines);
        for checkpoint in [signed(4), long, signed(6)] {
            register.write(&checkpoint).unwrap();
            assert_eq!(register.read().unwrap().unwrap(), checkpoint);
        }
    }

    #[test]
    fn what_holds_no_head_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let register = register(&dir);
        register.write(&signed(4)).unwrap();
        let mut bytes = fs::read(&register.path).unwrap();
        bytes[70] ^= 1;
        let whole = fs::read(&register.path).unwrap();
        let cut = [&whole[..SLOT_LEN], &whole[..2 * SLOT_LEN - 1]];
        let others = [bytes.as_slice(), b"", b"log.example\n5\n", &[0; 2 * SLOT_LEN]];
        for damaged in cut.into_iter().chain(others) {
            fs::write(&register.path, damaged).unwrap();
            let refused = register.read();
            assert!(matches!(refused, Err(RegisterError::Damaged { .. })), "{refused:?}");
        }
    }
}
