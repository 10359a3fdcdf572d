//! What is called how.

use std::fmt::Display;

use object_store::path::Path;
use tlog::TilePath;

use super::head_object::Token;

/// Names below the prefix of a log.
pub(super) struct Names(Path);

impl Names {
    pub(super) fn new(prefix: &str) -> Names {
        Names(Path::from(prefix))
    }

    pub(super) fn head(&self) -> Path {
        self.name(&"private/head")
    }

    pub(super) fn staged(&self, token: &Token) -> Path {
        self.name(&format_args!("private/staged/{token}"))
    }

    /// An object on which the object store is tried out.
    pub(super) fn probe(&self, token: &Token) -> Path {
        self.name(&format_args!("private/probe/{token}"))
    }

    pub(super) fn checkpoint(&self) -> Path {
        self.public("checkpoint")
    }

    pub(super) fn object(&self, path: &TilePath) -> Path {
        self.public(&path.to_string())
    }

    /// An object that everybody may read, by its path below the log's prefix.
    pub(super) fn public(&self, path: &str) -> Path {
        self.name(&format_args!("public/{path}"))
    }

    fn name(&self, below: &dyn Display) -> Path {
        Path::from(format!("{}/{below}", self.0))
    }
}
