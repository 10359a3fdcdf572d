//! What is admitted and becomes the next entries of the log.

use bytes::{Bytes, BytesMut};
use catalog::Indexed;
use record::{Entry, EntryError, FileEntry, Kind, Parsed};
use store::Batch;
use tlog::{AppendError, HashedEntry, LeafIndex, RightEdge, TilePath, TreeHead};

use super::proposal::Answer;

/// Room that most entries fit into.
const USUAL_LEN: usize = 384;
/// Bytes of entries that share memory, at most: as long as one of them is kept, all of it is.
const BUFFER_BYTES: usize = 16 << 10;

/// An entry, with all that is computed of it before it has a place.
pub(super) struct NewEntry {
    pub(super) hashed: HashedEntry<Bytes>,
    pub(super) indexed: Indexed,
    /// Whether the log spoke of its file before, so that it may tell of a conflict.
    pub(super) recurs: bool,
}

impl NewEntry {
    /// From an entry; `is_known` says whether the log spoke of its file before.
    ///
    /// # Errors
    /// [`EntryError`] if it can not be written down.
    pub(super) fn of(entry: &Entry, is_known: bool) -> Result<NewEntry, EntryError> {
        Ok(NewEntry::new(hashed(entry)?, entry, is_known))
    }

    /// The same from an entry that is written down already.
    pub(super) fn new(hashed: HashedEntry<Bytes>, entry: &Entry, is_known: bool) -> NewEntry {
        let recurs = match entry.kind() {
            Kind::File => is_known,
            Kind::Content | Kind::Expected => true,
            _ => false,
        };
        NewEntry { hashed, indexed: Indexed::of(entry), recurs }
    }
}

/// The bytes of an entry, with their hash.
pub(super) fn hashed(entry: &Entry) -> Result<HashedEntry<Bytes>, EntryError> {
    EntryBuffer::default().hashed(entry)
}

/// Memory that many entries share, so that not each of them is allocated by one thread and freed by another.
#[derive(Default)]
pub(super) struct EntryBuffer(BytesMut);

impl EntryBuffer {
    /// For about so many entries.
    pub(super) fn for_entries(count: usize) -> EntryBuffer {
        EntryBuffer(BytesMut::with_capacity((count * USUAL_LEN).min(BUFFER_BYTES)))
    }

    /// The bytes of an entry, with their hash.
    ///
    /// # Errors
    /// [`EntryError`] if it can not be written down.
    pub(super) fn hashed(&mut self, entry: &Entry) -> Result<HashedEntry<Bytes>, EntryError> {
        self.0.extend_from_slice(&entry.to_bytes()?);
        let bytes = self.0.split().freeze();
        Ok(HashedEntry::new(bytes).expect("what an entry holds fits a bundle"))
    }
}

/// The entry of a listed file, from what was made of it.
pub(super) fn read_back(entry: &HashedEntry<Bytes>) -> Result<FileEntry, EntryError> {
    match Entry::parse(entry.as_bytes())? {
        Parsed::Known(Entry::File(file)) => Ok(file),
        _ => unreachable!("it was made of a file that is listed"),
    }
}

/// A submission whose entries are in the batch.
pub(super) struct Admitted {
    pub(super) answer: Answer,
    /// Number of entries that are new.
    pub(super) entries: u64,
    /// Where each statement stands.
    pub(super) positions: Vec<LeafIndex>,
}

/// Entries with their places in the tree, and what has to be written for them.
pub(super) struct Integrated {
    pub(super) first: LeafIndex,
    pub(super) indexed: Vec<Indexed>,
    /// Positions of those that recur.
    pub(super) recurring: Vec<u64>,
    pub(super) objects: Batch,
    pub(super) prev: TreeHead,
    pub(super) next: TreeHead,
}

impl Integrated {
    /// Integrates entries, one at least, at the right edge, which moves on.
    ///
    /// # Errors
    /// [`AppendError`] if the log is full; the edge stays where it was.
    pub(super) fn at(
        edge: &mut RightEdge,
        entries: Vec<NewEntry>,
    ) -> Result<Integrated, AppendError> {
        let prev = edge.head();
        let first = prev.size.get();
        let recurring = (first..).zip(&entries).filter(|(_, entry)| entry.recurs);
        let recurring = recurring.map(|(position, _)| position).collect();
        let (hashed, indexed): (Vec<_>, Vec<_>) =
            entries.into_iter().map(|entry| (entry.hashed, entry.indexed)).unzip();
        let integrated = edge.append_hashed(&hashed)?;
        *edge = integrated.edge;
        let first = LeafIndex::new(first).expect("the size of a tree is a valid position");
        let (objects, next) = (batch_of(integrated.objects), edge.head());
        Ok(Integrated { first, indexed, recurring, objects, prev, next })
    }
}

/// The objects of an integration, to be committed.
pub(super) fn batch_of(objects: Vec<(TilePath, Vec<u8>)>) -> Batch {
    let objects = objects.into_iter().map(|(path, bytes)| (path, Bytes::from(bytes)));
    Batch { objects: objects.collect() }
}
