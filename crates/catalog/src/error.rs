//! What can go wrong with a catalog.

use record::EntryError;
use thiserror::Error;
use tlog::{LeafIndex, TooLarge, TreeSize};

/// A catalog could not be opened, extended or asked.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// A map over fewer entries than the committed one can not be committed after it; nothing was done.
    #[error("the committed map is over {committed} entries, none over {size} can follow it")]
    Backwards {
        /// Entries of the committed map.
        committed: TreeSize,
        /// Entries asked for.
        size: TreeSize,
    },
    /// The caller asks for entries that were not applied yet.
    #[error("the catalog holds the entries below {cursor}, not yet those below {below}")]
    Behind {
        /// Entries applied.
        cursor: TreeSize,
        /// Entries asked for.
        below: TreeSize,
    },
    /// The catalog's own data is damaged; delete the directory, it is rebuilt from the log.
    #[error("the catalog is damaged and can be deleted, it is rebuilt from the log: {0}")]
    Damaged(&'static str),
    /// The database reports an error.
    #[error("the catalog's database: {0}")]
    Database(#[from] rocksdb::Error),
    /// The log holds bytes that are no entry; nothing of the batch was applied.
    #[error("the log's entry {position} is malformed: {source}")]
    Entry {
        /// Its position.
        position: LeafIndex,
        /// What is wrong with it.
        source: EntryError,
    },
    /// Written by another version of this program; delete the directory, it is rebuilt from the log.
    #[error(
        "the catalog has format {found:?}, this program reads {expected:?}; it can be deleted, it is \
         rebuilt from the log"
    )]
    Format {
        /// What this program reads.
        expected: &'static str,
        /// What the directory holds.
        found: String,
    },
    /// The entries do not continue those applied; nothing was changed.
    #[error("the next entry of the catalog is {cursor}, not {first}")]
    NotNext {
        /// Entries applied, so the position of the next.
        cursor: TreeSize,
        /// Position of the first entry offered.
        first: LeafIndex,
    },
    /// The directory belongs to another log.
    #[error("the catalog is that of the log {found:?}, not of {expected:?}")]
    OtherLog {
        /// Origin of the log it was opened for.
        expected: String,
        /// Origin it holds.
        found: String,
    },
    /// The rows of very many entries could not be kept on disk until they are sorted; nothing was changed.
    #[error("the catalog's directory does not hold the rows that are to be sorted")]
    Spool(#[from] std::io::Error),
    /// Another map was committed after this one was prepared; nothing was changed. Prepare it again.
    #[error("another map was committed since this one was prepared: prepare it again")]
    Superseded,
    /// More entries than a log can have.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A key has more entries than the caller wants to know of.
    #[error("the key has more than {limit} entries")]
    TooManyPositions {
        /// How many the caller takes.
        limit: usize,
    },
}
