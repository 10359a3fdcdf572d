//! Looks up what a question needs.

use record::{Digest, Entry, ProjectName};
use tlog::VerifiedCheckpoint;

use super::{Evidence, Explanation, Question, explain};
use crate::answer::VerifiedLookup;
use crate::client::{Client, LookupKey};
use crate::entry::VerifiedEntry;
use crate::error::{Error, Undecided};
use crate::history;

/// An explanation and the newest checkpoint that it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// What happened.
    pub explanation: Explanation,
    /// The newest checkpoint of the look-ups.
    pub checkpoint: VerifiedCheckpoint,
}

/// Explains one question after the other by what a log knows.
#[derive(Debug)]
pub struct Explainer<'a> {
    client: &'a mut Client,
    /// The project asked for last: the questions of one text tend to be about few.
    project: Option<(ProjectName, Vec<VerifiedEntry>)>,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    entries: Vec<VerifiedEntry>,
    checkpoint: Option<VerifiedCheckpoint>,
    partial: bool,
}

impl<'a> Explainer<'a> {
    /// Will ask this client.
    pub const fn new(client: &'a mut Client) -> Explainer<'a> {
        Explainer { client, project: None }
    }

    /// Looks up everything that the question names, and explains it. `publisher` are the hashes that
    /// the publisher expects for the filename, if there are expectations.
    ///
    /// # Errors
    /// [`Error`] if the log gives no verified answer.
    pub async fn explain(
        &mut self,
        question: &Question,
        publisher: Option<&[Digest]>,
    ) -> Result<Explained, Error> {
        let mut found = Found::default();
        if let Some(project) = question.project() {
            self.look_up_project(project, &mut found).await?;
        }
        if let Some(filename) = &question.filename {
            self.look_up(LookupKey::File(filename.clone()), &mut found).await?;
        }
        for sha256 in question.hashes() {
            if !found.has_listed(sha256) {
                self.look_up(LookupKey::Sha256(*sha256), &mut found).await?;
            }
        }
        // A hash alone tells the project; what else happened there is worth knowing.
        if question.project().is_none()
            && let Some(project) = found.project()
        {
            self.look_up_project(project, &mut found).await?;
        }
        let checkpoint = match found.checkpoint {
            Some(checkpoint) => checkpoint,
            None => self.client.checkpoint().await?,
        };
        let entries: Vec<VerifiedEntry> =
            history::in_order(&found.entries).into_iter().cloned().collect();
        let evidence =
            Evidence { entries: &entries, partial: found.partial, publisher, coverage: None };
        Ok(Explained { explanation: explain(question, &evidence), checkpoint })
    }

    async fn look_up(&mut self, key: LookupKey, found: &mut Found) -> Result<(), Error> {
        let answer = self.client.lookup(&key).await?;
        found.add(&answer);
        Ok(())
    }

    async fn look_up_project(&mut self, name: ProjectName, found: &mut Found) -> Result<(), Error> {
        if let Some((_, entries)) = self.project.as_ref().filter(|(known, _)| *known == name) {
            found.entries.extend_from_slice(entries);
            return Ok(());
        }
        match self.client.lookup(&LookupKey::Project(name.clone())).await {
            Ok(answer) => {
                found.add(&answer);
                self.project = Some((name, answer.entries().to_vec()));
                Ok(())
            }
            Err(Error::Undecided(Undecided::TooMany(_))) => {
                found.partial = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

impl Found {
    fn add(&mut self, answer: &VerifiedLookup) {
        self.entries.extend_from_slice(answer.entries());
        // The client accepts no older checkpoint than it did before.
        self.checkpoint = Some(answer.checkpoint().clone());
    }

    fn has_listed(&self, sha256: &Digest) -> bool {
        let listed = |entry: &VerifiedEntry| {
            matches!(entry.entry(), Some(Entry::File(file)) if file.sha256 == *sha256)
        };
        self.entries.iter().any(listed)
    }

    fn project(&self) -> Option<ProjectName> {
        self.entries.iter().find_map(|entry| entry.entry()?.project().cloned())
    }
}
