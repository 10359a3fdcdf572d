//! Entries with what proves them, read together.

use bytes::Bytes;
use tlog::{CompactRange, FULL_WIDTH, InclusionProof, LeafIndex, LookupError, Trail, leaf_hash};

use super::view::View;
use super::{AnswerError, LogReader, positions};

/// Entries beside each other, and the trail to them.
///
/// The lowest hashes of a proof are those of the entry's neighbours, which the store keeps beside it. They are
/// computed from these instead of being read from the tile: one read does for both, and an entry that is not
/// what the tree says is found before it is shown.
pub(super) struct Near<'a> {
    trail: Trail<'a>,
    first: LeafIndex,
    entries: Vec<Bytes>,
}

impl Near<'_> {
    /// The entry at `index`, if it is one of these.
    pub(super) fn entry(&self, index: LeafIndex) -> Option<&Bytes> {
        let place = index.get().checked_sub(self.first.get())?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// Proves that the entry at `index`, one of these, is in the tree of `range`.
    ///
    /// # Errors
    /// [`LookupError`] if that tree has no such entry.
    pub(super) fn inclusion(
        &self,
        index: LeafIndex,
        range: &CompactRange,
    ) -> Result<InclusionProof, LookupError> {
        self.trail.inclusion(index, range)
    }
}

impl LogReader {
    /// The entry at `index` and what proves it; in a full tile with the neighbours that the trail needs.
    pub(super) async fn near<'a>(
        &self,
        view: &'a View,
        index: LeafIndex,
    ) -> Result<Near<'a>, AnswerError> {
        let mut trail = self.upper(view.edge().trail_of_entry(index)?).await?;
        let Some((tile, places)) = trail.missing_part() else {
            let entries = self.entries.entries(&[index], view.size()).await?;
            return Ok(Near { trail, first: index, entries });
        };
        let start = tile.index() * u64::from(FULL_WIDTH);
        let neighbours = positions(start + u64::from(places.start)..start + u64::from(places.end));
        let entries = self.entries.entries(&neighbours, view.size()).await?;
        let hashes: Vec<u8> =
            entries.iter().flat_map(|entry| *leaf_hash(entry).as_bytes()).collect();
        trail.push_part(&hashes)?;
        Ok(Near { trail, first: neighbours[0], entries })
    }
}
