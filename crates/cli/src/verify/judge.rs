//! From a file's path to a verdict.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use client::{
    Artifact, Client, Finding, Known, LookupKey, Undecided, VerifiedEntry, VerifiedLookup,
    coverage, decide,
};
use record::{Digest, EpochEntry, ProjectName, split_filename};
use sha2::{Digest as _, Sha256};
use tlog::VerifiedCheckpoint;

use crate::{freshness, progress};

/// What is to be added where a project could not be looked up. Its files could be, one by one.
const PROJECT_UNREAD: &str =
    "; not checked whether the project is quarantined: it has too many entries for one answer";

/// A file's name and hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hashed {
    /// Where it is.
    pub path: PathBuf,
    /// Last part of the path.
    pub filename: String,
    /// Hash of its bytes.
    pub sha256: Digest,
}

/// A file, and what the log says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Where the file is.
    pub path: PathBuf,
    /// What was judged.
    pub artifact: Artifact,
    /// The verdict.
    pub finding: Finding,
    /// The newest checkpoint that the verdict rests on.
    pub checkpoint: VerifiedCheckpoint,
    /// The oldest epoch that it rests on; `None` if the log did not show that its answers are complete.
    pub epoch: Option<EpochEntry>,
}

/// Judges files one after the other by what a log knows.
#[derive(Debug)]
pub struct Verifier<'a> {
    client: &'a mut Client,
    /// The project asked for last: files of one project tend to come together.
    project: Option<(ProjectName, VerifiedLookup)>,
}

impl<'a> Verifier<'a> {
    /// Will ask this client.
    pub const fn new(client: &'a mut Client) -> Verifier<'a> {
        Verifier { client, project: None }
    }

    /// Hashes a file and judges it.
    ///
    /// # Errors
    /// [`Failure`](crate::Failure) if the file cannot be read or the log gives no verified answer.
    pub async fn verify(&mut self, path: &Path) -> Result<Judged, crate::Failure> {
        let file = hash_file(path).map_err(|error| crate::Failure::file(path, error))?;
        Ok(self.judge(file).await?)
    }

    pub(super) async fn judge(&mut self, file: Hashed) -> Result<Judged, client::Error> {
        let sha256 = self.client.lookup(&LookupKey::Sha256(file.sha256)).await?;
        let filename = self.client.lookup(&LookupKey::File(file.filename.clone())).await?;
        let artifact = artifact(&file, filename.entries());
        let project = match &artifact.project {
            Some(project) => self.project(project).await?,
            None => None,
        };
        let unread = artifact.project.is_some() && project.is_none();
        let answers: Vec<&VerifiedLookup> =
            [&sha256, &filename].into_iter().chain(project).collect();
        let epoch = freshness::oldest(answers.iter().copied());
        let known = Known {
            filename: filename.entries(),
            sha256: sha256.entries(),
            project: project.map(VerifiedLookup::entries).unwrap_or_default(),
            expected: None,
            // What was not read may have the release.
            coverage: epoch.as_ref().filter(|_| !unread).and_then(coverage),
        };
        let mut finding = decide(&artifact, &known);
        if unread {
            finding.detail.push_str(PROJECT_UNREAD);
        }
        let checkpoint = answers
            .into_iter()
            .map(VerifiedLookup::checkpoint)
            .max_by_key(|checkpoint| checkpoint.head().size)
            .expect("at least two look-ups were made")
            .clone();
        Ok(Judged { path: file.path, finding, checkpoint, artifact, epoch })
    }

    /// All entries of a project; `None` if they are more than the log answers at once.
    async fn project(
        &mut self,
        name: &ProjectName,
    ) -> Result<Option<&VerifiedLookup>, client::Error> {
        let mut cached = self.project.take().filter(|(cached, _)| cached == name);
        if cached.is_none() {
            match self.client.lookup(&LookupKey::Project(name.clone())).await {
                Ok(found) => cached = Some((name.clone(), found)),
                Err(client::Error::Undecided(Undecided::TooMany(_))) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        self.project = cached;
        Ok(self.project.as_ref().map(|(_, found)| found))
    }
}

/// Project and version as logged for the filename, else as the filename says.
pub(super) fn artifact(file: &Hashed, entries: &[VerifiedEntry]) -> Artifact {
    let logged = entries.iter().rev().filter_map(VerifiedEntry::entry).find_map(|entry| {
        let version = client::version_of(entry).filter(|version| !version.is_empty())?;
        Some((entry.project()?.clone(), version.to_owned()))
    });
    let (project, version) = logged.or_else(|| split_filename(&file.filename, None)).unzip();
    Artifact {
        filename: file.filename.clone(),
        sha256: Some(file.sha256),
        project,
        version,
        from_index: None,
    }
}

/// Hashes a file of any size in little memory.
pub(super) fn hash_file(path: &Path) -> io::Result<Hashed> {
    let filename = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "a file on the index has a name in UTF-8")
    })?;
    let mut file = File::open(path)?;
    let bar = progress::of_file(filename, file.metadata()?.len());
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        bar.inc(read as u64);
    }
    bar.finish_and_clear();
    let sha256 = Digest::from(<[u8; Digest::SIZE]>::from(hasher.finalize()));
    Ok(Hashed { path: path.to_owned(), filename: filename.to_owned(), sha256 })
}
