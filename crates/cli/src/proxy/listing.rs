//! A project's page, judged.

use std::collections::HashSet;
use std::sync::Arc;

use hyper::header::HeaderValue;
use record::{Digest, ProjectName};
use tokio::time::Instant;

use super::Unobserved;
use super::facts::{Facts, Proven, Standing};
use super::page::{Metadata, Offer, Offered, Page, PageFile};

/// A page of the index, and how its files stand with the log.
#[derive(Debug)]
pub(super) struct Listing {
    /// The project.
    pub(super) project: ProjectName,
    /// The page.
    pub(super) page: Arc<Page>,
    /// Of each file of the page.
    standings: Vec<Standing>,
    /// Whether a publisher speaks for the project.
    pub(super) has_publisher: bool,
    /// The index's validator of the page.
    pub(super) etag: Option<HeaderValue>,
    /// The index's serial.
    pub(super) serial: Option<HeaderValue>,
    /// When the index was asked.
    pub(super) read: Instant,
}

/// What came with a page.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The index's validator.
    pub(super) etag: Option<HeaderValue>,
    /// The index's serial.
    pub(super) serial: Option<HeaderValue>,
}

impl Listing {
    /// Judges every file of a page; without facts they are judged when they are downloaded.
    pub(super) fn judge(
        project: ProjectName,
        page: Arc<Page>,
        origin: Origin,
        facts: Option<&Facts>,
        read: Instant,
    ) -> Listing {
        let judge = |file| facts.map_or(Standing::Unasked, |facts| facts.judge(file, &project));
        let standings = page.files.iter().map(judge).collect();
        let Origin { etag, serial } = origin;
        let has_publisher = facts.is_some_and(Facts::has_publisher);
        Listing { project, page, standings, has_publisher, etag, serial, read }
    }

    /// A file of the page, and how it stands. Of several with one name it is the one with this hash,
    /// if there is one.
    pub(super) fn file(
        &self,
        filename: &str,
        sha256: Option<&Digest>,
    ) -> Option<(&PageFile, &Standing)> {
        let named = || self.files().filter(|(file, _)| file.filename == filename);
        let exact = named().find(|(file, standing)| expected(file, standing).as_ref() == sha256);
        exact.or_else(|| named().next())
    }

    fn files(&self) -> impl Iterator<Item = (&PageFile, &Standing)> {
        self.page.files.iter().zip(&self.standings)
    }

    /// What installers get to see. A release of which nothing can be had stays visible as yanked, with
    /// the reason: who insists on it is told by the installer why there is nothing to install.
    pub(super) fn offer(&self, unobserved: Unobserved) -> Offer<'_> {
        let is_open = |standing: &Standing| match standing {
            Standing::Bad(_) => false,
            Standing::Unseen(_) => unobserved != Unobserved::Refuse,
            Standing::Proven(_) | Standing::Unasked => true,
        };
        let open = self.files().filter(|(_, standing)| is_open(standing));
        let open: HashSet<&str> = open.map(|(file, _)| file.version.as_str()).collect();
        let mut files = Vec::with_capacity(self.standings.len());
        let unusable = self.page.unusable.iter();
        let mut left_out: Vec<(&str, &str)> =
            unusable.map(|(name, why)| (name.as_str(), why.as_str())).collect();
        for (file, standing) in self.files() {
            let sha256 = expected(file, standing);
            let closed = standing.why().filter(|_| !is_open(standing));
            let metadata = offered_metadata(file, standing).filter(|_| closed.is_none());
            if let Some(why) = closed {
                left_out.push((&file.filename, why));
            }
            let gone = file.version.is_empty() || open.contains(file.version.as_str());
            if closed.is_none() || !gone {
                files.push(Offered { file, sha256, metadata, withdrawn: closed });
            }
        }
        Offer { project: &self.project, page: &self.page, files, left_out }
    }
}

impl Standing {
    /// What speaks against the file.
    pub(super) fn why(&self) -> Option<&str> {
        match self {
            Standing::Bad(why) | Standing::Unseen(why) => Some(why),
            Standing::Proven(_) | Standing::Unasked => None,
        }
    }
}

/// The hash that the file's bytes have to have: the index's, or the log's where the index states none.
pub(super) fn expected(file: &PageFile, standing: &Standing) -> Option<Digest> {
    let logged = match standing {
        Standing::Proven(Proven { sha256, .. }) => Some(*sha256),
        _ => None,
    };
    file.sha256.or(logged)
}

/// The hash of the core metadata, if the index has any and nothing contradicts it. Installers that are
/// offered none read them from the file itself, which is checked.
pub(super) fn offered_metadata(file: &PageFile, standing: &Standing) -> Option<Digest> {
    let logged = match standing {
        Standing::Proven(proven) => proven.metadata,
        _ => None,
    };
    match file.metadata? {
        Metadata::Hashed(stated) => Some(stated).filter(|hash| logged.is_none_or(|l| l == *hash)),
        Metadata::Unhashed => logged,
    }
}
