//! The catalog: which entries of the log are about a project, a file or a hash, and the verifiable map
//! of them.
//!
//! It is derived, a deterministic function of the entries [0, cursor). It may be deleted at any time;
//! the owner applies the entries from the cursor on and gets the same catalog again, and the same root
//! of the map over the same entries, whatever batches they come in.
//!
//! New rows are gathered in memory, where they are found by their keys, and go into the database sorted, many at
//! a time.
//!
//! The map as of any size N is the rows with positions below N. One is the committed map, whose hashes
//! are at hand: [`Catalog::prepare_map`] makes the next, [`Catalog::commit_map`] puts it in place and
//! [`Catalog::map`] proves from it.

mod bulk;
mod catalog;
mod directory;
mod error;
mod known;
mod map;
mod memtable;
mod newest;
mod pages;
mod rows;
mod settings;
mod sorted;
mod spill;

pub use bulk::Bulk;
pub use catalog::{Catalog, Indexed};
pub use error::CatalogError;
pub use known::KnownKeys;
pub use map::{MapLookup, MapReader, PinnedMap, PreparedMap};
pub use pages::Pages;
pub use settings::Settings;
