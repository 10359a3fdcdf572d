//! Two notes in one file, of which one is replaced at a time, in place.
//!
//! A slot is a block of four kibibytes: the SHA-256 of the note in hexadecimal, a line feed, the note, zeros.
//! An unused slot is all zeros.

use record::Digest;
use sha2::{Digest as _, Sha256};
use tlog::SignedCheckpoint;

/// Bytes of a slot: no write to one touches a block of the other.
pub(super) const SLOT_LEN: usize = 4096;
/// Bytes before the note.
const DIGEST_LEN: usize = 65;

/// A note as it stands in a file.
pub(super) struct Slot([u8; SLOT_LEN]);

impl Slot {
    /// `None` for a note that is too long.
    pub(super) fn of(note: &[u8]) -> Option<Slot> {
        let mut slot = [0; SLOT_LEN];
        slot.get_mut(DIGEST_LEN..DIGEST_LEN + note.len())?.copy_from_slice(note);
        slot[..DIGEST_LEN].copy_from_slice(&digest_line(note));
        Some(Slot(slot))
    }

    pub(super) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A file with this note only.
    pub(super) fn alone(&self) -> Vec<u8> {
        let mut file = self.0.to_vec();
        file.resize(2 * SLOT_LEN, 0);
        file
    }
}

/// What a file of two slots holds.
pub(super) struct Slots {
    newest: SignedCheckpoint,
    /// Where the next note belongs: not where the newest is.
    next: u64,
    /// Whether the other slot holds something that is no note.
    is_torn: bool,
}

impl Slots {
    /// `None` if neither slot holds a whole note, and if the file is not as long as two slots: no power cut
    /// changes its length.
    pub(super) fn parse(file: &[u8]) -> Option<Slots> {
        let (first, second) = file.split_at_checked(SLOT_LEN)?;
        if second.len() != SLOT_LEN {
            return None;
        }
        let is_torn =
            |slot: &[u8], held: &Option<_>| held.is_none() && slot.iter().any(|&byte| byte != 0);
        let held = (parse(first), parse(second));
        let is_torn = is_torn(first, &held.0) || is_torn(second, &held.1);
        let (newest, next) = match held {
            (Some(first), Some(second)) if size(&first) < size(&second) => (second, 0),
            (Some(first), _) => (first, SLOT_LEN as u64),
            (None, second) => (second?, 0),
        };
        Some(Slots { newest, next, is_torn })
    }

    pub(super) fn newest(self) -> SignedCheckpoint {
        self.newest
    }

    /// Offset in the file at which the next note belongs.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Whether a write was cut short, or the file was damaged.
    pub(super) const fn is_torn(&self) -> bool {
        self.is_torn
    }
}

fn size(checkpoint: &SignedCheckpoint) -> u64 {
    checkpoint.checkpoint().head().size.get()
}

/// The note in a slot, if it is whole.
fn parse(slot: &[u8]) -> Option<SignedCheckpoint> {
    let (digest, padded) = slot.split_at_checked(DIGEST_LEN)?;
    let end = padded.iter().rposition(|&byte| byte != 0)? + 1;
    let note = &padded[..end];
    (digest == digest_line(note)).then(|| SignedCheckpoint::parse(note).ok())?
}

fn digest_line(note: &[u8]) -> Vec<u8> {
    format!("{}\n", Digest::from(<[u8; 32]>::from(Sha256::digest(note)))).into_bytes()
}
