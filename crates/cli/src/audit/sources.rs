//! What is to be audited: pins of files, distributions, and folders of distributions.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use client::Artifact;
use client::audit::{OrigTarball, Pins};
use record::{Distribution, ProjectName, split_filename};

use crate::failure::Failure;
use crate::hashing;
use crate::output::{count, printable};
use crate::pins;

/// A file to be judged, and where it is pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// The source that pins it, or the file itself.
    pub(super) path: String,
    /// Line of the source, from 1.
    pub(super) line: Option<u64>,
    /// The file.
    pub(super) artifact: Artifact,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) path: String,
    pub(super) line: Option<u64>,
    pub(super) reason: String,
}

/// Everything that is to be audited.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) items: Vec<Item>,
    pub(super) problems: Vec<Problem>,
    /// Sources that were read: includes may go in circles.
    seen: BTreeSet<PathBuf>,
}

impl Sources {
    /// Reads all paths. What cannot be read is told at once, and the others are none the worse for it.
    ///
    /// # Errors
    /// [`Failure`] if a release is stated, and the path is no distribution.
    pub(super) fn read(
        paths: &[PathBuf],
        release: Option<&(ProjectName, String)>,
    ) -> Result<Sources, Failure> {
        let mut sources = Sources::default();
        for path in paths {
            if let Some(release) = release {
                if !is_distribution(path) {
                    return Err(Failure::undecided(
                        "--project and --version are of a source archive",
                    )
                    .with_hint("Lock files and recipes say themselves what they pin."));
                }
                sources.add_distribution(path, Some(release));
            } else if path == Path::new("-") {
                sources.add_source(path, None);
            } else if path.is_dir() {
                sources.add_folder(path);
            } else if is_distribution(path) {
                sources.add_distribution(path, None);
            } else {
                sources.add_source(path, None);
            }
        }
        Ok(sources)
    }

    /// Hashes every distribution of a folder and the folders in it.
    fn add_folder(&mut self, folder: &Path) {
        let mut folders = vec![folder.to_owned()];
        let mut others = 0;
        while let Some(folder) = folders.pop() {
            let listed = fs::read_dir(&folder)
                .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
            let mut paths: Vec<PathBuf> = match listed {
                Ok(paths) => paths,
                Err(error) => {
                    self.problem(&folder, None, &error);
                    continue;
                }
            };
            paths.sort();
            for path in paths {
                // A link to a folder may lead back.
                if path.is_dir() {
                    folders.extend((!path.is_symlink()).then_some(path));
                } else if is_distribution(&path) {
                    self.add_distribution(&path, None);
                } else {
                    others += 1;
                }
            }
        }
        if others > 0 {
            let others = count(others, "file is no distribution", "files are no distributions");
            tell(&format!("{}: {others}; not audited", folder.display()));
        }
    }

    /// Hashes a file. A stated release counts, else the one that a redistributor's name for it tells; its
    /// name counts only if it is one of that release.
    fn add_distribution(&mut self, path: &Path, release: Option<&(ProjectName, String)>) {
        match hashing::hash_file(path) {
            Ok(file) => {
                let mut artifact = file.artifact();
                let renamed = release_of_renamed(&file.filename);
                if let Some((project, version)) = release.or(renamed.as_ref()) {
                    let named = split_filename(&file.filename, Some(project));
                    artifact.filename = artifact
                        .filename
                        .filter(|_| named.is_some_and(|(_, named)| named == *version));
                    artifact.project = Some(project.clone());
                    artifact.version = Some(version.clone());
                }
                self.items.push(Item { path: path.display().to_string(), line: None, artifact });
            }
            Err(error) => self.problem(path, None, &error),
        }
    }

    /// Reads the pins of a source, and of the sources that it includes.
    fn add_source(&mut self, path: &Path, included: Option<(&Path, u64)>) {
        let seen = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if !self.seen.insert(seen) {
            return;
        }
        let problem = match pins::read(path) {
            Ok(pins) => return self.add_pins(path, pins),
            Err(problem) => problem,
        };
        if let Some((by, line)) = included {
            let reason = format!("cannot use {}, which it includes: {problem}", path.display());
            self.problem(by, Some(line), &reason);
        } else {
            self.problem(path, problem.line, &problem.reason);
        }
    }

    fn add_pins(&mut self, path: &Path, pins: Pins) {
        let name = path.display().to_string();
        self.items.extend(pins.pins.into_iter().map(|pin| Item {
            path: name.clone(),
            line: pin.line,
            artifact: Artifact::from(pin),
        }));
        for mentioned in pins.mentioned {
            let folder = path.parent().unwrap_or(Path::new(""));
            self.add_source(&folder.join(&mentioned.target), Some((path, mentioned.line)));
        }
    }

    fn problem(&mut self, path: &Path, line: Option<u64>, reason: &impl ToString) {
        let (path, reason) = (path.display().to_string(), reason.to_string());
        let problem = Problem { path, line, reason };
        tell(&format!("error: {}: {}", problem.place(), problem.reason));
        self.problems.push(problem);
    }
}

impl Problem {
    /// Path and line.
    pub(super) fn place(&self) -> String {
        place(&self.path, self.line)
    }
}

impl Item {
    /// Path and line.
    pub(super) fn place(&self) -> String {
        place(&self.path, self.line)
    }

    /// What the file is called: its name, else its release, else its hash.
    pub(super) fn name(&self) -> String {
        let Artifact { filename, project, version, sha256, .. } = &self.artifact;
        match (filename, project, version, sha256) {
            (Some(filename), ..) => filename.clone(),
            (None, Some(project), Some(version), _) => format!("{project} {version}"),
            (None, Some(project), None, _) => project.to_string(),
            (None, None, _, Some(sha256)) => sha256.to_string(),
            (None, None, _, None) => "a file without a name".to_owned(),
        }
    }
}

/// The release that a redistributor's name for its archive tells.
fn release_of_renamed(filename: &str) -> Option<(ProjectName, String)> {
    let tarball = OrigTarball::parse(filename)?;
    Some((tarball.projects().first()?.clone(), tarball.version().to_owned()))
}

fn place(path: &str, line: Option<u64>) -> String {
    line.map_or_else(|| path.to_owned(), |line| format!("{path}:{line}"))
}

fn is_distribution(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| Distribution::of(name).is_some())
}

/// Tells a person something beside the data.
fn tell(text: &str) {
    // There is nobody left to tell if standard error is closed.
    let _ = writeln!(io::stderr(), "{}", printable(text));
}
