//! What is remembered of a file on one page.

use record::{Digest, ProjectName, split_filename};
use tlog::LeafIndex;

const LISTED: u8 = 1;
const IMPORTED: u8 = 2;

/// What a page said of a file last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::monitor) struct Sighting {
    pub(in crate::monitor) listed: bool,
    /// Whether it is known from a data set alone.
    pub(in crate::monitor) imported: bool,
    /// Position of the entry with this hash.
    pub(in crate::monitor) index: LeafIndex,
    pub(in crate::monitor) sha256: Digest,
    pub(in crate::monitor) blake2b: Option<Digest>,
}

impl Sighting {
    /// Whether what comes `via` a data set, or from the index itself, replaces it: imports never overrule
    /// what the log saw.
    pub(in crate::monitor) const fn yields_to(&self, via: Option<&String>) -> bool {
        via.is_none() || self.imported
    }

    /// A byte of flags, the position in big-endian, the hash, and BLAKE2b-256 if it is known.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let listed = if self.listed { LISTED } else { 0 };
        let imported = if self.imported { IMPORTED } else { 0 };
        let mut bytes = vec![listed | imported];
        bytes.extend(self.index.get().to_be_bytes());
        bytes.extend(self.sha256.as_bytes());
        bytes.extend(self.blake2b.iter().flat_map(Digest::as_bytes));
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Sighting> {
        let (flags, rest) = bytes.split_first()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (sha256, rest) = rest.split_first_chunk::<{ Digest::SIZE }>()?;
        let blake2b = match rest {
            [] => None,
            rest => Some(Digest::from(<[u8; Digest::SIZE]>::try_from(rest).ok()?)),
        };
        Some(Sighting {
            listed: flags & LISTED != 0,
            imported: flags & IMPORTED != 0,
            index: LeafIndex::new(u64::from_be_bytes(*index)).ok()?,
            sha256: Digest::from(*sha256),
            blake2b,
        })
    }
}

/// Key of a file on a page: the filename, and the project behind U+0000 if the name is not one of its own.
pub(super) fn page_key(filename: &str, project: &ProjectName) -> String {
    let own = split_filename(filename, Some(project)).is_some();
    if own { filename.to_owned() } else { format!("{filename}\0{project}") }
}
