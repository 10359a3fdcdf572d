//! What is kept of publishers and their releases.

use record::{Entry, Expected, Parsed, ProjectName};
use redb::{ReadableTable as _, ReadableTableMetadata as _};
use tlog::LeafIndex;

use super::tables::{Tables, kept};
use super::{DAMAGED, Fault};
use crate::entry::VerifiedEntry;

/// What is known of the provenance of a project's newest release, and of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::monitor) struct Provenance {
    pub(in crate::monitor) version: String,
    /// Bits: a file with provenance, a file without.
    pub(in crate::monitor) newest: u8,
    /// Those of the release before; 0 if there is none, or if the difference was reported.
    pub(in crate::monitor) before: u8,
}

impl Tables<'_> {
    /// Whether any project has keys.
    pub(in crate::monitor) fn has_keys(&self) -> Result<bool, Fault> {
        Ok(!self.keys.is_empty()?)
    }

    /// The key entries of a project that count, in the order of the log.
    pub(in crate::monitor) fn keys(
        &self,
        project: &ProjectName,
    ) -> Result<Vec<VerifiedEntry>, Fault> {
        let project = project.as_str();
        let mut found = Vec::new();
        for row in self.keys.range((project, 0)..=(project, u64::MAX))? {
            let (key, bytes) = row?;
            found.push(kept(key.value().1, bytes.value())?);
        }
        Ok(found)
    }

    pub(in crate::monitor) fn add_key(
        &mut self,
        project: &ProjectName,
        entry: &VerifiedEntry,
    ) -> Result<(), Fault> {
        self.keys.insert((project.as_str(), entry.index().get()), entry.bytes())?;
        Ok(())
    }

    /// The expectations of a file that count, in the order of the log.
    pub(in crate::monitor) fn expectations(
        &self,
        project: &ProjectName,
        filename: &str,
    ) -> Result<Vec<Expected>, Fault> {
        let first = (project.as_str(), filename, 0);
        let mut found = Vec::new();
        for row in self.expectations.range(first..=(first.0, first.1, u64::MAX))? {
            let (key, bytes) = row?;
            let index = LeafIndex::new(key.value().2)?;
            let Parsed::Known(Entry::Expected(entry)) = Entry::parse(bytes.value())? else {
                return Err(DAMAGED.into());
            };
            let (sha256, received) = (entry.sha256, entry.received);
            found.push(Expected { index, sha256, key: entry.key, received });
        }
        Ok(found)
    }

    pub(in crate::monitor) fn add_expectation(
        &mut self,
        project: &ProjectName,
        filename: &str,
        entry: &VerifiedEntry,
    ) -> Result<(), Fault> {
        let key = (project.as_str(), filename, entry.index().get());
        self.expectations.insert(key, entry.bytes())?;
        Ok(())
    }

    pub(in crate::monitor) fn provenance(
        &self,
        project: &ProjectName,
    ) -> Result<Option<Provenance>, Fault> {
        let row = self.provenance.get(project.as_str())?;
        Ok(row.map(|row| {
            let (version, newest, before) = row.value();
            Provenance { version: version.to_owned(), newest, before }
        }))
    }

    pub(in crate::monitor) fn set_provenance(
        &mut self,
        project: &ProjectName,
        known: &Provenance,
    ) -> Result<(), Fault> {
        let row = (known.version.as_str(), known.newest, known.before);
        self.provenance.insert(project.as_str(), row)?;
        Ok(())
    }
}
