//! What counts of all that a log has about a project's publisher.

use record::{LookupKey, ProjectName, PublisherState, StatementRefusal};
use tlog::{LeafIndex, VerifiedCheckpoint};

use crate::client::Client;
use crate::entry::VerifiedEntry;
use crate::error::{Error, Undecided};

/// What a project's publisher has said, as everybody finds it who reads the project's entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// What counts.
    pub state: PublisherState,
    /// What does not count, and why. An honest log has none.
    pub refused: Vec<(LeafIndex, StatementRefusal)>,
}

impl Publisher {
    /// Reads entries of the log with this origin, which are in its order. If there are others that have
    /// the project's name, what comes out means nothing.
    pub fn read<'a>(
        origin: &str,
        project: ProjectName,
        entries: impl IntoIterator<Item = &'a VerifiedEntry>,
    ) -> Publisher {
        let (state, refused) = (PublisherState::new(origin, project), Vec::new());
        let mut publisher = Publisher { state, refused };
        for verified in entries {
            let (index, Some(entry)) = (verified.index(), verified.entry()) else { continue };
            if let Err(refusal) = publisher.state.apply(index, entry) {
                publisher.refused.push((index, refusal));
            }
        }
        publisher
    }

    /// Whether anybody ever spoke for the project.
    pub fn has_spoken(&self) -> bool {
        !self.state.ring().keys().is_empty()
    }
}

impl Client {
    /// What the publisher of a project has said, by all entries that the log has of the project.
    ///
    /// # Errors
    /// [`Error`] if there is no answer that is verified, and [`Undecided::Incomplete`] if the log does not
    /// show that it is complete: a revocation may be missing.
    pub async fn publisher(
        &mut self,
        project: &ProjectName,
    ) -> Result<(Publisher, VerifiedCheckpoint), Error> {
        let found = self.lookup(&LookupKey::Project(project.clone())).await?;
        if found.completeness().is_none() {
            return Err(Undecided::Incomplete(format!("project {project}")).into());
        }
        let origin = found.checkpoint().origin();
        let publisher = Publisher::read(origin, project.clone(), found.entries());
        Ok((publisher, found.checkpoint().clone()))
    }
}
