//! The verifiable map: hashes of buckets of neighbouring keys, beside the rows.
//!
//! The *committed* map is the one whose hashes are kept. Its buckets are stored and stand in memory as
//! a [`BucketTree`]; what is inside a bucket is read from the rows and hashed again when it is needed.
//! Buckets with many keys have the hashes of their smaller [`parts`] beside them, so that this is a few rows.
//! So the next map costs the parts that were touched since, which the marks name, and a proof costs
//! one part. Losing hashes never means losing truth, and marks are written with their rows: whatever
//! is interrupted, the next map is made from what is there.

mod bucket;
mod hashing;
mod long;
mod parts;
mod prepare;
mod reader;
mod scan;
mod stored;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use record::BucketTree;
use tlog::TreeSize;

use self::long::LongKeys;
pub use self::prepare::PreparedMap;
pub use self::reader::{MapLookup, MapReader, PinnedMap};
use crate::error::CatalogError;

/// The map over the first entries of the log.
#[derive(Debug)]
pub(crate) struct Map {
    size: TreeSize,
    tree: BucketTree,
}

/// The committed map of a catalog. Who reads keeps what was committed when they began.
#[derive(Debug)]
pub(crate) struct Committed {
    newest: RwLock<Arc<Map>>,
    /// Held by whoever commits.
    writer: Mutex<()>,
    long: LongKeys,
}

/// Rows and hashes that do not fit together: what the map's maths refuses of a catalog is its fault.
fn damaged(_: impl Error) -> CatalogError {
    CatalogError::Damaged("its rows and the hashes of the map do not fit together")
}

impl Committed {
    fn new(map: Map) -> Committed {
        Committed {
            newest: RwLock::new(Arc::new(map)),
            writer: Mutex::new(()),
            long: LongKeys::default(),
        }
    }

    fn newest(&self) -> Arc<Map> {
        Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, map: Arc<Map>) {
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = map;
    }
}

impl Default for Committed {
    /// The map over no entries.
    fn default() -> Committed {
        let size = TreeSize::ZERO;
        Committed::new(Map { size, tree: BucketTree::empty(bucket::bits_for(size)) })
    }
}
