//! What lock files of packages have in common.

use super::super::node::Node;
use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::url::filename_of;

/// Adds to `base` what a package says of itself.
///
/// # Errors
/// [`InvalidSource`] unless it has a name.
pub(super) fn describe(package: &Node<'_>, base: Pin) -> Result<Pin, InvalidSource> {
    Ok(Pin {
        line: Some(package.line),
        project: Some(package.project_of("name")?),
        version: package.text_of("version")?.map(str::to_owned),
        ..base
    })
}

/// One of a package's files, named by the first of `keys` that it has, with its `hash`.
///
/// # Errors
/// [`InvalidSource`] if a value is not what it should be.
pub(super) fn file_of(file: &Node<'_>, keys: &[&str], base: &Pin) -> Result<Pin, InvalidSource> {
    file.members()?;
    let mut pin = Pin { line: Some(file.line), ..base.clone() };
    for key in keys.iter().rev() {
        pin.filename = file.text_of(key)?.and_then(filename_of).or(pin.filename);
    }
    if let Some(hash) = file.get("hash") {
        pin.state_in(hash)?;
    }
    Ok(pin)
}

/// Adds a package's files, or the package itself if it has none: nothing is known of its bytes then.
///
/// # Errors
/// [`InvalidSource`] of the first file that has one.
pub(super) fn add(
    files: impl IntoIterator<Item = Result<Pin, InvalidSource>>,
    package: &Pin,
    pins: &mut Pins,
) -> Result<(), InvalidSource> {
    let mut files = files.into_iter().peekable();
    if files.peek().is_none() {
        return pins.add(package.clone());
    }
    files.try_for_each(|file| pins.add(file?))
}
