//! The part of admission that needs no order, so that all cores share it: what each fact is about, whether the log
//! knew of it, and the entry of a file that it did not know.

use std::sync::Arc;

use catalog::{Catalog, CatalogError};
use futures::future::try_join;
use record::{Entry, EntryError, Fact, FileEntry, MapKey, StatusFact, Timestamp};
use tlog::TreeSize;

use super::batch::{EntryBuffer, NewEntry};
use crate::derived::blocking;

/// Facts that are not worth a second thread.
const FEW: usize = 64;

/// A fact, with what can be found out about it before its turn.
pub(super) enum Prepared {
    /// A listed file that the log did not know: its entry, if it is the first of its name.
    NewFile(MapKey, NewEntry),
    /// Whatever else is said of a file, and whether the log knew it.
    File { key: MapKey, fact: Box<Fact>, is_logged: bool },
    /// The status of a project or a release.
    Status(Box<StatusFact>),
    /// No entry can hold it.
    Refused(EntryError),
}

/// What facts are compared with, and the time at which they were observed.
#[derive(Clone)]
pub(super) struct Preparation {
    pub(super) catalog: Arc<Catalog>,
    /// Entries of the log that are compared: the first ones.
    pub(super) size: TreeSize,
    pub(super) observed: Timestamp,
}

impl Preparation {
    /// Prepares the facts of several submissions, in their order.
    ///
    /// # Errors
    /// [`CatalogError`] if the catalog can not be read.
    pub(super) async fn prepare(
        self,
        submissions: Vec<Vec<Fact>>,
    ) -> Result<Vec<Vec<Prepared>>, CatalogError> {
        let counts: Vec<usize> = submissions.iter().map(Vec::len).collect();
        let mut facts: Vec<Fact> = submissions.into_iter().flatten().collect();
        let mut prepared = if facts.len() < FEW {
            self.prepare_share(facts)?
        } else {
            let (half, other) = (facts.split_off(facts.len() / 2), self.clone());
            let shares = try_join(
                blocking(move || self.prepare_share(facts)),
                blocking(move || other.prepare_share(half)),
            );
            let (mut prepared, half) = shares.await?;
            prepared.extend(half);
            prepared
        }
        .into_iter();
        Ok(counts.into_iter().map(|count| prepared.by_ref().take(count).collect()).collect())
    }

    fn prepare_share(&self, facts: Vec<Fact>) -> Result<Vec<Prepared>, CatalogError> {
        let keys: Vec<MapKey> = facts.iter().filter_map(Fact::filename).map(MapKey::file).collect();
        let are_logged = self.catalog.known_keys(self.size)?.has_each(&keys)?;
        let mut of_files = keys.into_iter().zip(are_logged);
        let mut buffer = EntryBuffer::for_entries(facts.len());
        let prepare = |fact: Fact| {
            if fact.filename().is_none() {
                let Fact::Status(status) = fact else { unreachable!("only a status has no file") };
                return Prepared::Status(Box::new(status));
            }
            let (key, is_logged) = of_files.next().expect("each fact of a file has a key");
            match fact {
                Fact::Listed(file) if !is_logged => {
                    let entry = Entry::File(FileEntry::first_sight(file, self.observed, None));
                    match buffer.hashed(&entry) {
                        Ok(hashed) => Prepared::NewFile(key, NewEntry::new(hashed, &entry, false)),
                        Err(refusal) => Prepared::Refused(refusal),
                    }
                }
                fact => Prepared::File { key, fact: Box::new(fact), is_logged },
            }
        };
        Ok(facts.into_iter().map(prepare).collect())
    }
}
