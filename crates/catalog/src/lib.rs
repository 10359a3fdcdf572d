//! The catalog: which entries of the log are about a project, a file or a hash.
//!
//! It is derived, a deterministic function of the entries [0, cursor). It may be deleted at any time;
//! the owner applies the entries from the cursor on and gets the same catalog again.

mod catalog;
mod error;
mod rows;
mod settings;

pub use catalog::Catalog;
pub use error::CatalogError;
pub use settings::Settings;
