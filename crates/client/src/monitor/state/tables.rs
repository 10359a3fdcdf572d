//! The tables of what is known, open in one transaction.

use record::{Digest, FileEntry, ProjectName, Timestamp};
use redb::{ReadableTable as _, Table, TableDefinition, WriteTransaction};
use tlog::LeafIndex;

use super::sighting::{Sighting, page_key};
use super::{DAMAGED, Fault};
use crate::entry::VerifiedEntry;

/// By [`page_key`]: what the page said last.
const SIGHTINGS: TableDefinition<&str, &[u8]> = TableDefinition::new("sightings");

/// By filename and position: hashes with which a file was listed before its present one.
const REPLACED: TableDefinition<(&str, u64), &[u8; Digest::SIZE]> =
    TableDefinition::new("replaced");

/// By project and version: when a file of the release was seen first, by the log's clock.
const RELEASES: TableDefinition<(&str, &str), u64> = TableDefinition::new("releases");

/// By project: its newest release and what it has of provenance, as [`Provenance`](super::Provenance) has it.
const PROVENANCE: TableDefinition<&str, (&str, u8, u8)> = TableDefinition::new("provenance");

/// By project and position: the key entries that count.
const KEYS: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("keys");

/// By project, filename and position: the expectations that count.
const EXPECTATIONS: TableDefinition<(&str, &str, u64), &[u8]> =
    TableDefinition::new("expectations");

/// By one digest of a file: the other, and where they were logged together.
type Pairs =
    TableDefinition<'static, &'static [u8; Digest::SIZE], (&'static [u8; Digest::SIZE], u64)>;
type PairsTable<'t> = Table<'t, &'static [u8; Digest::SIZE], (&'static [u8; Digest::SIZE], u64)>;
const SHA256_PAIRS: Pairs = Pairs::new("digests-by-sha256");
const BLAKE2B_PAIRS: Pairs = Pairs::new("digests-by-blake2b");

/// By time, position and kind: the entry that is looked at again then.
const DEADLINES: TableDefinition<(u64, u64, u8), &[u8]> = TableDefinition::new("deadlines");

/// Files, releases and projects of chosen hashes.
const TRACKED: TableDefinition<&str, ()> = TableDefinition::new("tracked");

/// The hashes that were looked for.
const TRACKED_HASHES: TableDefinition<&[u8; Digest::SIZE], ()> =
    TableDefinition::new("tracked-hashes");

/// What is looked at again when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::monitor) enum Deadline {
    /// A file is listed that nobody expects.
    Undeclared = 0,
    /// A file is expected that is not listed.
    Unlisted = 1,
}

/// The tables in one transaction; they are made if they do not exist.
pub(in crate::monitor) struct Tables<'t> {
    sightings: Table<'t, &'static str, &'static [u8]>,
    replaced: Table<'t, (&'static str, u64), &'static [u8; Digest::SIZE]>,
    releases: Table<'t, (&'static str, &'static str), u64>,
    pub(super) provenance: Table<'t, &'static str, (&'static str, u8, u8)>,
    pub(super) keys: Table<'t, (&'static str, u64), &'static [u8]>,
    pub(super) expectations: Table<'t, (&'static str, &'static str, u64), &'static [u8]>,
    sha256_pairs: PairsTable<'t>,
    blake2b_pairs: PairsTable<'t>,
    deadlines: Table<'t, (u64, u64, u8), &'static [u8]>,
    tracked: Table<'t, &'static str, ()>,
    tracked_hashes: Table<'t, &'static [u8; Digest::SIZE], ()>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Tables<'t>, Fault> {
        Ok(Tables {
            sightings: transaction.open_table(SIGHTINGS)?,
            replaced: transaction.open_table(REPLACED)?,
            releases: transaction.open_table(RELEASES)?,
            provenance: transaction.open_table(PROVENANCE)?,
            keys: transaction.open_table(KEYS)?,
            expectations: transaction.open_table(EXPECTATIONS)?,
            sha256_pairs: transaction.open_table(SHA256_PAIRS)?,
            blake2b_pairs: transaction.open_table(BLAKE2B_PAIRS)?,
            deadlines: transaction.open_table(DEADLINES)?,
            tracked: transaction.open_table(TRACKED)?,
            tracked_hashes: transaction.open_table(TRACKED_HASHES)?,
        })
    }
}

