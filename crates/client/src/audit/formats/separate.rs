//! Files in a table of their own, apart from the packages they belong to.

use std::collections::{HashMap, HashSet};

use record::{ProjectName, canonical_version, split_filename};

use super::super::node::{Node, project};
use super::super::pin::{InvalidSource, Pin, Pins};

/// Reads the table: lists of files by project, or by `project version`. Packages without files are
/// added as such.
///
/// # Errors
/// [`InvalidSource`] if the table is malformed.
pub(super) fn read(
    packages: &[Pin],
    table: &Node<'_>,
    file_of: impl Fn(&Node<'_>, &Pin) -> Result<Pin, InvalidSource>,
    pins: &mut Pins,
) -> Result<(), InvalidSource> {
    let mut by_project: HashMap<Option<&ProjectName>, Vec<&Pin>> = HashMap::new();
    for package in packages {
        by_project.entry(package.project.as_ref()).or_default().push(package);
    }
    let mut with_files = HashSet::new();
    for (key, files) in table.members()? {
        let (name, version) = key.split_once(' ').map_or((&**key, None), |(n, v)| (n, Some(v)));
        let project = project(files.line, name)?;
        let mut candidates = by_project.get(&Some(&project)).cloned().unwrap_or_default();
        candidates
            .retain(|it| version.is_none_or(|version| it.version.as_deref() == Some(version)));
        let base = shared(&candidates, project, version);
        for file in files.items()? {
            let mut pin = file_of(file, &base)?;
            choose(&candidates, &mut pin);
            pins.add(pin)?;
            with_files
                .extend(candidates.iter().map(|package| (&package.project, &package.version)));
        }
    }
    let is_bare = |it: &&Pin| !with_files.contains(&(&it.project, &it.version));
    packages.iter().filter(is_bare).try_for_each(|package| pins.add(package.clone()))
}

/// What all packages that may have a file agree on.
fn shared(candidates: &[&Pin], project: ProjectName, version: Option<&str>) -> Pin {
    let agreed = candidates.split_first().filter(|(first, others)| {
        others.iter().all(|it| (&it.version, it.from_index) == (&first.version, first.from_index))
    });
    let stated = Pin { version: version.map(str::to_owned), ..Pin::default() };
    Pin { project: Some(project), ..agreed.map_or(stated, |(first, _)| (*first).clone()) }
}

/// Takes version and origin of the package that a file's name speaks of.
fn choose(candidates: &[&Pin], pin: &mut Pin) {
    let named = pin.filename.as_deref().and_then(|name| split_filename(name, pin.project.as_ref()));
    let Some((_, version)) = named.filter(|_| candidates.len() > 1) else { return };
    let canonical = canonical_version(&version);
    let is_named = |stated: &String| {
        *stated == version || canonical.is_some() && canonical_version(stated) == canonical
    };
    let mut named = candidates.iter().filter(|it| it.version.as_ref().is_some_and(is_named));
    if let Some(package) = named.next() {
        pin.version.clone_from(&package.version);
        pin.from_index = package.from_index;
    }
}
