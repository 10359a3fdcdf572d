//! Names of projects: real ones from a file, or made-up ones.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use flate2::read::MultiGzDecoder;

/// Projects of which nobody has the names.
const MADE_UP: usize = 886_000;

/// A project, and the version that it has if it has only one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) project: String,
    pub(super) version: String,
}

/// The names in a file, or made-up ones.
pub(super) fn all(file: Option<&Path>) -> anyhow::Result<Vec<Name>> {
    file.map_or_else(|| Ok(made_up()), read)
}

/// Reads `name<TAB>version` lines under a header, compressed if the file is called so.
fn read(path: &Path) -> anyhow::Result<Vec<Name>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let plain: Box<dyn Read> = if path.extension().is_some_and(|extension| extension == "gz") {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut names = Vec::new();
    for line in BufReader::new(plain).lines().skip(1) {
        let line = line.with_context(|| path.display().to_string())?;
        let (project, version) = line.split_once('\t').context("a line without a tab")?;
        if !is_normalised(project) {
            bail!("{project:?} in {} is not a normalised name", path.display());
        }
        let version = if is_plain(version) { version } else { "0.0.1" };
        names.push(Name { project: project.to_owned(), version: version.to_owned() });
    }
    names.sort_unstable_by(|one, other| one.project.cmp(&other.project));
    names.dedup_by(|one, other| one.project == other.project);
    Ok(names)
}

/// Names that nobody gave to anything.
pub(super) fn made_up() -> Vec<Name> {
    let name = |number| Name { project: format!("project-{number}"), version: "0.1.0".to_owned() };
    (0..MADE_UP).map(name).collect()
}

/// `count` of the names, spread over all of them.
pub(super) fn spread(names: Vec<Name>, count: usize) -> Vec<Name> {
    let all = names.len();
    if count >= all {
        return names;
    }
    let taken = |place: usize| (place + 1) * count / all > place * count / all;
    names.into_iter().enumerate().filter(|(place, _)| taken(*place)).map(|(_, name)| name).collect()
}

/// Lower-case letters, digits, and single dashes between them: then filenames are unique.
fn is_normalised(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.split('-').all(|part| !part.is_empty() && part.bytes().all(plain))
}

/// Needs no escape anywhere, and no other form in a filename.
fn is_plain(version: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.';
    (1..=32).contains(&version.len()) && version.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::{made_up, spread};

    #[test]
    fn spreading_takes_as_many_as_asked_for() {
        for count in [0, 1, 45_000, super::MADE_UP, super::MADE_UP + 1] {
            assert_eq!(spread(made_up(), count).len(), count.min(super::MADE_UP));
        }
    }
}
