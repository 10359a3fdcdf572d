//! The state on disk: two text files, each replaced as a whole and closed by a digest of itself.
//!
//! ```text
//! progress.json   one line of JSON: cursors, coverage, doubts
//! projects.tsv    one line per project: name, serial or "-", validator or "-"
//! ```
//!
//! The last line of each is `sha256` and the digest of all lines before it.

use std::fs::{self, File};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};

use record::{Digest, ProjectName};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::{Known, Progress, ProjectKey, State};

const PROGRESS: &str = "progress.json";
const PROJECTS: &str = "projects.tsv";
const SEAL: &str = "sha256 ";
const NOTHING: &str = "-";

/// The state directory cannot be used.
#[derive(Debug, Error)]
#[error("cannot use the observer's state in {path}: {error}")]
pub struct StateError {
    path: String,
    error: io::Error,
}

/// Where the state is kept.
#[derive(Clone, Debug)]
pub(crate) struct StateFiles {
    folder: PathBuf,
}

impl StateFiles {
    /// Uses a folder, which is created if there is none.
    pub(crate) fn open(folder: &Path) -> Result<StateFiles, StateError> {
        let files = StateFiles { folder: folder.to_owned() };
        fs::create_dir_all(folder).map_err(|error| files.error(error))?;
        Ok(files)
    }

    /// Reads the state for an index. What is missing, damaged or another index's is started over
    /// with a warning: that costs a full reading and loses nothing.
    pub(crate) fn load(&self, source: &str) -> Result<State, StateError> {
        let projects = self.read(PROJECTS, parse_projects)?;
        let progress = self.read(PROGRESS, parse_progress)?;
        let intact = projects.is_some();
        let mut state =
            State { known: projects.unwrap_or_default(), progress: Progress::default() };
        match progress {
            Some(progress) if intact && progress.source == source => state.progress = progress,
            Some(progress) => {
                if progress.source != source {
                    tracing::warn!("the state is of {}; reading {source} anew", progress.source);
                }
                state.start_over(source);
            }
            None => state.start_over(source),
        }
        Ok(state)
    }

    /// Replaces the file of cursors and doubts.
    pub(crate) fn save_progress(&self, progress: &[u8]) -> Result<(), StateError> {
        self.replace(PROGRESS, progress).map_err(|error| self.error(error))
    }

    /// Replaces the file of projects.
    pub(crate) fn save_projects(&self, projects: &[u8]) -> Result<(), StateError> {
        self.replace(PROJECTS, projects).map_err(|error| self.error(error))
    }

    /// That something failed here.
    pub(crate) fn error(&self, error: io::Error) -> StateError {
        StateError { path: self.folder.display().to_string(), error }
    }

    /// Reads a file; `None` if it is missing or damaged. A damaged one is set aside for whoever
    /// asks why.
    fn read<T>(
        &self,
        name: &str,
        parse: fn(&mut SealedLines<BufReader<File>>) -> io::Result<T>,
    ) -> Result<Option<T>, StateError> {
        let path = self.folder.join(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.error(error)),
        };
        let mut lines = SealedLines::new(BufReader::new(file));
        match parse(&mut lines) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                tracing::warn!("{} is damaged ({error}); starting over", path.display());
                let aside = self.folder.join(format!("{name}.damaged"));
                fs::rename(&path, aside).map_err(|error| self.error(error))?;
                Ok(None)
            }
            Err(error) => Err(self.error(error)),
        }
    }

    fn replace(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let (new, path) = (self.folder.join(format!("{name}.new")), self.folder.join(name));
        let mut file = File::create(&new)?;
        file.write_all(content)?;
        writeln!(file, "{SEAL}{}", Digest::sha256(content))?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(&self.folder)?.sync_all()
    }
}

/// The lines of a file that ends with its own digest.
struct SealedLines<R> {
    reader: R,
    hasher: Sha256,
    line: String,
}

impl<R: io::BufRead> SealedLines<R> {
    fn new(reader: R) -> SealedLines<R> {
        SealedLines { reader, hasher: Sha256::new(), line: String::new() }
    }

    /// The next line without its end; `None` after the last, once the digest has been found right.
    fn next(&mut self) -> io::Result<Option<&str>> {
        self.line.clear();
        self.reader.read_line(&mut self.line)?;
        let line = self.line.strip_suffix('\n').ok_or_else(|| damaged("it is cut off"))?;
        let Some(stated) = line.strip_prefix(SEAL) else {
            self.hasher.update(self.line.as_bytes());
            return Ok(Some(line));
        };
        let computed = Digest::from(<[u8; 32]>::from(self.hasher.finalize_reset()));
        if stated != computed.to_string() || !self.reader.fill_buf()?.is_empty() {
            return Err(damaged("its digest does not match"));
        }
        Ok(None)
    }
}

/// The line of JSON with the cursors and doubts.
pub(crate) fn format_progress(progress: &Progress) -> Vec<u8> {
    let mut line =
        serde_json::to_vec(progress).expect("numbers, texts and maps with text keys are JSON");
    line.push(b'\n');
    line
}

fn parse_progress(lines: &mut SealedLines<BufReader<File>>) -> io::Result<Progress> {
    let line = lines.next()?.ok_or_else(|| damaged("it is empty"))?;
    let progress = serde_json::from_str(line).map_err(|error| damaged(&error.to_string()))?;
    match lines.next()? {
        None => Ok(progress),
        Some(_) => Err(damaged("it has a second line")),
    }
}

/// The lines of the projects.
pub(crate) fn format_projects<'a>(
    known: impl Iterator<Item = (&'a ProjectKey, &'a Known)>,
) -> Vec<u8> {
    let mut text = String::new();
    for (name, known) in known {
        let serial = known.serial.map_or_else(|| NOTHING.to_owned(), |serial| serial.to_string());
        let validator = known.validator.as_deref().unwrap_or(NOTHING);
        for part in [name, "\t", &serial, "\t", validator, "\n"] {
            text.push_str(part);
        }
    }
    text.into_bytes()
}

fn parse_projects(
    lines: &mut SealedLines<BufReader<File>>,
) -> io::Result<std::collections::BTreeMap<ProjectKey, Known>> {
    let mut known = Vec::new();
    while let Some(line) = lines.next()? {
        known.push(parse_project(line).ok_or_else(|| damaged("a line is no project"))?);
    }
    Ok(known.into_iter().collect())
}

fn parse_project(line: &str) -> Option<(ProjectKey, Known)> {
    let mut fields = line.splitn(3, '\t');
    let (name, serial, validator) = (fields.next()?, fields.next()?, fields.next()?);
    ProjectName::parse(name).ok()?;
    let serial = if serial == NOTHING { None } else { Some(serial.parse().ok()?) };
    let validator = Some(validator).filter(|text| *text != NOTHING).map(Into::into);
    Some((name.into(), Known { serial, validator }))
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}
