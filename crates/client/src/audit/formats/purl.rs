//! Package URLs of Python packages, as bills of materials name them.

use super::super::digests::Stated;
use super::super::node::{Node, project};
use super::super::pin::{InvalidSource, Pin};
use super::super::source::Source;
use crate::explain::text::percent_decoded;

/// What the URLs of Python packages begin with.
const PREFIX: &str = "pkg:pypi/";
/// Qualifiers of a package that does not come from an index.
const ELSEWHERE: [&str; 2] = ["download_url", "vcs_url"];

/// Reads `pkg:pypi/name@version?qualifiers`; `None` for packages of other kinds.
///
/// # Errors
/// [`InvalidSource`] if it has no name, or a hash that is none.
pub(super) fn parse(node: &Node<'_>, source: &Source<'_>) -> Result<Option<Pin>, InvalidSource> {
    let Some(rest) = node.text()?.strip_prefix(PREFIX) else { return Ok(None) };
    let rest = rest.split('#').next().unwrap_or_default();
    let (package, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
    let (name, version) = package.split_once('@').unzip();
    let name = percent_decoded(name.unwrap_or(package));
    let mut pin = Pin {
        line: Some(node.line),
        project: Some(project(node.line, &name)?),
        version: version.map(|version| percent_decoded(version).into_owned()),
        from_index: Some(true),
        ..Pin::default()
    };
    for (key, value) in qualifiers.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = percent_decoded(value);
        match key {
            "checksum" | "checksums" => state(&mut pin, &value).map_err(|e| node.invalid(e))?,
            "file_name" => pin.filename = Some(value.into_owned()),
            "repository_url" => pin.from_index = source.is_index(&value),
            _ if ELSEWHERE.contains(&key) => pin.from_index = Some(false),
            _ => {}
        }
    }
    Ok(Some(pin))
}

/// Adds hashes that are separated by commas.
fn state(pin: &mut Pin, checksums: &str) -> Result<(), String> {
    checksums.split(',').try_for_each(|checksum| pin.state(Stated::parse(checksum)?))
}
