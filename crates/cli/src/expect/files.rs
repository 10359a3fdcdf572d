//! The files that are released.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use record::{Digest, Expectation, ProjectName, split_filename};

use super::ExpectArgs;
use crate::failure::Failure;
use crate::hashing;
use crate::output::printable;

/// What is put beside distributions and is none: who types `dist/*` names them, too.
const BESIDE: [&str; 3] = [".asc", ".attestation", ".sig"];

/// A file that is released.
#[derive(Debug)]
pub(super) struct Released {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What is to be said of it.
    pub(super) expectation: Expectation,
}

/// Reads and hashes all files; each once.
pub(super) fn read(args: &ExpectArgs) -> Result<Vec<Released>, Failure> {
    let project = args.project.as_deref().map(ProjectName::normalise).transpose();
    let project = project.map_err(Failure::undecided)?;
    let (mut released, mut hashes) = (Vec::new(), BTreeMap::new());
    for path in &args.files {
        if is_beside(path) {
            let name = printable(&path.display().to_string());
            writeln!(io::stderr(), "note: passed over, no distribution: {name}")?;
            continue;
        }
        let file = released_file(path, project.as_ref(), args.version.as_deref())?;
        let Expectation { filename, sha256, .. } = &file.expectation;
        if is_new(&mut hashes, filename, *sha256).map_err(|error| Failure::file(path, error))? {
            released.push(file);
        }
    }
    if released.is_empty() {
        return Err(Failure::undecided("there is no distribution among the files"));
    }
    Ok(released)
}

/// Whether the name was not given before; never with two hashes.
fn is_new(
    hashes: &mut BTreeMap<String, Digest>,
    filename: &str,
    sha256: Digest,
) -> Result<bool, &'static str> {
    match hashes.insert(filename.to_owned(), sha256) {
        None => Ok(true),
        Some(known) if known == sha256 => Ok(false),
        Some(_) => Err("another file with this name was given, and its bytes are different"),
    }
}

fn is_beside(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    BESIDE.iter().any(|ending| name.ends_with(ending))
}

fn released_file(
    path: &Path,
    project: Option<&ProjectName>,
    version: Option<&str>,
) -> Result<Released, Failure> {
    let failure = |error: String| {
        Failure::file(path, error).with_hint("Nothing was sent. Name distributions alone.")
    };
    let file = hashing::hash_file(path).map_err(|error| Failure::file(path, error))?;
    let (project, named) = split_filename(&file.filename, project).ok_or_else(|| {
        failure(project.map_or_else(
            || "this is not named like a distribution".to_owned(),
            |project| format!("this is not named like a distribution of {project}"),
        ))
    })?;
    let version = version.unwrap_or(&named).to_owned();
    let filename = file.filename;
    let expectation = Expectation { project, version, filename, sha256: file.sha256 };
    if !expectation.is_of_its_release() {
        let Expectation { project, version, .. } = &expectation;
        return Err(failure(format!("this is not named like a file of {project} {version}")));
    }
    Ok(Released { path: path.to_owned(), expectation })
}