/// Files.
impl Tables<'_> {
    /// What the page of the project said of the file last, and what other pages did.
    pub(in crate::monitor) fn sightings(
        &self,
        filename: &str,
        project: &ProjectName,
    ) -> Result<(Option<Sighting>, Vec<Sighting>), Fault> {
        let (mut page, mut others) = (None, Vec::new());
        let end = format!("{filename}\u{1}");
        let mut key = None;
        for row in self.sightings.range(filename..end.as_str())? {
            let (found, sighting) = row?;
            let sighting = Sighting::parse(sighting.value()).ok_or(DAMAGED)?;
            let key = key.get_or_insert_with(|| page_key(filename, project));
            if found.value() == key { page = Some(sighting) } else { others.push(sighting) }
        }
        Ok((page, others))
    }

    pub(in crate::monitor) fn see(
        &mut self,
        filename: &str,
        project: &ProjectName,
        sighting: Sighting,
    ) -> Result<(), Fault> {
        let key = page_key(filename, project);
        self.sightings.insert(key.as_str(), sighting.to_bytes().as_slice())?;
        Ok(())
    }

    /// Remembers a hash that is not, or no more, the present one of a page.
    pub(in crate::monitor) fn replace(
        &mut self,
        filename: &str,
        index: LeafIndex,
        sha256: &Digest,
    ) -> Result<(), Fault> {
        self.replaced.insert((filename, index.get()), sha256.as_bytes())?;
        Ok(())
    }

    /// The hashes with which the file was listed, apart from the present one of each page.
    pub(in crate::monitor) fn replaced(
        &self,
        filename: &str,
    ) -> Result<Vec<(LeafIndex, Digest)>, Fault> {
        let mut found = Vec::new();
        for row in self.replaced.range((filename, 0)..=(filename, u64::MAX))? {
            let (key, sha256) = row?;
            found.push((LeafIndex::new(key.value().1)?, Digest::from(*sha256.value())));
        }
        Ok(found)
    }

    /// When the release was seen first; remembers this file's time if it was not.
    pub(in crate::monitor) fn first_seen(
        &mut self,
        file: &FileEntry,
    ) -> Result<Option<Timestamp>, Fault> {
        let key = (file.project.as_str(), file.version.as_str());
        let first = self.releases.get(key)?.map(|first| first.value());
        if first.is_none() {
            self.releases.insert(key, file.observed.unix())?;
        }
        Ok(first.map(Timestamp::from_unix).transpose()?)
    }

    /// Where these two digests are contradicted, if they are; remembers them if not.
    pub(in crate::monitor) fn pair(
        &mut self,
        sha256: &Digest,
        blake2b: &Digest,
        index: LeafIndex,
    ) -> Result<Option<LeafIndex>, Fault> {
        if let Some((other, at)) = paired(&self.sha256_pairs, sha256)? {
            return Ok((other != *blake2b).then(|| LeafIndex::new(at)).transpose()?);
        }
        self.sha256_pairs.insert(sha256.as_bytes(), (blake2b.as_bytes(), index.get()))?;
        if let Some((other, at)) = paired(&self.blake2b_pairs, blake2b)? {
            return Ok((other != *sha256).then(|| LeafIndex::new(at)).transpose()?);
        }
        self.blake2b_pairs.insert(blake2b.as_bytes(), (sha256.as_bytes(), index.get()))?;
        Ok(None)
    }
}

/// Deadlines, and what is tracked.
impl Tables<'_> {
    pub(in crate::monitor) fn set_deadline(
        &mut self,
        due: u64,
        deadline: Deadline,
        entry: &VerifiedEntry,
    ) -> Result<(), Fault> {
        self.deadlines.insert((due, entry.index().get(), deadline as u8), entry.bytes())?;
        Ok(())
    }

    /// When something falls due next, in seconds since 1970.
    pub(in crate::monitor) fn next_due(&self) -> Result<Option<u64>, Fault> {
        Ok(self.deadlines.first()?.map(|(key, _)| key.value().0))
    }

    /// Takes the first of what is due.
    pub(in crate::monitor) fn take_due(
        &mut self,
        now: u64,
    ) -> Result<Option<(Deadline, VerifiedEntry)>, Fault> {
        if self.next_due()?.is_none_or(|due| due > now) {
            return Ok(None);
        }
        let Some((key, bytes)) = self.deadlines.pop_first()? else { return Ok(None) };
        let (_, index, kind) = key.value();
        let deadline = match kind {
            0 => Deadline::Undeclared,
            1 => Deadline::Unlisted,
            _ => return Err(DAMAGED.into()),
        };
        Ok(Some((deadline, kept(index, bytes.value())?)))
    }

    pub(in crate::monitor) fn is_tracked(&self, name: &str) -> Result<bool, Fault> {
        Ok(self.tracked.get(name)?.is_some())
    }

    pub(in crate::monitor) fn track(&mut self, name: &str) -> Result<(), Fault> {
        self.tracked.insert(name, ())?;
        Ok(())
    }

    /// Whether all of the hashes were looked for; from now on they are.
    pub(super) fn know_hashes<'a>(
        &mut self,
        hashes: impl Iterator<Item = &'a Digest>,
    ) -> Result<bool, Fault> {
        let mut all = true;
        for sha256 in hashes {
            all &= self.tracked_hashes.insert(sha256.as_bytes(), ())?.is_some();
        }
        Ok(all)
    }
}

/// The digest that was logged first with this one, and where.
fn paired(pairs: &PairsTable<'_>, digest: &Digest) -> Result<Option<(Digest, u64)>, Fault> {
    let row = pairs.get(digest.as_bytes())?;
    Ok(row.map(|row| {
        let (other, index) = row.value();
        (Digest::from(*other), index)
    }))
}

/// An entry that was verified before it was kept.
pub(super) fn kept(index: u64, bytes: &[u8]) -> Result<VerifiedEntry, Fault> {
    let index = LeafIndex::new(index)?;
    Ok(VerifiedEntry::new(index, bytes::Bytes::copy_from_slice(bytes)))
}
