//! What Debian and its derivatives ship: the index `Sources`, `.dsc` and `.buildinfo`.
//!
//! The names of upstream's tarballs are the redistributor's own and tell of a project and a version
//! only as a guess, so no pin has a filename. The redistributor's files beside them (`.dsc`,
//! `.debian.tar.*`, `.diff.gz`, signatures) were never on the package index: a source package pins
//! upstream's tarballs alone.

mod control;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use record::ProjectName;

use self::control::{Field, Paragraph, Paragraphs};
use crate::audit::digests::Stated;
use crate::audit::orig::OrigTarball;
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::Source;

/// Fields that list files with digests, and the algorithm of each.
const CHECKSUMS: [(&str, &str); 4] = [
    ("Checksums-Sha256", "sha256"),
    ("Checksums-Sha512", "sha512"),
    ("Checksums-Sha1", "sha1"),
    ("Files", "md5"),
];

/// Endings of the files that the redistributor makes of a source.
const PACKAGING: [&str; 5] = [".dsc", ".diff.gz", ".asc", ".sign", ".sig"];

/// Parts of a homepage's path behind which the package index names a project.
const PROJECT_PARTS: [&str; 2] = ["project", "pypi"];

pub(super) fn matches_sources(source: &Source<'_>) -> bool {
    begins_with(source, &["Package", "Directory"]) && lists_files(source)
}

pub(super) fn matches_dsc(source: &Source<'_>) -> bool {
    begins_with(source, &["Source", "Format"]) && lists_files(source) && !matches_build(source)
}

pub(super) fn matches_build(source: &Source<'_>) -> bool {
    begins_with(source, &["Source", "Format", "Checksums-Sha256"])
        && ["Build-Architecture", "Installed-Build-Depends", "Changes"]
            .iter()
            .any(|field| begins_with(source, &[field]))
}

/// Whether the first paragraph has these fields.
fn begins_with(source: &Source<'_>, fields: &[&str]) -> bool {
    matches!(Paragraphs::of(source.text).paragraph(), Ok(Some(first)) if first.has(fields))
}

fn lists_files(source: &Source<'_>) -> bool {
    CHECKSUMS.iter().any(|(field, _)| begins_with(source, &[field]))
}

/// Reads an index of sources.
pub(super) fn read_sources(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let mut rest = Paragraphs::of(source.text);
    while let Some(paragraph) = rest.paragraph()? {
        read_package(&paragraph, "Package", pins)?;
    }
    Ok(())
}

/// Reads the description of one source.
pub(super) fn read_dsc(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    read_package(&only_paragraph(source)?, "Source", pins)
}

/// Reads the record of a build: what came out of it was made by the redistributor.
pub(super) fn read_build(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let paragraph = only_paragraph(source)?;
    for (name, file) in files_of(&paragraph)? {
        let pin = upstream_pin(name, file.clone());
        pins.add(pin.unwrap_or(Pin { from_index: Some(false), ..file }))?;
    }
    Ok(())
}

fn only_paragraph<'a>(source: &Source<'a>) -> Result<Paragraph<'a>, InvalidSource> {
    let mut rest = Paragraphs::of(source.text);
    let first = rest.paragraph()?.ok_or_else(|| InvalidSource::whole("there are no fields"))?;
    match rest.paragraph()? {
        Some(second) => Err(InvalidSource::at(second.line(), "one paragraph is expected, not two")),
        None => Ok(first),
    }
}

/// Adds the tarballs of the source that a paragraph describes, named in the field `name`.
fn read_package(
    paragraph: &Paragraph<'_>,
    name: &str,
    pins: &mut Pins,
) -> Result<(), InvalidSource> {
    let missing =
        |field: &str| InvalidSource::at(paragraph.line(), format!("'{field}' is missing"));
    paragraph.get(name).filter(|field| !field.value.is_empty()).ok_or_else(|| missing(name))?;
    let files = files_of(paragraph)?;
    if files.is_empty() {
        return Err(missing("Checksums-Sha256"));
    }
    let homepage = paragraph.get("Homepage").and_then(|field| project_of_page(field.value));
    for (name, file) in files {
        if let Some(mut pin) = upstream_pin(name, file.clone()) {
            if pin.project.is_some() && homepage.is_some() {
                pin.project.clone_from(&homepage);
            }
            pins.add(pin)?;
        } else if is_native(name) {
            pins.add(Pin { from_index: Some(false), ..file })?;
        }
    }
    Ok(())
}

/// The pin of a tarball of upstream's; `None` if the file is another.
fn upstream_pin(name: &str, file: Pin) -> Option<Pin> {
    let tarball = OrigTarball::parse(name)?;
    let project = tarball.projects().first().cloned();
    // A component has a version of its own.
    let version = project.is_some().then(|| tarball.version().to_owned());
    Some(Pin { project, version, ..file })
}

/// Whether a file is the tarball of a source that was made for the redistribution.
fn is_native(name: &str) -> bool {
    let is_packaging = PACKAGING.iter().any(|ending| name.ends_with(ending));
    name.contains(".tar.") && !name.contains(".debian.tar.") && !is_packaging
}

/// The project on whose page of the package index a homepage is: `/project/<name>/`.
fn project_of_page(url: &str) -> Option<ProjectName> {
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let (part, name) = path.trim_end_matches('/').split_once('/')?;
    PROJECT_PARTS.contains(&part).then(|| ProjectName::normalise(name).ok()).flatten()
}

/// All files of a paragraph with their digests.
fn files_of<'a>(paragraph: &Paragraph<'a>) -> Result<BTreeMap<&'a str, Pin>, InvalidSource> {
    let mut files = BTreeMap::new();
    for (field, algorithm) in CHECKSUMS {
        if let Some(field) = paragraph.get(field) {
            add_files(field, algorithm, &mut files)?;
        }
    }
    Ok(files)
}

fn add_files<'a>(
    field: &Field<'a>,
    algorithm: &str,
    files: &mut BTreeMap<&'a str, Pin>,
) -> Result<(), InvalidSource> {
    let first = Some((field.line, field.value)).filter(|(_, value)| !value.is_empty());
    for (line, row) in first.into_iter().chain(field.more.iter().copied()) {
        let mut columns = row.split_ascii_whitespace();
        let (Some(digest), Some(size), Some(name)) =
            (columns.next(), columns.next(), columns.next_back())
        else {
            let problem = format!("a file of '{}' is a digest, a size and a name", field.name);
            return Err(InvalidSource::at(line, problem));
        };
        if size.parse::<u64>().is_err() {
            return Err(InvalidSource::at(line, format!("'{size}' is no size")));
        }
        let pin = files.entry(name).or_insert_with(|| Pin { line: Some(line), ..Pin::default() });
        let stated = Stated::of(algorithm, digest);
        stated
            .and_then(|stated| pin.state(stated))
            .map_err(|reason| InvalidSource::at(line, reason))?;
    }
    Ok(())
}
