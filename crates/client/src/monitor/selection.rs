//! What a monitor is asked to report.

use std::collections::BTreeSet;

use record::{Digest, ProjectName};

/// Whose entries are reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// What speaks of tampering, loss or a broken invariant anywhere.
    #[default]
    All,
    /// What happens to these, and nothing else.
    Chosen {
        /// Their owners want to hear of everything that is not as they expect it.
        projects: BTreeSet<ProjectName>,
        /// A redistributor wants to hear of every file that was ever logged with one of them.
        hashes: BTreeSet<Digest>,
    },
}

impl Selection {
    /// The projects and hashes; everything if there are none.
    pub fn of(
        projects: impl IntoIterator<Item = ProjectName>,
        hashes: impl IntoIterator<Item = Digest>,
    ) -> Selection {
        let (projects, hashes) =
            (projects.into_iter().collect::<BTreeSet<_>>(), hashes.into_iter().collect());
        let chosen = Selection::Chosen { projects, hashes };
        if chosen.is_empty() { Selection::All } else { chosen }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Selection::Chosen { projects, hashes } if projects.is_empty() && hashes.is_empty())
    }

    /// Whether everything is watched.
    pub const fn is_all(&self) -> bool {
        matches!(self, Selection::All)
    }

    pub(super) fn has_project(&self, project: &ProjectName) -> bool {
        matches!(self, Selection::Chosen { projects, .. } if projects.contains(project))
    }

    pub(super) fn has_hash(&self, sha256: &Digest) -> bool {
        matches!(self, Selection::Chosen { hashes, .. } if hashes.contains(sha256))
    }

    pub(super) fn hashes(&self) -> impl Iterator<Item = &Digest> {
        let hashes = match self {
            Selection::All => None,
            Selection::Chosen { hashes, .. } => Some(hashes),
        };
        hashes.into_iter().flatten()
    }
}
