//! What Arch Linux builds from: `PKGBUILD` and `.SRCINFO`.
//!
//! Sources and their digests are lists of the same length, one pair of them for each architecture.

mod shell;
#[cfg(test)]
mod tests;

use self::shell::Script;
use crate::audit::digests::Stated;
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::{Source, numbered};

/// Lists of digests, and their algorithms.
const SUMS: [(&str, &str); 8] = [
    ("sha256sums", "sha256"),
    ("sha512sums", "sha512"),
    ("sha384sums", "sha384"),
    ("sha224sums", "sha224"),
    ("b2sums", "blake2b"),
    ("sha1sums", "sha1"),
    ("md5sums", "md5"),
    ("cksums", "cksum"),
];

/// A name with a value, and the line where it stands.
#[derive(Clone, Debug)]
struct Item {
    line: u64,
    name: String,
    value: String,
}

pub(super) fn matches_pkgbuild(source: &Source<'_>) -> bool {
    let has = |name: &str| source.text.lines().any(|line| line.starts_with(name));
    (has("pkgname=") || has("pkgbase=")) && has("pkgver=")
}

pub(super) fn matches_srcinfo(source: &Source<'_>) -> bool {
    let is_remark = |line: &&str| line.trim().is_empty() || line.starts_with('#');
    let first = source.text.lines().find(|line| !is_remark(line));
    first.is_some_and(|line| line.starts_with("pkgbase = "))
}

/// Reads a `PKGBUILD`, as far as its lists are written out.
pub(super) fn read_pkgbuild(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    add_pins(&Script::parse(source.text)?.items(), pins)
}

/// Reads a `.SRCINFO`.
pub(super) fn read_srcinfo(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let mut items = Vec::new();
    for (line, text) in numbered(source.text) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| InvalidSource::at(line, "a line is written as 'name = value'"))?;
        items.push(Item { line, name: name.trim().to_owned(), value: value.trim().to_owned() });
    }
    add_pins(&items, pins)
}

/// Adds the sources of each architecture with their digests.
fn add_pins(items: &[Item], pins: &mut Pins) -> Result<(), InvalidSource> {
    let named = |name: String| items.iter().filter(move |item| item.name == name);
    let mut lists: Vec<&str> =
        items.iter().filter_map(|item| item.name.strip_prefix("source")).collect();
    lists.sort_unstable();
    lists.dedup();
    for list in lists {
        let mut files: Vec<Pin> = named(format!("source{list}")).map(pin_of).collect();
        for (sums, algorithm) in SUMS {
            let sums: Vec<&Item> = named(format!("{sums}{list}")).collect();
            add_sums(&sums, algorithm, &mut files)?;
        }
        files.into_iter().try_for_each(|pin| pins.add(pin))?;
    }
    Ok(())
}

fn add_sums(sums: &[&Item], algorithm: &str, files: &mut [Pin]) -> Result<(), InvalidSource> {
    let Some(first) = sums.first() else { return Ok(()) };
    if sums.len() != files.len() {
        let reason = format!("{} digests begin here, for {} sources", sums.len(), files.len());
        return Err(InvalidSource::at(first.line, reason));
    }
    for (sum, pin) in sums.iter().zip(files) {
        if sum.value == "SKIP" {
            continue;
        }
        let stated = Stated::of(algorithm, &sum.value).and_then(|stated| pin.state(stated));
        stated.map_err(|reason| InvalidSource::at(sum.line, reason))?;
        if algorithm == "sha256" {
            pin.line = Some(sum.line);
        }
    }
    Ok(())
}

/// The file of a source: a URL, perhaps behind `name::`, or a file that comes with the recipe.
fn pin_of(source: &Item) -> Pin {
    let mut pin = Pin { line: Some(source.line), ..Pin::default() };
    let url = source.value.split_once("::").map_or(source.value.as_str(), |(_, url)| url);
    if url.contains("://") {
        pin.locate(url);
    } else if !source.value.contains(crate::audit::address::HOLE) {
        pin.from_index = Some(false);
    }
    pin
}
