//! Durable storage of a log: its tiles, its entry bundles, its trusted head and its published
//! checkpoint, behind one trait.
//!
//! [`Store`] states the contract; [`MemoryStore`] is the strict and faulty version for tests,
//! [`RocksStore`] the one for disks, [`BucketStore`] the one for object storage. [`conformance`] is the test suite that every backend passes.
//!
//! ```
//! use store::{MemoryStore, Store as _};
//! use tlog::TreeHead;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let store = MemoryStore::create();
//! assert_eq!(store.head().await?, TreeHead::EMPTY);
//! # Ok::<(), store::StoreError>(())
//! # }).unwrap();
//! ```

mod bucket;
mod error;
mod halt;
mod memory;
#[cfg(feature = "rocksdb")]
mod rocks;
mod rules;
mod store;
mod width;

pub mod conformance;

pub use bucket::{BucketStore, PublicObjects, Seen};
pub use error::{Cause, Misuse, StoreError};
pub use memory::{Fault, MemoryStore, Operation};
#[cfg(feature = "rocksdb")]
pub use rocks::{RocksSettings, RocksStore};
pub use store::{Batch, Store};
