//! Files in a table of their own, apart from the packages they belong to.

use std::collections::{HashMap, HashSet};

use record::{canonical_version, split_filename};

use super::super::node::{Node, project};
use super::super::pin::{InvalidSource, Pin, Pins};

/// A package and the key of its files.
pub(super) struct Named {
    /// Key in the table; several versions may share one.
    pub(super) key: String,
    /// What the package says of all its files.
    pub(super) base: Pin,
}

/// Reads the table: lists of files by key. Packages without files are added as such.
///
/// # Errors
/// [`InvalidSource`] if the table is malformed.
pub(super) fn read(
    packages: &[Named],
    table: &Node<'_>,
    file_of: impl Fn(&Node<'_>, &Pin) -> Result<Pin, InvalidSource>,
    pins: &mut Pins,
) -> Result<(), InvalidSource> {
    let mut by_key: HashMap<&str, Vec<&Pin>> = HashMap::new();
    for package in packages {
        by_key.entry(&package.key).or_default().push(&package.base);
    }
    let mut with_files = HashSet::new();
    for (key, files) in table.members()? {
        let candidates = by_key.get(key.as_ref()).map_or(&[][..], Vec::as_slice);
        for file in files.items()? {
            let base = shared(candidates, key, file)?;
            let mut pin = file_of(file, &base)?;
            if candidates.len() > 1 {
                choose(candidates, &mut pin);
            }
            pins.add(pin)?;
            with_files.insert(key.as_ref());
        }
    }
    let bare = packages.iter().filter(|package| !with_files.contains(package.key.as_str()));
    bare.into_iter().try_for_each(|package| pins.add(package.base.clone()))
}

/// What all packages that may have the file agree on.
fn shared(candidates: &[&Pin], key: &str, file: &Node<'_>) -> Result<Pin, InvalidSource> {
    let Some((first, others)) = candidates.split_first() else {
        let name = key.split(' ').next().unwrap_or_default();
        return Ok(Pin { project: Some(project(file.line, name)?), ..Pin::default() });
    };
    let mut base = (*first).clone();
    for other in others {
        if other.version != base.version {
            base.version = None;
        }
        if other.from_index != base.from_index {
            base.from_index = None;
        }
    }
    Ok(base)
}

/// Takes version and origin of the package that the file's name speaks of.
fn choose(candidates: &[&Pin], pin: &mut Pin) {
    let named = pin.filename.as_deref().and_then(|name| split_filename(name, pin.project.as_ref()));
    let Some((_, version)) = named else { return };
    let same = |stated: &String| {
        *stated == version
            || canonical_version(stated)
                .is_some_and(|stated| Some(stated) == canonical_version(&version))
    };
    let chosen = candidates.iter().find(|package| package.version.as_ref().is_some_and(same));
    if let Some(package) = chosen {
        pin.version.clone_from(&package.version);
        pin.from_index = package.from_index;
    }
}
