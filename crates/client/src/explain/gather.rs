//! Looks up what a question needs.

use std::collections::BTreeSet;

use record::{Digest, Entry, LookupKey, ProjectName};
use tlog::VerifiedCheckpoint;

use super::{Explanation, Known, Question, explain};
use crate::answer::VerifiedLookup;
use crate::client::Client;
use crate::complete::coverage;
use crate::decide::Coverage;
use crate::entry::VerifiedEntry;
use crate::error::{Error, Undecided};
use crate::history;
use crate::publish::Publisher;

/// Most filenames that are looked up because they were logged with a stated hash.
const MAX_NAMES: usize = 64;

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
    project: Option<(ProjectName, VerifiedLookup)>,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    /// Projects of which all entries were read.
    projects: Vec<ProjectName>,
    entries: Vec<VerifiedEntry>,
    checkpoint: Option<VerifiedCheckpoint>,
    /// What the least of the answers covers; `None` if one of them is not known to be complete.
    coverage: Option<Coverage>,
    partial: bool,
}

impl<'a> Explainer<'a> {
    /// Will ask this client.
    pub const fn new(client: &'a mut Client) -> Explainer<'a> {
        Explainer { client, project: None }
    }

    /// Looks up everything that the question names, and explains it. `publisher` are the hashes that
    /// the publisher expects for the filename, where that is not left to the log.
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
        // Nor may another hash of the same file be overlooked because nobody named the file.
        for filename in found.unread_names(question) {
            self.look_up(LookupKey::File(filename), &mut found).await?;
        }
        let checkpoint = match found.checkpoint {
            Some(checkpoint) => checkpoint,
            None => self.client.checkpoint().await?,
        };
        let entries: Vec<VerifiedEntry> =
            history::in_order(&found.entries).into_iter().cloned().collect();
        let Found { coverage, partial, .. } = found;
        let expected = self.expected(question);
        let publisher = publisher.or(expected.as_deref());
        let known = Known { entries: &entries, partial, publisher, coverage };
        Ok(Explained { explanation: explain(question, &known), checkpoint })
    }

    /// What the publisher expects of the file in question, by the project that was looked up.
    fn expected(&self, question: &Question) -> Option<Vec<Digest>> {
        let (project, answer) = self.project.as_ref()?;
        let origin = answer.checkpoint().origin();
        let publisher = Publisher::read(origin, project.clone(), answer.entries());
        let hashes = publisher.state.expected_hashes(question.filename.as_ref()?);
        Some(hashes).filter(|hashes| !hashes.is_empty())
    }

    async fn look_up(&mut self, key: LookupKey, found: &mut Found) -> Result<(), Error> {
        let answer = self.client.lookup(&key).await?;
        found.add(&answer);
        Ok(())
    }

    async fn look_up_project(&mut self, name: ProjectName, found: &mut Found) -> Result<(), Error> {
        if let Some((_, answer)) = self.project.as_ref().filter(|(known, _)| *known == name) {
            found.add(answer);
            found.projects.push(name);
            return Ok(());
        }
        match self.client.lookup(&LookupKey::Project(name.clone())).await {
            Ok(answer) => {
                found.add(&answer);
                found.projects.push(name.clone());
                self.project = Some((name, answer));
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
        let covered = answer.completeness().and_then(|complete| coverage(complete.epoch()));
        self.coverage =
            if self.checkpoint.is_none() { covered } else { covered.and(self.coverage) };
        let size = answer.checkpoint().head().size;
        if self.checkpoint.as_ref().is_none_or(|known| known.head().size <= size) {
            self.checkpoint = Some(answer.checkpoint().clone());
        }
    }

    fn has_listed(&self, sha256: &Digest) -> bool {
        let listed = |entry: &VerifiedEntry| matches!(entry.entry(), Some(Entry::File(file)) if file.sha256 == *sha256);
        self.entries.iter().any(listed)
    }

    /// Files with a stated hash of which not all entries were read.
    fn unread_names(&mut self, question: &Question) -> Vec<String> {
        let unread = |entry: &VerifiedEntry| match entry.entry()? {
            Entry::File(file) => {
                let stated = question.hashes().any(|hash| *hash == file.sha256);
                let read = self.projects.contains(&file.project)
                    || question.filename.as_ref() == Some(&file.filename);
                (stated && !read).then(|| file.filename.clone())
            }
            _ => None,
        };
        let names: BTreeSet<String> = self.entries.iter().filter_map(unread).collect();
        self.partial |= names.len() > MAX_NAMES;
        names.into_iter().take(MAX_NAMES).collect()
    }

    fn project(&self) -> Option<ProjectName> {
        self.entries.iter().find_map(|entry| entry.entry()?.project().cloned())
    }
}
