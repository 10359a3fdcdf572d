//! Which releases are to be pinned.

use std::path::{Path, PathBuf};

use client::audit::Pin;
use client::judging::Release;
use record::{ProjectName, canonical_version};

use crate::failure::Failure;
use crate::pins;

/// The releases, each once, in the order in which they are named.
///
/// # Errors
/// [`Failure`] if a file cannot be read, or something names no release.
pub(super) fn releases(wanted: &[String], files: &[PathBuf]) -> Result<Vec<Release>, Failure> {
    let mut releases = Vec::new();
    let mut add = |release: Release| {
        if !releases.contains(&release) {
            releases.push(release);
        }
    };
    for text in wanted {
        match text.split_once("==") {
            Some((project, version)) => add(release(project, version)?),
            None => of_file(Path::new(text))?.into_iter().for_each(&mut add),
        }
    }
    for path in files {
        of_file(path)?.into_iter().for_each(&mut add);
    }
    Ok(releases)
}

/// Takes a requirement of one version; extras are no matter of hashes.
fn release(project: &str, version: &str) -> Result<Release, Failure> {
    let name = project.split_once('[').map_or(project, |(name, _)| name).trim();
    let project = ProjectName::normalise(name).map_err(Failure::undecided)?;
    let version = version.trim();
    if canonical_version(version).is_none() {
        return Err(Failure::undecided(format!("{version:?} is no version"))
            .with_hint("Name one release: PROJECT==VERSION"));
    }
    Ok(Release { project, version: version.to_owned() })
}

/// The releases that a file pins. What it pins from elsewhere than the index is left out.
fn of_file(path: &Path) -> Result<Vec<Release>, Failure> {
    let pins = pins::read(path).map_err(|error| Failure::file(path, error))?;
    let from_index = pins.pins.into_iter().filter(|pin| pin.from_index != Some(false));
    from_index.map(|pin| of_pin(&pin).map_err(|error| Failure::file(path, error))).collect()
}

fn of_pin(pin: &Pin) -> Result<Release, String> {
    let at = pin.line.map_or(String::new(), |line| format!("line {line}: "));
    let (Some(project), Some(version)) = (&pin.project, &pin.version) else {
        return Err(format!("{at}no project and version are stated"));
    };
    if canonical_version(version).is_none() {
        return Err(format!("{at}{version:?} is no version"));
    }
    Ok(Release { project: project.clone(), version: version.clone() })
}
